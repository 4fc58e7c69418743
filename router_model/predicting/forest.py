"""All trees of a predictor on steps, in a handful of array operations instead of two thousand walks a step.

A step meets each tree once for every tier and state. A walk depends on where the last one went, which a processor
cannot foresee; here every node of every tree is asked at once, and each answer that leads to the right takes the leaves
on the left out of the running. The first leaf that is left is the one where the walk ends (QuickScorer; Lucchese et al.
2015, "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees"). The columns that
tell tiers and states apart are known in advance, so that what they take out is too, and the nodes of a tree are asked
once for all of them.

The sums are those of onnxruntime, bit for bit: the same float32 leaves, added in the same order. Where they are not, or
where a graph is of another form, there is no forest, and onnxruntime runs the graphs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.predicting.tree_graph import Ints, TreeGraphError, TreeNodes, read_trees

_FRACTION_BITS = 52
_BIAS = 1023
_BLOCK = 16  # steps at once: what they pass through fits into the processor's own memory
MAX_LEAVES = _FRACTION_BITS
"""Of a tree: as many bits as a float64 tells exactly, whose exponent is then the place of the first one."""

Bits = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The bytes of a graph, and ``columns`` float32 [r, c]: what follows the vector in each of a step's r rows."""

    graph: bytes
    columns: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Forest:
    """``feature`` int64 [m], ``threshold`` float32 [m] and ``kept`` [m], the leaves that are left where a feature is
    above it, of all nodes that ask for the vector; ``starts`` int64 [t] are the first of each tree.

    A walk is a tree with what the columns leave of it: ``tree`` int64 [w], ``open`` [w]. ``last`` int64 [w], less the
    exponent that a walk ends with, is the place of its leaf in ``value`` float32. ``rows`` int64 [t, r] hold the walk
    of each tree and row, the rows of one ensemble after those of the other, and ``w``, which adds nothing, where an
    ensemble has no more trees.
    """

    feature: Ints
    threshold: NDArray[np.float32]
    kept: Bits
    starts: Ints
    tree: Ints
    open: Bits
    last: Ints
    value: NDArray[np.float32]
    rows: Ints

    @classmethod
    def of(cls, ensembles: Sequence[Ensemble], n_features: int) -> "Forest | None":
        """The ensembles over vectors of ``n_features``; None where a graph is of another form."""
        try:
            trees = [_Trees.of(read_trees(each.graph)) for each in ensembles]
        except TreeGraphError:
            return None
        if max(int(each.n_leaves.max()) for each in trees) > MAX_LEAVES:
            return None
        return _planted(trees, ensembles, n_features)

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of each row of each ensemble, float32 [n, r], for vectors float32 [n, d] without NaN."""
        found = np.empty((len(vectors), self.rows.shape[1]), dtype=np.float32)
        for start in range(0, len(vectors), _BLOCK):
            found[start : start + _BLOCK] = self._block(vectors[start : start + _BLOCK])
        return found

    def scores_of_one(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for a vector float32 [d]: float32 [r]."""
        kept = _all_bits(vector.take(self.feature) <= self.threshold, self.kept.dtype)
        kept |= self.kept
        left = np.bitwise_and.reduceat(kept, self.starts).take(self.tree)
        left &= self.open
        leaves = np.zeros(len(self.tree) + 1, dtype=np.float32)
        leaves[:-1] = self._leaves(left)
        return np.asarray(np.add.reduce(leaves.take(self.rows), axis=0))

    def _block(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        kept = _all_bits(vectors.take(self.feature, axis=1) <= self.threshold, self.kept.dtype)
        kept |= self.kept
        left = np.bitwise_and.reduceat(kept, self.starts, axis=1).take(self.tree, axis=1)
        left &= self.open
        leaves = np.zeros((len(self.tree) + 1, len(vectors)), dtype=np.float32)
        leaves[:-1] = self._leaves(left).T
        return np.asarray(np.add.reduce(leaves.take(self.rows, axis=0), axis=0).T)

    def _leaves(self, left: Bits) -> NDArray[np.float32]:
        """What the first leaf that is left says, of each walk."""
        first = left.astype(np.float64).view(np.int64)
        first >>= _FRACTION_BITS
        return self.value.take(self.last - first)


@dataclass(frozen=True, slots=True)
class _Trees:
    """An ensemble's nodes, and the leaves below each: ``n_below`` of them from ``first`` on, counted from the left."""

    nodes: TreeNodes
    first: Ints
    n_below: Ints

    @classmethod
    def of(cls, nodes: TreeNodes) -> "_Trees":
        levels, level = [], nodes.roots
        while len(level):
            inner = level[nodes.left[level] >= 0]
            levels.append(inner)
            level = np.concatenate([nodes.left[inner], nodes.right[inner]])
        n_below = np.ones(len(nodes.tree), dtype=np.int64)
        for inner in reversed(levels):
            n_below[inner] = n_below[nodes.left[inner]] + n_below[nodes.right[inner]]
        first = np.zeros(len(nodes.tree), dtype=np.int64)
        for inner in levels:
            first[nodes.left[inner]] = first[inner]
            first[nodes.right[inner]] = first[inner] + n_below[nodes.left[inner]]
        return cls(nodes, first, n_below)

    @property
    def n_leaves(self) -> Ints:
        """By tree."""
        return self.n_below[self.nodes.roots]

    def without(self, places: Ints, n_bits: int) -> Bits:
        """All leaves but those below the nodes at ``places``; the first leaf of a tree has the highest bit."""
        one, n_below = np.uint64(1), self.n_below[places].astype(np.uint64)
        shift = (n_bits - self.first[places] - self.n_below[places]).astype(np.uint64)
        taken = ((one << n_below) - one) << shift
        return (((one << np.uint64(n_bits)) - one) ^ taken).astype(_kind(n_bits))

    def open(self, row: NDArray[np.float32], n_features: int, n_bits: int) -> Bits:
        """What the columns after the vector leave of each tree in one row."""
        nodes = self.nodes
        found = np.full(len(nodes.roots), (1 << n_bits) - 1, dtype=_kind(n_bits))
        asks = np.flatnonzero((nodes.left >= 0) & (nodes.feature >= n_features))
        is_left = row[nodes.feature[asks] - n_features] <= nodes.threshold[asks]
        unreached = np.where(is_left, nodes.right[asks], nodes.left[asks])
        np.bitwise_and.at(found, nodes.tree[asks], self.without(unreached, n_bits))
        return found

    def asked(self, n_features: int) -> Ints:
        """The nodes that ask for the vector; the root of a tree in which none does stands for one."""
        nodes = self.nodes
        asks = (nodes.left >= 0) & (nodes.feature < n_features)
        n_asking = np.bincount(nodes.tree[asks], minlength=len(nodes.roots))
        return np.sort(np.concatenate([np.flatnonzero(asks), nodes.roots[n_asking == 0]]))


def _all_bits(where: NDArray[np.bool_], kind: np.dtype[np.unsignedinteger[Any]]) -> Bits:
    """Every bit set where it is true: -1 in one byte, made wider with its sign."""
    return np.negative(where.view(np.int8)).astype(f"i{kind.itemsize}").view(kind)


def _kind(n_bits: int) -> type[np.unsignedinteger[Any]]:
    return np.uint32 if n_bits <= 32 else np.uint64


def _planted(trees: Sequence[_Trees], ensembles: Sequence[Ensemble], n_features: int) -> Forest:
    n_bits = 32 if max(int(each.n_leaves.max()) for each in trees) <= 32 else MAX_LEAVES
    n_trees = np.cumsum([0, *(len(each.nodes.roots) for each in trees)])
    walks: dict[tuple[int, int], int] = {}
    rows = []
    for each, ensemble, n_before in zip(trees, ensembles, n_trees.tolist(), strict=False):
        open_leaves = [each.open(row, n_features, n_bits).tolist() for row in ensemble.columns]
        rows.append(
            np.array(
                [
                    [walks.setdefault((n_before + tree, bits), len(walks)) for tree, bits in enumerate(row)]
                    for row in open_leaves
                ]
            )
        )
    nodes = [_nodes(each, n_features, n_bits) for each in trees]
    n_leaves = np.concatenate([each.n_leaves for each in trees])
    tree = np.array([tree for tree, _ in walks])
    asked_by = np.concatenate([node.tree + n_before for node, n_before in zip(nodes, n_trees, strict=False)])
    return Forest(
        feature=np.concatenate([node.feature for node in nodes]),
        threshold=np.concatenate([node.threshold for node in nodes]),
        kept=np.concatenate([node.kept for node in nodes]),
        starts=np.flatnonzero(np.diff(asked_by, prepend=-1)),
        tree=tree,
        open=np.array([bits for _, bits in walks], dtype=_kind(n_bits)),
        last=(np.cumsum(n_leaves) - n_leaves)[tree] + _BIAS + n_bits - 1,
        value=np.concatenate([_leaf_values(each) for each in trees]),
        rows=_side_by_side(rows, len(walks)),
    )


def _side_by_side(rows: Sequence[Ints], nothing: int) -> Ints:
    """Walks int64 [r, t] of each ensemble, as [t, r] of all."""
    found = np.full((max(each.shape[1] for each in rows), sum(map(len, rows))), nothing)
    n_before = 0
    for each in rows:
        found[: each.shape[1], n_before : n_before + len(each)] = each.T
        n_before += len(each)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """As in :class:`Forest`, of one ensemble, with the ``tree`` of each node."""

    tree: Ints
    feature: Ints
    threshold: NDArray[np.float32]
    kept: Bits


def _nodes(trees: _Trees, n_features: int, n_bits: int) -> _Asked:
    nodes, places = trees.nodes, trees.asked(n_features)
    is_real = (nodes.left[places] >= 0) & (nodes.feature[places] < n_features)
    everything = np.array((1 << n_bits) - 1, dtype=_kind(n_bits))
    return _Asked(
        nodes.tree[places],
        np.where(is_real, nodes.feature[places], 0),
        np.where(is_real, nodes.threshold[places], np.float32(np.inf)),
        np.where(is_real, trees.without(np.maximum(nodes.left[places], 0), n_bits), everything),
    )


def _leaf_values(trees: _Trees) -> NDArray[np.float32]:
    """Those of one tree after the other, each from the left."""
    leaves = np.flatnonzero(trees.nodes.left < 0)
    order = np.lexsort([trees.first[leaves], trees.nodes.tree[leaves]])
    return trees.nodes.value[leaves[order]]
