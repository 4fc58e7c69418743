"""Logs as they really are: every line ends in a decision or in the quarantine, and no command ends in a traceback."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_tiers_path
from tierwise.data.serialise import logged_step_to_dict

GOOD: dict[str, Any] = {
    "an empty text": {"step": {"text": ""}},
    "nothing but messages": {"step": {"messages": [{"role": "user", "content": None}]}},
    "every field null": {"step": {"text": "a", "task_type": None, "tools": None, "response_schema": None}},
    "100,000 characters": {"step": {"text": "word " * 20_000}},
    "emoji": {"step": {"text": "👩‍👩‍👧‍👦🏳️‍🌈" * 50}},
    "right to left": {"step": {"text": "שלום עולם \u202eمرحبا بالعالم", "task_type": "תרגום"}},
    "control characters": {"step": {"text": "\x00\x07\x1b[31m\ufeff"}},
    "half a surrogate pair": {"step": {"text": "\ud800"}},
    "huge counts": {"step": {"text": "a", "input_tokens": 10**11, "input_complexity": -1e15, "step_index": 10**9}},
    "unknown fields": {"step": {"text": "a", "mood": [1, 2]}, "weather": {"rain": True}},
    "no tiers tried": {"step": {"text": "a"}, "attempts": []},
    "an unknown outcome": {"step": {"text": "a"}, "attempts": [{"tier": "small", "success": None}]},
}
"""Lines that are steps. Each gets a step id."""

BAD: dict[str, str] = {
    "broken JSON": '{"step_id": "b", ',
    "an array": "[1, 2]",
    "null": "null",
    "a text": '"step"',
    "no step id": '{"step": {"text": "a"}}',
    "a step id that is a number": '{"step_id": 7, "step": {"text": "a"}}',
    "no step": '{"step_id": "b"}',
    "neither text nor messages": '{"step_id": "b", "step": {"task_type": "extract"}}',
    "a text that is none": '{"step_id": "b", "step": {"text": ["a"]}}',
    "complexity that is no number": '{"step_id": "b", "step": {"text": "a", "input_complexity": "high"}}',
    "complexity NaN": '{"step_id": "b", "step": {"text": "a", "input_complexity": NaN}}',
    "a wrong moment": '{"step_id": "b", "step": {"text": "a"}, "timestamp": "yesterday"}',
    "deep nesting": '{"step_id": "b", "step": {"text": "a", "x": ' + "[" * 40_000 + "]" * 40_000 + "}}",
    "a number too large": '{"step_id": "b", "step": {"text": "a", "retry": 1e999}}',
}
"""Lines that are no steps, for any command."""

BAD_OUTCOMES: dict[str, Any] = {
    "an unknown tier": [{"tier": "huge", "success": True}],
    "NaN cost": [{"tier": "small", "success": True, "cost_usd": float("nan")}],
    "infinite cost": [{"tier": "small", "success": True, "cost_usd": float("inf")}],
    "negative cost": [{"tier": "small", "success": True, "cost_usd": -1}],
    "no tier": [{"success": True}],
    "success that is a text": [{"tier": "small", "success": "yes"}],
    "attempts that are none": "none",
}
"""Attempts that cannot be learned from; the step itself can be decided."""


def good_lines() -> list[str]:
    return [json.dumps({"step_id": f"good-{i}"} | line) for i, line in enumerate(GOOD.values())]


def bad_outcome_lines() -> list[str]:
    steps = [{"step_id": f"bad-{i}", "step": {"text": "a"}, "attempts": a} for i, a in enumerate(BAD_OUTCOMES.values())]
    return [json.dumps(step) for step in steps]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, train_steps: Sequence[LoggedStep]) -> Path:
    """Sound sample steps with everything above among them, blank lines, and bytes that are no text."""
    sound = [json.dumps(logged_step_to_dict(step)) for step in train_steps[:200]]
    lines = [*good_lines(), *sound[:100], *BAD.values(), "", *bad_outcome_lines(), "   ", *sound[100:]]
    path = tmp_path_factory.mktemp("hostile") / "log.jsonl"
    content = "\n".join(lines).encode()
    path.write_bytes(
        b"\xef\xbb\xbf" + content + b'\n{"step_id": "\xff", "step": {"text": "\xfe\xff"}}\n\x80\x81 broken'
    )
    return path


N_SOUND = 200
N_STEPS = len(GOOD) + N_SOUND + 1  # and the one with the odd bytes
N_BAD = len(BAD) + 1  # and the odd bytes alone


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_decide_gives_every_step_a_decision_and_keeps_every_other_line(
    tierwise: Callable[..., Any], log: Path, bundle_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "decisions.jsonl"
    ran = tierwise("decide", "--bundle", bundle_folder, "--steps", log, "--out", out)
    assert ran.code == 0
    decided = rows(out)
    assert len(decided) == N_STEPS + len(BAD_OUTCOMES)
    assert not any(row["fallback"] for row in decided)
    assert all(row["tier"] in row["p_success"] for row in decided)
    kept = rows(tmp_path / "decisions.jsonl.quarantine.jsonl")
    assert len(kept) == N_BAD
    assert [row["raw"] for row in kept[:-1]] == list(BAD.values())
    assert f"{N_BAD} malformed line(s) left out and kept in" in ran.err
    assert f"{len(decided)} decisions of router" in ran.err


@pytest.mark.slow
def test_decisions_do_not_change_with_the_outcomes_in_the_file(
    tierwise: Callable[..., Any], bundle_folder: Path, train_steps: Sequence[LoggedStep], tmp_path: Path
) -> None:
    whole = [logged_step_to_dict(step) for step in train_steps[:60]]
    bare = [{"step_id": row["step_id"], "step": row["step"]} for row in whole]
    nonsense = [row | {"attempts": "?", "decision": 7} for row in bare]
    turned = [row | {"attempts": [a | {"success": not a["success"]} for a in row["attempts"]]} for row in whole]
    found = set()
    for name, log in (("whole", whole), ("bare", bare), ("nonsense", nonsense), ("turned", turned)):
        steps, out = tmp_path / f"{name}.jsonl", tmp_path / f"{name}.out.jsonl"
        steps.write_text("\n".join(map(json.dumps, log)))
        assert tierwise("decide", "--bundle", bundle_folder, "--steps", steps, "--out", out).code == 0
        found.add(out.read_text())
    assert len(found) == 1


@pytest.mark.slow
def test_train_learns_from_what_is_sound_and_keeps_the_rest(
    tierwise: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    config = tmp_path / "train.toml"
    config.write_text("n_folds = 2\nn_components = 0\n[booster]\nn_rounds = 8\nnum_leaves = 7\n")
    ran = tierwise(
        "train", "--log", log, "--out", tmp_path / "b", "--tiers", sample_tiers_path(), "--config", config, "--no-track"
    )
    assert ran.code == 0
    kept = rows(tmp_path / "b.quarantine.jsonl")
    assert len(kept) == N_BAD + len(BAD_OUTCOMES)
    assert f"Learned from {N_SOUND} steps" in ran.err
    assert f"{N_STEPS - N_SOUND} step(s) without a known outcome taught nothing." in ran.err
    reasons = " ".join(row["reason"] for row in kept)
    for word in ("'huge' is not in the catalogue", "nan", "inf", "below 0", "'yes'", "not JSON", "nested too deeply"):
        assert word in reasons


@pytest.mark.slow
def test_evaluate_counts_what_is_known_and_says_what_is_not(
    tierwise: Callable[..., Any], log: Path, bundle_folder: Path, tmp_path: Path
) -> None:
    ran = tierwise("evaluate", "--bundle", bundle_folder, "--log", log, "--json", tmp_path / "e.json")
    assert ran.code == 0
    assert "always-frontier" in ran.out
    assert f"{N_BAD + len(BAD_OUTCOMES)} malformed line(s)" in ran.err
    assert json.loads((tmp_path / "e.json").read_text())["table"]


@pytest.mark.parametrize("line", good_lines(), ids=GOOD)
def test_explain_explains_every_step(line: str, tierwise: Callable[..., Any], bundle_folder: Path) -> None:
    ran = tierwise("explain", "--bundle", bundle_folder, "--step", line[:120_000])
    assert ran.code == 0
    assert "P(success)" in ran.out


@pytest.mark.parametrize("line", [line for name, line in BAD.items() if "step id" not in name and "moment" not in name])
def test_explain_refuses_what_is_no_step_in_one_line(
    line: str, tierwise: Callable[..., Any], bundle_folder: Path
) -> None:
    ran = tierwise("explain", "--bundle", bundle_folder, "--step", line)
    assert ran.code == 2
    assert ran.err.startswith("tierwise: ")
    assert ran.err.count("\n") == 1
    assert ran.out == ""
