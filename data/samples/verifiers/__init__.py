"""Declarative verifiers: decide from a log line alone whether an output answers its step.

Every sample step carries `"verify": {"kind": ..., ...}` with all that is needed to judge any output, so a
stored verdict can be
checked years later with neither the models nor the generators.

>>> verify({"kind": "number", "expect": 42}, "The result is 42.")
True
"""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.data.samples.verifiers.judges import JUDGES, Spec
from tierwise.data.samples.verifiers.sandbox import Job, python_job, regex_job, run_jobs

SANDBOXED = {"python_tests": python_job, "regex_cases": regex_job}
KINDS = frozenset(JUDGES) | frozenset(SANDBOXED)


class VerifierError(ValueError):
    """A verify spec that cannot be judged: unknown kind or missing data."""


def verify(spec: Spec, output: str) -> bool:
    """Whether `output` satisfies `spec`."""
    return verify_many([(spec, output)])[0]


def verify_many(pairs: Sequence[tuple[Spec, str]]) -> list[bool]:
    """Verdicts in order. Kinds that run foreign code share one sandbox process, so thousands take seconds."""
    verdicts = [False] * len(pairs)
    jobs: list[Job] = []
    places: list[int] = []
    for place, (spec, output) in enumerate(pairs):
        kind = spec.get("kind")
        try:
            if kind in SANDBOXED:
                jobs.append(SANDBOXED[kind](spec, output))
                places.append(place)
            elif kind in JUDGES:
                verdicts[place] = JUDGES[kind](spec, output)
            else:
                raise VerifierError(f"unknown verifier kind {kind!r}; known: {', '.join(sorted(KINDS))}")
        except KeyError as missing:
            raise VerifierError(f"a verifier of kind {kind!r} needs the field {missing}") from missing
    for place, verdict in zip(places, run_jobs(jobs), strict=True):
        verdicts[place] = verdict
    return verdicts


__all__ = ["KINDS", "Spec", "VerifierError", "verify", "verify_many"]
