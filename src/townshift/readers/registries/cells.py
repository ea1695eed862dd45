"""How the cells of each column are read: one memory of what was read for all files of an import."""

from __future__ import annotations

import re
from functools import partial

from townshift.readers.registries.mapping import Layout, RegistryMap
from townshift.readers.registries.memo import Memo
from townshift.readers.registries.values import day_after, read_amount, read_date, read_flag, read_number
from townshift.readers.registries.whole_columns import whole_days
from townshift.study.schemas import Field, schema

_CODED = re.compile(r"(\d{2,5}) - .*")
_MONEY = "capital_million_yuan"


class CellReaders:
    """The readers of cells for a map and a study.

    Args:
        about: the map.
        currency: of the study.
    """

    def __init__(self, about: RegistryMap, currency: str) -> None:
        self._about, self._currency = about, currency
        self._made: dict[tuple[object, ...], dict[str, Memo]] = {}
        self.kind = _kind_memo(about)

    def of(self, layout: Layout) -> dict[str, Memo]:
        """Column of the study → its reader, for files of this layout; columns without one are text."""
        unit = layout.units.get(_MONEY, self._about.capital_unit)
        key = (layout.table.into, layout.table.last_day, unit)
        if key not in self._made:
            self._made[key] = self._make(layout, unit)
        return self._made[key]

    def _make(self, layout: Layout, unit: str) -> dict[str, Memo]:
        import pyarrow as pa

        readers: dict[str, Memo] = {}
        for one in schema(layout.table.into).fields:
            if one.type == "date":
                inclusive = one.name in layout.table.last_day
                read = partial(_date, day_first=self._about.day_first, inclusive=inclusive)
                readers[one.name] = Memo(read, pa.string(), None if inclusive else whole_days)
            elif one.name == _MONEY:
                readers[one.name] = Memo(partial(read_amount, currency=self._currency, unit=unit), pa.float64())
            elif one.type == "number":
                readers[one.name] = Memo(partial(_bounded, about=one), pa.float64())
            elif one.type == "integer":
                readers[one.name] = Memo(read_flag, pa.int64())
            elif one.name == "industry":
                readers[one.name] = Memo(_industry, pa.string())
            elif one.enum and one.name not in ("kind", "registry"):
                readers[one.name] = Memo(partial(_listed, known=one.enum), pa.string())
        return readers


def _date(written: str, day_first: bool | None, inclusive: bool) -> tuple[str | None, str]:
    found, reason = read_date(written, day_first)
    return (day_after(found) if found and inclusive else found), reason


def _bounded(written: str, about: Field) -> tuple[float | None, str]:
    found, reason = read_number(written)
    if found is None or found != found:
        return None, "unreadable"
    low, high = about.minimum, about.maximum
    outside = (low is not None and found < low) or (high is not None and found > high)
    return (None, "outside") if outside else (found, reason)


def _listed(written: str, known: tuple[str, ...]) -> tuple[str | None, str]:
    return (written.lower(), "ok") if written.lower() in known else (None, "outside")


def _industry(written: str) -> tuple[str, str]:
    """The code alone, where a code stands before its name."""
    coded = _CODED.fullmatch(written)
    return (coded[1] if coded else written), "ok"


def _kind_memo(about: RegistryMap) -> Memo:
    """Kind of a firm by the words of its legal form; a kind written as the study writes it stays."""
    import pyarrow as pa

    known = schema("firms").field("kind").enum
    rules = [(kind, word.casefold()) for kind, words in about.kinds.items() for word in words]

    def kind_of(written: str) -> tuple[str, str]:
        form = written.casefold()
        if form in known:
            return form, "ok"
        return next((kind for kind, word in rules if _fits(form, word)), "other"), "ok"

    return Memo(kind_of, pa.string())


def _fits(form: str, word: str) -> bool:
    return form.startswith(word[1:]) if word.startswith("^") else word in form
