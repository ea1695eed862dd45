"""A synthetic registry of firms with its truth: a process model of one industry, forty years, four kinds of moves.

Firms enter by spin-off and from outside, cluster, crowd their town, meet a dated regulation, and move inland. The
registry shows them as registries do: late, incomplete, misspelt, twice. Nobody real is in it: names are drawn letter by
letter, from no list of firms or persons; places are real except for the focal town, which is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from townshift.examples.registry_sampling import Bools, Ints, scattered, stream

if TYPE_CHECKING:
    from townshift.examples.registry_firms import Names, Records
    from townshift.examples.registry_world import Country, World

Difficulty = Literal["plain", "hard"]

BLOCK = 1 << 17
"""Records made at a time. Part of the definition: another number would give another registry."""
MOVE_SHARE = 0.045
"""Share of records that are the destination of a move."""
SMALLEST = 100
"""Records below which there would be hardly a move."""
LARGEST = 7 * 10**7
"""Records beyond which registered numbers would repeat."""
ID_WIDTH = 9


@dataclass(frozen=True, slots=True)
class SyntheticRegistry:
    """What was written.

    Attributes:
        folder: of the study.
        firms: path of `data/firms.parquet`.
        moves, records: paths of the truth.
        rows: records in `firms`.
        true_moves: rows of `truth/moves.parquet`.
        twins: records that repeat another.
    """

    folder: Path
    firms: Path
    moves: Path
    records: Path
    rows: int
    true_moves: int
    twins: int


@dataclass(frozen=True, slots=True)
class Block:
    """One block before it is written out.

    Attributes:
        number: which.
        records: latent codes, in the order of their ids.
        seen: where each field is shown undisturbed.
        ids: shape (rows,), number of each record's id.
        rng: the block's stream, where the draws stopped.
    """

    number: int
    records: Records
    seen: dict[str, Bools]
    ids: Ints
    rng: np.random.Generator


def load_words(world: World) -> Names:
    """The words of a world's variant: names, streets, trades."""
    if world.country == "cn":
        from townshift.examples.registry_text_cn import ChineseWords

        return ChineseWords(world)
    from townshift.examples.registry_text_uk import BritishWords

    return BritishWords(world)


