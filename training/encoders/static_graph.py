"""The static encoder's ONNX graph: token vectors as an int8 table, their weighted sum, normalised to length 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class QuantisedTable:
    """Token vectors [n_tokens, dim] as `codes * row_scale[:, None] * column_scale[None, :]`.

    A token's weight and length go into its row scale and a component's spread into its column scale, both in full
    precision, so that one byte resolves rare and frequent tokens, early and late components alike.
    """

    codes: NDArray[np.int8]
    row_scale: NDArray[np.float32]
    column_scale: NDArray[np.float32]

    def vectors(self) -> NDArray[np.float32]:
        """The token vectors that the codes stand for, float32 [n_tokens, dim]."""
        table: NDArray[np.float32] = self.codes.astype(np.float32) * self.row_scale[:, None] * self.column_scale
        return table


def quantise(vectors: NDArray[np.float32]) -> QuantisedTable:
    """Round token vectors [n_tokens, dim] to int8; zero rows stay zero."""
    spread = vectors.std(axis=0)
    column_scale = np.where(spread > 0, spread, 1.0).astype(np.float32)
    even = vectors / column_scale
    row_scale = (np.abs(even).max(axis=1) / 127).astype(np.float32)
    codes = np.rint(even / np.where(row_scale > 0, row_scale, 1)[:, None]).astype(np.int8)
    return QuantisedTable(codes, row_scale, column_scale)


def build_graph(table: QuantisedTable) -> bytes:
    """Serialise the graph: `ids` int64 [n_tokens], at least one, to `embedding` float32 [1, dim]."""
    from onnx import TensorProto, checker, helper, numpy_helper

    constants: dict[str, NDArray[Any]] = {
        "codes": table.codes,
        "row_scale": table.row_scale[None, :],
        "column_scale": table.column_scale[None, :],
        "tiny": np.array([1e-12], dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["codes", "ids"], ["token_codes"], axis=0),
        helper.make_node("Cast", ["token_codes"], ["token_values"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["row_scale", "ids"], ["token_weights"], axis=1),
        helper.make_node("MatMul", ["token_weights", "token_values"], ["weighted_sum"]),
        helper.make_node("Mul", ["weighted_sum", "column_scale"], ["sentence"]),
        helper.make_node("ReduceL2", ["sentence"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Max", ["length", "tiny"], ["safe_length"]),
        helper.make_node("Div", ["sentence", "safe_length"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "static_encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n_tokens"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, table.codes.shape[1]])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="tierwise"
    )
    checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised
