"""The snapshot: what is in it, what is not and why, and that it can be read back."""

from dataclasses import replace
from pathlib import Path

from tierwise.data.drawing.fingerprint import dataset_fingerprint
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.step_log import load_step_logs
from tierwise.training.flywheel.snapshot import BEFORE_MARK, NO_OUTCOME, REPEATED, take_snapshot

TIERS = ("small", "mid")


def step(name: str, at: float | None, success: bool | None = True, tier: str = "small") -> LoggedStep:
    return LoggedStep(name, Step(f"Do {name}"), (Attempt(tier, success=success),), timestamp=at)


def test_every_step_left_out_has_its_reason() -> None:
    snapshot = take_snapshot(
        [
            step("old", 5),
            step("a", 20),
            step("b", 30, None),
            step("c", 40, tier="huge"),
            step("a", 50),
            step("d", None),
        ],
        TIERS,
        since=10,
    )
    assert [(kept.step_id, kept.timestamp) for kept in snapshot.steps] == [("a", 50)]
    assert snapshot.left_out == {BEFORE_MARK: 2, NO_OUTCOME: 2, REPEATED: 1}
    assert snapshot.newest == 50


def test_new_steps_are_those_after_the_mark() -> None:
    snapshot = take_snapshot([step("a", 1), step("b", 2), step("c", None)], TIERS)
    assert (snapshot.n_since(None), snapshot.n_since(1), snapshot.n_since(2)) == (3, 1, 0)


def test_order_changes_nothing_and_the_file_reads_back(tmp_path: Path) -> None:
    steps = [step(f"s{i}", float(i)) for i in range(5)]
    snapshot = take_snapshot(steps, TIERS)
    assert take_snapshot(steps[::-1], TIERS).fingerprint == snapshot.fingerprint
    assert take_snapshot([replace(steps[0], task_id="t"), *steps[1:]], TIERS).fingerprint != snapshot.fingerprint
    path = snapshot.write(tmp_path)
    assert dataset_fingerprint(load_step_logs([path]).steps) == snapshot.fingerprint
    assert snapshot.write(tmp_path) == path
