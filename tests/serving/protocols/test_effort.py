"""One model with two efforts is two entries: from the call to the log, in every protocol."""

from typing import Any

import pytest

from tests.strict_stub.callers import PATHS, request

EASY = {"tierwise": {"step": {"task_type": "extract"}}}


def tiers(protocol: str, **fields: Any) -> dict[str, Any]:
    entry = {"provider_name": "gpt-x", "protocols": [protocol], **fields}
    low, high = ({**entry, "name": f"x-{word}", "parameters": {"reasoning_effort": word}} for word in ("low", "high"))
    return {"small": [low], "frontier": [high]}


def effort(body: dict[str, Any]) -> str:
    found = body.get("reasoning_effort") or (body.get("reasoning") or body.get("output_config") or {}).get("effort")
    return str(found)


@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_each_tier_asks_the_same_model_with_its_own_effort(
    gateway: Any, strict: Any, stored: Any, caller: str, upstream: str
) -> None:
    client = gateway(**tiers(upstream))
    for model, word in (("auto", "low"), ("auto:best", "high"), ("x-high", "high")):
        response = client.post(PATHS[caller], json=request(caller, "hi", model=model, **EASY))
        sent = strict.seen[-1]["body"]
        assert (sent["model"], effort(sent)) == ("gpt-x", word)
        assert response.headers["x-tierwise-model"] == f"x-{word}"
        (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
        assert outcome["model"] == f"x-{word}"


@pytest.mark.parametrize(("wins", "word"), [(False, "medium"), (True, "low")])
def test_the_callers_own_parameter_wins_or_loses_by_configuration(
    gateway: Any, strict: Any, wins: bool, word: str
) -> None:
    client = gateway(**tiers("responses", parameters_win=wins))
    for caller, own in (("responses", {"reasoning": {"effort": "medium"}}), ("chat", {"reasoning_effort": "medium"})):
        assert client.post(PATHS[caller], json=request(caller, "hi", **EASY) | own).status_code == 200
        assert effort(strict.seen[-1]["body"]) == word


def test_a_limit_of_the_answer_is_said_in_the_words_of_the_protocol(gateway: Any, strict: Any) -> None:
    for protocol, field in (("chat", "max_completion_tokens"), ("messages", "max_tokens")):
        entry = {"name": "m", "protocols": [protocol], "parameters": {"max_output_tokens": 77}}
        client = gateway(small=[{**entry, "parameters_win": True}])
        client.post(PATHS["messages"], json=request("messages", "hi", **EASY))
        assert strict.seen[-1]["body"][field] == 77
        assert "max_output_tokens" not in strict.seen[-1]["body"]
