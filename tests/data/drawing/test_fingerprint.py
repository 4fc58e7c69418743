"""The same steps with the same outcomes have one fingerprint, in whatever order and format."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.drawing.fingerprint import dataset_fingerprint, in_canonical_order
from tierwise.data.records import Attempt, LoggedStep, Step

STEPS = [LoggedStep(f"s-{i}", Step(f"text {i}"), (Attempt("small", success=i % 2 == 0),)) for i in range(6)]


def test_it_is_stable_across_versions() -> None:
    """Bundles carry fingerprints: a change of this value makes every one of them look trained on other data."""
    assert dataset_fingerprint(STEPS) == "56d9558b761e674074b46ea9d19826c77d799b3b34770b25dba5e9e205b0c75f"
    assert dataset_fingerprint([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.permutations(STEPS))
def test_the_order_of_rows_does_not_matter(shuffled: list[LoggedStep]) -> None:
    assert dataset_fingerprint(shuffled) == dataset_fingerprint(STEPS)
    assert in_canonical_order(shuffled) == in_canonical_order(STEPS)


def test_every_difference_matters() -> None:
    first, rest = STEPS[0], STEPS[1:]
    others = [
        replace(first, step_id="other"),
        replace(first, group="g"),
        replace(first, step=Step("text 0 ")),
        replace(first, step=Step("text 0", retry=0)),
        replace(first, attempts=()),
        replace(first, attempts=(Attempt("small", success=False),)),
        replace(first, attempts=(Attempt("small", success=None),)),
        replace(first, attempts=(Attempt("small", success=True, simulated=True),)),
        replace(first, extra={"x": 1}),
    ]
    seen = {dataset_fingerprint([other, *rest]) for other in others} | {dataset_fingerprint(STEPS)}
    assert len(seen) == len(others) + 1


def test_a_repeated_step_counts_twice() -> None:
    assert dataset_fingerprint([STEPS[0], STEPS[0]]) != dataset_fingerprint([STEPS[0]])


def test_the_canonical_order_is_complete_and_keeps_repeated_steps() -> None:
    ordered = in_canonical_order([*STEPS, STEPS[0]])
    assert sorted(step.step_id for step in ordered) == sorted([*(step.step_id for step in STEPS), "s-0"])
    assert [step.step_id for step in ordered] != sorted(step.step_id for step in ordered)
