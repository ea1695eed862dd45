"""Keys of legends as small pictures: shape and line tell them apart, colour only helps."""

from __future__ import annotations

from townshift.report.figures.clusters_charts import EVENT_STYLES, STAGE_STYLES
from townshift.report.figures.timeline import TURN_STYLES
from townshift.report.style import BLUE, GREEN, GREY, INK, PURPLE, VERMILLION

_SHAPES = {
    "o": '<circle cx="13" cy="8" r="4.2" {paint}/>',
    "s": '<rect x="9" y="4" width="8" height="8" {paint}/>',
    "D": '<path d="M13 3l5 5-5 5-5-5z" {paint}/>',
    "^": '<path d="M13 3l5 9.5H8z" {paint}/>',
    "v": '<path d="M13 13L8 3.5h10z" {paint}/>',
    ">": '<path d="M18.5 8L9 13V3z" {paint}/>',
    "*": '<path d="M13 1l1.9 4.7 5.1.3-3.9 3.2 1.3 4.9L13 11.4l-4.4 2.7 1.3-4.9L6 6l5.1-.3z" {paint}/>',
    "x": '<path d="M9.5 4.5l7 7M16.5 4.5l-7 7" {paint}/>',
    "-": '<path d="M1 8h24" {paint}/>',
}


def _bar(colour: str, share: float, filled: bool) -> str:
    inside = colour if filled else "#fff"
    return (
        f'<rect x="1" y="{8 - 12 * share:.1f}" width="24" height="{24 * share:.1f}" fill="{inside}" stroke="{colour}"/>'
    )


def _drawn(shape: str, colour: str, fill: str = "", dashed: bool = False, width: float = 1.2) -> str:
    inside = "none" if shape in "x-" else fill or colour
    dashes = ' stroke-dasharray="5 3"' if dashed else ""
    paint = f'fill="{inside}" stroke="{colour}" stroke-width="{width}"{dashes}'
    return _SHAPES[shape].format(paint=paint)


_MARKS: dict[str, str] = {
    "median": _drawn("-", BLUE, width=2),
    "band": f'<rect x="1" y="2" width="24" height="12" fill="{BLUE}" opacity="0.18"/>'
    f'<path d="M1 2h24M1 14h24" stroke="{BLUE}" stroke-width="0.8" opacity="0.5"/>',
    "bridged": _drawn("-", BLUE, dashed=True, width=2),
    "exact": _drawn("o", INK),
    "about": _drawn("o", INK, "#fff"),
    "over": _drawn("^", INK),
    "under": _drawn("v", INK),
    "weightless": _drawn("x", GREY, width=1.6),
    "off_scale": f'{_drawn("o", INK, "#fff")}<text x="18" y="9" font-size="9">9</text>',
    "declared_break": f'<path d="M13 0v16" stroke="{VERMILLION}" stroke-width="1.6" stroke-dasharray="2 2"/>',
    "two_peaked": _drawn("D", PURPLE, "#fff", width=1.6),
    "point": _drawn("-", BLUE, width=2.4) + _drawn("o", BLUE),
    "whole_span": _drawn("-", BLUE, width=2.4) + _drawn("o", BLUE),
    "window": _drawn("-", GREEN, width=2.4) + _drawn("s", GREEN),
    "bridged_point": _drawn("-", BLUE, dashed=True, width=2.4) + _drawn("o", BLUE, "#fff"),
    "placebo": _drawn("-", GREY),
    "focal": _drawn("*", INK, VERMILLION),
    "strong": _drawn("-", BLUE, width=2.4) + _drawn("o", BLUE),
    "single": _drawn("-", BLUE, dashed=True) + _drawn("o", BLUE, "#fff"),
    "no_evidence": _drawn("s", GREY, "#fff"),
    "stance": '<rect x="1" y="3" width="12" height="10" fill="#80b8d8"/>'
    '<rect x="13" y="3" width="12" height="10" fill="#eaae80"/>',
    "stock": _drawn("-", BLUE, width=2),
    "entries": _drawn("-", GREEN, width=2),
    "exits": _drawn("-", VERMILLION, dashed=True, width=2),
    "thin": f'<rect x="1" y="2" width="24" height="12" fill="{GREY}" opacity="0.25"/>',
    "members": _drawn("-", BLUE, width=2),
    "others": _drawn("-", GREY, dashed=True, width=2),
    "expected": _drawn("-", BLUE, width=2) + _drawn("o", BLUE),
    "flow_width": _drawn("-", BLUE, width=3.5),
    "gap": _drawn("o", INK, "#fff"),
    "measured": _drawn("-", BLUE, width=1.6) + _drawn("o", BLUE),
    "curve": _drawn("-", BLUE, width=2.4),
    "local_band": f'<rect x="1" y="3" width="24" height="10" fill="{GREY}" opacity="0.3"/>',
    "global_band": f'<path d="M1 3h24M1 13h24" stroke="{INK}" stroke-dasharray="4 2.5"/>',
    "cluster_outline": f'<rect x="2" y="2" width="22" height="12" rx="5" fill="{BLUE}" fill-opacity="0.22" '
    f'stroke="{BLUE}" stroke-width="1.2"/>',
    "town_point": _drawn("*", INK, "#fff"),
    **{f"stage_{stage}": _bar(*style) for stage, style in STAGE_STYLES.items()},
    **{f"event_{event}": _drawn(marker, colour) for event, (marker, colour) in EVENT_STYLES.items()},
    **{f"turn_{turn}": _drawn(marker, colour) for turn, (marker, colour) in TURN_STYLES.items()},
}


def legend_mark(key: str) -> str:
    """The picture of a legend key, an inline SVG element."""
    return f'<svg viewBox="0 0 26 16" aria-hidden="true" focusable="false">{_MARKS[key]}</svg>'


def shade(value: float) -> str:
    """Background of a matrix cell: blue for, orange against, both pale enough for black text.

    Example:
        >>> shade(1.0), shade(0.0)
        ('background:#80b8d8', 'background:#ffffff')
    """
    strength = min(abs(value), 1.0) * 0.5
    colour = BLUE if value >= 0 else VERMILLION
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "background:#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)
