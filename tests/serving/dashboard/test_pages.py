"""The pages over the real application, without a browser: empty, filled, hostile, and with the log away."""

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import StartApp
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.parts import Part
from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from tierwise.training.train import TrainedRouter

PATHS = (
    "/",
    "/decisions",
    "/tasks",
    "/failures",
    "/quality",
    "/experiments",
    "/routers",
    "/tax",
    "/certificate",
    "/label",
)
LOCAL = {"host": "localhost"}
EVIL = "<script>alert('x')</script>"


def read(client: TestClient, path: str) -> str:
    answer = client.get(f"/dashboard{path}", headers=LOCAL)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def play(client: TestClient, step: dict[str, Any], **outcome: object) -> str:
    """Routes a step and settles it; the outcome's answer means that both are stored."""
    route = {"step": step, "task_id": step.get("agent", "t-1"), "step_id": "s-1"}
    decision_id: str = client.post("/route", json=route).json()["decision_id"]
    known = {"decision_id": decision_id, "tier": "small", "success": True, "cost_usd": 0.25}
    assert client.post("/outcomes", json=known | outcome).status_code == 200
    return decision_id


@pytest.mark.slow
def test_an_empty_log_has_pages_that_say_what_to_do(start: StartApp) -> None:
    client = start()
    for path in PATHS:
        page = read(client, path)
        assert "<h1>" in page or "<h2>" in page, path
        assert "None" not in page, path


def test_the_overview_of_an_empty_log_names_the_first_step(start: StartApp) -> None:
    assert "POST /route" in read(start(), "/")


@pytest.mark.slow
@pytest.mark.parametrize("period", ["1h", "all", "nonsense", EVIL])
def test_every_period_is_answered(start: StartApp, period: str) -> None:
    client = start(dashboard_keep_seconds=0)
    play(client, {"text": "Extract.", "task_type": "extract"})
    for path in PATHS:
        page = client.get(f"/dashboard{path}", params={"period": period}, headers=LOCAL)
        assert page.status_code == 200, path
        assert EVIL not in page.text, path


@pytest.mark.slow
def test_what_callers_send_is_escaped_everywhere(start: StartApp) -> None:
    client = start()
    step = {"text": EVIL, "task_type": EVIL, "agent": EVIL, "node": EVIL, "role": EVIL, "depends_on": [EVIL]}
    decision_id = play(client, step, error=EVIL, evaluator=EVIL, model=EVIL, success=False)
    pages = [read(client, path) for path in (*PATHS, f"/decisions/{decision_id}")]
    pages.append(client.get("/dashboard/tasks/" + "%3Cscript%3Ealert('x')%3C/script%3E", headers=LOCAL).text)
    assert sum(html.escape(EVIL, quote=False).replace("'", "&#39;") in page for page in pages) >= 4
    assert [page for page in pages if EVIL in page] == []


def test_a_decision_shows_its_attempts_and_a_missing_one_is_said(start: StartApp) -> None:
    client = start()
    page = read(client, f"/decisions/{play(client, {'text': 'mail ada@example.org', 'task_type': 'extract'})}")
    assert "<mark>[email]</mark>" in page
    assert "$0.25" in page
    assert client.get("/dashboard/decisions/d-none", headers=LOCAL).status_code == 404
    assert client.get("/dashboard/tasks/t-none", headers=LOCAL).status_code == 404


def test_a_task_shows_the_tools_of_its_steps_and_what_was_called(start: StartApp) -> None:
    client = start()
    call = {"id": "c", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "", "tool_calls": [call, 7, {"function": {"name": EVIL}}]},
        {"role": "tool", "content": "found", "tool_call_id": "c"},
    ]
    step = {"messages": messages, "task_type": "extract", "tools": [{"name": "look_up"}, {"name": "note"}]}
    told = client.post("/route", json={"step": step, "task_id": "t-tools"}, headers=LOCAL).json()
    outcome = {"decision_id": told["decision_id"], "tier": "small", "success": True, "evaluator": "judge"}
    assert client.post("/outcomes", json=outcome, headers=LOCAL).status_code == 200
    page = read(client, "/tasks/t-tools")
    assert "may call look_up, note" in page
    assert "read what came of look_up" in page
    assert EVIL not in page


def test_text_that_is_not_stored_is_said_to_be_so(start: StartApp) -> None:
    client = start(redaction="features_only")
    page = read(client, f"/decisions/{play(client, {'text': 'A secret of 21 chars.'})}")
    assert "The text is not stored; it had 21 characters" in page
    assert "secret of" not in page


def test_a_fresh_decision_is_found_at_once(start: StartApp) -> None:
    client = start()
    read(client, "/decisions")
    decision_id = play(client, {"text": "Extract.", "task_type": "extract"})
    assert decision_id in read(client, "/decisions")


@pytest.mark.parametrize("page", ["-1", "x", "9" * 30, "٣"])
def test_a_page_number_that_is_none_is_the_first(start: StartApp, page: str) -> None:
    client = start()
    decision_id = play(client, {"text": "Extract.", "task_type": "extract"})
    assert decision_id in read(client, f"/decisions?page={page}")


