"""Requests made up at random over every endpoint, on both databases: no server error, and every page is there after it."""

import json
import random
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.attacks.conftest import SCALE
from tests.attacks.service import PAGES, course_tiers, serving

N_REQUESTS = 1_000 * SCALE
VALUES: list[Any] = [
    None, True, 0, -1, 1, 0.5, 1e15, 1e16, 1e308, -1e308, 10**400, 2**63, "", "x", "\u0000", "\ud83d", "👍" * 600, "İ", "a" * 3_000, "NaN",
    [], {}, [[]], {"a": None}, ["x"], "2026-11-01T12:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "static/x", "../..", "a/b?c#d%",
]  # fmt: skip
ROUTE: dict[str, Any] = {
    "step": {
        "text": "x", "messages": [{"role": "user", "content": "x"}], "task_type": "extract", "tools": [{"name": "f", "parameters": {"properties": {"a": {}}}}],
        "response_schema": {"type": "object"}, "input_complexity": 3, "requires_judgment": False, "human_visible": True, "input_tokens": 5,
        "step_index": 1, "retry": 0, "previous_error": "e", "agent": "a", "node": "n", "role": "worker",
    },
    "task_id": "t", "session_id": "s", "step_id": "i",
    "options": {"max_quality_loss": 0.03, "min_tier": "small", "max_tier": "frontier", "max_cost_usd": 1.0, "catch_rate": 0.5, "explain": True},
    "session": {"current_tier": "small", "cached_tokens": 5},
}  # fmt: skip
OUTCOME: dict[str, Any] = {
    "decision_id": "l-1", "tier": "small", "model": "m", "success": True, "score": 1.0, "input_tokens": 5, "output_tokens": 5, "cached_tokens": 0,
    "cost_usd": 0.1, "latency_ms": 5.0, "evaluator": "e", "error": "e", "idempotency_key": "k", "reported_at": "2026-11-01T12:00:00Z",
    "decided_by_caller": {
        "tier": "small", "step": ROUTE["step"], "task_id": "t", "session_id": "s", "decided_at": "2026-11-01T12:00:00Z", "p_success": {"small": 0.5},
        "expected_cost_usd": {"small": 0.1}, "propensity": 1.0, "policy": "p", "arm": "a", "router_version": "v", "reason": {"code": "c", "text": "t"},
    },
}  # fmt: skip
CHAT: dict[str, Any] = {
    "model": "auto", "messages": [{"role": "user", "content": "x", "tool_calls": []}], "stream": False, "temperature": 0.5, "max_tokens": 5,
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}], "metadata": {"task_id": "t"}, "response_format": {"type": "text"},
}  # fmt: skip
OPTIONS: dict[str, Any] = {
    "step": {"task_type": "count"},
    "options": {"max_quality_loss": 0.05, "courses": True},
    "task_id": "t",
    "session_id": "s",
}
COURSE: dict[str, Any] = {
    "model": "auto",
    "messages": [{"role": "user", "content": "How many? (53)"}],
    "tierwise": OPTIONS,
    "logprobs": False,
    "n": 1,
}
RESPONSES: dict[str, Any] = {
    "model": "auto", "input": [{"role": "user", "content": [{"type": "input_text", "text": "How many? (53)"}]}], "store": False, "stream": False,
    "instructions": "x", "tools": [{"type": "function", "name": "f", "parameters": {}}], "previous_response_id": None, "tierwise": OPTIONS,
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}}, "max_output_tokens": 50, "reasoning": {"effort": "low"},
}  # fmt: skip
MESSAGES: dict[str, Any] = {
    "model": "auto", "max_tokens": 50, "system": "x", "messages": [{"role": "user", "content": [{"type": "text", "text": "How many? (53)"}]}],
    "tools": [{"name": "f", "description": "x", "input_schema": {"type": "object"}}], "stream": False, "tool_choice": {"type": "auto"},
    "thinking": {"type": "enabled", "budget_tokens": 1_024}, "metadata": {"user_id": "u"}, "tierwise": OPTIONS,
}  # fmt: skip
ACCEPT: dict[str, Any] = ROUTE | {
    "decision_id": "d-1",
    "step": ROUTE["step"] | {"task_type": "count"},
    "answers": [
        {"tier": "small", "model": "m", "output": "7", "logprobs": {"mean": -0.1, "min": -0.5, "n": 2}, "finish_reason": "stop", "output_tokens": 5},
        {"tier": "mid", "tool_calls": [{"name": "f", "arguments": {"a": 1}}], "logprobs": {"content": [{"token": "x", "logprob": -0.1}]}},
        {"tier": "mid", "answer_key": "number/10.0/7", "logprobs": [-0.1, -0.2]},
    ],
}  # fmt: skip
RAMP = "/dashboard/certificate/ramp"
"""Keeps most tasks at the top from then on, which leaves little to attack: for the end."""
BODIES: dict[str, Any] = {
    "/route": ROUTE,
    "/route/batch": {"requests": [ROUTE, ROUTE]},
    "/accept": ACCEPT,
    "/outcomes": OUTCOME,
    "/v1/chat/completions": CHAT,
    "/v1/chat/completions?course": COURSE,
    "/v1/responses": RESPONSES,
    "/v1/responses?course": {name: RESPONSES[name] for name in ("model", "input", "store", "stream", "tierwise")},
    "/v1/messages?course": {name: MESSAGES[name] for name in ("model", "max_tokens", "messages", "stream", "tierwise")},
    "/v1/messages": MESSAGES,
    "/v1/messages/count_tokens": MESSAGES,
    "/v1/completions": {"model": "auto", "prompt": "x", "max_tokens": 5, "stream": False, "suffix": "x"},
    "/v1/embeddings": {"model": "vectors-1", "input": ["x", "y"], "dimensions": 5, "encoding_format": "float"},
    "/reload": {},
    RAMP: {},
    "/dashboard/login": {},
    "/dashboard/logout": {},
    "/dashboard/label": {},
}
READS = (
    "/decisions/{}",
    "/metrics",
    "/readyz",
    "/v1/models",
    "/v1/models/{}",
    "/openapi.json",
    "/healthz",
    "/dashboard/decisions/{}",
    "/dashboard/tasks/{}",
    "/dashboard/decisions?tier={}&page={}",
    "/dashboard/tax?since={}",
    "/dashboard/certificate?loss={}&tier={}",
    "/dashboard/quality?since={}",
    "/dashboard/experiments?page={}",
)


