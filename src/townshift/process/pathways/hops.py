"""First, second and further hops: which moves continue a move of the same firm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.moves.parameters import KINDS

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

RELOCATION = KINDS.index("relocation")


@dataclass(frozen=True, slots=True)
class HopGraph:
    """Pairs as edges between records.

    Attributes:
        origin, destination: shape (moves,), numbers of records.
        n_records: how many records there are.
    """

    origin: Whole
    destination: Whole
    n_records: int


def hop_graph(moves: pd.DataFrame) -> HopGraph:
    """The pairs of `moves` as edges between records, in the order of `moves`."""
    both = pd.concat([moves["origin_record_id"], moves["destination_record_id"]], ignore_index=True).astype(str)
    codes, found = pd.factorize(both, sort=True)
    return HopGraph(codes[: len(moves)].astype(np.int64), codes[len(moves) :].astype(np.int64), len(found))


def continuing(p: Real, graph: HopGraph) -> Real:
    """Probabilities of moves when continuations compete: a record relocates once and has one predecessor.

    Relocations out of one record are scaled so that they sum to 1 at most; then all moves into one record likewise.

    Args:
        p: shape (moves, kinds), probability of each kind.
        graph: the edges.

    Returns:
        Shape (moves,), probability that the pair is a move of any kind.
    """
    moved = p[:, RELOCATION]
    out = np.bincount(graph.origin, weights=moved, minlength=graph.n_records)
    total = p.sum(axis=1) - moved + moved / np.maximum(out, 1.0)[graph.origin]
    into = np.bincount(graph.destination, weights=total, minlength=graph.n_records)
    return np.asarray(total / np.maximum(into, 1.0)[graph.destination], dtype=np.float64)


def hop_probabilities(q: Real, graph: HopGraph, max_hops: int) -> Real:
    """Probability that a pair is the first, second, … hop of a firm; the last column is that hop or any later one.

    Formula: `h_0(r) = 1 - Σ_a q(a, r)` is the probability that no move led to record r;
    `h_k(r) = Σ_a q(a, r) h_{k-1}(a)` that exactly k did; pair (a, b) is hop k with probability `q(a, b) h_{k-1}(a)`:
    the product along every chain that leads there.

    Args:
        q: shape (moves,), from `continuing`.
        graph: the edges.
        max_hops: columns of the answer.

    Returns:
        Shape (moves, max_hops); rows sum to `q`.

    Example:
        >>> chain = HopGraph(np.array([0, 1]), np.array([1, 2]), 3)    # a > b > c
        >>> hop_probabilities(np.array([0.8, 0.5]), chain, 2).round(2)
        array([[0.8, 0. ],
               [0.1, 0.4]])
    """
    into = np.bincount(graph.destination, weights=q, minlength=graph.n_records)
    reached = np.asarray(1.0 - into, dtype=np.float64)
    found = np.zeros((len(q), max_hops))
    for hop in range(max_hops - 1):
        found[:, hop] = q * reached[graph.origin]
        reached = np.asarray(
            np.bincount(graph.destination, weights=found[:, hop], minlength=graph.n_records), dtype=np.float64
        )
    found[:, max_hops - 1] = np.maximum(q - found[:, :-1].sum(axis=1), 0.0)
    return found


def chains(graph: HopGraph) -> tuple[Whole, Whole]:
    """Positions of all pairs of moves of which the second starts where the first ended, sorted."""
    first = pd.DataFrame({"at": graph.destination, "first": np.arange(len(graph.origin), dtype=np.int64)})
    second = pd.DataFrame({"at": graph.origin, "second": np.arange(len(graph.origin), dtype=np.int64)})
    joined = first.merge(second, on="at").sort_values(["first", "second"], kind="stable")
    # a pair and its mirror would send a firm back to the record it came from
    back = graph.origin[joined["first"].to_numpy()] == graph.destination[joined["second"].to_numpy()]
    joined = joined[~back]
    return joined["first"].to_numpy(dtype=np.int64), joined["second"].to_numpy(dtype=np.int64)
