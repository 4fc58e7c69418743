"""Labelling on the dashboard: blind, in the order of the terminal, into the same file, and only from its own form."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.serving.conftest import StartApp
from tests.serving.dashboard.test_pages import EVIL, LOCAL, read
from tierwise.data.compared.labelled import read_labels, same_items
from tierwise.data.decision_log import DecisionLog

if TYPE_CHECKING:
    from starlette.testclient import TestClient

N_PAIRS = 24


def mirror(client: "TestClient", i: int, is_same: bool | None = True, cheap: str = "Low") -> None:
    """A decision of the top tier and the answer of ``small`` beside it."""
    step = {"text": f"Say {i}. {EVIL}", "task_type": "draft" if i % 2 else "plan"}
    named = {"decision_id": client.post("/route", json={"step": step}).json()["decision_id"]}
    top = named | {"tier": "frontier", "output": f"Top {i}"}
    small = named | {"tier": "small", "output": f"{cheap} {i}", "mirror": True, "is_same": is_same}
    small["idempotency_key"] = "mirror-small"
    assert client.post("/outcomes", json=[top, small]).status_code == 200


@pytest.fixture
def client(start: StartApp) -> "TestClient":
    client = start(dashboard_keep_seconds=0)
    for i in range(N_PAIRS):
        mirror(client, i, is_same=i % 4 > 0)
    return client


def shown(client: "TestClient") -> tuple[str, str]:
    """The step and the tier that the form names."""
    fields = dict(re.findall(r'name="(step_id|tier)" value="([^"]+)"', read(client, "/label")))
    return fields["step_id"], fields["tier"]


def send(client: "TestClient", value: str, headers: dict[str, str] | None = None, **other: str) -> int:
    named = dict(zip(("step_id", "tier"), shown(client), strict=True))
    answer = client.post(
        "/dashboard/label",
        data=named | {"value": value} | other,
        headers=LOCAL | (headers or {}),
        follow_redirects=False,
    )
    return int(answer.status_code)


@pytest.mark.slow
def test_labels_stand_in_the_file_of_the_terminal_in_its_order(client: "TestClient", tmp_path: Path) -> None:
    for value in ("yes", "no", "skip"):
        assert send(client, value) == 303
    labels = read_labels(tmp_path / "labels.jsonl")
    assert [(each.value, each.question, each.by) for each in labels] == [
        (True, "same", "dashboard"),
        (False, "same", "dashboard"),
        (None, "same", "dashboard"),
    ]
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        items = same_items(log.logged_steps(), "frontier")
    assert [(each.step_id, each.tier) for each in labels] == [(each.step_id, each.tier) for each in items[:3]]
    assert [item.verdict for item in items].count(0.0) == N_PAIRS // 4  # what was found before redaction
    assert "3 of 100 labelled" in read(client, "/label")


@pytest.mark.slow
def test_nobody_sees_whose_answer_is_whose(client: "TestClient") -> None:
    firsts = set()
    for _ in range(8):
        page = read(client, "/label")
        pair = re.findall(r"<h2>Answer \d</h2><pre[^>]*>(Top|Low) \d+</pre>", page)
        assert sorted(pair) == ["Low", "Top"]
        firsts.add(pair[0])
        send(client, "yes")
    assert firsts == {"Low", "Top"}


@pytest.mark.slow
def test_what_callers_wrote_is_escaped(client: "TestClient") -> None:
    assert EVIL not in read(client, "/label")


@pytest.mark.slow
def test_twenty_labels_say_what_the_comparison_is_worth(client: "TestClient") -> None:
    assert "No label yet." in read(client, "/label")
    for _ in range(N_PAIRS):
        send(client, "yes")
    page = read(client, "/label")
    assert "Everything is labelled" in page
    assert re.search(r'data-label="labels">24<', page)
    assert re.search(r'data-label="false failures">25 %<', page)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({}, {"origin": "http://evil.example"}, 403),
        ({}, {"host": "evil.example"}, 403),
        ({"value": "perhaps"}, {}, 422),
        ({"tier": "frontier"}, {}, 409),
        ({"step_id": "of-nobody"}, {}, 409),
        ({"value": "y" * 5_000}, {}, 413),
    ],
)
def test_nothing_else_becomes_a_label(
    fields: dict[str, str], headers: dict[str, str], status: int, client: "TestClient", tmp_path: Path
) -> None:
    assert send(client, **({"value": "yes"} | fields), headers=headers) == status
    assert read_labels(tmp_path / "labels.jsonl") == []


def test_without_pairs_the_page_says_how_to_get_some(start: StartApp) -> None:
    page = read(start(), "/label")
    assert "--mirror-usd-per-day" in page
    assert "No pair to label yet" in page