def mutated(raw: Any, draw: random.Random) -> Any:
    """A copy with one to three values replaced, removed or added somewhere."""
    copy = json.loads(json.dumps(raw))
    for _ in range(draw.randint(1, 3)):
        node: Any = copy
        while isinstance(node, dict | list) and node:
            key = draw.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if isinstance(node[key], dict | list) and node[key] and draw.random() < 0.75:
                node = node[key]
                continue
            if draw.random() < 0.15:
                del node[key]
            else:
                node[key] = deepcopy(draw.choice(VALUES))
            if isinstance(node, dict) and draw.random() < 0.1:
                node[str(draw.choice(VALUES))[:50]] = deepcopy(draw.choice(VALUES))
            break
    return copy


@pytest.mark.slow
def test_no_request_is_a_server_error(tmp_path: Path, log_url: str, models_port: int, answered_folder: Path) -> None:
    draw, statuses, errors, n_courses = random.Random(17), Counter[int](), list[str](), 0
    settings: dict[str, Any] = {
        "bundle": answered_folder,
        "courses": True,
        "answers": "text",
        "audit_share": 0.5,
        "audit_different": 0.9,
    }
    settings |= {"tiers": course_tiers(tmp_path, models_port), "mirror_usd_per_day": 1.0, "mirror_share": 0.05}
    with serving(tmp_path, log_url=log_url, dashboard_keep_seconds=0, **settings) as service:
        for i in range(N_REQUESTS):
            if draw.random() < 0.25:
                value = quote(str(draw.choice(VALUES)).encode("utf-8", "replace")[:200], safe="/")
                method = draw.choice(["GET", "GET", "GET", "DELETE", "HEAD", "PUT"])
                path = draw.choice(["/tasks/{}", "/sessions/{}"] if method == "DELETE" else READS).replace("{}", value)
                content = None
            else:
                paths = [*BODIES, *(each for each in BODIES if each.endswith("?course"))]
                if i < 0.8 * N_REQUESTS:
                    paths.remove(RAMP)
                method, path = "POST", draw.choice(paths)
                # One in eight as it stands, so that what it should reach is reached, whatever is drawn.
                untouched = BODIES[path] | ({"tierwise": OPTIONS | {"task_id": f"t-{i}"}} if "course" in path else {})
                content = json.dumps(untouched if draw.random() < 0.125 else mutated(BODIES[path], draw)).encode()
            answer = service.client.request(method, path, content=content, headers={"content-type": "application/json"})
            statuses[answer.status_code] += 1
            n_courses += "x-tierwise-course" in answer.headers
            if answer.status_code >= 500 and path != "/readyz":
                errors.append(
                    f"{answer.status_code} {method} {path} {answer.text[:150]} <- {(content or b'')[:1500]!r}"
                )
            if i % 500 == 499 or i == N_REQUESTS - 1:
                pages = {page: service.client.get(f"/dashboard{page}").status_code for page in PAGES}
                assert set(pages.values()) == {200}, (pages, errors[-3:])
            if i % 10_000 == 9_999:
                print(f"{i + 1} requests, {n_courses} courses, {len(errors)} server errors", flush=True)
        assert service.stop() < 25
    print(f"{N_REQUESTS} requests, {n_courses} courses: {dict(sorted(statuses.items()))}")
    assert errors == []
    assert statuses[200] > N_REQUESTS / 20
    assert n_courses > N_REQUESTS / 50
