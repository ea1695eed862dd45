"""Numbers as a reader expects them: three significant figures, thousands marked, intervals, units."""

from __future__ import annotations

import math

from townshift.report.words import Words, plain, say, unit

DASH = "–"
MINUS = "−"
NO_BREAK = "\xa0"
"""Keeps a number and its sign on one line."""


def number(value: object, digits: int = 3) -> str:
    """A number with `digits` significant figures and thousands marked; a dash where there is none.

    Example:
        >>> number(13482.7), number(0.01234), number(-2.5), number(2006.0), number(None)
        ('13,500', '0.0123', '−2.5', '2,010', '–')
    """
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    shown = f"{abs(rounded):,.{max(decimals, 0)}f}"
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return f"{MINUS if rounded < 0 else ''}{shown}"


def exact(value: object) -> str:
    """A published number as it stands, thousands marked.

    Example:
        >>> exact(6516.0), exact(0.58), exact(None)
        ('6,516', '0.58', '–')
    """
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return DASH
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def percent(value: object, digits: int = 2) -> str:
    r"""A rate or probability as a percentage.

    Example:
        >>> percent(0.0734), percent(-0.002)
        ('7.3\xa0%', '−0.2\xa0%')
    """
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return DASH
    return f"{number(100 * value, digits)}{NO_BREAK}%"


def probability(value: object) -> str:
    """A probability with two decimals; the ends are never printed as certain.

    Example:
        >>> probability(0.956), probability(0.9999), probability(0.0)
        ('0.96', '> 0.99', '< 0.01')
    """
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return DASH
    if value > 0.99:
        return "> 0.99"
    return "< 0.01" if value < 0.01 else f"{value:.2f}"


RATES = ("per_year", "log_per_year", "rate_per_year")
"""Units of growth: log rates per year, shown as per cent a year."""


def with_unit(value: object, low: object, high: object, unit_code: str) -> Words:
    """A number with its interval and unit, in words of both languages."""
    if unit_code in RATES:
        shown, ending = [percent(one) for one in (value, low, high)], say("numbers.a_year")
    elif unit_code == "share":
        shown, ending = [percent(one, 3) for one in (value, low, high)], plain("")
    else:
        shown, ending = [number(one) for one in (value, low, high)], unit(unit_code)
    core = say("numbers.interval", value=shown[0], low=shown[1], high=shown[2])
    return core + (plain(" ") + ending if ending.en else "")
