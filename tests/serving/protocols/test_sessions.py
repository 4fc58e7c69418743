"""Conversations: who they belong to, when a route sticks, and what the providers' caches still hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.strict_stub.callers import PATHS, hear, request, with_results
from tierwise.agents.protocols import CHAT, MESSAGES, RESPONSES, Completion
from tierwise.agents.protocols.canonical import Message, Text
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.data.catalogue import Model
from tierwise.data.replies.usage import Usage
from tierwise.serving.gateway.calls.asked import parse_request
from tierwise.serving.gateway.conversations.memory import Memory
from tierwise.serving.gateway.conversations.sessions import prefix_digest, session_of

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(
    ("body", "headers", "session"),
    [
        ({}, {}, None),
        ({"user": "u-1"}, {}, None),
        ({"prompt_cache_key": "k-1"}, {}, "k-1"),
        ({"prompt_cache_key": "k-1"}, {"session-id": "s-1", "thread-id": "t-1"}, "s-1"),
        ({"metadata": {"conversation_id": "c-1"}}, {}, "c-1"),
        ({"metadata": {"user_id": json.dumps({"session_id": "s-2"})}}, {}, "s-2"),
        ({"metadata": {"user_id": f"user_a_session_{'0' * 36}"}}, {}, "0" * 36),
        ({"metadata": {"user_id": "just a user"}}, {}, None),
        ({}, {"x-claude-code-session-id": "s-3"}, "s-3"),
        ({"conversation": {"id": "conv-1"}}, {}, "conv-1"),
        ({"prompt_cache_key": "k" * 1000}, {}, None),
    ],
)
def test_sessions_are_found_in_what_clients_send(body: Any, headers: Any, session: str | None) -> None:
    assert session_of(body, headers) == session


def test_a_session_of_a_harness_is_recorded_and_is_its_task(gateway: Any, stored: Any) -> None:
    client = gateway(small=["m"])
    body = request("responses", "hi", prompt_cache_key="k-1")
    response = client.post(PATHS["responses"], json=body)
    decision = stored(client, response.headers["x-tierwise-decision-id"])
    assert (decision["session_id"], decision["task_id"]) == ("k-1", "k-1")
    own = {"tierwise": {"task_id": "mine"}}
    response = client.post(PATHS["responses"], json=body | own)
    decision = stored(client, response.headers["x-tierwise-decision-id"])
    assert (decision["session_id"], decision["task_id"]) == ("k-1", "mine")


def test_conversations_that_begin_alike_share_a_prefix() -> None:
    begun = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert prefix_digest(begun) == prefix_digest([*begun, {"role": "assistant", "content": "c"}])
    assert prefix_digest(begun) != prefix_digest([{"role": "user", "content": "b"}])
    assert prefix_digest([]) is None


@pytest.mark.parametrize("caller", PATHS)
def test_signed_thought_stays_with_the_model_that_thought_it(gateway: Any, stored: Any, caller: str) -> None:
    """And so do loops of tools, where they are told to stick."""
    for stickiness, holds in (("none", caller != "chat"), ("tool_loop", True)):
        entry = {"protocols": [caller]}
        client = gateway({"stickiness": stickiness}, small=[{"name": "m", **entry}], mid=[{"name": "thinks", **entry}])
        hard = request(caller, "Weather?", tools={"weather": CITY}) | {"tierwise": {"options": {"min_tier": "mid"}}}
        first = client.post(PATHS[caller], json=hard)
        assert first.headers["x-tierwise-model"] == "thinks"
        easy = {"tierwise": {"step": {"task_type": "extract"}}}
        turn = with_results(caller, hard, hear(caller, first.json()), "sunny") | easy
        second = client.post(PATHS[caller], json=turn)
        assert second.headers["x-tierwise-model"] == ("thinks" if holds else "m")
        decision = stored(client, second.headers["x-tierwise-decision-id"])
        if holds:
            code = "thought" if caller != "chat" else "tool_loop"
            assert (decision["policy"], decision["reason"]["code"]) == ("sticky", code)


def test_a_session_may_stick_as_a_whole(gateway: Any) -> None:
    client = gateway({"stickiness": "session"}, small=["m"], mid=["other"])
    begin = {"tierwise": {"session_id": "s-1", "options": {"min_tier": "mid"}}}
    client.post(PATHS["chat"], json=request("chat", "hi") | begin)
    easy = {"session_id": "s-1", "step": {"task_type": "extract"}}
    later = client.post(PATHS["chat"], json=request("chat", "more") | {"tierwise": easy})
    assert later.headers["x-tierwise-model"] == "other"
    elsewhere = client.post(PATHS["chat"], json=request("chat", "more") | {"tierwise": {**easy, "session_id": "s-2"}})
    assert elsewhere.headers["x-tierwise-model"] == "m"


def test_a_kept_response_is_gone_on_from_where_it_is_kept(gateway: Any, strict: Any) -> None:
    entry = {"protocols": ["responses"]}
    client = gateway(small=[{"name": "m", **entry}, {"name": "plain"}])
    first = client.post(PATHS["responses"], json=request("responses", "hi")).json()
    body = request("responses", "more") | {"previous_response_id": first["id"]}
    for is_stream in (False, True):
        response = client.post(PATHS["responses"], json=body | {"stream": is_stream})
        assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "m")
        assert strict.seen[-1]["body"]["previous_response_id"] == first["id"]
    translated = gateway(small=["plain"])
    kept_by_nobody = translated.post(PATHS["responses"], json=request("responses", "hi")).json()["id"]
    response = translated.post(PATHS["responses"], json=body | {"previous_response_id": kept_by_nobody})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "previous_response_id"


def test_every_tiers_cache_is_known_while_it_is_warm() -> None:
    now = [0.0]
    memory = Memory(lambda: now[0], 300)
    request = parse_request(CHAT, {"model": "auto", "messages": [{"role": "user", "content": "x"}]}, {})
    small, top = (Endpoint(tier, Model(f"m-{tier}"), "http://a", None) for tier in ("small", "top"))

    def say(endpoint: Endpoint, n_tokens: int) -> None:
        memory.remember(request, endpoint, Completion((Message((Text("y"),)),), Usage(n_tokens, 1)))

    say(small, 2000)
    now[0] = 200
    say(top, 3000)
    assert memory.warm_tokens(request.session_key) == {"small": 2000, "top": 3000}
    now[0] = 350
    assert memory.warm_tokens(request.session_key) == {"top": 3000}
    say(top, 100)
    assert memory.warm_tokens(request.session_key) == {"top": 3000}, "short prompts are not kept by providers"
    assert memory.speaker_of(request.session_key) is not None
    assert Memory(lambda: 0.0, 0).warm_tokens(request.session_key) == {}


@pytest.mark.parametrize("protocol", [RESPONSES, MESSAGES])
def test_the_same_conversation_has_the_same_key_in_every_protocol(protocol: Any) -> None:
    chat = parse_request(CHAT, request("chat", "hi", system="Be brief."), {})
    other = parse_request(protocol, request(protocol.name, "hi", system="Be brief."), {})
    assert chat.session_key == other.session_key


def test_warm_caches_are_part_of_the_decision(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = gateway(small=["m"], mid=["other"])
    desk = client.app.state.service.desk
    asked: list[Any] = []
    answer_soon = type(desk).answer_soon

    async def seen(self: Any, raw: Any, where: str = "") -> Any:
        asked.append(raw.get("session"))
        return await answer_soon(self, raw, where)

    monkeypatch.setattr(type(desk), "answer_soon", seen)
    body = request("chat", "word " * 2000)
    for _ in range(2):
        assert client.post(PATHS["chat"], json=body).status_code == 200
    assert asked[0] is None
    assert list(asked[1]["cached_by_tier"]) == ["mid"]
    assert asked[1]["cached_by_tier"]["mid"] > 2000


@pytest.mark.slow
def test_a_tier_whose_cache_is_warm_costs_less_in_the_next_decision(
    gateway: Any, stored: Any, bundle_folder: Path
) -> None:
    """Also on the way back: the tier that answered before another one keeps its prompt for a while."""
    entry = {"cached_input_usd_per_mtok": 0.01}
    tiers = {tier: [{"name": f"m-{tier}", **entry}] for tier in ("small", "mid", "frontier")}
    client = gateway({"bundle": bundle_folder, "rules": False}, **tiers)
    body = request("chat", "word " * 2000)
    costs = []
    for only in ("mid", "frontier", "small"):
        limits = {"tierwise": {"options": {"min_tier": only, "max_tier": only}}}
        response = client.post(PATHS["chat"], json=body | limits)
        assert response.headers["x-tierwise-tier"] == only
        costs.append(stored(client, response.headers["x-tierwise-decision-id"])["expected_cost_usd"])
    cold, after_mid, after_both = costs
    assert after_mid["mid"] < cold["mid"]
    assert after_both["mid"] == after_mid["mid"]
    assert after_both["frontier"] < after_mid["frontier"] == cold["frontier"]
    assert after_both["small"] == cold["small"]
