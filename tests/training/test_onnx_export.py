"""The export to ONNX: value for value the booster, on real rows and at the edges of its thresholds."""

import lightgbm
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.router_model.predicting.chain import chain_rows
from tierwise.router_model.predicting.predictor import open_graph, run_graph
from tierwise.training import onnx_export
from tierwise.training.fitting.tier_classifier import BoosterParams, TierClassifier
from tierwise.training.onnx_export import MAX_DEVIATION, ParityError, export_booster


@pytest.fixture(scope="module")
def real_vectors(train_steps: tuple[LoggedStep, ...]) -> NDArray[np.float32]:
    steps = [logged.step for logged in train_steps[:200]]
    return FeaturePipeline.fit(steps, load_encoder(), 8).transform(steps)


@pytest.fixture(scope="module")
def booster(real_vectors: NDArray[np.float32]) -> lightgbm.Booster:
    success = np.random.default_rng(0).integers(0, 2, (len(real_vectors), 3)).astype(np.float64)
    params = BoosterParams(n_rounds=40, learning_rate=0.2, num_leaves=15, min_child_samples=5, min_sum_hessian=0.1)
    return TierClassifier(params).fit(real_vectors, success).booster_


@pytest.mark.slow
def test_the_graph_says_what_the_booster_says_on_real_rows(
    booster: lightgbm.Booster, real_vectors: NDArray[np.float32]
) -> None:
    rows = chain_rows(real_vectors, 3)
    exported = export_booster(booster, rows)
    found = run_graph(open_graph(exported.graph), rows)
    assert exported.n_rows == len(rows) == 1000
    assert np.abs(found - booster.predict(rows, raw_score=True)).max() == exported.max_deviation < MAX_DEVIATION
    assert np.ptp(found) > 0.1


def test_no_byte_depends_on_the_order_of_a_set(booster: lightgbm.Booster, real_vectors: NDArray[np.float32]) -> None:
    """Python orders the names of a set by a hash that differs from process to process."""
    graph = onnx.load_from_string(export_booster(booster, chain_rows(real_vectors, 3)).graph)
    domains = [operator.domain for operator in graph.opset_import]
    assert domains == sorted(domains)
    assert len(domains) == 2


def test_the_graph_agrees_at_and_around_every_threshold() -> None:
    """Values next to each other in float32, so that thresholds fall between neighbours."""
    start = np.float32(0.1)
    values = [start]
    for _ in range(63):
        values.append(np.nextafter(values[-1], np.float32(1)))
    rows = np.array(values, dtype=np.float32)[:, None]
    labels = np.random.default_rng(0).normal(size=len(rows))
    params = {"num_leaves": 63, "min_child_samples": 1, "min_sum_hessian_in_leaf": 0.0, "verbose": -1, "num_threads": 1}
    dataset = lightgbm.Dataset(rows, labels, params={"max_bin": 255, "min_data_in_bin": 1, "verbose": -1})
    trees = lightgbm.train(params | {"learning_rate": 0.5, "zero_as_missing": False}, dataset, 20)
    assert export_booster(trees, rows).max_deviation < MAX_DEVIATION


def test_the_same_booster_gives_the_same_bytes(booster: lightgbm.Booster, real_vectors: NDArray[np.float32]) -> None:
    rows = chain_rows(real_vectors[:10], 3)
    assert export_booster(booster, rows).graph == export_booster(booster, rows).graph


def test_a_graph_that_deviates_is_refused(
    booster: lightgbm.Booster, real_vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph of a booster with fewer trees stands in for a converter that went wrong."""
    fewer = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=20))
    convert = onnx_export._convert
    monkeypatch.setattr(onnx_export, "_convert", lambda _, n_features: convert(fewer, n_features))
    with pytest.raises(ParityError, match=r"ONNX deviates from LightGBM by .* on 50 rows; the limit is 1e-5"):
        export_booster(booster, chain_rows(real_vectors[:10], 3))
