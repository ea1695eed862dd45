"""`out/run.json`: what the results rest on, the same bytes for the same results; exported as W3C PROV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import townshift
from townshift.engine.atomic import write_text
from townshift.engine.cachekey import ABSENT, libraries
from townshift.engine.parameters import DEFAULT
from townshift.engine.record import RunRecord, StepRecord

RUN_FILE = "run.json"
FORMAT = 1


def provenance(record: RunRecord) -> dict[str, Any]:
    """A run as a document: nothing in it depends on when, where or how often it was done.

    A step that stood and one that was computed read the same; times are in `out/run.log` only.
    """
    return {
        "format": FORMAT,
        "townshift": townshift.__version__,
        "engine": record.engine,
        "libraries": libraries(),
        "steps": {step.name: _step(step) for step in record.steps},
    }


def write_provenance(out: Path, record: RunRecord) -> None:
    """Write `out/run.json`."""
    document = json.dumps(provenance(record), sort_keys=True, indent=1, ensure_ascii=False, default=str)
    write_text(out / RUN_FILE, document + "\n")


def to_prov(run: Mapping[str, Any]) -> dict[str, Any]:
    """The document of `run.json` as PROV-JSON (W3C Member Submission, 24 April 2013).

    Tables are entities, named by their content; steps are activities; townshift is the software agent.

    Parameters:
        run: what `out/run.json` holds.
    """
    agent = f"ts:townshift-{run['townshift']}"
    document: dict[str, Any] = {
        "prefix": {"ts": "urn:townshift:", "prov": "http://www.w3.org/ns/prov#"},
        "agent": {agent: {"prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}}},
        "entity": {},
        "activity": {},
        "used": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
    }
    for name, step in run["steps"].items():
        if step["state"] != "done":
            continue
        activity = f"ts:step/{name}/{step['key'][:16]}"
        document["activity"][activity] = {"ts:question": step["question"], "ts:key": step["key"]}
        document["wasAssociatedWith"][f"_:by-{name}"] = {"prov:activity": activity, "prov:agent": agent}
        for table, sha256 in step["inputs"].items():
            if sha256 != ABSENT:
                entity = _entity(document, table, sha256)
                document["used"][f"_:use-{name}-{table}"] = {"prov:activity": activity, "prov:entity": entity}
        for table, output in step["outputs"].items():
            entity = _entity(document, table, output["sha256"])
            document["wasGeneratedBy"][f"_:make-{table}"] = {"prov:entity": entity, "prov:activity": activity}
    return document


def _entity(document: dict[str, Any], table: str, sha256: str) -> str:
    entity = f"ts:table/{table}/{sha256[:16]}"
    document["entity"][entity] = {"prov:label": table, "ts:sha256": sha256}
    return entity


def _step(step: StepRecord) -> dict[str, Any]:
    if step.ingredients is None:
        reasons = [{"kind": reason.kind, "name": reason.name} for reason in step.reasons]
        codes = [problem.code for problem in step.problems]
        return {"question": step.question, "state": step.state, "reasons": reasons, "problems": codes}
    return {
        "question": step.question,
        "state": "done",
        "key": step.key,
        "inputs": dict(step.ingredients.tables),
        "study": dict(step.ingredients.study),
        "code": dict(step.ingredients.code),
        "files": dict(step.ingredients.files),
        "outputs": {name: {"sha256": one.sha256, "rows": one.rows} for name, one in step.outputs.items()},
        "parameters": {
            name: {"value": value, "origin": step.origins.get(name, DEFAULT)} for name, value in step.parameters.items()
        },
    }
