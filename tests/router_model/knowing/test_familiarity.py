"""Familiarity: near what was logged under the same task type."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.router_model.knowing.familiarity import TASK_TYPE_WEIGHT, Familiarity, FamiliaritySpace, NearestReference

N_TYPES, N_OTHERS = 3, 4


def familiarity(seed: int, thresholds: list[float], rank: int = 1) -> Familiarity:
    rng = np.random.default_rng(seed)
    weight = np.array([TASK_TYPE_WEIGHT] * N_TYPES + [1.0] * N_OTHERS, dtype=np.float32)
    space = FamiliaritySpace(np.arange(N_TYPES + N_OTHERS), np.zeros_like(weight), weight)
    reference = space.coordinates(vectors(rng, 60))
    return Familiarity(space, NearestReference(reference, rank), dict(enumerate(thresholds)))


def vectors(rng: np.random.Generator, n: int) -> np.ndarray:
    """Steps of ``N_TYPES`` task types; the last type's code is "another one", with no column of its own."""
    types = np.eye(N_TYPES + 1, dtype=np.float32)[rng.integers(N_TYPES + 1, size=n)][:, :N_TYPES]
    return np.hstack([types, rng.normal(size=(n, N_OTHERS)).astype(np.float32)])


@given(st.integers(0, 10_000), st.lists(st.floats(0.1, 12), min_size=N_TYPES, max_size=N_TYPES), st.integers(1, 70))
def test_looking_only_where_it_matters_finds_what_looking_everywhere_finds(
    seed: int, thresholds: list[float], rank: int
) -> None:
    known = familiarity(seed, thresholds, rank)
    steps = vectors(np.random.default_rng(seed + 1), 40)
    distances = known.nearest.distances(known.space.coordinates(steps))
    limits = steps[:, :N_TYPES] @ np.array(thresholds, dtype=np.float32)
    is_new_type = steps[:, :N_TYPES].sum(axis=1) == 0
    is_clear = np.abs(distances - limits) > 1e-3
    expected = (distances > limits) | is_new_type
    assert (known.is_unfamiliar(steps) == expected)[is_clear].all()


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_the_distance_is_that_of_the_nth_nearest(seed: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    points, reference = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(10, 3)).astype(np.float32)
    every = np.sort(np.linalg.norm(points[:, None] - reference[None], axis=2), axis=1)
    found = NearestReference(reference, rank).distances(points)
    assert np.allclose(found, every[:, rank - 1] if rank <= 10 else np.inf, atol=1e-3)


def test_a_row_is_judged_alone_as_among_others() -> None:
    known = familiarity(1, [2.0, 2.0, 2.0])
    steps = vectors(np.random.default_rng(2), 30)
    assert [bool(known.is_unfamiliar(step[None, :])[0]) for step in steps] == known.is_unfamiliar(steps).tolist()
    assert 0 < known.is_unfamiliar(steps).sum() < 30


def test_where_nothing_logged_can_be_near_everything_is_unfamiliar() -> None:
    space = FamiliaritySpace(np.arange(2), np.zeros(2, np.float32), np.full(2, TASK_TYPE_WEIGHT, np.float32))
    only_second = space.coordinates(np.array([[0, 1]], dtype=np.float32))
    known = Familiarity(space, NearestReference(only_second), {0: 1.0, 1: 1.0})
    assert known.is_unfamiliar(np.eye(2, dtype=np.float32)).tolist() == [True, False]


@pytest.mark.parametrize("n_reference", [40, 1_000])
@pytest.mark.parametrize("rank", [1, 3, 40, 41])
@pytest.mark.parametrize("threshold", [0.0, 1.5, 2.2, np.inf])
def test_being_within_is_a_distance_up_to_the_threshold(n_reference: int, rank: int, threshold: float) -> None:
    draw = np.random.default_rng(rank)
    reference, points = (draw.normal(size=(n, 4)).astype(np.float32) for n in (n_reference, 200))
    nearest = NearestReference(reference, rank)
    are_within = [nearest.is_within(point, threshold) for point in points]
    assert np.array_equal(are_within, nearest.distances(points) <= threshold)


def test_a_step_that_names_no_type_is_compared_with_steps_of_all_types() -> None:
    typed = familiarity(3, [2.0, 2.0, 2.0])
    known = Familiarity(typed.space, typed.nearest, {0: 2.0, 1: 2.0, 2: 1.5}, untyped=2)
    steps = vectors(np.random.default_rng(4), 200)
    untyped = steps.copy()
    untyped[:, :N_TYPES] = [0, 0, 1]
    others = known.untyped_places
    assert others.tolist() == list(range(N_TYPES, N_TYPES + N_OTHERS))
    apart = np.linalg.norm(known.reference[:, None, others] - typed.space.coordinates(steps)[None, :, others], axis=2)
    assert np.array_equal(known.is_unfamiliar(untyped), apart.min(axis=0) > 1.5)
    assert 0 < known.is_unfamiliar(untyped).sum() < 200


def test_it_reads_back_as_it_was_written() -> None:
    known = Familiarity(familiarity(1, [1.0]).space, familiarity(1, [1.0]).nearest, {0: 1.0, 2: 2.0}, untyped=2)
    again = Familiarity.from_mapping(known.to_mapping(), known.reference)
    steps = vectors(np.random.default_rng(2), 50)
    assert (again.untyped, again.thresholds) == (2, known.thresholds)
    assert np.array_equal(again.is_unfamiliar(steps), known.is_unfamiliar(steps))
