"""LightGBM to ONNX, with proof that both say the same."""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from tierwise.data.errors import TierwiseError
from tierwise.router_model.predicting.predictor import open_graph, run_graph

MAX_DEVIATION = 1e-5
_OPSET = 15  # the newest that onnxmltools 1.13 to 1.16 writes


class ParityError(TierwiseError):
    """The ONNX graph and the booster disagree."""


@dataclass(frozen=True, slots=True)
class ExportedGraph:
    """The graph's bytes, and its largest deviation from the booster over ``n_rows`` real rows."""

    graph: bytes
    max_deviation: float
    n_rows: int


def export_booster(booster: lightgbm.Booster, rows: NDArray[np.float32]) -> ExportedGraph:
    """One float32 input [n, d], one output [n, 1] of raw scores; the same booster gives the same bytes.

    Raises ``ParityError`` when any of ``rows`` (float32 [n, d], real ones) deviates by ``MAX_DEVIATION`` or more.
    """
    graph = _convert(booster, rows.shape[1]).SerializeToString(deterministic=True)
    expected = np.asarray(booster.predict(rows, raw_score=True))
    deviation = float(np.abs(run_graph(open_graph(graph), rows) - expected).max(initial=0.0))
    if not deviation < MAX_DEVIATION:
        raise ParityError(f"ONNX deviates from LightGBM by {deviation:.2e} on {len(rows)} rows; the limit is 1e-5")
    return ExportedGraph(graph, deviation, len(rows))


def _convert(booster: lightgbm.Booster, n_features: int) -> Any:
    from onnxmltools.convert import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    text = _with_float32_thresholds(_as_regression(booster.model_to_string()))
    plain = lightgbm.Booster(model_str=text)
    inputs = [("vectors", FloatTensorType([None, n_features]))]
    model = convert_lightgbm(plain, initial_types=inputs, target_opset=_OPSET, zipmap=False)
    model.graph.name = "trees"  # a random one would give the same log another router version each time
    operators = sorted(model.opset_import, key=lambda operator: operator.domain)  # and so would the order of a set
    del model.opset_import[:]
    model.opset_import.extend(operators)
    return model


def _as_regression(model: str) -> str:
    """Names an objective that the converter knows; a custom one leaves raw scores, as a regression graph returns."""
    if "\nobjective=" not in model:
        model = model.replace("\nfeature_names=", "\nobjective=regression\nfeature_names=", 1)
    return model.replace("[objective: custom]", "[objective: regression]")


def _with_float32_thresholds(model: str) -> str:
    """Rounds every threshold down to a float32, which leaves ``x <= threshold`` as it is for every float32 ``x``.

    ONNX keeps thresholds as float32; the converter rounds to the nearest, and may so step over the next value.
    """
    lines = (line for line in model.split("\n") if not line.startswith("tree_sizes="))  # lengths that change here
    return "\n".join(_rounded_down(line) if line.startswith("threshold=") else line for line in lines)


def _rounded_down(line: str) -> str:
    name, _, values = line.partition("=")
    thresholds = np.array(values.split(), dtype=np.float64)
    nearest = thresholds.astype(np.float32)
    below = np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    return f"{name}={' '.join(repr(float(value)) for value in below)}"