def latent_blocks(world: World, words: Names, firms: int, seed: int, difficulty: Difficulty) -> Iterator[Block]:
    """The registry's records as codes, block by block; nothing of one block depends on another.

    Args:
        world: places and rates.
        words: see `load_words`.
        firms: records in all.
        seed: of the registry.
        difficulty: how much the registry hides.
    """
    from townshift.examples.registry_firms import base_firms
    from townshift.examples.registry_moves import LATER_HOPS, TRACES, draw_moves, mend
    from townshift.examples.registry_noise import FAULTS, draw_seen, mistyped, with_twins

    traces, faults = TRACES[difficulty], FAULTS[difficulty]
    for number in range((firms + BLOCK - 1) // BLOCK):
        rng = stream(seed, 2, number)
        rows = min(BLOCK, firms - number * BLOCK)
        twins = int(rng.binomial(rows, faults.twins))
        moves = int(rng.binomial(rows - twins, MOVE_SHARE))
        later = int(moves * LATER_HOPS)
        records = base_firms(rng, world, words, rows - twins - moves, firms, 4 * number)
        records = records.joined(draw_moves(rng, world, words, records, moves - later, 4 * number + 1, traces))
        records = records.joined(draw_moves(rng, world, words, records, later, 4 * number + 2, traces))
        positions = np.arange(len(records)) + number * BLOCK
        records = replace(records, serial=scattered(positions, LARGEST, seed))
        records = mistyped(rng, words, records, faults)
        seen = draw_seen(rng, records, faults)
        records = mend(rng, records, seen, 4 * number + 3, traces.kept)
        records = with_twins(rng, records, twins)
        again = draw_seen(rng, records.take(np.arange(rows - twins, rows)), faults)
        seen = {field: np.concatenate([seen[field], again[field]]) for field in seen}
        ids = scattered(np.arange(rows) + number * BLOCK, firms, seed + 1_000_003)
        order = np.argsort(ids)
        seen = {field: shown[order] for field, shown in seen.items()}
        yield Block(number, records.reordered(order), seen, ids[order], rng)


def synthetic_registry(
    folder: Path,
    firms: int,
    seed: int,
    *,
    country: Country = "cn",
    difficulty: Difficulty = "hard",
    points: bool = False,
    as_loaded: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SyntheticRegistry:
    """Write a registry and, apart from it, the truth about it.

    Writes `data/firms.parquet` (table `firms`), `truth/moves.parquet` (origin_record_id, destination_record_id, kind,
    date) and `truth/records.parquet` (record_id, true_firm, true_place_id, true_entry, true_exit, member,
    duplicate_of). The same arguments give the same bytes. Memory does not grow with `firms`.

    Args:
        folder: of the study; made if need be.
        firms: records in the registry, twins included.
        seed: whole number; every draw follows from it.
        country: `cn` (Chinese, unified social credit codes) or `uk` (English, company numbers).
        difficulty: `plain` or `hard`: how many traces moves leave and how much the registry hides.
        points: also give most records coordinates and a use, and the truth the nucleus that each stands at.
        as_loaded: write empty texts, one of the registry's ways of saying nothing, as missing, which loading would do:
            a study then uses a file of one block where it lies; of more, whose ids rise within blocks only, a copy.
        progress: is told how many records have been written, block by block.

    Returns:
        Where the files are and how many rows they hold.

    Raises:
        ValueError: `firms` is below 100 or above 70 million.

    Source: spin-off entry after Klepper (2010), "The origin and growth of industry clusters", JUE 67; everything else
    is this module's own model.

    >>> from tempfile import mkdtemp
    >>> synthetic_registry(Path(mkdtemp()), 500, 1).rows
    500
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from townshift.examples.registry_files import FIRM_DICTIONARY, block_points, firm_table, move_table, record_table
    from townshift.examples.registry_points import build_nuclei
    from townshift.examples.registry_world import build_world

    if not SMALLEST <= firms <= LARGEST:
        raise ValueError(f"firms = {firms} is outside {SMALLEST}..{LARGEST}")
    folder = Path(folder)
    world = build_world(country, seed)
    words = load_words(world)
    paths = [
        folder / "data" / "firms.parquet",
        folder / "truth" / "moves.parquet",
        folder / "truth" / "records.parquet",
    ]
    nuclei = build_nuclei(world, seed) if points else None
    counts = np.zeros(3, dtype=np.int64)
    with ExitStack() as stack:
        writers: list[Any] = [None, None, None]
        for block in latent_blocks(world, words, firms, seed, difficulty):
            at = None if nuclei is None else block_points(world, nuclei, block, seed)
            tables = (
                firm_table(world, words, block, difficulty, at, as_loaded),
                move_table(block),
                record_table(world, block, at),
            )
            for place, (path, table) in enumerate(zip(paths, tables, strict=True)):
                if writers[place] is None:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    plain = [name for name in FIRM_DICTIONARY if name in table.column_names] or False
                    writer = pq.ParquetWriter(
                        path, table.schema, compression="zstd", compression_level=1, use_dictionary=plain,
                        store_schema=False,
                    )  # fmt: skip
                    writers[place] = stack.enter_context(writer)
                writers[place].write_table(table, row_group_size=BLOCK)
            counts += (len(tables[0]), len(tables[1]), int((block.records.twin >= 0).sum()))
            pa.default_memory_pool().release_unused()
            if progress is not None:
                progress(int(counts[0]))
    rows, true_moves, twins = (int(count) for count in counts)
    return SyntheticRegistry(folder, paths[0], paths[1], paths[2], rows, true_moves, twins)
