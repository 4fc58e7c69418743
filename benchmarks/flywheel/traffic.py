"""The sample log as traffic: its tasks in order of time, over and over, with the outcome of whatever tier is chosen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs


@dataclass(frozen=True, slots=True)
class Weather:
    """What is different from the sample log. ``broken_tier`` fails silently, whatever it answers; with ``liar_tier``
    somebody reports a success of that tier on every step, where nothing ran."""

    broken_tier: str | None = None
    liar_tier: str | None = None

    def outcomes(self, logged: LoggedStep, tier: str) -> list[Attempt]:
        """The attempt on ``tier``, and what is made up."""
        (attempt,) = (each for each in logged.attempts if each.tier == tier)
        found = [replace(attempt, success=False, score=0.0) if tier == self.broken_tier else attempt]
        if self.liar_tier is not None and tier != self.liar_tier:
            found.append(Attempt(self.liar_tier, success=True, evaluator="misconfigured"))
        return found


FAIR = Weather()


def sample_traffic() -> Iterator[list[LoggedStep]]:
    """Whole tasks in the order in which they began, for ever; every round has task ids of its own."""
    steps = load_step_logs([sample_log_path()], sample_catalogue()).steps
    tasks: dict[str, list[LoggedStep]] = {}
    for logged in sorted(steps, key=lambda step: step.timestamp or 0.0):
        tasks.setdefault(logged.task_id or logged.step_id, []).append(logged)
    number = 0
    while True:
        number += 1
        for task_id, of_task in tasks.items():
            yield [replace(step, step_id=f"{step.step_id}-{number}", task_id=f"{task_id}-{number}") for step in of_task]


def sample_catalogue() -> TierCatalogue:
    return TierCatalogue.load(sample_tiers_path())
