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

    from townshift.process.drivers.parameters import DriversParameters
    from townshift.process.moves.calibration import Calibration
    from townshift.process.moves.parameters import MovesParameters
    from townshift.process.pathways.parameters import PathwaysParameters
    from townshift.process.registry.parameters import (
        CoverageParameters,
        EstablishmentsParameters,
        FirmYearsParameters,
        MembershipRulesParameters,
    )
    from townshift.types import Estimates, Focus


@dataclass(frozen=True)
class MembershipTables:
    """What the rules of membership catch, a sample of it for a person, and the precision that answers show."""

    membership_rules: pd.DataFrame
    membership_sample: pd.DataFrame
    membership_precision: pd.DataFrame


@dataclass(frozen=True)
class FirmYearsTables:
    """Firms by place and year, how long they last, and how the dates of their records stand."""

    firm_years: pd.DataFrame
    firm_survival: pd.DataFrame
    registry_dates: pd.DataFrame


@dataclass(frozen=True)
class MovesTables:
    """Moves pair by pair, their sums by origin, destination, year and kind, and what a person is asked about."""

    moves: pd.DataFrame
    moves_blocking: pd.DataFrame
    moves_calibration: pd.DataFrame
    review_moves: pd.DataFrame
    move_flows: Estimates


@dataclass(frozen=True)
class MoveTotalsTables:
    """Moves added up: by kind and year, by the focal place, by line."""

    move_totals: Estimates


@dataclass(frozen=True)
class DriversTables:
    """What went together with moves and followed dated acts, what of it could not be said, and both in sentences."""

    drivers: Estimates
    drivers_status: pd.DataFrame
    driver_sentences: pd.DataFrame


@dataclass(frozen=True)
class PathwaysTables:
    """From where to where firms moved, and what could not be said of it."""

    pathways: Estimates
    pathways_status: pd.DataFrame


@step(question="process")
def establishments(
    firms: ibis.Table, places: ibis.Table, *, parameters: EstablishmentsParameters, engine: Engine, salt: bytes
) -> ibis.Table:
    """The registry cleaned: places, keys, dates and membership of every record, and no person in clear."""
    from townshift.process.registry.establishments import SCHEMA, clean_batches, cleaning_rules

    rules = cleaning_rules(frame(places), salt, parameters)
    return engine.map_batches(firms, partial(clean_batches, rules=rules), SCHEMA)


@step(question="process")
def membership_rules(
    establishments: ibis.Table,
    *,
    parameters: MembershipRulesParameters,
    engine: Engine,
    focus: Focus,
    answers: Path | None,
) -> MembershipTables:
    """What each rule of membership catches, records to judge it by, and how precise those judged show it to be."""
    from townshift.engine.answers import read_answers
    from townshift.process.registry.industry_membership import (
        SAMPLE_SCHEMA,
        judged_precision,
        membership_report,
        membership_sample,
        sample_batches,
        worded_judgements,
    )

    counts = establishments.group_by("member_rule").aggregate(n=establishments.count())
    draw = partial(sample_batches, per_rule=parameters.sample_per_rule, seed=focus.seed)
    candidates = engine.map_batches(establishments.select("record_id", "member_rule"), draw, SAMPLE_SCHEMA)
    sample = membership_sample(frame(candidates), parameters.sample_per_rule)
    judged = sample if answers is None else read_answers(answers, ("rule_id", "record_id", "right"))
    return MembershipTables(
        membership_rules=membership_report(frame(counts).sort_values("member_rule", kind="stable")),
        membership_sample=sample,
        membership_precision=judged_precision(worded_judgements(judged)),
    )


