"""Who depends on whom: evidence of dependence and of autonomy of the receiving places, counted by originals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.coordination.levels import End, LevelSide, counties, flow_ends, level_sides, records
from townshift.draws import summarise
from townshift.frames import collect_estimates, joined, texts, typed
from townshift.types import N_DRAWS, Estimate, Estimates, Parameters, keyed_seed

COLUMNS = {
    "place_id": "string",
    "place_side": "string",
    "side": "string",
    "table": "string",
    "item": "string",
    "n": "Int64",
    "n_counted": "Int64",
    "n_lineages": "Int64",
    "n_counted_lineages": "Int64",
    "year_from": "Int64",
    "year_to": "Int64",
    "row_ids": "string",
    "counted_row_ids": "string",
    "not_counted_reasons": "string",
}
"""Columns of `dependence` and their pandas dtypes."""

ASYMMETRY_EXTRA = {"receiving_on_origin": "float64", "origin_on_receiving": "float64"}
"""Further columns of `asymmetry`: the medians of the two dependences."""

EvidenceSide = Literal["dependence", "autonomy"]
_OPPOSITE: Mapping[str, EvidenceSide] = {"dependence": "autonomy", "autonomy": "dependence"}


class FlowRule(Parameters):
    """Which flows are evidence of what: those of kind `flow` from one side to the other."""

    flow: str
    from_side: End | Literal["any"]
    to_side: End | Literal["any"]
    side: EvidenceSide


class FactRule(Parameters):
    """Which published figures of receiving places are evidence of what."""

    definition: str
    side: EvidenceSide


class ShareRule(Parameters):
    """Where a figure of dependence stands: the share of one side's jobs or orders that the other holds.

    Attributes:
        role: `receiving_on_origin`, the receiving place's share that hangs on the origin, or the reverse.
        flow: kind of flow.
        unit: unit of the flow's value that says that it is such a share.
        whole: the value that means all of it, 100 for percent.
    """

    role: Literal["receiving_on_origin", "origin_on_receiving"]
    flow: str
    unit: str
    whole: float = 100.0


class DependenceParameters(Parameters):
    """`[parameters.dependence]`.

    Attributes:
        dependence_concepts: concepts whose proposition says that receiving places depend on the origin.
        autonomy_concepts: concepts whose proposition says that they stand on their own.
        flow: rules for flows.
        fact: rules for figures.
        share: where the shares of the asymmetry stand.
        links: kinds of link that make a place a receiving place.
        edges: evidence that an edge joins the two places, for which a flow is counted.
        levels: levels at which a flow says something of one place.
        share_sd: standard deviation, on the logit scale, of a published share.
    """

    dependence_concepts: tuple[str, ...] = ()
    autonomy_concepts: tuple[str, ...] = ()
    flow: tuple[FlowRule, ...] = ()
    fact: tuple[FactRule, ...] = ()
    share: tuple[ShareRule, ...] = ()
    links: tuple[str, ...] = ("named",)
    edges: tuple[str, ...] = ("stated",)
    levels: tuple[str, ...] = ("county", "site", "case")
    share_sd: float = 0.3


def dependence(
    places: pd.DataFrame,
    destinations: pd.DataFrame | None,
    focal: str,
    parameters: DependenceParameters,
    flows: pd.DataFrame | None = None,
    facts: pd.DataFrame | None = None,
    statements: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What the record holds on dependence and autonomy, place by place, with what may be counted as fact.

    Rows of one original are one: `n_counted_lineages` is the number to look at. A flow counts if its page states that
    the edge joins the two places and it speaks of one place; what goes to a country around both sides goes elsewhere,
    not to the origin (`flow_ends`); a figure counts if it is not a second entry; a statement
    counts only as an observation by someone placed to know, who stands at a receiving place or on the origin's side.
    Everything else is listed with the reason. Disagreeing with a proposition is evidence of the other side.

    Args:
        places: place_id, parent_id.
        destinations: place_id, county_id, link.
        focal: the focal place.
        parameters: concepts and rules.
        flows: flow_id, origin_id, destination_id, year, flow, level, edge_evidence, lineage.
        facts: fact_id, place_id, definition_id, year, lineage, same_as.
        statements: statement_id, date, place_id, concept, stance, speech_act, position_to_know, lineage, same_as.

    Returns:
        `COLUMNS`: one row per place x side x table x item. `place_id` is the county; for a statement it is where the
        speaker stands, `place_side` telling whether that is a receiving place.

    Source: dependence as control from outside over markets and capital, autonomy as design, supply and sales of one's
        own: Dos Santos (1970), American Economic Review 60 (2), 231-236.

    Example:
        >>> places = pd.DataFrame({"place_id": ["town", "far"], "parent_id": [None, None], "kind": ["town", "county"]})
        >>> listed = pd.DataFrame({"place_id": ["far"], "county_id": ["far"], "link": ["named"]})
        >>> flows = pd.DataFrame({"flow_id": ["W1"], "origin_id": ["town"], "destination_id": ["far"], "year": [2020],
        ...     "flow": ["orders"], "level": ["county"], "edge_evidence": ["stated"], "lineage": ["L1"]})
        >>> rule = FlowRule(flow="orders", from_side="focal", to_side="receiving", side="dependence")
        >>> found = dependence(places, listed, "town", DependenceParameters(flow=(rule,)), flows=flows)
        >>> found[["place_id", "side", "n_counted", "counted_row_ids"]].values.tolist()
        [['far', 'dependence', 1, 'W1']]
    """
    side_of = level_sides(places, focal, destinations, parameters.links)
    county_of = counties(places, destinations, side_of)
    rows: list[dict[str, object]] = []
    if flows is not None:
        rows.extend(_from_flows(flows, flow_ends(places, side_of), parameters))
    if facts is not None:
        rows.extend(_from_facts(facts, side_of, parameters))
    if statements is not None:
        rows.extend(_from_statements(statements, side_of, parameters))
    return _counted(rows, side_of, county_of)


