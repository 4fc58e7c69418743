"""Reads the trees of an ONNX graph out of its bytes, without the onnx package, which only training needs.

A graph is a protobuf message. Its long attributes are repeated fields of one kind, which are decoded as arrays. Of what
is not exactly as :mod:`tierwise.training.onnx_export` writes it nothing is read: onnxruntime runs any graph.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_GRAPH, _NODE, _OPERATOR, _ATTRIBUTE, _NAME = 7, 1, 4, 5, 1  # numbers of fields in onnx.proto
_FLOAT_TAG, _INT_TAG = 0x3D, 0x40  # of one entry of `floats` and of `ints`
_TYPE_BYTES = 3  # the last field of an attribute
_LEAF, _BRANCH = b"J\x04LEAF", b"J\x0aBRANCH_LEQ"  # entries of `strings`


class TreeGraphError(ValueError):
    """A graph of another form than training writes."""


@dataclass(frozen=True, slots=True)
class TreeNodes:
    """The nodes of all trees, those of a tree adjacent and its root first.

    A vector goes to ``left`` of a node where ``vector[feature] <= threshold``, else to ``right``; both are places among
    the nodes, int64 [m], and -1 for a leaf, whose score is its ``value``, float32 [m]. ``tree`` int64 [m] ascends.
    """

    tree: Ints
    feature: Ints
    threshold: NDArray[np.float32]
    left: Ints
    right: Ints
    value: NDArray[np.float32]

    @property
    def roots(self) -> Ints:
        """The place of each tree's first node."""
        return np.flatnonzero(np.diff(self.tree, prepend=-1))


def read_trees(graph: bytes) -> TreeNodes:
    """The trees of a graph of one ensemble with one score. Raises ``TreeGraphError`` for any other."""
    try:
        return _nodes(_attributes(memoryview(graph)))
    except (KeyError, IndexError, ValueError, OverflowError) as error:
        raise TreeGraphError(f"no trees can be read: {error}") from None


def _attributes(graph: memoryview) -> dict[str, bytes]:
    """The contents of the attributes of the graph's ensemble, by name."""
    (body,) = (value for number, value in _fields(graph) if number == _GRAPH)
    nodes = [list(_fields(value)) for number, value in _fields(body) if number == _NODE]
    operators = [bytes(value) for node in nodes for number, value in node if number == _OPERATOR]
    if operators not in ([b"TreeEnsembleRegressor"], [b"TreeEnsembleRegressor", b"Identity"]):
        raise TreeGraphError(f"the operators are {operators}")
    found = {}
    for number, value in nodes[0]:
        if number == _ATTRIBUTE:
            name, start = _text_field(value)
            found[name] = bytes(value[start:])
    return found


def _nodes(attributes: dict[str, bytes]) -> TreeNodes:
    tree, place = _ints(attributes["nodes_treeids"]), _ints(attributes["nodes_nodeids"])
    starts = np.flatnonzero(np.diff(tree, prepend=-1))
    if not (np.array_equal(tree[starts], np.arange(len(starts))) and np.array_equal(place, _counted(tree, starts))):
        raise TreeGraphError("the nodes of a tree are not numbered in order")
    if set(attributes) & {"base_values", "aggregate_function"} or _ints(attributes["target_ids"]).any():
        raise TreeGraphError("there is more than one score")
    is_leaf, root = _leaves(attributes["nodes_modes"]), starts[tree]
    value = np.zeros(len(tree), dtype=np.float32)
    targets = starts[_ints(attributes["target_treeids"])] + _ints(attributes["target_nodeids"])
    if not np.array_equal(np.sort(targets), np.flatnonzero(is_leaf)):
        raise TreeGraphError("the scores are not those of the leaves")
    value[targets] = _floats(attributes["target_weights"])
    left, right = (root + _ints(attributes[f"nodes_{which}nodeids"]) for which in ("true", "false"))
    own = np.arange(len(tree))
    if not ((is_leaf | (left > own)) & (is_leaf | (right > own))).all():
        raise TreeGraphError("a node comes before its parent")
    return TreeNodes(
        tree,
        _ints(attributes["nodes_featureids"]),
        _floats(attributes["nodes_values"]),
        np.where(is_leaf, -1, left),
        np.where(is_leaf, -1, right),
        value,
    )


def _counted(tree: Ints, starts: Ints) -> Ints:
    return np.arange(len(tree)) - starts[tree]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of the fields that have a length; the others are skipped."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 2:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise TreeGraphError("a field is cut off")
            yield key >> 3, message[at : at + length]
            at += length
        elif kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise TreeGraphError(f"a field is of kind {kind}")


def _text_field(attribute: memoryview) -> tuple[str, int]:
    """The name of an attribute, which stands first, and where it ends."""
    key, at = _varint(attribute, 0)
    length, at = _varint(attribute, at)
    if key != _NAME << 3 | 2:
        raise TreeGraphError("an attribute does not begin with its name")
    return bytes(attribute[at : at + length]).decode(), at + length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] >= 0x80:
        value |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | message[at] << shift, at + 1


def _floats(content: bytes) -> NDArray[np.float32]:
    entries = np.frombuffer(content[:-_TYPE_BYTES], dtype=np.uint8).reshape(-1, 5)
    if (entries[:, 0] != _FLOAT_TAG).any():
        raise TreeGraphError("an attribute holds more than numbers")
    return np.ascontiguousarray(entries[:, 1:]).view("<f4").ravel().astype(np.float32)


def _ints(content: bytes) -> Ints:
    """A tag and a number in turns, both written in as many bytes as they need, seven bits in each."""
    raw = np.frombuffer(content[:-_TYPE_BYTES], dtype=np.uint8).astype(np.int64)
    ends = np.flatnonzero(raw < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lengths = ends - starts + 1
    if len(raw) and (raw[-1] >= 0x80 or lengths.max() > 5):
        raise TreeGraphError("an attribute holds more than small numbers")
    numbers = np.zeros(len(ends), dtype=np.int64)
    for i in range(int(lengths.max(initial=0))):
        has = lengths > i
        numbers[has] |= (raw[starts[has] + i] & 0x7F) << 7 * i
    if len(numbers) % 2 or (numbers[::2] != _INT_TAG).any():
        raise TreeGraphError("an attribute holds more than numbers")
    return numbers[1::2]


def _leaves(content: bytes) -> NDArray[np.bool_]:
    """Which nodes are leaves; all others must ask whether a feature is at most a threshold."""
    marks = content[:-_TYPE_BYTES].replace(_BRANCH, b"\x00").replace(_LEAF, b"\x01")
    found = np.frombuffer(marks, dtype=np.uint8)
    if (found > 1).any():
        raise TreeGraphError("a node asks something else")
    return np.asarray(found == 1)
