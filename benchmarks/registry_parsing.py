"""Names and addresses of registries per CPU-second, beside cnloc (addresses) and plain pandas with regular expressions.

    python benchmarks/registry_parsing.py [rows] [seed]

All of it in one process on one core. Rows come from the synthetic registry; the peers get fewer rows, because they are
slower, and their rate is per row all the same. Accuracy on lists made by hand
is tested in tests/process/registry/test_registry_parsing.py; here the county found is held against the synthetic truth.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from townshift.examples.registry_study import write_example
from townshift.process.registry.addresses import resolve_addresses
from townshift.process.registry.code_points import normalise
from townshift.process.registry.establishments import SCHEMA, clean_batches, cleaning_rules
from townshift.process.registry.firm_years import counted_events, firm_years
from townshift.process.registry.gazetteer import china_gazetteer
from townshift.process.registry.organisation_names import split_names
from townshift.process.registry.parameters import EstablishmentsParameters, FirmYearsParameters
from townshift.process.registry.place_index import place_index

BATCH = 65_536
PEER_ROWS = 20_000
FORMS = "有限责任公司|股份有限公司|有限公司|公司|厂|店|经营部|商行|合作社"
TRADES = "服装|服饰|童装|制衣|针织|纺织|商贸|电子商务|网络科技|科技|贸易|建材|机械|家居|鞋业"


def cpu(work: Callable[[], object]) -> float:
    """CPU-seconds of one call."""
    before = sum(os.times()[:4])  # with child processes, which cnloc starts
    work()
    return sum(os.times()[:4]) - before


def show(name: str, rows: int, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:<58}{rows:>10,} rows{seconds:>9.2f} CPU-s{rows / seconds:>12,.0f} rows/CPU-s   peak {peak:.2f} GB")


def regex_names(names: pd.Series) -> pd.DataFrame:
    """The plain way: one regular expression for place, trade name, trade and form."""
    pattern = rf"^(?:(.{{2,9}}?[省市县区镇])*)(.*?)({TRADES})*(?:[(（].*?[)）])?({FORMS})?$"
    return names.str.normalize("NFKC").str.extract(pattern)


def regex_addresses(addresses: pd.Series) -> pd.DataFrame:
    """The plain way: province, city, county and town by their endings; no gazetteer."""
    pattern = (
        r"^(.{2,8}?(?:省|自治区))?(.{2,8}?(?:市|自治州|地区|盟))?(.{1,8}?(?:区|县|市|旗))?(.{1,8}?(?:镇|乡|街道))?"
    )
    return addresses.str.normalize("NFKC").str.extract(pattern)


def main(rows: int, seed: int) -> None:
    """Print one line a measurement."""
    folder = Path(tempfile.mkdtemp())
    write_example(folder, rows, seed, "cn")
    firms = pq.read_table(folder / "data" / "firms.parquet")
    names, addresses = (firms.column(name).combine_chunks() for name in ("name", "address"))
    whole = china_gazetteer()
    index = place_index(whole)
    warm = normalise(pa.array(["湖州云裳服饰有限公司"]))
    split_names(warm, index), resolve_addresses(warm, index)
    print(f"synthetic registry, seed {seed}; gazetteer of {len(whole):,} places")
    both = (
        cpu(lambda: split_names(normalise(names), index)),
        cpu(lambda: resolve_addresses(normalise(addresses), index)),
    )
    show("names, townshift", rows, both[0])
    show("addresses, townshift", rows, both[1])
    show("names and addresses together, townshift", rows, sum(both))
    few_names = names.slice(0, PEER_ROWS).to_pandas().fillna("")
    few_addresses = addresses.slice(0, PEER_ROWS).to_pandas().fillna("")
    peers = cpu(lambda: regex_names(few_names)), cpu(lambda: regex_addresses(few_addresses))
    show("names, pandas and one regular expression", PEER_ROWS, peers[0])
    show("addresses, pandas and one regular expression", PEER_ROWS, peers[1])
    cnloc_addresses(few_addresses)
    clean(folder, firms)


def cnloc_addresses(addresses: pd.Series) -> None:
    """Cnloc's own resolution of addresses to counties."""
    import cnloc

    few = addresses.iloc[: PEER_ROWS // 10].tolist()
    seconds = cpu(lambda: cnloc.getlocation(few, 2020, max_workers=1))
    show("addresses, cnloc", len(few), seconds)


def clean(folder: Path, firms: pa.Table) -> None:
    """All of the cleaning, then firm-years of what is clean, with the study's own gazetteer."""
    places = pd.read_csv(folder / "data" / "places.csv", dtype={"adcode": str, "place_id": str})
    rules = cleaning_rules(places, bytes(32), EstablishmentsParameters())
    list(clean_batches(firms.slice(0, 10).to_batches(), rules))
    path = folder / "establishments.parquet"

    def write() -> None:
        with pq.ParquetWriter(path, SCHEMA) as writer:
            for batch in clean_batches(firms.to_batches(max_chunksize=BATCH), rules):
                writer.write_batch(batch)

    show("whole cleaning, written to Parquet", len(firms), cpu(write))
    table = ibis.duckdb.connect(":memory:", threads=1).read_parquet(path)

    def years() -> None:
        counted = [expression.to_pandas() for expression in counted_events(table)]
        found = firm_years(*counted, FirmYearsParameters()).firm_years
        assert np.all(found["n_stock"] >= 0)

    show("firm-years of every place", len(firms), cpu(years))
    truth = pd.read_parquet(folder / "truth" / "records.parquet").set_index("record_id")["true_place_id"]
    found = pq.read_table(path, columns=["record_id", "county_id"]).to_pandas().set_index("record_id")["county_id"]
    parents, kinds = (
        dict(zip(places["place_id"], places["parent_id"], strict=True)),
        dict(zip(places["place_id"], places["kind"], strict=True)),
    )
    county = {place: parents[place] if kinds[place] == "town" else place for place in places["place_id"]}
    wanted = truth.map(county).reindex(found.index)
    placed = found.notna()
    right, wrong = (found == wanted).mean(), (placed & (found != wanted)).mean()
    print(f"county against the truth: right {right:.4f}, wrong {wrong:.6f}, not placed {1 - placed.mean():.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
