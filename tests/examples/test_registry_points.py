"""Points of a made-up registry: they change no firm, and the truth says which nucleus each stands at."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from townshift.examples.registry import synthetic_registry

KM = 111.195


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("points")
    return [synthetic_registry(folder / name, 30_000, 5, points=points) for name, points in (("a", False), ("b", True))]


def test_points_change_no_firm(both):
    plain, pointed = (pq.read_table(one.firms) for one in both)
    given = ["lon", "lat", "use"]
    assert pointed.drop_columns(given).equals(plain.drop_columns(given))
    assert all(plain[name].null_count == len(plain) for name in given)
    assert not any(pointed[name].null_count == len(pointed) for name in given)


def test_the_same_seed_gives_the_same_points(both, tmp_path):
    again = synthetic_registry(tmp_path, 30_000, 5, points=True)
    assert again.firms.read_bytes() == both[1].firms.read_bytes()
    assert again.records.read_bytes() == both[1].records.read_bytes()


def test_the_industry_stands_at_nuclei_and_others_do_not(both):
    truth = pq.read_table(both[1].records).to_pandas()
    member = truth[truth["member"] & truth["duplicate_of"].isna()]
    assert 0.7 < member["true_nucleus"].notna().mean() < 0.82
    assert truth.loc[~truth["member"], "true_nucleus"].isna().all()
    park = member[member["true_nucleus"] == 5]
    assert (park["true_entry"].astype(str) >= "2014").all()
    spread = np.hypot(*((park[f"true_{axis}"] - park[f"true_{axis}"].mean()) * KM * scale
                        for axis, scale in (("lon", np.cos(np.radians(30.85))), ("lat", 1.0))))  # fmt: skip
    assert np.sqrt((spread**2).mean() / 2) == pytest.approx(0.35, rel=0.15)


def test_twins_stand_where_the_record_they_repeat_stands(both):
    truth = pq.read_table(both[1].records).to_pandas().set_index("record_id")
    twins = truth[truth["duplicate_of"].notna()]
    assert len(twins) > 20
    assert (truth.loc[twins["duplicate_of"], "true_lon"].to_numpy() == twins["true_lon"].to_numpy()).all()


def test_shown_points_are_the_true_ones_within_an_address(both):
    shown = pq.read_table(both[1].firms).to_pandas().set_index("record_id")
    truth = pq.read_table(both[1].records).to_pandas().set_index("record_id")
    seen = shown.dropna(subset=["lat"])
    assert 0.86 < len(seen) / len(shown) < 0.9
    off = (seen["lat"] - truth.loc[seen.index, "true_lat"]).abs() * KM * 1000
    assert off.quantile(0.95) < 40
