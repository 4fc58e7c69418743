"""The predictor: feature vectors to calibrated probabilities and expected costs, on onnxruntime alone."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tierwise.router_model.calibration import Calibration
from tierwise.router_model.chain import Floats, TierProbabilities, chain_rows, chain_scores
from tierwise.router_model.linear_chain import LinearChain, blended


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
        self._router = open_graph(router_graph)
        self._cost = open_graph(cost_graph)

    def predict(self, vectors: NDArray[np.float32]) -> Prediction:
        """Vectors float32 [n, d]; a row's result does not depend on the other rows."""
        trees = chain_scores(run_graph(self._router, chain_rows(vectors, self.n_tiers)), self.n_tiers)
        scores = blended(trees, self._linear.scores(vectors))
        log_cost = run_graph(self._cost, tier_rows(vectors, self.n_tiers)).astype(np.float64)
        cost_usd = self.calibration.cost_usd(log_cost.reshape(-1, self.n_tiers))
        return Prediction(self.calibration.probabilities(scores), cost_usd)


def tier_rows(vectors: NDArray[np.float32], n_tiers: int) -> NDArray[np.float32]:
    """One row a step and tier, float32 [n * k, d + 1]: the vector and the tier index."""
    n_steps, n_features = vectors.shape
    rows = np.empty((n_steps, n_tiers, n_features + 1), dtype=np.float32)
    rows[:, :, :n_features] = vectors[:, None, :]
    rows[:, :, n_features] = np.arange(n_tiers, dtype=np.float32)
    return rows.reshape(-1, n_features + 1)


def open_graph(graph: bytes) -> onnxruntime.InferenceSession:
    """One thread, no spinning: a decision must not steal time from its neighbours."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_graph(session: onnxruntime.InferenceSession, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The graph's only output, flat, float32 [n_rows]."""
    output: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: rows})[0]
    return output.reshape(-1)
