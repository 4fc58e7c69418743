"""The rule by which plans are kept, on worlds whose chances of success are known."""

from random import Random

import pytest

from tierwise.agents.plan_store import PlanGate, Record, Standing, draw

N_TASKS = 60
N_WORLDS = 30


def lost_and_used(p_fresh: float, p_kept: float, seed: int) -> tuple[float, float]:
    """Successes that keeping plans cost in a world, as expected, and the share of tasks with a kept plan after ten."""
    rng, gate = Random(seed), PlanGate()
    own, kin, fresh, pooled = Record(), Record(), Record(1, 1), Record(20, round(20 * p_fresh))
    used: list[bool] = []
    for _ in range(N_TASKS):
        p_not_worse = gate.p_not_worse(own, kin, fresh, pooled)
        used.append(rng.random() < gate.share(p_not_worse))
        ended = Record(1, rng.random() < (p_kept if used[-1] else p_fresh))
        if used[-1]:
            own = own.plus(ended)
            continue
        fresh, pooled = fresh.plus(ended), pooled.plus(ended)
        if gate.standing(p_not_worse) is Standing.RETIRED and ended.n_successes:  # a new plan for the same kind
            kin, own = kin.plus(own), Record()
    return sum(used) * (p_fresh - p_kept), sum(used[10:]) / len(used[10:])


def worlds(p_fresh: float, p_kept: float) -> tuple[float, float]:
    """Means over worlds."""
    found = [lost_and_used(p_fresh, p_kept, seed) for seed in range(N_WORLDS)]
    return sum(lost for lost, _ in found) / N_WORLDS, sum(share for _, share in found) / N_WORLDS


@pytest.mark.parametrize("p", [0.6, 0.9, 0.98])
def test_plans_that_do_as_well_are_used_for_most_tasks(p: float) -> None:
    _, share = worlds(p, p)
    assert share > 0.65


@pytest.mark.parametrize(("p_kept", "most_lost", "most_used"), [(0.0, 3.0, 0.05), (0.2, 4.5, 0.1), (0.5, 7.0, 0.3)])
def test_plans_that_do_worse_cost_a_few_tasks_and_are_given_up(
    p_kept: float, most_lost: float, most_used: float
) -> None:
    """Of 60 tasks, the plans made anew after one was given up included."""
    lost, share = worlds(0.9, p_kept)
    assert lost < most_lost
    assert share < most_used


def test_evidence_counts() -> None:
    gate, fresh = PlanGate(), Record(20, 18)
    before = gate.p_not_worse(Record(), Record(), Record(), fresh)
    assert gate.p_not_worse(Record(5, 5), Record(), Record(), fresh) > before
    assert gate.p_not_worse(Record(5, 2), Record(), Record(), fresh) < before
    assert gate.p_not_worse(Record(), Record(6, 0), Record(), fresh) < before, "what kin did is inherited"
    assert gate.p_not_worse(Record(9, 5), Record(), Record(9, 5), fresh) > gate.p_not_worse(
        Record(9, 5), Record(), Record(9, 9), fresh
    ), "a hard kind of goal is hard for fresh plans too"
    assert gate.standing(gate.p_not_worse(Record(20, 20), Record(), Record(2, 2), fresh)) is Standing.PROVEN
    assert gate.standing(gate.p_not_worse(Record(4, 0), Record(), Record(2, 2), fresh)) is Standing.RETIRED


def test_a_task_is_always_drawn_alike() -> None:
    drawn = [draw(f"t-{i}") for i in range(1000)]
    assert drawn == [draw(f"t-{i}") for i in range(1000)]
    assert 0.45 < sum(drawn) / 1000 < 0.55
