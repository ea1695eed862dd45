"""Firm names taken apart: place, trade name, industry word, legal form; and whether a name is a person's.

A Chinese name reads place + trade name + industry + form (湖州 + 金织梦 + 服饰 + 有限公司), the place at times in
brackets, a branch behind its parent's name. English and French names put the form last or first (SARL). The words are
data: `legal_forms.csv`, `industry_words.csv`, `blank_markers.csv`, and the gazetteer for places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from townshift.process.registry.code_points import CodePoints, normalise, text_of
from townshift.process.registry.data_rows import data_rows
from townshift.process.registry.name_kernels import split_rows
from townshift.process.registry.place_index import PlaceIndex, confusions
from townshift.process.registry.word_trie import WordTrie, build_trie
from townshift.surnames import chinese_surnames

FORM_CLASSES = ("company", "sole_trader", "cooperative", "partnership", "branch", "foreign", "other")
"""Classes of legal form; a name without a form has none (-1)."""

PERSON_SHAPED = 1
"""Bit of `SplitNames.flags`: what is left as trade name may be a natural person's name."""


class NameWords(NamedTuple):
    """The word lists as tries.

    Attributes:
        form_endings: legal forms, read from the end; a number is an index of `FORM_CLASSES`.
        form_starts: forms that may also stand first.
        industry_endings: words of a trade, read from the end.
        industry_starts: words of a trade that may stand first (French names).
        surnames: Chinese surnames.
        blanks: texts that stand for nothing.
    """

    form_endings: WordTrie
    form_starts: WordTrie
    industry_endings: WordTrie
    industry_starts: WordTrie
    surnames: WordTrie
    blanks: WordTrie


@dataclass(frozen=True, slots=True)
class SplitNames:
    """Names taken apart.

    Attributes:
        trade: the normalised trade name of each row; empty where the name has none.
        industry: the words that say the trade.
        form: index of `FORM_CLASSES`, -1 = none named.
        places: shape (rows, 5); the place named, by level, -1 = none.
        flags: bits, see `PERSON_SHAPED`.
    """

    trade: CodePoints
    industry: CodePoints
    form: npt.NDArray[np.int8]
    places: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]


@cache
def name_words() -> NameWords:
    """The word lists of this module as tries, built once."""
    forms = data_rows("legal_forms.csv")
    endings = [row["word"] for row in forms]
    classes = [FORM_CLASSES.index(row["class"]) for row in forms]
    lead = [(word, number) for word, number, row in zip(endings, classes, forms, strict=True) if row["lead"] == "1"]
    trades = data_rows("industry_words.csv")
    french = [row["word"] for row in trades if row["language"] == "fr"]
    every = [row["word"] for row in trades]
    surnames = chinese_surnames()
    blanks = [row["marker"] for row in data_rows("blank_markers.csv")]
    same = confusions()
    return NameWords(
        form_endings=build_trie(endings, classes, same, reverse=True),
        form_starts=build_trie([word for word, _ in lead], [number for _, number in lead]),
        industry_endings=build_trie(every, range(len(every)), same, reverse=True),
        industry_starts=build_trie(french, range(len(french))),
        surnames=build_trie(surnames, range(len(surnames))),
        blanks=build_trie(blanks, range(len(blanks))),
    )


def split_names(names: CodePoints, index: PlaceIndex, context: npt.NDArray[np.int32] | None = None) -> SplitNames:
    """Take names apart.

    Args:
        names: normalised names.
        index: the gazetteer.
        context: shape (rows, 5); places known from the record's columns, -1 = unknown. They decide whether a short
            name in front (大同, Reading) is a place or the trade name.

    Example:
        >>> import pandas as pd
        >>> from townshift.process.registry.place_index import place_index
        >>> places = pd.DataFrame({"place_id": ["huzhou"], "name": ["Huzhou"], "name_zh": ["湖州市"], "kind": ["city"]})
        >>> names = normalise(pa.array(["湖州金織夢服飾有限公司", "SARL Dupont Textiles", "Acme Knitwear Ltd."]))
        >>> found = split_names(names, place_index(places))
        >>> text_of(found.trade).to_pylist(), text_of(found.industry).to_pylist()
        (['金织梦', 'DUPONT', 'ACME'], ['服饰', 'TEXTILES', 'KNITWEAR'])
        >>> [FORM_CLASSES[form] for form in found.form], found.places[:, 2].tolist()
        (['company', 'company', 'company'], [0, -1, -1])
    """
    size = len(names)
    known = np.full((size, 5), -1, dtype=np.int32) if context is None else context
    trade, industry = (np.empty(names.signs.size + 1, dtype=np.uint32) for _ in range(2))
    trade_ends, industry_ends = (np.zeros(size + 1, dtype=np.int64) for _ in range(2))
    form = np.full(size, -1, dtype=np.int8)
    places = np.full((size, 5), -1, dtype=np.int32)
    flags = np.zeros(size, dtype=np.uint8)
    parts = (trade, trade_ends, industry, industry_ends, form, places, flags)
    split_rows(names.signs, names.offsets, index.trie, index.candidates, name_words(), known, *parts)
    return SplitNames(
        trade=CodePoints(trade[: trade_ends[-1]], trade_ends),
        industry=CodePoints(industry[: industry_ends[-1]], industry_ends),
        form=form,
        places=places,
        flags=flags,
    )


def registered_form(written: str | None) -> int:
    """Index in `FORM_CLASSES` of a legal form as a registry's column writes it; -1 = not understood.

    Example:
        >>> FORM_CLASSES[registered_form("个体工商户")], registered_form(None)
        ('sole_trader', -1)
        >>> FORM_CLASSES[registered_form("Private Limited Company")]
        'company'
    """
    if not written:
        return -1
    if written.isdigit() and len(written) == 4:  # catégorie juridique, INSEE
        return FORM_CLASSES.index(_INSEE.get(written[:1], "other"))
    plain = text_of(normalise(pa.array([written])))[0].as_py()
    found = (row["class"] for row in data_rows("registered_forms.csv") if row["contains"] in plain)
    return next((FORM_CLASSES.index(name) for name in found), -1)


_INSEE = {"1": "sole_trader", "2": "partnership", "3": "foreign", "5": "company", "6": "partnership"}
"""First digit of INSEE's legal category (nomenclature of June 2024)."""
