"""A real log of agent steps, how it was generated, and how every verdict in it can be checked again.

`agent_steps.jsonl.gz` is in the step-log format; README.md beside it says what is real in it and what is
simulated.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def sample_log_path() -> Path:
    """The sample log: gzipped JSON Lines, a step a line.

    >>> sample_log_path().name
    'agent_steps.jsonl.gz'
    """
    return _FOLDER / "agent_steps.jsonl.gz"


def sample_again_path() -> Path:
    """Attempts of the sample log, executed again with log-probabilities; `python -m tierwise.agents.collect join` adds
    them to it.

    >>> sample_again_path().name
    'asked_again.jsonl.gz'
    """
    return _FOLDER / "asked_again.jsonl.gz"


def sample_long_tasks_path() -> Path:
    """Tasks of many steps that use tools, whole prefixes and all: gzipped JSON Lines, a step a line.

    >>> sample_long_tasks_path().name
    'long_tasks.jsonl.gz'
    """
    return _FOLDER / "long_tasks.jsonl.gz"


def sample_tiers_path() -> Path:
    """The tier catalogue with the prices used in the sample log.

    >>> sample_tiers_path().name
    'tiers.toml'
    """
    return _FOLDER / "tiers.toml"


__all__ = ["sample_again_path", "sample_log_path", "sample_long_tasks_path", "sample_tiers_path"]
