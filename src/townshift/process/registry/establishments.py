"""The cleaned registry: one row a record, with places, keys and dates, and no person in clear.

`clean_batches` is a function of Arrow batches: the answer for a record depends on that record and the rules alone, so
batches may be cut and spread over workers in any way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from townshift.frames import texts
from townshift.process.registry.addresses import ABROAD, AMBIGUOUS, DISAGREES
from townshift.process.registry.code_points import CodePoints, encoded, normalise, text_of
from townshift.process.registry.industry_membership import membership, processes_for_others
from townshift.process.registry.name_kernels import blank_rows, person_within
from townshift.process.registry.organisation_names import (
    FORM_CLASSES,
    PERSON_SHAPED,
    SplitNames,
    name_words,
    registered_form,
)
from townshift.process.registry.parameters import EstablishmentsParameters
from townshift.process.registry.place_index import PlaceIndex, code_index, place_index
from townshift.process.registry.record_dates import DATE_FLAGS, record_dates
from townshift.process.registry.record_places import PLACE_BASES, RecordPlaces, deepest, record_places
from townshift.process.registry.registered_numbers import (
    CheckedNumbers,
    british_numbers,
    chinese_numbers,
    french_numbers,
)
from townshift.process.registry.salted_keys import salted_keys

SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("firm_id", pa.string()),
        ("registry", pa.string()),
        ("name_key", pa.int64()),
        ("trade_key", pa.int64()),
        ("trade_name", pa.string()),
        ("industry_word", pa.string()),
        ("legal_form_class", pa.string()),
        ("name_place_id", pa.string()),
        ("place_id", pa.string()),
        ("county_id", pa.string()),
        ("province_id", pa.string()),
        ("place_basis", pa.string()),
        ("production_place_id", pa.string()),
        ("address_key", pa.int64()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("entry_from", pa.date32()),
        ("entry_to", pa.date32()),
        ("exit_from", pa.date32()),
        ("exit_to", pa.date32()),
        ("date_flag", pa.string()),
        ("representative_key", pa.int64()),
        ("shareholder_keys", pa.list_(pa.int64())),
        ("phone_key", pa.int64()),
        ("code_valid", pa.bool_()),
        ("code_county_id", pa.string()),
        ("member", pa.bool_()),
        ("member_rule", pa.string()),
        ("processes_for_others", pa.bool_()),
        ("kind", pa.string()),
        ("size_band", pa.string()),
        ("employees", pa.float64()),
        ("capital_million_yuan", pa.float64()),
        ("flags", pa.string()),
    ]
)
"""Columns of `establishments`, in this order."""

UNKNOWN_SIZE = "unknown"
_KINDS = {"sole_trader": "sole_trader", "cooperative": "cooperative", "branch": "branch"}
_KIND_OF_FORM = ("firm", "sole_trader", "cooperative", "other", "branch", "firm", "other")
_COMPANY, _SOLE_TRADER, _OTHER = (FORM_CLASSES.index(name) for name in ("company", "sole_trader", "other"))
_SHORTEST_STREET = 3
_SHORTEST_PHONE = 7
_NO_PHONES = pa.array(["0" * n for n in range(7, 13)] + ["1" * n for n in range(7, 13)] + ["12345678", "88888888"])
_FLAGS = (
    "name_masked",
    "place_ambiguous",
    "outside_country",
    "address_disagrees",
    "no_county",
    "code_invalid",
    "code_county_unknown",
)


@dataclass(frozen=True, slots=True)
class CleaningRules:
    """Everything that `clean_batches` needs besides the records; it travels to workers.

    Attributes:
        index: the gazetteer, ready for compiled loops.
        place_ids: id of each place of the gazetteer.
        codes: six-digit codes of registering counties, ascending.
        code_places: place of each code.
        salt: the study's secret.
        parameters: of the step.
    """

    index: PlaceIndex
    place_ids: pa.StringArray
    codes: npt.NDArray[np.int32]
    code_places: npt.NDArray[np.int32]
    salt: bytes
    parameters: EstablishmentsParameters


def cleaning_rules(places: pd.DataFrame, salt: bytes, parameters: EstablishmentsParameters) -> CleaningRules:
    """Make the gazetteer and the parameters ready, once a run.

    Args:
        places: the table `places`.
        salt: the study's secret, 1 to 64 bytes.
        parameters: of the step.
    """
    numbers = {int(code[:6]): place for code, place in code_index(places).items() if len(code) == 6}
    ordered = sorted(numbers)
    return CleaningRules(
        index=place_index(places, parameters.country),
        place_ids=pa.array(texts(places, "place_id")["place_id"].tolist(), pa.string()),
        codes=np.array(ordered, dtype=np.int32),
        code_places=np.array([numbers[code] for code in ordered], dtype=np.int32),
        salt=salt,
        parameters=parameters,
    )


def clean_batches(batches: Iterable[pa.RecordBatch], rules: CleaningRules) -> Iterator[pa.RecordBatch]:
    """Clean records of the table `firms`, batch by batch.

    Args:
        batches: with the columns of `firms`; absent ones count as empty.
        rules: see `cleaning_rules`.

    Returns:
        Batches of `SCHEMA`, one row a record in the order given. Names of persons, phones and streets leave only as
        salted keys; `trade_name` is null where the name is or may be a natural person's.
    """
    for batch in batches:
        if batch.num_rows:
            yield _clean(batch, rules)


def _clean(batch: pa.RecordBatch, rules: CleaningRules) -> pa.RecordBatch:
    column = _Columns(batch)
    names = without_blanks(normalise(column.text("name")))
    numbers = _numbers(column.text("registry"), column.text("registered_number"))
    code_place = _code_places(numbers.county, rules)
    where, split = record_places(
        names,
        [column.text(name) for name in ("province", "city", "county")],
        without_blanks(normalise(column.text("address"))),
        column.text("place_id"),
        code_place,
        rules.index,
        rules.place_ids,
    )
    form = _forms(column, split)
    persons = _Persons.of(column)
    masked = _masked(names, split, form, _says_sole_trader(column, split, form), persons)
    dates = record_dates(
        column.text("from"), column.text("to"), rules.parameters.earliest_year, rules.parameters.latest_year
    )
    plain = text_of(names)
    scope = column.text("scope")
    caught = membership(plain, scope, column.text("industry"), rules.parameters)
    trade = text_of(split.trade)
    employees = column.number("employees")
    production = _production_places(column, where, rules)
    has_code = numbers.present & ~np.isin(column.plain("registry"), ("other", ""))
    bits = np.column_stack(
        [
            masked,
            (where.flags & AMBIGUOUS) > 0,
            (where.flags & ABROAD) > 0,
            (where.flags & DISAGREES) > 0,
            (where.county < 0) & ((where.flags & ABROAD) == 0),
            has_code & ~numbers.valid,
            (numbers.county >= 0) & (code_place < 0),
        ]
    )
    values = {
        "record_id": column.text("record_id"),
        "firm_id": column.text("firm_id"),
        "registry": column.text("registry"),
        "name_key": salted_keys(plain, rules.salt, "person"),  # a firm may be another's shareholder
        "trade_key": salted_keys(trade, rules.salt, "trade"),
        "trade_name": _where(trade, ~masked & (np.diff(split.trade.offsets) > 0)),
        "industry_word": _where(text_of(split.industry), np.diff(split.industry.offsets) > 0),
        "legal_form_class": _words(form, FORM_CLASSES),
        "name_place_id": _ids(deepest(split.places), rules),
        "place_id": _ids(where.place, rules),
        "county_id": _ids(where.county, rules),
        "province_id": _ids(where.province, rules),
        "place_basis": _words(where.basis, PLACE_BASES),
        "production_place_id": _ids(production, rules),
        "address_key": _street_keys(where, rules),
        "lon": pa.array(column.number("lon"), from_pandas=True),
        "lat": pa.array(column.number("lat"), from_pandas=True),
        "entry_from": _date(dates.entry[:, 0], dates.has_entry),
        "entry_to": _date(dates.entry[:, 1], dates.has_entry),
        "exit_from": _date(dates.exit[:, 0], dates.has_exit),
        "exit_to": _date(dates.exit[:, 1], dates.has_exit),
        "date_flag": _words(dates.flag, DATE_FLAGS),
        "representative_key": persons.representative_keys(rules.salt),
        "shareholder_keys": persons.shareholder_keys(rules.salt),
        "phone_key": _phone_keys(column.text("phone"), rules.salt),
        "code_valid": pa.array(numbers.valid, mask=~has_code),
        "code_county_id": _ids(code_place, rules),
        "member": pc.is_valid(caught),
        "member_rule": caught,
        "processes_for_others": processes_for_others(scope, rules.parameters),
        "kind": _kinds(column, form),
        "size_band": _size_bands(employees, rules.parameters.size_bands),
        "employees": pa.array(employees, from_pandas=True),
        "capital_million_yuan": pa.array(column.number("capital_million_yuan"), from_pandas=True),
        "flags": _joined_flags(bits),
    }
    return pa.RecordBatch.from_arrays([values[name] for name in SCHEMA.names], schema=SCHEMA)


class _Columns:
    """The columns of a batch by name; those that are absent are empty."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def text(self, name: str) -> pa.StringArray:
        """A column as text, null where empty."""
        if name not in self._batch.schema.names:
            return pa.nulls(self._batch.num_rows, pa.string())
        found = self._batch.column(name)
        return found if found.type == pa.string() else found.cast(pa.string())

    def plain(self, name: str) -> npt.NDArray[np.object_]:
        """A column of few values as plain text."""
        found = pc.fill_null(self.text(name), "").dictionary_encode()
        return np.asarray(np.array(found.dictionary.to_pylist(), dtype=object)[found.indices.to_numpy()])

    def number(self, name: str) -> npt.NDArray[np.float64]:
        """A column of numbers, NaN where empty."""
        if name not in self._batch.schema.names:
            return np.full(self._batch.num_rows, np.nan)
        filled = pc.fill_null(self._batch.column(name).cast(pa.float64()), np.nan)
        return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Persons:
    """The persons of each record, in memory only.

    Attributes:
        representatives: normalised names, one row a record.
        shareholders: normalised names, one row a shareholder.
        shareholder_offsets: shape (rows + 1,); shareholders of each record.
    """

    representatives: CodePoints
    shareholders: CodePoints
    shareholder_offsets: npt.NDArray[np.int32]

    @classmethod
    def of(cls, column: _Columns) -> _Persons:
        lists = pc.split_pattern_regex(pc.fill_null(column.text("shareholders"), ""), "[;；、]")
        offsets = lists.offsets.to_numpy()
        return cls(
            representatives=without_blanks(normalise(column.text("legal_representative"))),
            shareholders=without_blanks(normalise(lists.flatten())),
            shareholder_offsets=offsets - offsets[0],
        )

    def representative_keys(self, salt: bytes) -> pa.Int64Array:
        return salted_keys(text_of(self.representatives), salt, "person")

    def shareholder_keys(self, salt: bytes) -> pa.ListArray:
        """Keys of each record's shareholders, ascending, blanks left out; null where it has none."""
        keys = salted_keys(text_of(self.shareholders), salt, "person")
        present = pc.is_valid(keys).to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(self.shareholder_offsets.size - 1), np.diff(self.shareholder_offsets))[present]
        values = keys.drop_null().to_numpy()
        order = np.lexsort((values, rows))
        counts = np.bincount(rows, minlength=self.shareholder_offsets.size - 1)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values[order]), mask=pa.array(counts == 0))

    def named_in(self, names: CodePoints, loose: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Whether a record's name holds the name of one of its persons."""
        within = np.zeros(len(names), dtype=np.bool_)
        one = np.arange(len(names))
        owners = np.repeat(one, np.diff(self.shareholder_offsets))
        for persons, rows in ((self.representatives, one), (self.shareholders, owners)):
            person_within(names.signs, names.offsets, persons.signs, persons.offsets, rows, loose, within)
        return within


def _says_sole_trader(column: _Columns, split: SplitNames, form: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Whether anything says sole trader, be it against another column: a wrong column must not uncover a name."""
    kind = pc.fill_null(pc.equal(column.text("kind"), "sole_trader"), False).to_numpy(zero_copy_only=False)
    return np.asarray((form == _SOLE_TRADER) | (split.form == _SOLE_TRADER) | kind)


def _masked(
    names: CodePoints,
    split: SplitNames,
    form: npt.NDArray[np.int8],
    sole: npt.NDArray[np.bool_],
    persons: _Persons,
) -> npt.NDArray[np.bool_]:
    """Whether a trade name is or may be a person's: named after one of its persons, or shaped so and no company."""
    shaped = (split.flags & PERSON_SHAPED) > 0
    may_be = shaped & (sole | (form == _OTHER) | (form < 0))
    latin = sole & (np.diff(split.trade.offsets) > 0) & _is_latin(split.trade)
    return np.asarray(persons.named_in(names, sole) | may_be | latin)


def _is_latin(text: CodePoints) -> npt.NDArray[np.bool_]:
    first = np.minimum(text.offsets[:-1], max(text.signs.size - 1, 0))
    return text.signs[first] < 0x2E80 if text.signs.size else np.zeros(len(text), dtype=np.bool_)


def _forms(column: _Columns, split: SplitNames) -> npt.NDArray[np.int8]:
    """Legal form: as the registry's column says, else the kind, else the name."""
    written = pc.fill_null(column.text("legal_form"), "").dictionary_encode()
    known = np.array([registered_form(text) for text in written.dictionary.to_pylist()], dtype=np.int8)
    form = known[written.indices.to_numpy()]
    kinds = pc.fill_null(column.text("kind"), "").dictionary_encode()
    of_kind = [FORM_CLASSES.index(_KINDS[kind]) if kind in _KINDS else -1 for kind in kinds.dictionary.to_pylist()]
    from_kind = np.array(of_kind, dtype=np.int8)[kinds.indices.to_numpy()]
    form = np.where(form >= 0, form, np.where(from_kind >= 0, from_kind, split.form))
    return form.astype(np.int8)


def _kinds(column: _Columns, form: npt.NDArray[np.int8]) -> pa.StringArray:
    written = column.text("kind")
    return pc.coalesce(written, _words(form, _KIND_OF_FORM))


def _numbers(registry: pa.Array, written: pa.Array) -> CheckedNumbers:
    """Registered numbers checked by the rules of each record's registry."""
    code = pc.fill_null(registry, "").dictionary_encode()
    kinds, which = code.dictionary.to_pylist(), code.indices.to_numpy()
    checks = {"cn": chinese_numbers, "sirene": french_numbers, "companies_house": british_numbers}
    size = len(written)
    present = pc.greater(pc.binary_length(pc.fill_null(written, "")), 0).to_numpy(zero_copy_only=False)
    valid, county = np.zeros(size, dtype=np.bool_), np.full(size, -1, dtype=np.int32)
    for position, kind in enumerate(kinds):
        if kind in checks:
            rows = which == position
            found = checks[kind](written if rows.all() else written.filter(pa.array(rows)))
            present[rows], valid[rows], county[rows] = found.present, found.valid, found.county
    return CheckedNumbers(present, valid, county)


def _code_places(county: npt.NDArray[np.int32], rules: CleaningRules) -> npt.NDArray[np.int32]:
    if not rules.codes.size:
        return np.full(county.size, -1, dtype=np.int32)
    at = np.minimum(np.searchsorted(rules.codes, county), rules.codes.size - 1)
    return np.where(rules.codes[at] == county, rules.code_places[at], -1).astype(np.int32)


def _production_places(column: _Columns, where: RecordPlaces, rules: CleaningRules) -> npt.NDArray[np.int32]:
    """Place of the production address; the registered address only settles names of several places."""
    written = column.text("production_address")
    if written.null_count == len(written):
        return np.full(len(written), -1, dtype=np.int32)
    return where.other_address(without_blanks(normalise(written)), rules.index)


def _street_keys(where: RecordPlaces, rules: CleaningRules) -> pa.Int64Array:
    shown = where.street_ends - where.street_starts >= _SHORTEST_STREET
    street = encoded(where.street_values, where.street_starts, where.street_ends, shown)
    return salted_keys(street, rules.salt, "address")


def _phone_keys(phones: pa.Array, salt: bytes) -> pa.Int64Array:
    digits = pc.replace_substring_regex(phones, r"\D", "")
    digits = pc.replace_substring_regex(digits, r"^(?:00)?86(1\d{10})$", r"\1")
    real = pc.and_(pc.greater_equal(pc.binary_length(digits), _SHORTEST_PHONE), pc.invert(pc.is_in(digits, _NO_PHONES)))
    return salted_keys(pc.if_else(real, digits, None), salt, "phone")


def without_blanks(column: CodePoints) -> CodePoints:
    """The column with rows that stand for nothing (N/A, 无) emptied."""
    values, offsets = np.empty(column.signs.size + 1, dtype=np.uint32), np.zeros_like(column.offsets)
    blank_rows(column.signs, column.offsets, name_words().blanks, values, offsets)
    return CodePoints(values[: offsets[-1]], offsets)


def _size_bands(employees: npt.NDArray[np.float64], bounds: tuple[int, ...]) -> pa.StringArray:
    edges = (1, *bounds)
    labels = [f"{low}-{high - 1}" for low, high in pairwise(edges)] + [f"{edges[-1]}+"]
    number = np.searchsorted(np.array(bounds), np.nan_to_num(employees), side="right")
    return _words(np.where(np.isnan(employees), len(labels), number), (*labels, UNKNOWN_SIZE))


def _joined_flags(bits: npt.NDArray[np.bool_]) -> pa.StringArray:
    patterns, which = np.unique(bits @ (1 << np.arange(bits.shape[1])), return_inverse=True)
    found = [";".join(name for bit, name in enumerate(_FLAGS) if int(pattern) >> bit & 1) for pattern in patterns]
    return pa.array(found, pa.string()).take(pa.array(which))


def _ids(places: npt.NDArray[np.int32], rules: CleaningRules) -> pa.StringArray:
    return rules.place_ids.take(pa.array(places, mask=places < 0))


def _words(numbers: npt.NDArray[np.integer], words: tuple[str, ...]) -> pa.StringArray:
    return pa.array(words, pa.string()).take(pa.array(numbers, mask=numbers < 0))


def _where(text: pa.StringArray, shown: npt.NDArray[np.bool_]) -> pa.StringArray:
    return pc.if_else(pa.array(shown), text, pa.scalar(None, pa.string()))


def _date(days: npt.NDArray[np.int32], present: npt.NDArray[np.bool_]) -> pa.Date32Array:
    return pa.array(days, pa.int32(), mask=~present).cast(pa.date32())