@step(question="process")
def firm_years(establishments: ibis.Table, *, parameters: FirmYearsParameters) -> FirmYearsTables:
    """Active firms, entries and exits by place and year, and survival by age."""
    from townshift.process.registry.firm_years import counted_events, firm_survival
    from townshift.process.registry.firm_years import firm_years as years_of

    entries, exits, flags, spells = (frame(table) for table in counted_events(establishments))
    counted = years_of(entries, exits, flags, spells, parameters)
    last = int(counted.firm_years["year"].max()) if len(counted.firm_years) else 0
    return FirmYearsTables(
        firm_years=counted.firm_years,
        firm_survival=firm_survival(counted.spells, last, parameters.observed_from),
        registry_dates=counted.date_counts,
    )


@step(question="process")
def registry_coverage(
    establishments: ibis.Table,
    firm_years: ibis.Table,
    facts: ibis.Table | None = None,
    *,
    parameters: CoverageParameters,
    focus: Focus,
) -> pd.DataFrame:
    """Years in which the register itself is thin, and which share of published stocks of sole traders it holds."""
    import pandas as pd

    from townshift.process.registry.coverage import stock_coverage, thin_years
    from townshift.process.registry.firm_years import counted_events
    from townshift.process.registry.firm_years import firm_years as years_of
    from townshift.process.registry.parameters import FirmYearsParameters

    counted = frame(firm_years.filter(firm_years.size_band == ""))
    entries = counted.groupby(["place_id", "level", "year"], sort=True, as_index=False).agg(n=("n_entry", "sum"))
    found = [thin_years(entries, parameters)]
    if facts is not None and parameters.stock_definition:
        traders = establishments.filter(establishments.member, establishments.kind == "sole_trader")
        opened, closed, flags, spells = (frame(one) for one in counted_events(traders))
        stock = years_of(opened, closed, flags, spells, FirmYearsParameters(by_size=False))
        found.append(stock_coverage(stock.firm_years, frame(facts), parameters, focus.seed))
    return pd.concat(found, ignore_index=True)


@step(question="process")
def moves(
    establishments: ibis.Table,
    places: ibis.Table,
    successions: ibis.Table | None = None,
    *,
    parameters: MovesParameters,
    engine: Engine,
    focus: Focus,
    answers: Path | None,
) -> MovesTables:
    """Which firms moved, branched, were founded by returnees or gave work out, with probabilities and reasons."""
    from townshift.process.moves.find_moves import find_moves
    from townshift.process.moves.flows import move_flows
    from townshift.process.moves.parameters import TableMethods

    found = find_moves(
        establishments.filter(establishments.member),
        parameters,
        TableMethods(frame=engine.frame, map_batches=engine.map_batches),
        places=frame(places),
        successions=None if successions is None else frame(successions),
        answers=None if answers is None else _answers(answers),
    )
    return MovesTables(
        moves=found.moves,
        moves_blocking=found.moves_blocking,
        moves_calibration=_calibration_row(found.calibration),
        review_moves=found.review_moves,
        move_flows=move_flows(found.moves, found.calibration, focus.seed),
    )


@step(question="process")
def pathways(
    moves: ibis.Table,
    moves_calibration: ibis.Table,
    places: ibis.Table,
    panel: ibis.Table | None = None,
    *,
    parameters: PathwaysParameters,
    focus: Focus,
) -> PathwaysTables:
    """From where to where firms moved, when and how; first and further hops; what sort of place they went to."""
    from townshift.process.pathways.count_pathways import pathways as pathways_of

    found = pathways_of(
        frame(moves),
        frame(places),
        parameters,
        focus.seed,
        panel=None if panel is None else frame(panel),
        calibration=_calibration(frame(moves_calibration)),
    )
    return PathwaysTables(pathways=found.pathways, pathways_status=found.pathways_status)


