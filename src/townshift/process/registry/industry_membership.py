"""Which records belong to the industry under study: rules of a study, what each catches, how precise it is.

A rule catches a record whose name or scope holds one of its words and none of those it excludes, or whose industry
code begins as it says. A record is a member if a rule catches it. Whether a rule is right is judged by people, on a
sample drawn by digest of the record's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from townshift.errors import MeasureError, Problem
from townshift.frames import typed
from townshift.process.registry.parameters import MembershipParameters, MembershipRule
from townshift.process.registry.salted_keys import salted_keys
from townshift.types import LEVEL


def membership(
    names: pa.StringArray, scopes: pa.StringArray, codes: pa.StringArray, parameters: MembershipParameters
) -> pa.StringArray:
    """Ids of the rules that catch each record, joined by `;`; null where none does.

    Args:
        names: normalised names.
        scopes: registered scopes; a missing one holds no word.
        codes: industry codes as registered.
        parameters: the rules; if there are none, every record is caught by the rule `all`.

    Example:
        >>> rule = MembershipRule(rule_id="children", names_any=("童装",), names_none=("商贸",))
        >>> names = pa.array(["织里童装厂", "童装商贸", "面馆"])
        >>> nothing = pa.nulls(3, pa.string())
        >>> membership(names, nothing, nothing, MembershipParameters(rules=(rule,))).to_pylist()
        ['children', None, None]
    """
    check_rules(parameters)
    if not parameters.rules:
        return pa.array(["all"] * len(names), pa.string())
    caught = np.zeros((len(names), len(parameters.rules)), dtype=np.bool_)
    plain_codes = _plain_codes(codes) if any(rule.codes for rule in parameters.rules) else codes
    for position, rule in enumerate(parameters.rules):
        caught[:, position] = _caught(names, scopes, plain_codes, rule)
    weights = 1 << np.arange(len(parameters.rules), dtype=np.int64)
    patterns, which = np.unique(caught @ weights, return_inverse=True)
    ids = [rule.rule_id for rule in parameters.rules]
    texts = [";".join(name for bit, name in enumerate(ids) if int(pattern) >> bit & 1) or None for pattern in patterns]
    return pa.array(texts, pa.string()).take(pa.array(which))


def check_rules(parameters: MembershipParameters) -> None:
    """Refuse rules that can catch nothing or cannot be told apart.

    Raises:
        MeasureError: a rule without words and codes, or two rules of one id.
    """
    ids = [rule.rule_id for rule in parameters.rules]
    problems = [
        Problem("TS-REG-001", "parameters.establishments.rules", {"rule": rule.rule_id})
        for rule in parameters.rules
        if not (rule.names_any or rule.scope_any or rule.codes)
    ]
    problems += [
        Problem("TS-REG-002", "parameters.establishments.rules", {"rule": rule})
        for rule in sorted({rule for rule in ids if ids.count(rule) > 1 or ";" in rule})
    ]
    if problems:
        raise MeasureError(*problems)


def processes_for_others(scopes: pa.StringArray, parameters: MembershipParameters) -> pa.BooleanArray:
    """Whether the scope says that the firm works on customers' materials; null without a scope."""
    return _holds(scopes, parameters.processing_words)


def membership_report(counts: pd.DataFrame) -> pd.DataFrame:
    """What each rule catches, alone and together with others.

    Args:
        counts: one row a value of `member_rule` in `establishments`, with its number of records in `n`.

    Returns:
        One row a rule: `rule_id`, `n_caught`, `n_alone` (caught by no other), `share_alone`, `overlaps` (the rules it
        shares records with and how many, `rule:n` joined by `;`).

    Example:
        >>> membership_report(pd.DataFrame({"member_rule": ["a", "a;b"], "n": [3, 2]})).values.tolist()
        [['a', 5, 3, 0.6, 'b:2'], ['b', 2, 0, 0.0, 'a:2']]
    """
    found: dict[str, dict[str, int]] = {}
    for together, n in zip(counts["member_rule"].dropna(), counts.loc[counts["member_rule"].notna(), "n"], strict=True):
        rules = str(together).split(";")
        for rule in rules:
            tally = found.setdefault(rule, {"": 0})
            tally[""] += int(n)
            for other in rules:
                tally[other] = tally.get(other, 0) + int(n) * (other != rule or len(rules) == 1)
    rows = [
        {
            "rule_id": rule,
            "n_caught": tally[""],
            "n_alone": tally[rule],
            "share_alone": tally[rule] / tally[""] if tally[""] else 0.0,
            "overlaps": ";".join(f"{other}:{n}" for other, n in sorted(tally.items()) if other not in ("", rule)),
        }
        for rule, tally in sorted(found.items())
    ]
    return typed(
        rows,
        {"rule_id": "string", "n_caught": "Int64", "n_alone": "Int64", "share_alone": "float64", "overlaps": "string"},
    )


SAMPLE_SCHEMA = pa.schema([("rule_id", pa.string()), ("record_id", pa.string()), ("sample_key", pa.int64())])
"""Columns of what `sample_batches` hands out."""


