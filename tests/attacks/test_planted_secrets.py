"""Secrets planted in a log, followed through everything that is made of it: bundle, registry, report, exports, service."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.attacks.service import Service, course_tiers, serving
from tests.data.sensitive.labelled import NAMED, VALUES
from tierwise.agents.client import LocalClient
from tierwise.cli import app

SECRETS = [
    make(random.Random(f"planted {kind}")) for kind, make in VALUES.items() if "block" not in kind and "key" in kind
]
SECRETS = [secret for secret in SECRETS if "\n" not in secret]
PASSWORDS = [make(random.Random(f"planted {name}")) + "Qz7" for name, make in NAMED.items()]


def planted_step(i: int) -> dict[str, Any]:
    """A step with a secret wherever a text may stand."""
    secret, password = SECRETS[i % len(SECRETS)], PASSWORDS[i % len(PASSWORDS)]
    return {
        "text": f"Use {secret} for step {i}. password={password}",
        "task_type": "extract" if i % 2 else "format",
        "agent": f"agent-{secret}" if i % 3 == 0 else "worker",
        "node": "n",
        "tools": [
            {"name": "f", "description": f"as {secret}", "parameters": {"properties": {"q": {"default": secret}}}}
        ],
        "response_schema": {"title": secret, "type": "object"},
        "previous_error": f"401 for {secret}",
        "deep": {"list": [{"x": secret, secret: 1}], "password": password},
    }


def planted_answer(i: int, tier: str) -> dict[str, Any]:
    """What an attempt may say of its answer, with a secret in every text of it."""
    secret, password = SECRETS[i % len(SECRETS)], PASSWORDS[i % len(PASSWORDS)]
    own = {"model": f"{tier}-1", "finish_reason": f"stop {secret}", "logprobs": {"mean": -0.2, "min": -1.0, "n": 9}}
    if i % 4 == 0:
        return own | {"tool_calls": [{"name": "f", "arguments": {"q": secret, secret: f"password={password}"}}]}
    return own | {"output": f"{i % 3 if tier == 'small' else 0} {secret} password={password}"}


def planted_lines(n: int) -> list[dict[str, Any]]:
    return [
        {
            "step_id": f"s-{i}-{SECRETS[i % len(SECRETS)]}",
            "task_id": f"t-{i}",
            "timestamp": 1_790_000_000 + 600 * i,
            "step": planted_step(i),
            "attempts": [
                {"tier": "small", "success": i % 3 > 0, "cost_usd": 1e-5, "error": SECRETS[i % len(SECRETS)]}
                | planted_answer(i, "small"),
                {"tier": "mid", "success": i % 5 > 0, "cost_usd": 1e-4} | planted_answer(i, "mid"),
                {"tier": "frontier", "success": True, "cost_usd": 1e-3} | planted_answer(i, "frontier"),
            ],
        }
        for i in range(n)
    ]


def leaks(folder: Path, but_not: tuple[str, ...] = ()) -> dict[str, str]:
    """Files below ``folder`` that hold a planted secret, with one each."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in but_not:
            content = path.read_bytes()
            for secret in (*SECRETS, *PASSWORDS):
                if secret.encode() in content or json.dumps(secret)[1:-1].encode() in content:
                    found[str(path.relative_to(folder))] = secret
    return found


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.slow
def test_nothing_planted_is_in_what_training_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in planted_lines(600)))
    said = run("train", "--log", log, "--out", "bundle")
    assert json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert list((tmp_path / "bundle").glob("acceptance*")), "no courses were trained, so nothing of answers was seen"
    said += run("evaluate", "--bundle", "bundle", "--log", log, "--report", "report", "--json", "figures.json")
    said += run("tax", "--log", log)
    said += run("drift", "--bundle", "bundle", "--log", log, "--since", "2026-09-23T16:00:00Z", "--json", "drift.json")
    said += run("train", "--log", log, "--target", "same-answer", "--out", "same")
    assert leaks(tmp_path, but_not=("log.jsonl",)) == {}
    assert not any(secret in said for secret in (*SECRETS, *PASSWORDS))


def test_nothing_planted_is_in_an_import_or_its_quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(line) for line in planted_lines(40)]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, f'{{"step_id": "{SECRETS[0]}"', ""]))
    said = run("import", "--from", "tierwise", "log.jsonl", "--out", "steps.jsonl")
    steps = (tmp_path / "steps.jsonl").read_text().splitlines()
    for line in steps:  # ids stay as they are: they are how steps are found again
        kept = json.loads(line)
        del kept["step_id"]
        assert not any(secret in json.dumps(kept) for secret in (*SECRETS, *PASSWORDS))
    assert leaks(tmp_path, but_not=("log.jsonl", "steps.jsonl")) == {}
    assert not any(secret in said for secret in SECRETS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["redacted", "features_only"])
def test_nothing_planted_is_in_what_a_service_keeps_or_tells(tmp_path: Path, mode: str) -> None:
    with serving(tmp_path, redaction=mode) as service:
        for i in range(len(SECRETS)):
            step, secret = planted_step(i), SECRETS[i]
            step["messages"] = [{"role": f"user {secret}", "content": secret, "name": secret}]
            step["tools"][0]["name"] = f"call {secret}"
            answer = service.client.post("/route", json={"step": step, "task_id": "t"}).json()
            outcome = {
                "decision_id": answer["decision_id"],
                "tier": "small",
                "error": secret,
                "evaluator": secret,
                "output": secret,
            }
            assert service.client.post("/outcomes", json=outcome).status_code == 200
            own = {
                "tier": "small",
                "step": step,
                "reason": {"code": secret, "text": secret},
                "policy": secret,
                "arm": secret,
            }
            report = {"decision_id": f"l-{i}", "tier": "small", "decided_by_caller": own}
            assert service.client.post("/outcomes", json=report).status_code == 200
        told = [
            service.client.get(path).text
            for path in ("/metrics", "/dashboard/", "/dashboard/decisions", "/dashboard/failures", "/decisions/l-0")
        ]
        service.stop()
    assert leaks(tmp_path) == {}
    assert not any(secret in text for text in told for secret in (*SECRETS, *PASSWORDS))


