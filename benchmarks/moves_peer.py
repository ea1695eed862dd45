"""The peer of `benchmarks/moves.py`: Splink, set up as its users would for moves of firms, with equal candidates.

It reads the same `establishments`, compares trade names by Jaro-Winkler with term frequencies, representatives and
phones exactly with term frequencies, shareholders by how many are shared, and dates by how the end of one record fits
the start of the other; blocks on every key the project blocks on, no key being shared by more than the project's cap;
estimates u from random pairs and m by expectation-maximisation in two sessions. Pairs in one place are left out.

    python benchmarks/moves_peer.py ESTABLISHMENTS.parquet PREDICTIONS.parquet
"""

from __future__ import annotations

import logging
import sys

MAX_GROUP = 40
GAP_DAYS = 1461
RECORDS = """
CREATE TABLE records AS
WITH base AS (
    SELECT record_id AS unique_id, place_id, county_id, trade_name, representative_key AS representative,
        name_key, phone_key AS phone, address_key AS address, industry_word, processes_for_others,
        coalesce(list_distinct(list_concat(shareholder_keys, [representative_key, name_key])), []) AS people,
        coalesce(shareholder_keys, []) AS shareholders,
        datediff('day', DATE '1970-01-01', entry_from) AS opened,
        coalesce(datediff('day', DATE '1970-01-01', exit_from), 1000000) AS closed
    FROM read_parquet('{path}')
    WHERE place_id IS NOT NULL
)
SELECT base.*,
    CASE WHEN count(*) OVER (PARTITION BY trade_name) <= {cap} THEN trade_name END AS trade_block,
    CASE WHEN count(*) OVER (PARTITION BY representative) <= {cap} THEN representative END AS representative_block,
    CASE WHEN count(*) OVER (PARTITION BY phone) <= {cap} THEN phone END AS phone_block
FROM base
"""
PEOPLE = """
CREATE TABLE rare_people AS
SELECT person FROM (SELECT unnest(people) AS person FROM records) GROUP BY person HAVING count(*) BETWEEN 2 AND {cap};
ALTER TABLE records ADD COLUMN people_block BIGINT[];
UPDATE records SET people_block = kept.people
FROM (
    SELECT unique_id AS id, list(person ORDER BY person) AS people
    FROM (SELECT unique_id, unnest(people) AS person FROM records) SEMI JOIN rare_people USING (person) GROUP BY id
) AS kept WHERE kept.id = records.unique_id;
"""
GAP = "CASE WHEN opened_l <= opened_r THEN opened_r - closed_l ELSE opened_l - closed_r END"
POSSIBLE = f"l.place_id <> r.place_id AND r.opened - l.closed <= {GAP_DAYS} AND l.opened - r.closed <= {GAP_DAYS}"
HOLDS = "list_contains(shareholders_l, name_key_r) OR list_contains(shareholders_r, name_key_l)"


def comparisons() -> list:
    """The comparisons of the peer's model."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as library

    other = levels.ElseLevel()
    shareholders = library.CustomComparison(
        output_column_name="shareholders",
        comparison_levels=[
            levels.CustomLevel("len(shareholders_l) = 0 OR len(shareholders_r) = 0").configure(is_null_level=True),
            levels.CustomLevel(HOLDS),
            levels.CustomLevel("len(list_intersect(shareholders_l, shareholders_r)) >= 2"),
            levels.CustomLevel("len(list_intersect(shareholders_l, shareholders_r)) = 1"),
            other,
        ],
    )
    dates = library.CustomComparison(
        output_column_name="dates",
        comparison_levels=[
            levels.CustomLevel("opened_l IS NULL OR opened_r IS NULL").configure(is_null_level=True),
            levels.CustomLevel(f"abs({GAP}) <= 183"),
            levels.CustomLevel(f"abs({GAP}) <= 365"),
            levels.CustomLevel(f"{GAP} > 365"),
            other,
        ],
    )
    return [
        library.JaroWinklerAtThresholds("trade_name", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        library.ExactMatch("representative").configure(term_frequency_adjustments=True),
        library.ExactMatch("phone").configure(term_frequency_adjustments=True),
        library.ExactMatch("address").configure(term_frequency_adjustments=True),
        library.ExactMatch("industry_word").configure(term_frequency_adjustments=True),
        library.ExactMatch("processes_for_others"),
        shareholders,
        dates,
    ]


def main() -> None:
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    source, target = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute(RECORDS.format(path=source, cap=MAX_GROUP))
    connection.execute(PEOPLE.format(cap=MAX_GROUP))
    rules = [
        f"l.trade_block = r.trade_block AND {POSSIBLE}",
        f"l.representative_block = r.representative_block AND {POSSIBLE}",
        f"l.phone_block = r.phone_block AND {POSSIBLE}",
        f"l.trade_name = r.trade_name AND l.representative = r.representative AND {POSSIBLE}",
        f"l.trade_name = r.trade_name AND l.phone = r.phone AND {POSSIBLE}",
    ]
    exploding = block_on("people_block", arrays_to_explode=["people_block"])
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons(),
        blocking_rules_to_generate_predictions=[*rules, exploding],
        retain_matching_columns=False,
        additional_columns_to_retain=["place_id", "opened"],
    )
    linker = Linker(DuckDBAPI(connection).register("records"), settings, log_level=None)
    training = linker.training
    certain = ["l.trade_name = r.trade_name AND l.representative = r.representative AND l.place_id <> r.place_id"]
    training.estimate_probability_two_random_records_match(certain, recall=0.4)
    training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for column in ("trade_block", "representative_block"):
        base = column.removesuffix("_block").replace("trade", "trade_name")
        rule = f"l.{column} = r.{column} AND l.{base} = r.{base} AND l.place_id <> r.place_id"
        training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=2e6)
    found = linker.inference.predict(threshold_match_probability=0.001).physical_name
    connection.execute(
        f"""
        COPY (
            SELECT CASE WHEN opened_l <= opened_r THEN unique_id_l ELSE unique_id_r END AS origin_record_id,
                CASE WHEN opened_l <= opened_r THEN unique_id_r ELSE unique_id_l END AS destination_record_id,
                match_probability AS probability
            FROM {found} WHERE place_id_l <> place_id_r
        ) TO '{target}'
        """
    )


if __name__ == "__main__":
    main()
