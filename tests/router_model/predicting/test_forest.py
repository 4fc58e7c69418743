"""The forest says what the graphs say, bit for bit, or is not there."""

import lightgbm
import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.router_model.predicting.chain import chain_columns, chain_rows
from tierwise.router_model.predicting.forest import Ensemble, Forest
from tierwise.router_model.predicting.predictor import Predictor, open_graph, run_graph, tier_column, tier_rows
from tierwise.router_model.predicting.tree_graph import TreeGraphError, read_trees
from tierwise.router_model.router import Router
from tierwise.training.onnx_export import export_booster

N_FEATURES, N_TIERS = 6, 3
FLOATS = np.random.default_rng(5).normal(size=(400, N_FEATURES)).astype(np.float32).round(1)


def grown(rows: NDArray[np.float32], n_leaves: int, n_rounds: int = 20) -> bytes:
    """A graph of trees over rows float32 [n, d]; what they learn depends on every column."""
    target = np.sin(rows * np.arange(1, rows.shape[1] + 1)).sum(axis=1)
    settings = {"num_leaves": n_leaves, "min_child_samples": 3, "verbose": -1, "seed": 1, "num_threads": 1}
    return export_booster(lightgbm.train(settings, lightgbm.Dataset(rows, target), n_rounds), rows).graph


def planted(n_leaves: int) -> tuple[Forest | None, bytes, bytes]:
    trees, costs = grown(chain_rows(FLOATS, N_TIERS), n_leaves), grown(tier_rows(FLOATS, N_TIERS), 8)
    ensembles = (Ensemble(trees, chain_columns(N_TIERS)), Ensemble(costs, tier_column(N_TIERS)))
    return Forest.of(ensembles, N_FEATURES), trees, costs


@pytest.mark.parametrize("n_leaves", [2, 31, 32, 33, 52])
def test_it_adds_up_to_what_the_graphs_say(n_leaves: int) -> None:
    forest, trees, costs = planted(n_leaves)
    assert forest is not None
    raw = run_graph(open_graph(trees), chain_rows(FLOATS, N_TIERS)).reshape(len(FLOATS), -1)
    log_cost = run_graph(open_graph(costs), tier_rows(FLOATS, N_TIERS)).reshape(len(FLOATS), -1)
    assert len(np.unique(raw)) > 50
    expected = np.hstack([raw, log_cost])
    assert np.array_equal(forest.scores(FLOATS), expected)
    assert np.array_equal([forest.scores_of_one(vector) for vector in FLOATS], expected)


def test_trees_that_never_ask_for_the_vector_count_too() -> None:
    constant = np.zeros((200, N_FEATURES), dtype=np.float32)
    rows = chain_rows(constant, N_TIERS)
    graph = grown(rows, 4, n_rounds=3)
    forest = Forest.of([Ensemble(graph, chain_columns(N_TIERS))], N_FEATURES)
    assert forest is not None
    found = forest.scores_of_one(constant[0])
    assert np.array_equal(forest.scores(constant[:20]), np.tile(found, (20, 1)))
    assert np.array_equal(found, run_graph(open_graph(graph), rows[: len(found)]))
    assert len(np.unique(found)) > 1


def test_trees_with_too_many_leaves_are_left_to_the_graph() -> None:
    assert planted(53)[0] is None


@pytest.mark.parametrize(
    ("old", "new"), [(b"BRANCH_LEQ", b"BRANCH_LTE"), (b"Regressor", b"Regresser"), (b"LEAF", b"LEAN")]
)
def test_a_graph_of_another_form_is_not_read(old: bytes, new: bytes) -> None:
    graph = grown(FLOATS, 4, n_rounds=2)
    assert len(read_trees(graph).roots) == 2
    with pytest.raises(TreeGraphError, match="no trees can be read"):
        read_trees(graph.replace(old, new))
    assert Forest.of([Ensemble(graph.replace(old, new), np.zeros((1, 0), dtype=np.float32))], N_FEATURES) is None


def test_any_part_of_a_graph_is_refused_in_words() -> None:
    graph = grown(FLOATS, 4, n_rounds=2)
    for end in range(0, len(graph) // 2, 7):
        with pytest.raises(TreeGraphError, match="no trees can be read"):
            read_trees(graph[:end])


def test_a_predictor_says_the_same_without_one(router: Router, held_out_steps: tuple[LoggedStep, ...]) -> None:
    vectors = router.parts.pipeline().transform([logged.step for logged in held_out_steps[:40]])
    with_one, without = router.parts.predictor(), router.parts.predictor()
    assert with_one._forest is not None
    without._forest = None
    for vector in vectors:
        assert with_one.predict_one(vector) == without.predict_one(vector)
    many, alike = with_one.predict(vectors), without.predict(vectors)
    assert np.array_equal(many.probabilities.p_success, alike.probabilities.p_success)
    assert np.array_equal(many.cost_usd, alike.cost_usd)


@pytest.mark.parametrize("way", ["scores", "scores_of_one"])
def test_a_forest_that_says_something_else_is_not_used(
    router: Router, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    scores = getattr(Forest, way)

    def wrong(self: Forest, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.nextafter(scores(self, vector), np.float32(9)))

    monkeypatch.setattr(Forest, way, wrong)
    parts = router.parts
    predictor = Predictor(parts.router_graph, parts.linear, parts.cost_graph, parts.calibration)
    assert predictor._forest is None
