"""How long logged calls took."""

import numpy as np

from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.training.evaluation.latencies import logged_latencies, mean_latencies

TIERS = ("small", "mid", "frontier")


def logged(*calls: tuple[str, float | None]) -> LoggedStep:
    return LoggedStep("s", Step("t"), tuple(Attempt(tier, latency_ms=ms) for tier, ms in calls))


def test_every_timed_call_of_a_tier_counts_and_a_tier_without_any_is_not_known() -> None:
    steps = [logged(("small", 10.0), ("small", 30.0), ("mid", None)), logged(("small", 20.5), ("other", 7.0))]
    assert mean_latencies(steps, TIERS) == (20.167, None, None)
    assert mean_latencies([], TIERS) == (None, None, None)


def test_a_step_has_its_own_first_time_or_one_of_the_others() -> None:
    steps = [logged(("small", 10.0), ("small", 99.0)), logged(("small", 20.0)), logged(("small", None))]
    found = logged_latencies(steps, ["small"])
    assert found is not None
    assert found[:2, 0].tolist() == [10.0, 20.0]
    assert found[2, 0] in (10.0, 20.0)
    assert logged_latencies(steps, ["small"]).tolist() == found.tolist()  # type: ignore[union-attr]
    assert logged_latencies(steps, ["small", "mid"]) is None
    assert np.isfinite(found).all()