def asymmetry(
    receiving_on_origin: npt.NDArray[np.float64], origin_on_receiving: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How one-sided the dependence of two places is: -1 the origin depends, 0 both alike, 1 the receiving place.

    Formula: `A = (Dep_d<-o - Dep_o<-d) / (Dep_d<-o + Dep_o<-d)`, Dep_d<-o being the share of the receiving place's
    jobs or orders that hang on the origin.

    Args:
        receiving_on_origin: shape (draws,), share 0 to 1.
        origin_on_receiving: shape (draws,), share 0 to 1.

    Returns:
        Shape (draws,), between -1 and 1; NaN where both are 0.

    Source: the asymmetric dependence of Keohane and Nye (1977) as a normalised difference.

    Example:
        >>> asymmetry(np.array([0.6]), np.array([0.2]))     # 0.4 / 0.8
        array([0.5])
    """
    total = receiving_on_origin + origin_on_receiving
    out = np.full(total.shape, np.nan)
    np.divide(receiving_on_origin - origin_on_receiving, total, out=out, where=total > 0)
    return out


def asymmetries(
    flows: pd.DataFrame | None,
    places: pd.DataFrame,
    destinations: pd.DataFrame | None,
    focal: str,
    parameters: DependenceParameters,
    seed: int,
) -> Estimates:
    """The asymmetry of dependence for every receiving place for which both shares have been published.

    Args:
        flows: flow_id, origin_id, destination_id, year, flow, value, unit, edge_evidence, lineage; may be None.
        places: place_id, parent_id.
        destinations: place_id, county_id, link.
        focal: the focal place.
        parameters: where the shares stand.
        seed: the study's seed.

    Returns:
        Estimates with the measure `asymmetry`, dimensionless, `ASYMMETRY_EXTRA` as further columns; no row where one
        of the two shares is missing.
    """
    found: list[tuple[Estimate, npt.NDArray[np.float64], pd.DataFrame]] = []
    extra: list[dict[str, object]] = []
    if flows is not None and not flows.empty:
        side_of = level_sides(places, focal, destinations, parameters.links)
        county_of = counties(places, destinations, side_of)
        shares = _shares(flows, parameters, flow_ends(places, side_of), county_of)
        for place in sorted({key for key, _ in shares}):
            on_origin = shares.get((place, "receiving_on_origin"))
            on_receiving = shares.get((place, "origin_on_receiving"))
            if on_origin is None or on_receiving is None:
                continue
            row, more = _asymmetry_row(place, on_origin, on_receiving, parameters, seed)
            found.append(row)
            extra.append(more)
    return collect_estimates(found, extra, ASYMMETRY_EXTRA)


def _from_flows(
    flows: pd.DataFrame, end_of: Mapping[str, End], parameters: DependenceParameters
) -> list[dict[str, object]]:
    plain = texts(flows, "flow_id", "origin_id", "destination_id", "flow", "level", "edge_evidence", "lineage")
    rows: list[dict[str, object]] = []
    for flow in records(plain):
        ends = (end_of.get(flow["origin_id"], "elsewhere"), end_of.get(flow["destination_id"], "elsewhere"))
        for rule in parameters.flow:
            if rule.flow != flow["flow"] or not _fits(rule, ends):
                continue
            place = flow["destination_id"] if ends[1] == "receiving" else flow["origin_id"]
            reason = "" if flow["edge_evidence"] in parameters.edges else f"edge_{flow['edge_evidence']}"
            reason = reason or ("" if flow["level"] in parameters.levels else f"level_{flow['level']}")
            rows.append(_row("flows", flow["flow_id"], place, rule.side, rule.flow, flow["year"], flow, reason))
    return rows


def _fits(rule: FlowRule, ends: tuple[End, End]) -> bool:
    pairs = ((rule.from_side, ends[0]), (rule.to_side, ends[1]))
    return "receiving" in ends and all(wanted in ("any", end) for wanted, end in pairs)


def _from_facts(
    facts: pd.DataFrame, side_of: Mapping[str, LevelSide], parameters: DependenceParameters
) -> list[dict[str, object]]:
    plain = texts(facts, "fact_id", "place_id", "definition_id", "lineage", "same_as")
    rules = {rule.definition: rule.side for rule in parameters.fact}
    wanted = plain.loc[plain["definition_id"].isin(list(rules)) & (plain["same_as"] == "")]
    return [
        _row("facts", f["fact_id"], f["place_id"], rules[f["definition_id"]], f["definition_id"], f["year"], f, "")
        for f in records(wanted)
        if side_of.get(f["place_id"]) == "receiving"
    ]


def _from_statements(
    statements: pd.DataFrame, side_of: Mapping[str, LevelSide], parameters: DependenceParameters
) -> list[dict[str, object]]:
    names = ("statement_id", "date", "place_id", "concept", "stance", "speech_act", "position_to_know", "lineage")
    plain = texts(statements, *names, "same_as")
    side: dict[str, EvidenceSide] = dict.fromkeys(parameters.dependence_concepts, "dependence")
    side.update(dict.fromkeys(parameters.autonomy_concepts, "autonomy"))
    wanted = plain.loc[
        plain["concept"].isin(list(side)) & plain["stance"].isin(["agree", "disagree"]) & (plain["same_as"] == "")
    ]
    rows: list[dict[str, object]] = []
    for said in records(wanted):
        own = side[said["concept"]]
        towards = own if said["stance"] == "agree" else _OPPOSITE[own]
        reason = "" if said["speech_act"] == "observation" else f"discourse_{said['speech_act']}"
        reason = reason or ("" if said["position_to_know"] == "direct" else f"position_{said['position_to_know']}")
        speaker = side_of.get(said["place_id"], "elsewhere")
        reason = reason or (f"speaker_{speaker}" if speaker in ("comparator", "elsewhere") else "")
        year = said["date"][:4] if said["date"][:4].isdigit() else None
        key = said["statement_id"]
        rows.append(_row("statements", key, said["place_id"], towards, said["concept"], year, said, reason))
    return rows


def _row(
    table: str,
    row_id: str,
    place: str,
    side: EvidenceSide,
    item: str,
    year: float | str | None,
    source: Mapping[str, Any],
    reason: str,
) -> dict[str, object]:
    return {
        "table": table,
        "row_id": row_id,
        "place": place,
        "side": side,
        "item": item,
        "year": None if year is None or pd.isna(year) else int(year),
        "lineage": str(source["lineage"]) or row_id,
        "reason": reason,
    }


def _counted(
    rows: Sequence[Mapping[str, object]], side_of: Mapping[str, LevelSide], county_of: Mapping[str, str]
) -> pd.DataFrame:
    groups: dict[tuple[str, str, str, str], list[Mapping[str, object]]] = {}
    for row in rows:
        place = str(row["place"])
        key = (county_of.get(place, place), str(row["side"]), str(row["table"]), str(row["item"]))
        groups.setdefault(key, []).append(row)
    out: list[dict[str, object]] = []
    for (place, side, table, item), members in sorted(groups.items()):
        counted = [row for row in members if not row["reason"]]
        years = [int(str(row["year"])) for row in members if row["year"] is not None]
        out.append(
            {
                "place_id": place,
                "place_side": side_of.get(place, "elsewhere"),
                "side": side,
                "table": table,
                "item": item,
                "n": len(members),
                "n_counted": len(counted),
                "n_lineages": len({row["lineage"] for row in members}),
                "n_counted_lineages": len({row["lineage"] for row in counted}),
                "year_from": min(years, default=None),
                "year_to": max(years, default=None),
                "row_ids": joined(str(row["row_id"]) for row in members),
                "counted_row_ids": joined(str(row["row_id"]) for row in counted),
                "not_counted_reasons": joined(str(row["reason"]) for row in members),
            }
        )
    return typed(out, COLUMNS)


def _shares(
    flows: pd.DataFrame,
    parameters: DependenceParameters,
    end_of: Mapping[str, End],
    county_of: Mapping[str, str],
) -> dict[tuple[str, str], pd.DataFrame]:
    plain = texts(flows, "flow_id", "origin_id", "destination_id", "flow", "unit", "edge_evidence", "lineage")
    picked: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for flow in records(plain):
        ends = (end_of.get(flow["origin_id"], "elsewhere"), end_of.get(flow["destination_id"], "elsewhere"))
        if "receiving" not in ends or "focal" not in ends or flow["edge_evidence"] not in parameters.edges:
            continue
        place = flow["destination_id"] if ends[1] == "receiving" else flow["origin_id"]
        for rule in parameters.share:
            value = flow["value"]
            if (rule.flow, rule.unit) != (flow["flow"], flow["unit"]) or pd.isna(value):
                continue
            entry = {**flow, "share_value": float(value) / rule.whole}
            picked.setdefault((county_of.get(place, place), rule.role), []).append(entry)
    return {key: pd.DataFrame(rows) for key, rows in picked.items()}


def _asymmetry_row(
    place: str, on_origin: pd.DataFrame, on_receiving: pd.DataFrame, parameters: DependenceParameters, seed: int
) -> tuple[tuple[Estimate, npt.NDArray[np.float64], pd.DataFrame], dict[str, object]]:
    first = _share_draws(on_origin, parameters.share_sd, seed, place, "receiving_on_origin")
    second = _share_draws(on_receiving, parameters.share_sd, seed, place, "origin_on_receiving")
    draws = asymmetry(first, second)
    value, low, high = summarise(draws)
    both = pd.concat([on_origin, on_receiving], ignore_index=True)
    years = [int(year) for year in both["year"].dropna()] or [0]
    lineage = pd.DataFrame(
        {
            "table": "flows",
            "row_id": both["flow_id"].astype(str),
            "share": [0.5 / len(on_origin)] * len(on_origin) + [0.5 / len(on_receiving)] * len(on_receiving),
        }
    )
    estimate = Estimate(
        measure="asymmetry",
        place_id=place,
        year_from=min(years),
        year_to=max(years),
        unit="index",
        value=value,
        low=low,
        high=high,
        n=len(both),
        n_lineages=int(both["lineage"].nunique()),
    )
    medians: dict[str, object] = {
        "receiving_on_origin": summarise(first)[0],
        "origin_on_receiving": summarise(second)[0],
    }
    return (estimate, draws, lineage), medians


def _share_draws(rows: pd.DataFrame, sd: float, seed: int, place: str, role: str) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(keyed_seed(seed, "asymmetry", place, role))
    values = np.clip(rows.sort_values("flow_id")["share_value"].to_numpy(dtype=np.float64), 0.005, 0.995)
    picks = np.minimum((rng.random(N_DRAWS) * values.size).astype(np.int64), values.size - 1)
    logits = np.log(values[picks] / (1 - values[picks])) + sd * rng.standard_normal(N_DRAWS)
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float64)
