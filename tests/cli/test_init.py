"""``tierwise init`` from a person's side: flags, a log, and models that answer or do not."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RunTierwise = Callable[..., Any]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(path: Path) -> dict[str, list[str]]:
    tiers = tomllib.loads(path.read_text(encoding="utf-8"))["tiers"]
    return {tier["name"]: [model["name"] for model in tier["models"]] for tier in tiers}


def test_a_log_says_what_is_in_use(tierwise: RunTierwise, place: Path) -> None:
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    message = {"role": "assistant", "content": "Yes."}
    lines = [
        json.dumps(
            {"request": request, "response": {"id": f"c-{i}", "model": "gpt-4o", "choices": [{"message": message}]}}
        )
        for i in range(7)
    ]
    (place / "log.jsonl").write_text("\n".join(lines))
    ran = tierwise("init", "--log", "log.jsonl")
    assert ran.code == 0
    assert "In use: gpt-4o, 7 calls" in ran.err
    assert names(place / "tiers.toml")["frontier"] == ["gpt-4o"]
    assert "Next: tierwise import log.jsonl --from openai --tiers tiers.toml --out steps.jsonl" in ran.err
    assert "tierwise serve --observe --tiers tiers.toml" in ran.err


def test_what_is_there_is_kept(tierwise: RunTierwise, place: Path) -> None:
    (place / "tiers.toml").write_text("mine")
    ran = tierwise("init", "--provider", "openai")
    assert (ran.code, (place / "tiers.toml").read_text()) == (2, "mine")
    assert "tiers.toml is there already; name another --out, or write over it with --force" in ran.err
    assert tierwise("init", "--provider", "openai", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("init --provider acme", "there is no preset for 'acme'"),
        ("init", "neither a provider nor a model is named"),
        ("init --log log.jsonl --from word", "--from word is no format"),
        ("init --log log.jsonl", "log.jsonl: no LLM call found in the first records in any format"),
        ("init --log log.jsonl --from openai", "no call with a model in 1 records; is it a log of another format"),
    ],
)
def test_trouble_is_one_line(arguments: str, message: str, tierwise: RunTierwise, place: Path) -> None:
    (place / "log.jsonl").write_text("{}")
    ran = tierwise(*arguments.split())
    assert ran.code == 2
    assert message in ran.err.splitlines()[-1]
    assert not (place / "tiers.toml").exists()


def test_models_that_do_not_answer_are_named(tierwise: RunTierwise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    ran = tierwise("init", "--provider", "groq", "--check")
    assert ran.code == 1
    assert "needs a key and GROQ_API_KEY is not set" in ran.err
    assert "3 of 3 models did not answer" in ran.err.splitlines()[-1]
