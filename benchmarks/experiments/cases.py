"""The experiments that are played: what is true in them, and how many tasks they have."""

from dataclasses import dataclass

from tierwise.training.evaluation.experiments.worlds import ExperimentWorld


@dataclass(frozen=True, slots=True)
class Case:
    """A world, how many experiments are played in it, and how many tasks each has."""

    world: ExperimentWorld
    n_tasks: int = 2000
    n_experiments: int = 500


def _heavy(n_tasks: int = 8000, cost_factor: float = 1.0, n_experiments: int = 500, **options: bool | float) -> Case:
    """Sizes of tasks are Pareto with exponent 1.1, at most 2,000 steps."""
    world = ExperimentWorld(cost_factor=cost_factor, tail=1.1, **options)  # type: ignore[arg-type]
    return Case(world, n_tasks, n_experiments)


CASES = {
    "A/B, 30 % cheaper, same success": Case(ExperimentWorld(0.0, 0.7)),
    "heavy A/A, 5 %": _heavy(share=0.05),
    "heavy A/A, 10 %": _heavy(share=0.1),
    "heavy A/A, 5 %, cost is size": _heavy(share=0.05, cost_noise=0.0),
    "heavy A/A, 10 %, cost is size": _heavy(share=0.1, cost_noise=0.0),
    "heavy A/B, 30 % cheaper, 50 %, 2,000 tasks": _heavy(2000, 0.7),
    "heavy A/B, 30 % cheaper, 50 %": _heavy(4000, 0.7),
    "A/A": Case(ExperimentWorld()),
    "A/A, ramp 1 % - 10 % - 50 %": Case(ExperimentWorld(is_ramped=True)),
    "A/B, 30 % cheaper, same success, ramp": Case(ExperimentWorld(0.0, 0.7, is_ramped=True)),
    "A/B, 50 % cheaper, 1 point lost": Case(ExperimentWorld(0.012, 0.5)),
    "A/B, 30 % cheaper, 8 points lost": Case(ExperimentWorld(0.1, 0.7)),
    "heavy A/A, 5 %, 2,000 tasks": _heavy(2000, share=0.05, n_experiments=200),
    "heavy A/A, 10 %, 2,000 tasks": _heavy(2000, share=0.1, n_experiments=200),
    "heavy A/A, 7 %": _heavy(4000, share=0.07, n_experiments=200),
    "heavy A/A, 50 %": _heavy(4000, n_experiments=200),
    "heavy A/A, ramp": _heavy(4000, is_ramped=True, n_experiments=200),
    "heavy A/A, 5 %, steps share a fate": _heavy(4000, share=0.05, is_shared_fate=True, n_experiments=200),
    "heavy A/A, 5 %, half the tasks free": _heavy(4000, share=0.05, p_free=0.5, n_experiments=200),
    "heavy A/A, 5 %, one giant task": _heavy(4000, share=0.05, has_giant=True, n_experiments=200),
    "heavy A/B, 30 % cheaper, 10 %": _heavy(4000, 0.7, share=0.1, n_experiments=200),
}
