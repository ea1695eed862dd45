"""Question 1 from firm records: the cleaned registry, firms by place and year, moves and how much moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine import Engine, frame, step

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.process.establishments import EstablishmentsParameters
    from townshift.process.moves_parameters import MovesParameters
    from townshift.types import Estimates, Focus


@dataclass(frozen=True)
class MovesTables:
    """Moves pair by pair, their sums by origin, destination, year and kind, and what a person is asked about."""

    moves: pd.DataFrame
    moves_blocking: pd.DataFrame
    review_moves: pd.DataFrame
    move_flows: Estimates


@step(question="process")
def establishments(
    firms: ibis.Table, places: ibis.Table, *, parameters: EstablishmentsParameters, engine: Engine, salt: bytes
) -> ibis.Table:
    """The registry cleaned: places, keys, dates and membership of every record, and no person in clear."""
    from townshift.process.establishments import SCHEMA, clean_batches, cleaning_rules

    rules = cleaning_rules(frame(places), salt, parameters)
    return engine.map_batches(firms, partial(clean_batches, rules=rules), SCHEMA)


@step(question="process")
def moves(
    establishments: ibis.Table,
    successions: ibis.Table | None = None,
    *,
    parameters: MovesParameters,
    engine: Engine,
    focus: Focus,
    answers: Path | None,
) -> MovesTables:
    """Which firms moved, branched, were founded by returnees or gave work out, with probabilities and reasons."""
    from townshift.process.moves import find_moves
    from townshift.process.moves_flows import move_flows
    from townshift.process.moves_parameters import TableMethods

    found = find_moves(
        establishments.filter(establishments.member),
        parameters,
        TableMethods(frame=engine.frame, map_batches=engine.map_batches),
        None if successions is None else frame(successions),
        None if answers is None else _answers(answers),
    )
    return MovesTables(
        moves=found.moves,
        moves_blocking=found.moves_blocking,
        review_moves=found.review_moves,
        move_flows=move_flows(found.moves, found.calibration, focus.seed),
    )


def _answers(path: Path) -> pd.DataFrame:
    """A sheet that a person filled in, as text."""
    import pandas as pd

    return pd.read_csv(path, dtype="string", encoding="utf-8-sig", keep_default_na=False, na_values=[""])
