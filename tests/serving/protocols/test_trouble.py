"""What goes wrong, in the form that each protocol's clients know: refusals, broken streams, callers who hang up."""

import time
from typing import Any

import httpx2
import pytest

from tests.strict_stub.callers import PATHS, hear_stream, request


def post(client: Any, caller: str, model: str, **fields: Any) -> Any:
    return client.post(PATHS[caller], json=request(caller, "Say hello.", model=model, **fields))


def error_of(caller: str, response: Any) -> dict[str, Any]:
    body = response.json()
    assert set(body) == ({"type", "error"} if caller == "messages" else {"error"})
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize("status", [400, 429, 503])
@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_a_refusal_before_the_answer_has_the_callers_form(
    everyone: Any, caller: str, upstream: str, status: int
) -> None:
    for is_stream in (False, True):
        response = post(everyone, caller, f"fails-{status}+{upstream}", stream=is_stream)
        assert response.status_code == status
        assert error_of(caller, response)["message"] == f"the stub fails with {status}"
        assert response.headers["x-ratelimit-remaining-requests"] == "99"


@pytest.mark.parametrize("trouble", ["cut", "broken"])
@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_a_stream_that_breaks_off_ends_with_the_callers_error(
    everyone: Any, stored: Any, caller: str, upstream: str, trouble: str
) -> None:
    text = "Say hello to all of them, one after the other."
    early = everyone.post(PATHS[caller], json=request(caller, text, model=f"{trouble}-1+{upstream}", stream=True))
    assert early.status_code >= 500  # before the first content an error still has a status
    assert error_of(caller, early)["message"]
    response = everyone.post(PATHS[caller], json=request(caller, text, model=f"{trouble}-7+{upstream}", stream=True))
    heard = hear_stream(caller, response.text)
    assert heard.error in ("Overloaded", "the provider broke off in the middle of its answer")
    (outcome,) = stored(everyone, response.headers["x-tierwise-decision-id"])["outcomes"]
    codes = {"broken": "error_event", "cut": "broken_connection"}
    assert (outcome["error"], outcome.get("success")) == (codes[trouble], None)


@pytest.mark.parametrize("caller", PATHS)
def test_a_bad_request_is_refused_in_the_callers_form(everyone: Any, caller: str) -> None:
    field = "input" if caller == "responses" else "messages"
    for body in ({"model": "m+chat"}, {"model": "m+chat", field: []}, {field: [{"role": "user", "content": "x"}]}):
        response = everyone.post(PATHS[caller], json=body)
        assert response.status_code == 400
        assert error_of(caller, response)["message"].startswith(("model: ", f"{field}: "))
    response = post(everyone, caller, "nobody")
    assert response.status_code == 404
    assert "does not exist" in error_of(caller, response)["message"]


@pytest.mark.parametrize(
    ("caller", "fields", "named"),
    [
        ("chat", {"logprobs": True}, "logprobs"),
        ("chat", {"n": 2}, "n"),
        ("responses", {"background": True}, "background"),
        ("responses", {"tools": [{"type": "file_search"}]}, "tools[0].type"),
        ("responses", {"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ("messages", {"top_k": 5}, "top_k"),
        ("messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ("messages", {"mcp_servers": [{"url": "x"}]}, "mcp_servers"),
    ],
)
def test_what_cannot_be_translated_is_named(everyone: Any, caller: str, fields: dict[str, Any], named: str) -> None:
    for upstream in PATHS:
        if upstream != caller:
            body = request(caller, "hi", model=f"m+{upstream}") | fields
            response = everyone.post(PATHS[caller], json=body)
            assert response.status_code == 400
            assert f"{named}: " in error_of(caller, response)["message"]
            assert f"only '{upstream}'" in error_of(caller, response)["message"]


def test_what_cannot_be_translated_goes_to_a_model_that_speaks_it(gateway: Any) -> None:
    client = gateway(
        small=[{"name": "m", "protocols": ["chat"]}], mid=[{"name": "able", "protocols": ["messages", "chat"]}]
    )
    easy = {"tierwise": {"step": {"task_type": "extract"}}}
    plain = client.post(PATHS["messages"], json=request("messages", "hi") | easy)
    special = client.post(PATHS["messages"], json=request("messages", "hi") | easy | {"top_k": 5})
    assert [each.headers["x-tierwise-model"] for each in (plain, special)] == ["m", "able"]


def test_tools_that_may_be_left_out_are(gateway: Any, strict: Any) -> None:
    client = gateway({"optional_tools": "web_search"}, small=[{"name": "m", "protocols": ["chat"]}])
    body = request("responses", "hi") | {"tools": [{"type": "web_search", "external_web_access": False}]}
    assert client.post(PATHS["responses"], json=body).status_code == 200
    assert "tools" not in strict.seen[-1]["body"]


@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_a_caller_who_hangs_up_stops_the_provider(
    live: Any, stored: Any, strict: Any, caller: str, upstream: str
) -> None:
    url = live(small=[{"name": f"pause-0.05+{caller}", "protocols": [upstream]}])
    body = request(caller, "word " * 200, stream=True)
    with httpx2.stream("POST", url + PATHS[caller], json=body) as response:
        next(response.iter_bytes())
        decision_id = response.headers["x-tierwise-decision-id"]
    with httpx2.Client(base_url=url) as client:
        (outcome,) = stored(client, decision_id)["outcomes"]
    assert (outcome["error"], outcome["status"]) == ("client_closed", 499)
    deadline = time.monotonic() + 60
    while strict.seen[-1].get("finished") is not False:
        assert time.monotonic() < deadline, "the provider was never told"
        time.sleep(0.05)


LAST = {"chat": b"[DONE]", "responses": b"response.completed", "messages": b"message_stop"}


@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_a_caller_who_hangs_up_with_the_whole_answer_was_answered(
    live: Any, stored: Any, caller: str, upstream: str
) -> None:
    url = live(small=[{"name": f"lingers-1+{caller}", "protocols": [upstream]}])
    last = LAST[caller]
    got = b""
    with httpx2.stream("POST", url + PATHS[caller], json=request(caller, "hi", stream=True)) as response:
        for piece in response.iter_bytes():
            got += piece
            if last in got or b'"finish_reason":"stop"' in got.replace(b" ", b""):
                break
        decision_id = response.headers["x-tierwise-decision-id"]
    with httpx2.Client(base_url=url) as client:
        (outcome,) = stored(client, decision_id)["outcomes"]
    assert (outcome.get("error"), outcome["status"]) == (None, 200)
    assert caller == "chat" or outcome["output_tokens"]  # a chat tells its tokens after its last content