@step(question="process")
def drivers(
    moves: ibis.Table,
    moves_calibration: ibis.Table,
    establishments: ibis.Table,
    firm_years: ibis.Table,
    places: ibis.Table,
    panel: ibis.Table | None = None,
    events: ibis.Table | None = None,
    policies: ibis.Table | None = None,
    *,
    parameters: DriversParameters,
    focus: Focus,
) -> DriversTables:
    """Distance and pull, hazards of leaving against closing, and what followed dated acts; never a cause by itself."""
    from townshift.process.drivers.all_drivers import drivers as drivers_of
    from townshift.process.drivers.leaving_spells import ESTABLISHMENT_COLUMNS

    followed = establishments.filter(establishments.member) if parameters.leaving.members_only else establishments
    counted = frame(firm_years)
    years = counted["year"].dropna()
    found = drivers_of(
        frame(moves),
        frame(places),
        parameters,
        focus.seed,
        (int(years.min()), int(years.max())) if len(years) else (focus.year_from, focus.year_to),
        establishments=frame(followed.select(*ESTABLISHMENT_COLUMNS)),
        firm_years=counted,
        panel=None if panel is None else frame(panel),
        events=None if events is None else frame(events),
        policies=None if policies is None else frame(policies),
        calibration=_calibration(frame(moves_calibration)),
    )
    return DriversTables(
        drivers=found.drivers,
        drivers_status=found.drivers_status,
        driver_sentences=_driver_sentences(found.drivers.table, found.drivers_status),
    )


def _driver_sentences(estimated: pd.DataFrame, status: pd.DataFrame) -> pd.DataFrame:
    """Every estimate, and everything that could not be said, as a sentence in each language; in their order."""
    import pandas as pd

    from townshift.process.drivers.sentences import driver_sentence, status_sentence

    rows = [
        {
            "table": name,
            "row_id": str(row["estimate_id"]) if name == "drivers" else f"{number}",
            "question": str(row["question"]),
            "about": str(row["about"]),
            "status": str(row.get("status", "ok")),
            "text_en": tell(row, "en"),
            "text_zh": tell(row, "zh"),
        }
        for name, table, tell in (
            ("drivers", estimated, driver_sentence),
            ("drivers_status", status, status_sentence),
        )
        for number, row in enumerate(_plain_rows(table))
    ]
    columns = ["table", "row_id", "question", "about", "status", "text_en", "text_zh"]
    told = pd.DataFrame([row for row in rows if row["text_en"]], columns=columns)
    return told.astype("string")


def _plain_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


@step(question="process")
def move_totals(moves: ibis.Table, moves_calibration: ibis.Table, *, focus: Focus) -> MoveTotalsTables:
    """How many firms moved by kind and year, out of and into the focal place, and along each line between places."""
    from townshift.process.moves.totals import move_totals as totals_of

    calibration = _calibration(frame(moves_calibration))
    return MoveTotalsTables(move_totals=totals_of(frame(moves), focus.place_id, focus.seed, calibration))


def _calibration_row(calibration: Calibration) -> pd.DataFrame:
    """How far answers moved the probabilities, and how sure that is, as one row."""
    import pandas as pd

    (shift, both), (_, slope) = calibration.covariance.tolist()
    row = {
        "shift": calibration.shift,
        "slope": calibration.slope,
        "shift_variance": shift,
        "slope_variance": slope,
        "covariance": both,
        "n_labels": calibration.n_labels,
    }
    return pd.DataFrame([row])


def _calibration(table: pd.DataFrame) -> Calibration:
    """The calibration that `_calibration_row` wrote down."""
    import numpy as np

    from townshift.process.moves.calibration import Calibration

    row = table.iloc[0]
    both = float(row["covariance"])
    covariance = np.array([[float(row["shift_variance"]), both], [both, float(row["slope_variance"])]])
    return Calibration(float(row["shift"]), float(row["slope"]), covariance, int(row["n_labels"]))


def _answers(path: Path) -> pd.DataFrame:
    """A sheet of moves that a person filled in; kinds may be written as codes or as either language words them."""
    from townshift.engine.answers import read_answers
    from townshift.locales import LANGUAGES, text
    from townshift.process.moves.parameters import KINDS, LOOK_ALIKE

    given = read_answers(path, ("move_id", "kind"))
    worded = {text(f"moves.kind.{kind}", language): kind for kind in (*KINDS, LOOK_ALIKE) for language in LANGUAGES}
    return given.assign(kind=given["kind"].replace(worded))
