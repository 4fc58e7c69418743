"""The gateway before providers as they are: refusals in anybody's words, errors beside choices, parts, cut emojis.

A stub answers the small model as each test says; the model of the next tier answers well.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

PATH = "/v1/chat/completions"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
USAGE = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
GOOD = '{"n": 40}'


@dataclass(slots=True)
class Provider:
    """``says(body)`` gives a status and what is sent: a mapping, bytes, or a list of events of a stream."""

    url: str = ""
    says: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _: (500, {})
    seen: list[dict[str, Any]] = field(default_factory=list)


def whole(message: dict[str, Any], finish: str | None = "stop", **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": USAGE, **fields}


def chunk(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}


def good(body: dict[str, Any]) -> tuple[int, Any]:
    if body.get("stream"):
        return 200, [chunk({"role": "assistant", "content": GOOD}), chunk({}, "stop"), "[DONE]"]
    return 200, whole({"content": GOOD})


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.seen.append(body)
            status, answer = found.says(body) if body["model"] == "small-1" else good(body)
            is_stream = isinstance(answer, list)
            self.send_response(status)
            self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
            self.end_headers()
            for event in answer if is_stream else ():
                text = event if isinstance(event, str) else json.dumps(event)
                self.wfile.write(f"data: {text}\n\n".encode())
            if not is_stream:
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ask(start: Any, provider: Provider, tmp_path: Path, stored: Any) -> Callable[..., tuple[Any, list[dict[str, Any]]]]:
    """``ask(says, n_outcomes, **fields)``: one call, its response and its outcomes."""
    lines = []
    for name, price in (("small", 1.0), ("mid", 5.0)):
        lines += [
            "[[tiers]]",
            f'name = "{name}"',
            "[[tiers.models]]",
            f'name = "{name}-1"',
            f'base_url = "{provider.url}"',
        ]
        lines += [f"input_usd_per_mtok = {price}", f"cached_input_usd_per_mtok = {price / 10}"]
        lines += [f"output_usd_per_mtok = {2 * price}"]
    tiers = tmp_path / "two.toml"
    tiers.write_text("\n".join([*lines, "[[tiers]]", 'name = "frontier"']), encoding="utf-8")
    client = start(tiers=tiers)

    def run(says: Any, n: int = 1, **fields: Any) -> tuple[Any, list[dict[str, Any]]]:
        provider.says = says if callable(says) else lambda _: says
        step = {"tierwise": {"step": {"task_type": "extract", "input_complexity": 1}}}
        asked = {"model": "auto", "messages": [{"role": "user", "content": "Extract n."}], **step, **fields}
        response = client.post(PATH, content=json.dumps(asked), headers={"content-type": "application/json"})
        outcomes = stored(client, response.headers["x-tierwise-decision-id"], n)["outcomes"]
        return response, [defaultdict(lambda: None, each) for each in outcomes]

    return run


MODEL_CANNOT: list[tuple[int, Any]] = [
    (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400}),
    (400, {"error": {"message": "request (9 tokens) exceeds the available context size (8 tokens)", "code": 400}}),
    (400, {"error": "prompt is too long"}),
    (413, {"error": {"message": "Too large", "code": "rate_limit_exceeded"}}),
    (413, b"<html>Request Entity Too Large</html>"),
    (422, {"detail": "Input length 9000 exceeds maximum allowed token size 8192"}),
    (400, {"error": {"message": "gemma:2b does not support tools"}}),
    (400, {"error": {"message": "x", "code": "unsupported_parameter"}}),
    (400, {"error": {"message": "response_format json_schema is not supported", "type": "invalid_request_error"}}),
    (400, {"error": {"message": "This model does not support image input", "type": "invalid_request_error"}}),
]


@pytest.mark.parametrize("says", MODEL_CANNOT)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_refusal_that_speaks_of_the_model_is_tried_on_the_next(says: Any, is_stream: bool, ask: Any) -> None:
    response, outcomes = ask(says, 2, stream=is_stream)
    assert (response.status_code, response.headers["x-tierwise-tier"]) == (200, "mid")
    assert [(each["tier"], each["success"]) for each in outcomes] == [("small", None), ("mid", None)]


@pytest.mark.parametrize(
    "says",
    [
        (
            400,
            {
                "error": {
                    "message": "Invalid type for 'messages'.",
                    "type": "invalid_request_error",
                    "param": "messages",
                }
            },
        ),
        (422, {"detail": [{"type": "missing", "loc": ["body", "messages", 0, "role"], "msg": "Field required"}]}),
        (400, {"object": "error", "message": "messages must not be empty", "type": "BadRequestError", "code": 400}),
    ],
)
def test_a_malformed_request_is_told_the_caller_in_openais_form(says: Any, ask: Any, provider: Provider) -> None:
    response, _ = ask(says)
    assert response.status_code == says[0]
    assert response.json()["error"]["message"]
    assert [body["model"] for body in provider.seen] == ["small-1"]


def test_when_every_model_is_too_small_the_caller_learns_it(ask: Any) -> None:
    flat = {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400}
    response, _ = ask((400, flat), model="small-1")
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "4096" in response.json()["error"]["message"]


def test_a_model_that_is_too_small_is_well(ask: Any, provider: Provider) -> None:
    for _ in range(5):
        ask((400, {"error": {"message": "prompt is too long"}}), 2)
    assert [body["model"] for body in provider.seen] == ["small-1", "mid-1"] * 5


@pytest.mark.parametrize(
    "refusal",
    [
        (422, {"message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]}}),
        (400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}}),
        (400, {"error": {"message": "bad request"}}),
        (500, {"error": {"message": "unknown field include_usage"}}),
    ],
)
def test_the_option_that_we_added_is_left_out_where_it_is_refused(refusal: Any, ask: Any, provider: Provider) -> None:
    says = lambda body: refusal if "stream_options" in body else good(body)  # noqa: E731
    for _ in range(2):
        response, _outcomes = ask(says, stream=True)
        assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "small-1")
        assert response.text.endswith("data: [DONE]\n\n")
    assert ["stream_options" in body for body in provider.seen] == [True, False, False]  # learnt


def test_an_option_of_the_caller_is_the_callers(ask: Any, provider: Provider) -> None:
    refusal = (400, {"error": {"message": "stream_options is malformed", "param": "stream_options"}})
    response, _ = ask(refusal, stream=True, stream_options={"include_usage": True})
    assert (response.status_code, len(provider.seen)) == (400, 1)


ERRORS: list[Any] = [
    whole({"content": ""}, "error", error={"code": 502, "message": "Provider returned error"}),
    whole({"content": "half"}, None, error="upstream closed"),
    {"choices": [{"message": {"content": ""}, "error": {"code": 429, "message": "slow"}, "finish_reason": None}]},
    whole({"content": "half"}, "network_error"),
    {"choices": [], "usage": USAGE},
    {"choices": None},
    {"error": {"message": "x"}},
    {"object": "error", "message": "x"},
]


@pytest.mark.parametrize("answer", ERRORS)
def test_an_error_in_an_answer_is_the_providers(answer: Any, ask: Any) -> None:
    response, outcomes = ask((200, answer), 2, response_format=FORMAT)
    assert (response.status_code, response.headers["x-tierwise-tier"]) == (200, "mid")
    failed, _ = outcomes
    assert (failed["success"], failed["status"] != 200, failed["error"] is not None) == (None, True, True)


ROLE = chunk({"role": "assistant", "content": ""})


@pytest.mark.parametrize(
    "events",
    [
        [chunk({"content": ""}, "error", error={"code": 503, "message": "No instances"}), "[DONE]"],
        [ROLE, chunk({"content": ""}, "error", error={"code": 503, "message": "No instances"}), "[DONE]"],
        [ROLE, {"error": {"message": "overloaded"}}],
        [{"choices": [], "prompt_filter_results": []}, ROLE, chunk({}, "network_error"), "[DONE]"],
        [{"choices": [], "usage": USAGE}, "[DONE]"],
        ["[DONE]"],
    ],
)
def test_before_the_first_content_of_a_stream_another_model_is_asked(events: list[Any], ask: Any) -> None:
    response, outcomes = ask((200, events), 2, stream=True, response_format=FORMAT)
    assert response.headers["x-tierwise-model"] == "mid-1"
    assert (outcomes[0]["success"], outcomes[0]["status"] != 200) == (None, True)


@pytest.mark.parametrize(
    "last",
    [
        chunk({"content": ""}, "error", error={"code": "server_error", "message": "gone"}),
        chunk({}, "network_error"),
        {"error": "gone"},
    ],
)
def test_after_it_the_caller_is_told_and_nobody_is_blamed(last: Any, ask: Any) -> None:
    events = [ROLE, chunk({"content": '{"n"'}), last, "[DONE]"]
    response, (outcome,) = ask((200, events), stream=True, response_format=FORMAT)
    assert response.headers["x-tierwise-model"] == "small-1"
    assert "[DONE]" not in response.text
    assert (outcome["success"], outcome["status"] != 200) == (None, True)


CONTENTS: list[Any] = [
    [{"type": "text", "text": GOOD}],
    [{"type": "thinking", "thinking": [{"type": "text", "text": "Forty."}]}, {"type": "text", "text": GOOD}],
    [
        {"type": "reasoning", "text": "Forty."},
        {"type": "output_text", "text": '{"n":'},
        {"type": "text", "text": "40}"},
    ],
    f"<think>It says {{3}}.</think>\n{GOOD}",
]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_content_in_parts_is_judged_by_its_text(content: Any, is_stream: bool, ask: Any, provider: Provider) -> None:
    events = [ROLE, chunk({"content": content}), chunk({}, "stop"), "[DONE]"]
    says = (200, events if is_stream else whole({"content": content}))
    _, (outcome,) = ask(says, stream=is_stream, response_format=FORMAT)
    assert (outcome["success"], outcome["evaluator"], len(provider.seen)) == (True, "schema", 1)


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        ({**USAGE, "prompt_tokens_details": {"cached_tokens": 60}}, 5.6e-05),
        ({**USAGE, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 0}, 5.6e-05),
        ({**USAGE, "prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40}, 5.6e-05),
        ({**USAGE, "cached_tokens": 60}, 5.6e-05),
        ({"prompt_tokens": 100.0, "completion_tokens": 5.0}, 1.1e-04),
        ({**USAGE, "service_tier": "flex"}, 5.5e-05),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_the_cached_part_is_priced_as_such(usage: Any, cost_usd: float, is_stream: bool, ask: Any) -> None:
    ends = [{"choices": [], "usage": usage}, {"choices": [], "usage": {}}, {"choices": [], "usage": None}, "[DONE]"]
    events = [chunk({"content": "ok"}), chunk({}, "stop"), *ends]
    says = (200, events if is_stream else whole({"content": "ok"}) | {"usage": usage})
    _, (outcome,) = ask(says, stream=is_stream)
    assert (outcome["input_tokens"], outcome["output_tokens"]) == (100, 5)
    assert outcome["cost_usd"] == pytest.approx(cost_usd)


HALF = '{"id": "c", "choices": [{"index": 0, "%s": {"content": "%s"}, "finish_reason": %s}]%s}'


@pytest.mark.parametrize("more", ["", ', "note": "\\ud83d"'])
def test_half_an_emoji_goes_through(more: str, ask: Any, provider: Provider) -> None:
    raw = HALF % ("message", "fine \\ud83d", '"stop"', more)
    response, (outcome,) = ask((200, raw.encode()))
    assert response.json()["choices"][0]["message"]["content"] == "fine \ud83d"
    assert (outcome["status"], len(provider.seen)) == (200, 1)


def test_an_emoji_that_is_split_over_two_chunks_is_judged_whole(ask: Any) -> None:
    halves = [HALF % ("delta", text, "null", "") for text in ('{\\"n\\": 40, \\"t\\": \\"\\ud83d', '\\ude80\\"}')]
    _, (outcome,) = ask((200, [*halves, chunk({}, "stop"), "[DONE]"]), stream=True, response_format=FORMAT)
    assert outcome["success"] is True


def test_half_an_emoji_in_a_request_reaches_the_provider(ask: Any, provider: Provider) -> None:
    response, _ = ask(good, messages=[{"role": "user", "content": "cut \ud83d"}])
    assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "small-1")
    assert provider.seen[0]["messages"][0]["content"].startswith("cut ")


@pytest.mark.parametrize(
    ("message", "finish"),
    [
        ({"content": None, "refusal": "I cannot."}, "stop"),
        ({"content": None}, "content_filter"),
        ({"content": [{"type": "refusal", "refusal": "I cannot."}]}, "stop"),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_refusal_under_a_schema_blames_nobody(message: Any, finish: str, is_stream: bool, ask: Any) -> None:
    says = (200, [chunk(message), chunk({}, finish), "[DONE]"] if is_stream else whole(message, finish))
    response, (outcome,) = ask(says, stream=is_stream, response_format=FORMAT)
    assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "small-1")
    assert (outcome["success"], outcome["error"]) == (None, "refusal")


def test_a_stream_without_a_finish_reason_is_whole_when_it_says_so(ask: Any) -> None:
    response, (outcome,) = ask((200, [chunk({"content": GOOD}), "[DONE]"]), stream=True, response_format=FORMAT)
    assert response.text.endswith("data: [DONE]\n\n")
    assert (outcome["success"], outcome["status"]) == (True, 200)


def test_a_stream_that_just_ends_is_broken(ask: Any) -> None:
    response, (outcome,) = ask((200, [chunk({"content": '{"n"'})]), stream=True, response_format=FORMAT)
    assert "[DONE]" not in response.text
    assert (outcome["success"], outcome["error"]) == (None, "broken_connection")