def test_a_log_that_is_away_is_a_page_and_no_stack(start: StartApp, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    answer = start(log_url=f"sqlite:///{tmp_path}/folder").get("/dashboard/", headers=LOCAL)
    assert answer.status_code == 503
    assert "cannot be read right now" in answer.text
    assert str(tmp_path) not in answer.text


def test_the_pages_stand_outside_the_api(start: StartApp) -> None:
    assert not [path for path in start().get("/openapi.json").json()["paths"] if path.startswith("/dashboard")]


def test_money_shows_every_sum_with_its_explanation(start: StartApp, tmp_path: Path) -> None:
    prices = "input_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\n"
    tiers = [f'[[tiers]]\nname = "{name}"\n[[tiers.models]]\nname = "{name}-1"\n{prices}' for name in ("small", "top")]
    (tmp_path / "tiers.toml").write_text("\n".join(tiers))
    client = start(dashboard_keep_seconds=0, budget_usd_per_day=1.0, tiers=tmp_path / "tiers.toml")
    for agent in ("clerk", "clerk", EVIL):
        play(client, {"text": "Extract.", "task_type": "extract", "agent": agent, "node": "read"}, model="m-1")
    page = read(client, "/tax?period=all")
    for text in (
        "By tier",
        "By model",
        "By agent",
        "By node",
        "By month",
        "m-1",
        "clerk",
        "By task type",
        "net",
        "Known: steps whose",
    ):
        assert text in page, text
    assert "$0.75 of $1.00" in page
    assert EVIL not in page
    assert page.count("data-label") > 10


def test_pages_refresh_themselves(start: StartApp) -> None:
    client = start()
    for path in ("/", "/tax"):
        assert 'hx-trigger="every 30s" hx-select="#live"' in read(client, path)


@pytest.mark.slow
def test_the_quality_page_shows_every_part_and_what_it_promises(
    start: StartApp, trained: "TrainedRouter", tmp_path: Path
) -> None:
    no, yes = OperatingPoint(0.03, None, 0.0, 0.0, 0.0), OperatingPoint(0.03, 0.1, 0.01, 0.028, 0.456)
    parts = tuple(
        Part(name, (name,), (point,), (0, 1, 2), 1234, 90, 60.0, missing=missing)
        for name, point, missing in (("extract", yes, ""), (EVIL, no, "too few outcomes"))
    )
    policy = replace(
        trained.parts.policy, points=(no,), together=(yes,), part_field="task_type", parts=parts, missing=""
    )
    replace(trained, parts=replace(trained.parts, policy=policy)).save(tmp_path / "parted")
    client = start(decider=Router.load(tmp_path / "parted"), dashboard_keep_seconds=0)
    for is_decided in (False, True):
        if is_decided:
            play(client, {"text": "Extract.", "task_type": "extract"})
        page = read(client, "/quality")
        assert ("target-input" in page) == is_decided
        assert "task_type &#39;extract&#39;" in page
        assert "1,234" in page
        assert "2.8 %" in page
        assert "45.6 %" in page
        assert "too few outcomes" in page
        assert "Nothing is certified" not in page
        assert EVIL not in page


@pytest.mark.slow
@pytest.mark.parametrize("target", ["success", "same-answer"])
def test_the_quality_page_speaks_of_what_was_promised(
    target: str, start: StartApp, trained: "TrainedRouter", tmp_path: Path
) -> None:
    policy = replace(trained.parts.policy, target=target)
    replace(trained, parts=replace(trained.parts, policy=policy)).save(tmp_path / "bundle")
    client = start(decider=Router.load(tmp_path / "bundle"), dashboard_keep_seconds=0)
    play(client, {"text": "Extract.", "task_type": "extract"})
    page = read(client, "/quality")
    said = {
        "success": ("Tolerated loss of success against always", "nothing may be lost", "success lost"),
        "same-answer": ("Tolerated share of answers that are not", "nothing may differ", "of the answers are not"),
    }
    for of, texts in said.items():
        assert all((text in page) == (of == target) for text in texts)


@pytest.mark.slow
def test_the_quality_page_of_a_router_that_certifies_nothing_says_so_and_what_is_next(
    start: StartApp, trained: "TrainedRouter", tmp_path: Path
) -> None:
    policy = replace(
        trained.parts.policy, points=(OperatingPoint(0.03, None, 0.0, 0.0, 0.0),), together=(), parts=(), missing="x"
    )
    replace(trained, parts=replace(trained.parts, policy=policy)).save(tmp_path / "silent")
    page = read(start(decider=Router.load(tmp_path / "silent")), "/quality")
    assert page.count("Nothing is certified: x;") == 1
    assert "tierwise collect --compare frontier" in page


@pytest.mark.slow
def test_the_quality_page_shows_courses_beside_single_shots(
    start: StartApp, trained: "TrainedRouter", tmp_path: Path
) -> None:
    def share(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 40, "n_effective": 40.0}

    def row(name: str, kind: str, loss: float | None) -> dict[str, Any]:
        found = {"different": share(0.027), "saving": share(0.7), "saving_relative": share(0.713), "at_top": share(0.2)}
        return {"name": name, "kind": kind, "loss": None if loss is None else share(loss), "more": None} | found

    rows = [row("single shots", "single", 0.011), row("courses, as certified", "course", None)]
    courses = {"target": "same-answer", "max_loss": 0.03, "n_steps": 40, "n_labelled": 0, "part_field": "task_type"}
    content = {
        "format": "tierwise-evaluation/1", "versions": [], "candidate": "learned", "table": [], "calibration": [],
        "log": {"n_steps": 50, "n_groups": 50, "n_complete": 0, "n_simulated_attempts": {}},
        "full_information": {"refused": "x"}, "courses": courses | {"rows": rows, "parts": {EVIL: rows}},
    }  # fmt: skip
    (tmp_path / "evaluation.json").write_text(json.dumps(content))
    trained.save(tmp_path / "bundle")
    page = read(start(decider=Router.load(tmp_path / "bundle"), report=tmp_path), "/quality")
    assert "After the answer: courses beside single shots" in page
    assert "at most 3.0 % of the answers differ" in page
    assert page.count("71.3 %") == 4
    assert EVIL not in page
    content["courses"] = {"refused": "no answers"}
    (tmp_path / "evaluation.json").write_text(json.dumps(content))
    assert "courses beside single shots" not in read(start(report=tmp_path), "/quality")
