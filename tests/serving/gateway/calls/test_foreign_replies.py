"""The gateway before providers as they are: refusals in anybody's words, errors beside choices."""

from typing import Any

import pytest

from tests.serving.gateway.calls.foreign_provider import FORMAT, USAGE, Provider, chunk, good, whole

ROLE = chunk({"role": "assistant", "content": ""})


MODEL_CANNOT: list[tuple[int, Any]] = [
    (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400}),
    (400, {"error": {"message": "request (9 tokens) exceeds the available context size (8 tokens)", "code": 400}}),
    (400, {"error": "prompt is too long"}),
    (413, {"error": {"message": "Too large", "code": "rate_limit_exceeded"}}),
    (413, b"<html>Request Entity Too Large</html>"),
    (422, {"detail": "Input length 9000 exceeds maximum allowed token size 8192"}),
    (
        400,
        {"error": {"message": "input token count exceeds the maximum number of tokens", "status": "INVALID_ARGUMENT"}},
    ),
    (400, b'[{"error": {"message": "Thinking is not supported for this model", "status": "INVALID_ARGUMENT"}}]'),
    (400, b"prompt is too long: 9 tokens > 8"),
    (400, {"error": {"message": "Failed to call a function.", "code": "tool_use_failed", "failed_generation": "x"}}),
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


@pytest.mark.slow
def test_a_model_that_is_too_small_is_well(ask: Any, provider: Provider) -> None:
    """What is as long goes elsewhere from then on; what is shorter comes back, however often it refused before."""
    refusal = (400, {"error": {"message": "prompt is too long"}})
    ask(refusal, 2)
    for _ in range(4):
        ask(refusal, 1)
    assert [body["model"] for body in provider.seen] == ["small-1", *["mid-1"] * 5]
    ask(good({"model": "small-1"}), 1, messages=[{"role": "user", "content": "?"}])
    assert provider.seen[-1]["model"] == "small-1"


@pytest.mark.slow
def test_a_model_that_refuses_prompt_after_prompt_as_too_long_does_not_rest(ask: Any, provider: Provider) -> None:
    too_long = (400, {"error": {"message": "prompt is too long"}})
    says = lambda body: too_long if body["model"] == "small-1" else good(body)  # noqa: E731
    for n_characters in range(60, 0, -10):
        ask(says, 2, user="u" * n_characters)
    assert [body["model"] for body in provider.seen] == ["small-1", "mid-1"] * 6


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
