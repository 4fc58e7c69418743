"""The logs to measure on: those that are named, or the real ones beside the checkout and the sample log."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.decisions.problem import Problem, read_problem
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import LogError

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SAMPLE_LOG, SAMPLE_TIERS = SAMPLES / "agent_steps.jsonl.gz", SAMPLES / "tiers.toml"
SAMPLE_NAME = "sample log"


def named_problems(paths: Sequence[Path], tiers: Path | None) -> list[Problem]:
    """All logs together where there are several, then each alone. Without ``paths``, the default ones."""
    if not paths:
        paths = _shared_logs()
        return [*_together_and_alone(paths, None), sample_problem()]
    return _together_and_alone(paths, tiers)


def sources(paths: Sequence[Path], tiers: Path | None) -> list[Problem]:
    """Each log alone. Raises ``LogError`` when there are fewer than two."""
    paths = paths or _shared_logs()
    if len(paths) < 2:
        raise LogError(f"{len(paths)} logs; at least two sources are needed, give --log twice or more")
    catalogue = TierCatalogue.load(tiers)
    return [read_problem(_name(path), [path], catalogue) for path in paths]


def together(problems: Sequence[Problem], name: str) -> Problem:
    return Problem.of(name, [step for problem in problems for step in problem.steps], problems[0].catalogue)


def sample_problem() -> Problem:
    return read_problem(SAMPLE_NAME, [SAMPLE_LOG], TierCatalogue.load(SAMPLE_TIERS))


def _shared_logs() -> list[Path]:
    """Those whose tiers are the default ones: a log with a tiers file of its own cannot be put together with others."""
    paths = sorted(SHARED_DATA.glob("*.jsonl.gz"))
    return [path for path in paths if not path.with_name(f"{_name(path)}.tiers.toml").exists()]


def _together_and_alone(paths: Sequence[Path], tiers: Path | None) -> list[Problem]:
    catalogue = TierCatalogue.load(tiers)
    alone = [read_problem(_name(path), [path], catalogue) for path in paths]
    return [together(alone, f"all {len(alone)} together"), *alone] if len(alone) > 1 else alone


def _name(path: Path) -> str:
    return path.name.split(".")[0]