def sample_batches(batches: Iterable[pa.RecordBatch], per_rule: int, seed: int) -> Iterator[pa.RecordBatch]:
    """Candidates of a sample of records for each rule: those of least digest among the rows seen.

    However the rows are cut and spread, `membership_sample` draws the same records from what comes out.

    Args:
        batches: with `record_id` and `member_rule` of `establishments`.
        per_rule: records wanted for each rule.
        seed: of the study; it keys the digest.
    """
    kept: dict[str, pa.Table] = {}
    for batch in batches:
        rules, ids = batch.column("member_rule"), batch.column("record_id")
        keys = salted_keys(ids, seed.to_bytes(8, "little", signed=True), "sample")
        for together in pc.unique(rules).drop_null().to_pylist():
            rows = pc.equal(rules, together)
            here = pa.table({"record_id": ids.filter(rows), "sample_key": keys.filter(rows)})
            for rule in together.split(";"):
                before = [kept[rule]] if rule in kept else []
                kept[rule] = _least(pa.concat_tables([*before, here]), per_rule)
    for rule, table in sorted(kept.items()):
        named = table.append_column("rule_id", pa.array([rule] * len(table), pa.string())).select(SAMPLE_SCHEMA.names)
        yield from named.cast(SAMPLE_SCHEMA).combine_chunks().to_batches()


def membership_sample(candidates: pd.DataFrame, per_rule: int) -> pd.DataFrame:
    """The sample of each rule for people to judge: `rule_id`, `record_id`, and an empty column `right` to fill in.

    Args:
        candidates: what `sample_batches` handed out.
        per_rule: records for each rule.
    """
    ordered = candidates.sort_values(["rule_id", "sample_key", "record_id"], kind="stable")
    drawn = ordered.groupby("rule_id", sort=True).head(per_rule)
    return typed(
        [{"rule_id": row.rule_id, "record_id": row.record_id} for row in drawn.itertuples()],
        {"rule_id": "string", "record_id": "string", "right": "boolean"},
    )


def _least(table: pa.Table, n: int) -> pa.Table:
    order = pc.sort_indices(table, [("sample_key", "ascending"), ("record_id", "ascending")])
    return table.take(order[:n])


_YES, _NO = {"1", "yes", "y", "true", "是", "对"}, {"0", "no", "n", "false", "否", "错"}


def worded_judgements(sheet: pd.DataFrame) -> pd.DataFrame:
    """A sheet that a person filled in, with `right` as truth values; rows left empty are left out.

    Args:
        sheet: columns `rule_id`, `record_id`, `right`: 1 or 0, yes or no, 是 or 否.

    Raises:
        MeasureError: a word that says neither.

    Example:
        >>> sheet = pd.DataFrame({"rule_id": ["a"] * 3, "record_id": ["R1", "R2", "R3"], "right": ["yes", "否", None]})
        >>> worded_judgements(sheet)["right"].tolist()
        [True, False]
    """
    words = sheet["right"].astype("string").str.strip().str.lower()
    given = words.notna() & (words != "")
    unknown = sorted(set(words[given]) - _YES - _NO)
    if unknown:
        where = "private/answers/membership_rules.csv"
        raise MeasureError(*(Problem("TS-REG-003", where, {"value": word}) for word in unknown))
    return sheet[given].assign(right=words[given].isin(_YES).astype("boolean"))


def judged_precision(answers: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """How precise each rule is, from records that people judged.

    `precision = right / judged`, with the interval of Jeffreys: quantiles of Beta(right + 1/2, wrong + 1/2).

    Args:
        answers: columns `rule_id` and `right` (whether the record does belong to the industry).
        level: probability inside the interval.

    Returns:
        One row a rule: `rule_id`, `n_judged`, `n_right`, `precision`, `low`, `high`.

    Source: Brown, Cai and DasGupta (2001), Statistical Science 16(2).

    Example:
        >>> judged_precision(pd.DataFrame({"rule_id": ["a"] * 4, "right": [1, 1, 1, 0]})).round(3).values.tolist()
        [['a', 4, 3, 0.75, 0.349, 0.954]]
    """
    rows = []
    for rule, judged in answers.dropna(subset=["right"]).groupby("rule_id", sort=True):
        n, right = len(judged), int(judged["right"].astype(bool).sum())
        low, high = stats.beta.ppf([(1 - level) / 2, (1 + level) / 2], right + 0.5, n - right + 0.5)
        rows.append(
            {"rule_id": rule, "n_judged": n, "n_right": right, "precision": right / n, "low": low, "high": high}
        )
    whole, real = (
        dict.fromkeys(("n_judged", "n_right"), "Int64"),
        dict.fromkeys(("precision", "low", "high"), "float64"),
    )
    return typed(rows, {"rule_id": "string", **whole, **real})


def _caught(names: pa.Array, scopes: pa.Array, codes: pa.Array, rule: MembershipRule) -> pa.Array:
    by_words = [_holds(text, words) for text, words in ((names, rule.names_any), (scopes, rule.scope_any)) if words]
    by_code = pc.match_substring_regex(codes, "^(?:" + "|".join(_code(code) for code in rule.codes) + ")")
    found = by_code if rule.codes else pa.array(np.zeros(len(names), dtype=np.bool_))
    found = pc.fill_null(found, False)
    if by_words:
        both = by_words[0] if len(by_words) == 1 else pc.and_(*(pc.fill_null(one, False) for one in by_words))
        found = pc.or_(found, pc.fill_null(both, False))
    for text, words in ((names, rule.names_none), (scopes, rule.scope_none)):
        if words:
            found = pc.and_(found, pc.invert(pc.fill_null(_holds(text, words), False)))
    return found.to_numpy(zero_copy_only=False)


def _holds(text: pa.Array, words: tuple[str, ...]) -> pa.Array:
    pattern = "(?i)" * any(word.isascii() for word in words) + "|".join(re.escape(word) for word in words)
    return pc.match_substring_regex(text, pattern)


def _plain_codes(codes: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(codes, r"^[A-Za-z]+|[.\s-]", "")


def _code(code: str) -> str:
    return re.escape(re.sub(r"^[A-Za-z]+|[.\s-]", "", code))
