"""Pages of bargains: what each group did in which order and in answer to what, what was agreed, what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Figure, Listing, Panel, Table, absent, cell
from townshift.report.figures.field_words import columns, group_words, in_order, named, told
from townshift.report.numbers import percent
from townshift.report.results import Record, records, text_of
from townshift.report.style import BLUE, GREY, INK, PALE, VERMILLION, Canvas, Drawing, widest
from townshift.report.words import Words, join, listing, plain, say

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

CONFRONTING = frozenset({"demand", "threaten", "block", "withdraw"})
"""Acts that raise the pressure, as `episode_record` takes them."""
_LANE_PT = 46.0
_MARGIN_PT = 30.0


def episode_blocks(results: Results) -> list[Block]:
    """A sequence picture of each episode, the table of outcomes, and how moves were answered."""
    outcomes = results.rows("episode_outcomes")
    if outcomes is None:
        return []
    steps = results.rows("episode_steps")
    blocks: list[Block] = []
    for row in records(outcomes):
        mine = None if steps is None else steps[steps["episode_id"] == row.episode_id]
        if mine is not None and len(mine):
            blocks.append(_episode(row, mine))
    return [*blocks, _outcomes(outcomes), *_replies(results)]


def _episode(row: Record, steps: pd.DataFrame) -> Figure:
    episode, issue = text_of(row.episode_id), text_of(row.issue)
    title = told("episodes.title", episode=episode, issue=issue)
    body = [
        [
            cell(str(int(one.order)), int(one.order)),
            cell(text_of(one.date) or "–"),
            cell(group_words(one.actor_group)),
            cell(named("act", one.act)),
            cell(text_of(one.about) or "–"),
            cell(_answers(one)),
        ]
        for one in records(steps)
    ]
    heads = ("order", "date", "group", "act", "about", "answers")
    notes = [told("episodes.note")]
    if text_of(row.unanswered) not in ("", "0"):
        notes.append(told("episodes.unanswered", n=int(row.unanswered)))
    notes.append(
        told("episodes.agreed", what=text_of(row.agreed)) if text_of(row.agreed) else told("episodes.nothing_agreed")
    )
    notes.append(
        told("episodes.happened", what=text_of(row.happened)) if text_of(row.happened) else told("episodes.unknown")
    )
    slug = "".join(one if one.isascii() and one.isalnum() else "-" for one in episode)
    return Figure(
        name=f"figure-episode-{slug}", title=title,
        alt=told("episodes.alt", n=len(steps), groups=listing([group_words(one) for one in _lanes(steps)])),
        panels=[Panel(sequence(f"episode-{slug}", steps))],
        table=Table(f"episode-{slug}", title, columns(heads, ("order",)), body),
        source=told("source_moves"), notes=notes, wide=True,
    )  # fmt: skip


def _answers(one: Record) -> Words:
    if not text_of(one.answers_act):
        return plain("–")
    move = join(group_words(one.answers_group), Words(": ", "："), named("act", one.answers_act))
    return join(str(int(one.answers_order)), Words(" (", "（"), move, Words(")", "）"))


def _lanes(steps: pd.DataFrame) -> list[str]:
    return in_order(steps["actor_group"])


def sequence(name: str, steps: pd.DataFrame) -> Drawing:
    """Moves from left to right in their order, a lane a group, an arrow to the move that each answers.

    Moves that raise the pressure are squares, others circles. Dates stand below, where they are known and change.

    Args:
        name: unique in the page.
        steps: `order, date, actor_group, act, answers_order` of one episode.
    """
    lanes = _lanes(steps)
    acts = [named("act", one) for one in steps["act"]]
    slot = max(58.0, widest(acts) + 14)
    left = widest([group_words(one) for one in lanes]) + 20
    width = max(420.0, left + slot * len(steps) + 16)
    height = _LANE_PT * len(lanes) + _MARGIN_PT
    canvas = Canvas(name, width, height)
    axes = canvas.axes(left, _MARGIN_PT, 8, 0)
    axes.set_xlim(0, (width - left - 8) / slot)
    axes.set_ylim(len(lanes), 0)
    axes.set_axis_off()
    at = {int(order): (n + 0.5, lanes.index(group) + 0.5) for n, (order, group) in enumerate(
        zip(steps["order"], steps["actor_group"].astype(str), strict=True)
    )}  # fmt: skip
    for lane, group in enumerate(lanes):
        axes.axhline(lane + 0.5, color=PALE, linewidth=0.8, zorder=0)
        canvas.label(axes, -10 / (width - left - 8), lane + 0.5, group_words(group),
                     transform=axes.get_yaxis_transform(), ha="right", va="center_baseline")  # fmt: skip
    free = _free_sides(at, steps)
    before = ""
    for row, act in zip(records(steps), acts, strict=True):
        x, y = at[int(row.order)]
        target = at.get(int(row.answers_order)) if text_of(row.answers_order) else None
        if target is not None:
            curve = f"arc3,rad={0.25 if target[1] == y else 0.0}"
            arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 5, "shrinkB": 5, "connectionstyle": curve}
            axes.annotate("", target, (x, y), arrowprops={**arrow, "linewidth": 0.9, "mutation_scale": 8})
        presses = text_of(row.act) in CONFRONTING
        axes.plot([x], [y], "s" if presses else "o", color=VERMILLION if presses else BLUE, markersize=6.5,
                  markeredgecolor=INK, markeredgewidth=0.6, zorder=4)  # fmt: skip
        below, side = free[int(row.order)]
        aside = 0.06 if side == "right" else 0.0
        canvas.label(axes, x - aside, y + (0.36 if below else -0.2), act, ha=side, va="baseline")
        date = text_of(row.date)
        if date and date != before:
            canvas.label(axes, x, len(lanes) + 0.4, date, ha="center", va="baseline", color=GREY)
        before = date or before
    return canvas.finish()


def _free_sides(at: dict[int, tuple[float, float]], steps: pd.DataFrame) -> dict[int, tuple[bool, str]]:
    """Where no arrow crosses the name of a move: below its mark or not, and how the name is aligned to it."""
    met: dict[int, list[float]] = {order: [] for order in at}
    behind: dict[int, float] = {}
    for row in records(steps):
        if text_of(row.answers_order) and int(row.answers_order) in at:
            own, target = int(row.order), int(row.answers_order)
            down = at[target][1] - at[own][1]
            met[own].append(down)
            met[target].append(-down)
            behind[target] = -down
    out = {}
    for order, ways in met.items():
        if min(ways, default=0) < 0 < max(ways, default=0):
            # Arrows leave to the left and arrive from the right: the other corner at the left is free.
            out[order] = (behind.get(order, 0) > 0, "right")
        else:
            out[order] = (min(ways, default=0) < 0, "center")
    return out


def _outcomes(outcomes: pd.DataFrame) -> Listing:
    rows = [
        [
            cell(join(text_of(row.episode_id), Words(": ", "："), text_of(row.issue))),
            cell(str(int(row.moves)), int(row.moves)),
            cell(group_words(row.first_mover)),
            cell(group_words(row.last_mover)),
            cell(_groups(row.concessions)),
            cell(_groups(row.blocks)),
            cell(str(int(row.unanswered)), int(row.unanswered)),
            cell(text_of(row.agreed) or "–"),
            cell(text_of(row.happened) or "–"),
            cell(named("kept", row.kept)),
        ]
        for row in records(outcomes)
    ]
    heads = (
        "episode", "moves", "first_mover", "last_mover", "concessions", "blocks", "unanswered", "agreed", "happened",
        "kept",
    )  # fmt: skip
    title = told("episodes.outcomes_title")
    table = Table("episode-outcomes", title, columns(heads, ("moves", "unanswered")), rows)
    notes = [told("episodes.outcomes_note"), told("episodes.cannot")]
    return Listing("list-episode-outcomes", title, table, notes, told("source_moves"))


def _groups(value: object) -> Words:
    found = [one for one in text_of(value).split(";") if one]
    return listing([group_words(one) for one in found]) if found else plain("–")


def _replies(results: Results) -> list[Block]:
    found = results.rows("episode_replies")
    if found is None:
        return [absent(results, "episode_replies")]
    rows = [
        [
            cell(named("act", row.act)),
            cell(named("act", row.reply)),
            cell(f"{int(row.n)} / {int(row.of)}", int(row.n)),
            cell(_share(row), row.share),
            cell(str(int(row.n_episodes)), int(row.n_episodes)),
        ]
        for row in records(found)
    ]
    heads = ("act", "reply", "n_of", "share_interval", "episodes")
    title = told("episodes.replies_title")
    table = Table("episode-replies", title, columns(heads, heads[2:]), rows)
    return [Listing("list-replies", title, table, [told("episodes.replies_note")], told("source_moves"), folded=True)]


def _share(row: Record) -> Words:
    if not text_of(row.low):
        return plain(percent(row.share))
    return say("numbers.interval", value=percent(row.share), low=percent(row.low), high=percent(row.high))
