"""The predictor: feature vectors to calibrated probabilities and expected costs, on onnxruntime alone."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tierwise.router_model.calibration import Calibration
from tierwise.router_model.chain import Floats, TierProbabilities, chain_offsets, chain_rows, chain_scores
from tierwise.router_model.linear_chain import LinearChain, blended
from tierwise.router_model.scalar import ScalarCalibration


@dataclass(frozen=True, slots=True)
class Prediction:
    """For ``n`` steps and ``k`` tiers: probabilities, and expected costs in US dollars float64 [n, k]."""

    probabilities: TierProbabilities
    cost_usd: Floats


class Predictor:
    """Runs ``router.onnx`` (chain scores of the trees), the linear chain and ``cost.onnx`` (log costs) of a bundle."""

    def __init__(self, router_graph: bytes, linear: LinearChain, cost_graph: bytes, calibration: Calibration) -> None:
        self.calibration = calibration
        self.n_tiers = len(calibration.cost_log_offset)
        self._linear = linear
        self._scalar = ScalarCalibration.of(calibration)
        self._keep_offsets = chain_offsets(self.n_tiers).tolist()
        self._router = open_graph(router_graph)
        self._cost = open_graph(cost_graph)

    def predict(self, vectors: NDArray[np.float32]) -> Prediction:
        """Vectors float32 [n, d]; a row's result does not depend on the other rows."""
        raw, linear = run_graph(self._router, chain_rows(vectors, self.n_tiers)), self._linear.scores(vectors)
        log_cost = run_graph(self._cost, tier_rows(vectors, self.n_tiers)).astype(np.float64)
        cost_usd = self.calibration.cost_usd(log_cost.reshape(-1, self.n_tiers))
        if len(vectors) == 1:
            return Prediction(self._probabilities_of_one(raw.tolist(), linear[0].tolist()), cost_usd)
        scores = blended(chain_scores(raw, self.n_tiers), linear)
        return Prediction(self.calibration.probabilities(scores), cost_usd)

    def _probabilities_of_one(self, raw: list[float], linear: list[float]) -> TierProbabilities:
        rows = zip(raw, self._keep_offsets, linear, strict=True)
        return self._scalar.probabilities([(score + offset + line) / 2 for score, offset, line in rows])


def tier_rows(vectors: NDArray[np.float32], n_tiers: int) -> NDArray[np.float32]:
    """One row a step and tier, float32 [n * k, d + 1]: the vector and the tier index."""
    n_steps, n_features = vectors.shape
    rows = np.empty((n_steps, n_tiers, n_features + 1), dtype=np.float32)
    rows[:, :, :n_features] = vectors[:, None, :]
    rows[:, :, n_features] = np.arange(n_tiers, dtype=np.float32)
    return rows.reshape(-1, n_features + 1)


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX graph with one input and one output, ready to run."""

    session: onnxruntime.InferenceSession
    input_name: str
    output_names: list[str]


def open_graph(graph: bytes) -> Graph:
    """One thread, no spinning: a decision must not steal time from its neighbours."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return Graph(session, session.get_inputs()[0].name, [session.get_outputs()[0].name])


def run_graph(graph: Graph, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The graph's output, flat, float32 [n_rows]."""
    output: NDArray[np.float32] = graph.session.run(graph.output_names, {graph.input_name: rows})[0]
    return output.reshape(-1)