def leaked(folder: Path, told: list[str]) -> list[str]:
    """Where a planted secret is: files below ``folder``, and ``told`` by its place."""
    found = [f"{name}: {secret}" for name, secret in leaks(folder).items()]
    for text in told:
        found += [text[max(0, text.index(s) - 200) :][:300] for s in (*SECRETS, *PASSWORDS) if s in text]
    return found


def pages_of(service: Service, decision_ids: list[str]) -> list[str]:
    paths = [
        "/",
        "/decisions",
        "/failures",
        "/tasks",
        "/quality",
        "/certificate",
        "/label",
        "/tax",
        "/experiments",
        "/routers",
    ]
    paths = [f"/dashboard{path}" for path in paths] + ["/metrics"]
    for decision_id in decision_ids:
        paths += [f"/decisions/{decision_id}", f"/dashboard/decisions/{decision_id}"]
    return [service.client.get(path).text for path in paths]


def attack_with(service: Service, i: int, secret: str) -> list[str]:
    """One call, one judgement and two reports with ``secret`` wherever a text may stand; the ids of the decisions."""
    hostile = ("", "mid=planted", "small=planted mid=planted", "mid=plantedcall", "mid=planterror")[i % 5]
    said = "" if hostile else f"say={secret}"
    asked = {
        "step": {"task_type": "count", "agent": secret, "node": f"n {secret}"},
        "options": {"max_quality_loss": 0.05},
    }
    chat = {
        "model": "auto",
        "messages": [{"role": "user", "content": f"How many? {secret} <<{hostile} {said}>>"}],
    }
    tools = [{"type": "function", "function": {"name": "book", "parameters": {"default": secret}}}]
    sent = chat | {"tierwise": asked, "user": secret} | ({"tools": tools} if "call" in hostile else {})
    answer = service.client.post("/v1/chat/completions", json=sent)
    assert answer.status_code == 200
    decision_id = answer.headers["x-tierwise-decision-id"]
    own = [{"tier": tier, "output": secret, "finish_reason": secret, "model": secret} for tier in ("small", "mid")]
    body = {"decision_id": decision_id, "step": {"text": secret, "task_type": "count"}, "answers": own}
    assert service.client.post("/accept", json=body).status_code == 200
    outcome = {
        "decision_id": decision_id,
        "tier": secret if i % 2 else "small",
        "finish_reason": secret,
        "answer_key": f"text/8.0/{secret}",
        "tool_calls": [
            {"name": secret, "arguments": {secret: [secret]}},
            {"name": "f", "arguments": f'{{"a": "{secret}"}}'},
        ],
        "logprobs": {"mean": -1, "min": -2, "n": 3, "x": secret},
        "course": {"ask": [secret], "accept": secret, secret: secret},
        "acceptance": {"accepted": secret, "reason": secret, "p_success": {secret: 0.5}},
        "p_audit": secret,
    }
    service.client.post("/outcomes", json=outcome)
    own_decision = {
        "tier": secret,
        "step": {"text": "x"},
        "p_success": {secret: 0.5},
        "expected_cost_usd": {secret: 0.5},
    }
    service.client.post("/outcomes", json={"decision_id": f"o-{i}", "tier": "small", "decided_by_caller": own_decision})
    return [decision_id, f"o-{i}"]


@pytest.mark.slow
@pytest.mark.parametrize("answers", ["key", "text"])
@pytest.mark.parametrize("mode", ["redacted", "features_only"])
def test_nothing_planted_is_in_what_courses_and_audits_leave(
    tmp_path: Path, models_port: int, answered_folder: Path, mode: str, answers: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Prompts, answers, calls and errors of models; what ``/accept`` is asked; what callers report of their answers."""
    settings = {
        "courses": True,
        "audit_share": 1,
        "audit_usd_per_day": 100,
        "mirror_usd_per_day": 100,
        "mirror_share": 1,
    }
    settings |= {"bundle": answered_folder, "tiers": course_tiers(tmp_path, models_port), "log_level": "debug"}
    with serving(tmp_path, redaction=mode, answers=answers, **settings) as service:
        ids = [each for i, secret in enumerate(SECRETS) for each in attack_with(service, i, secret)]
        time.sleep(1)
        told = pages_of(service, ids[:20])
        service.stop()
    captured = capfd.readouterr()
    assert leaked(tmp_path, [*told, captured.out, captured.err]) == []


def test_nothing_planted_is_in_the_log_of_a_client_without_a_service(tmp_path: Path) -> None:
    with LocalClient(log_url=f"sqlite:///{tmp_path}/decisions.db") as client:
        for i, secret in enumerate(SECRETS):
            decision = client.route(text=f"Use {secret}", task_type="extract", agent=f"a {secret}")
            client.outcome(decision, tier="small", error=secret, extra={"course": {"ask": [secret]}, "i": i})
        assert client.flush(30)
    assert leaked(tmp_path, []) == []
