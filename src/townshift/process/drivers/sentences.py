"""Drivers and pathways as sentences that a planner can read; the words live in `locales/<language>/drivers.toml`.

A correlation is worded as what went together, an event study as what came after a dated act; never as a cause.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from townshift.locales import text

_PERCENT_DIGITS, _VALUE_DIGITS = 1, 1


def driver_sentence(row: Mapping[str, object], language: str = "en") -> str:
    """One row of the table `drivers` as a sentence.

    A coefficient of a logarithm is told as what goes with twice as much, `2^b - 1`; any other as `exp(b) - 1`.

    Args:
        row: a row of `drivers`.
        language: `en` or `zh`.

    Returns:
        The sentence; empty for rows that are shown only as a figure (single years around an act).

    Example:
        >>> row = {"measure": "gravity", "term": "ln_km", "about": "all", "value": -1.0, "low": -1.2, "high": -0.8,
        ...        "level": 0.9}
        >>> driver_sentence(row)[:68]
        'Between places twice as far apart, 50.0 % fewer moves of all kinds w'
    """
    measure = str(row["measure"])
    if measure == "cumulative_incidence":
        shown = {name: f"{100 * _number(row[name]):.{_PERCENT_DIGITS}f}" for name in ("value", "low", "high")}
        about = text(f"drivers.cause.{row['about']}", language)
        return text(
            "drivers.sentence.cumulative_incidence.share", language, years=row["term"], percent=shown["value"],
            about=about, low=shown["low"], high=shown["high"], level=_level(row),
        )  # fmt: skip
    if measure == "act_effect":
        return _act(row, language)
    values = [_number(row[name]) for name in ("value", "low", "high")]
    if measure == "hazard_ratio":
        with np.errstate(divide="ignore"):
            values = [float(np.log(value)) for value in values]
    term = str(row["term"])
    logarithm = term.startswith("ln_")
    base = 2.0 if logarithm else float(np.e)
    percent = [100.0 * (base**value - 1.0) for value in values]
    form = "log" if logarithm else "flag"
    if measure == "gravity" and term == "ln_km":
        form = "ln_km"
    if measure != "hazard_ratio":
        about = text(f"drivers.kind.{row['about']}", language)
    else:
        about = text(f"drivers.cause.{row['about']}", language)
    effects = text(f"drivers.effects.{row.get('estimator') or 'ppml'}", language) if form == "ln_km" else ""
    return text(
        f"drivers.sentence.{measure}.{form}.{_side(percent)}", language, about=about, term=term_name(term, language),
        effects=effects,
        reference=_reference(row, language), **_shown(percent, _PERCENT_DIGITS), percent=_shown(percent, 1)["value"],
        level=_level(row),
    )  # fmt: skip


def pathway_sentence(row: Mapping[str, object], language: str = "en") -> str:
    """One row of `pathways` as a sentence; empty for measures that are a table (`pathway`, `second_hop`).

    Args:
        row: a row of `pathways`.
        language: `en` or `zh`.

    Example:
        >>> row = {"measure": "hop", "group": "2", "value": 12.4, "low": 9.0, "high": 15.0, "level": 0.9}
        >>> pathway_sentence(row)
        "12.4 moves were a firm's move number 2 (9.0 to 15.0, 90 % interval)."
    """
    measure, group = str(row["measure"]), str(row["group"])
    if measure == "hop":
        key = "hop_last" if group.endswith("+") else "hop_1" if group == "1" else "hop_n"
        shown = {name: f"{_number(row[name]):.{_VALUE_DIGITS}f}" for name in ("value", "low", "high")}
        return text(f"drivers.pathway.{key}", language, hop=group.rstrip("+"), level=_level(row), **shown)
    if measure == "destination_share":
        sort, _, kind = group.partition(":")
        shown = {name: f"{100 * _number(row[name]):.{_PERCENT_DIGITS}f}" for name in ("value", "low", "high")}
        return text(
            "drivers.pathway.share", language, percent=shown["value"], low=shown["low"], high=shown["high"],
            about=text(f"drivers.kind.{kind or 'all'}", language), sort=text(f"drivers.sort.{sort}", language),
            level=_level(row),
        )  # fmt: skip
    return ""


def status_sentence(row: Mapping[str, object], language: str = "en") -> str:
    """One row of `drivers_status` or `pathways_status` as a sentence; empty where all is well.

    Args:
        row: a row of the status.
        language: `en` or `zh`.

    Example:
        >>> status_sentence({"reason": "too_few_moves", "item": "", "n": 12.0, "needed": 50.0})
        'cannot be estimated: 12 moves expected, fewer than 50'
    """
    reason = str(row["reason"] or "")
    if not reason:
        return ""
    key = reason.rsplit(":", 1)[-1]
    item = row.get("item")
    named = "" if item is None or item != item else str(item)
    if key in ("pre_trend_seen", "pre_trend_not_seen", "pre_trend_untested", "outcome_never_happened"):
        named = text(f"drivers.outcome.{named}", language)
    elif key in ("regressor_not_taken", "no_events_with_term"):
        named = term_name(named, language)
    elif key == "coarser_effects":
        named = text(f"drivers.effects.{named}", language)
    return text(f"drivers.reason.{key}", language, item=named, n=_plain(row.get("n")), needed=_plain(row.get("needed")))


def term_name(term: str, language: str = "en") -> str:
    """A term in words.

    Example:
        >>> term_name("ln_wage"), term_name("size=small")
        ('wage', 'of size small')
    """
    factor, is_level, value = term.partition("=")
    if is_level:
        return text(f"drivers.term.{factor}", language, value=value)
    if term in ("ln_km", "same_province", "ln_stock", "ties"):
        return text(f"drivers.term.{term}", language)
    return text("drivers.term.indicator", language, indicator=term.removeprefix("ln_"))


def _act(row: Mapping[str, object], language: str) -> str:
    if not str(row["group"]).endswith("|overall"):
        return ""
    values = [100.0 * _number(row[name]) for name in ("value", "low", "high")]
    return text(
        f"drivers.sentence.act_effect.{_side(values)}", language, act=row["term"], level=_level(row),
        about=text(f"drivers.outcome.{row['about']}", language), **_shown(values, 2),
    )  # fmt: skip


def _side(values: list[float]) -> str:
    _, low, high = values
    return "down" if high < 0 else "up" if low > 0 else "unclear"


def _shown(values: list[float], digits: int) -> dict[str, str]:
    """Value and bounds as the sentence gives them: a fall as a positive number of "fewer", smaller bound first."""
    value, low, high = values
    if _side(values) == "down":
        value, low, high = -value, -high, -low
    return {"value": f"{value:.{digits}f}", "low": f"{low:.{digits}f}", "high": f"{high:.{digits}f}"}


def _reference(row: Mapping[str, object], language: str) -> str:
    reference, term = row.get("reference"), str(row["term"])
    if reference is None or reference != reference or "=" not in term:
        return ""
    return term_name(f"{term.partition('=')[0]}={reference}", language)


def _number(value: object) -> float:
    return float(str(value))


def _level(row: Mapping[str, object]) -> str:
    return f"{100 * _number(row['level']):.0f}"


def _plain(value: object) -> str:
    if value is None or value != value:
        return ""
    number = _number(value)
    return f"{number:.0f}" if number == round(number) else f"{number:.2f}"
