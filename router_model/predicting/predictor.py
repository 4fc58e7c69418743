"""The predictor: feature vectors to calibrated probabilities and expected costs, on onnxruntime alone."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import (
    Floats,
    TierProbabilities,
    chain_columns,
    chain_offsets,
    chain_rows,
    chain_scores,
    n_chain_rows,
)
from tierwise.router_model.predicting.forest import Ensemble, Forest
from tierwise.router_model.predicting.linear_chain import LinearChain, blended
from tierwise.router_model.predicting.scalar import ScalarCalibration, ScalarChain

_N_PROOFS = 32


@dataclass(frozen=True, slots=True)
class Prediction:
    """For ``n`` steps and ``k`` tiers: probabilities, and expected costs in US dollars float64 [n, k]."""

    probabilities: TierProbabilities
    cost_usd: Floats


@dataclass(frozen=True, slots=True)
class OneStep:
    """The same for one step, in plain floats, which is all that most decisions need."""

    chain: ScalarChain
    cost_usd: list[float]

    def prediction(self) -> Prediction:
        """As arrays of one row."""
        return Prediction(self.chain.as_arrays(), np.array([self.cost_usd]))


class Predictor:
    """Runs ``router.onnx`` (chain scores of the trees), the linear chain and ``cost.onnx`` (log costs) of a bundle.

    The trees are a :class:`Forest`, which says the same as the graphs in half the time, where it can be proven.
    """

    def __init__(self, router_graph: bytes, linear: LinearChain, cost_graph: bytes, calibration: Calibration) -> None:
        self.calibration = calibration
        self.n_tiers = len(calibration.cost_log_offset)
        self._n_rows = n_chain_rows(self.n_tiers)
        self._linear = linear
        self._scalar = ScalarCalibration.of(calibration)
        self._keep_offsets = chain_offsets(self.n_tiers).tolist()
        self._router = open_graph(router_graph)
        self._cost = open_graph(cost_graph)
        self._forest = self._proven_forest(router_graph, cost_graph)

    def predict(self, vectors: NDArray[np.float32]) -> Prediction:
        """Vectors float32 [n, d]; a row's result does not depend on the other rows."""
        if len(vectors) == 1:
            return self.predict_one(vectors[0]).prediction()
        raw, log_cost = self._scores(vectors)
        scores = blended(chain_scores(raw, self.n_tiers), self._linear.scores(vectors))
        return Prediction(self.calibration.probabilities(scores), self.calibration.cost_usd(log_cost))

    def predict_one(self, vector: NDArray[np.float32]) -> OneStep:
        """A vector float32 [d]."""
        if self._forest is None:
            raw, log_cost = (rows[0] for rows in self._run(vector[np.newaxis]))
        else:
            scores = self._forest.scores_of_one(vector)
            raw, log_cost = scores[: self._n_rows], scores[self._n_rows :].astype(np.float64)
        rows = zip(raw.tolist(), self._keep_offsets, self._linear.scores_of_one(vector).tolist(), strict=True)
        chain = self._scalar.probabilities([(score + offset + line) / 2 for score, offset, line in rows])
        return OneStep(chain, self.calibration.cost_usd(log_cost).tolist())

    def _scores(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], Floats]:
        """What the trees say: raw scores of the chain rows float32 [n, 2 k - 1], and log costs float64 [n, k]."""
        if self._forest is None:
            return self._run(vectors)
        scores = self._forest.scores(vectors)
        return scores[:, : self._n_rows], scores[:, self._n_rows :].astype(np.float64)

    def _run(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], Floats]:
        """The same by the graphs."""
        raw = run_graph(self._router, chain_rows(vectors, self.n_tiers)).reshape(-1, self._n_rows)
        log_cost = run_graph(self._cost, tier_rows(vectors, self.n_tiers)).astype(np.float64)
        return raw, log_cost.reshape(-1, self.n_tiers)

    def _proven_forest(self, router_graph: bytes, cost_graph: bytes) -> Forest | None:
        """A forest that says, bit for bit, what the graphs say of vectors drawn at random; None where it does not."""
        ensembles = (
            Ensemble(router_graph, chain_columns(self.n_tiers)),
            Ensemble(cost_graph, tier_column(self.n_tiers)),
        )
        forest = Forest.of(ensembles, len(self._linear.centre))
        if forest is None:
            return None
        drawn = np.random.default_rng(0).normal(scale=3, size=(_N_PROOFS, len(self._linear.centre))).astype(np.float32)
        wanted = np.hstack(self._run(drawn))
        alone = np.stack([forest.scores_of_one(vector) for vector in drawn])
        return forest if np.array_equal(forest.scores(drawn), wanted) and np.array_equal(alone, wanted) else None


def tier_column(n_tiers: int) -> NDArray[np.float32]:
    """The column that tells the rows of a step apart, float32 [k, 1]."""
    return np.arange(n_tiers, dtype=np.float32)[:, np.newaxis]


def tier_rows(vectors: NDArray[np.float32], n_tiers: int) -> NDArray[np.float32]:
    """One row a step and tier, float32 [n * k, d + 1]: the vector and the tier index."""
    n_steps, n_features = vectors.shape
    rows = np.empty((n_steps, n_tiers, n_features + 1), dtype=np.float32)
    rows[:, :, :n_features] = vectors[:, None, :]
    rows[:, :, n_features:] = tier_column(n_tiers)
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
