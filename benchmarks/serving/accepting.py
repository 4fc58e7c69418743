"""What ``/accept`` is asked: the sample's steps with what small and mid really answered, and a router that judges both.

The sample's own router rightly orders no course for most of its steps; here every step has one, so that each request
reads two answers and judges them.
"""

import gzip
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.serving.bodies import SIZES, step_of
from tierwise.data.courses import LEARNED
from tierwise.data.samples import sample_log_path
from tierwise.router_model.accepting.course_menu import CertifiedCourse, CourseMenu
from tierwise.router_model.bundle import read_bundle, write_bundle

_FIELDS = ("tier", "model", "output", "tool_calls", "logprobs", "finish_reason", "output_tokens")


def judging_bundle(folder: Path) -> Path:
    """The bundle in ``folder`` beside it once more, with one course for every step: small and mid, learned."""
    bundle = read_bundle(folder)
    courses = bundle.parts.courses
    if courses is None:
        raise SystemExit(f"{folder} has no courses: its log holds no answers")
    both = (CertifiedCourse(0.0, (0, 1), LEARNED, 0.02, 0.0, 0.1),)
    parts = replace(bundle.parts, courses=replace(courses, menu=CourseMenu(None, (), both, both)))
    found = folder.with_name(f"{folder.name}-judging")
    golden = [dict(one) for one in bundle.golden]
    write_bundle(found, parts, golden, {"data_fingerprint": bundle.manifest["data_fingerprint"]})
    return found


def accept_body(number: int) -> bytes:
    """A step of about 64 tokens with the answers of the sample's step that it is made of."""
    step = step_of(SIZES[1], number)
    body = {"decision_id": f"d-{number}", "task_id": f"t-{number}", "step": step, "answers": _answers(step)}
    return json.dumps(body).encode()


def _answers(step: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = _by_kind()
    return kinds.get(step.get("task_type") or "", next(iter(kinds.values())))


@cache
def _by_kind() -> dict[str, list[dict[str, Any]]]:
    """By task type the answers to its first step that both tiers answered."""
    found: dict[str, list[dict[str, Any]]] = {}
    with gzip.open(sample_log_path(), "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            attempts = {each["tier"]: each for each in reversed(row["attempts"])}
            asked = [attempts[tier] for tier in ("small", "mid") if attempts.get(tier, {}).get("output")]
            if len(asked) == 2:
                answers = [{name: each[name] for name in _FIELDS if each.get(name) is not None} for each in asked]
                found.setdefault(row["step"].get("task_type") or "", answers)
    return found
