"""Errors by kind: whose fault they are must not depend on who worded them."""

from typing import Any

import pytest

from tierwise.data.replies import ErrorKind, error_kind, find_error, read_error
from tierwise.data.replies.errors import is_about_usage_option

CONTEXT: list[Any] = [
    {"error": {"message": "maximum context length is 8192 tokens", "code": "context_length_exceeded"}},
    {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
    {"object": "error", "message": "The input (4900 tokens) is longer than the model's context length (4096 tokens)."},
    {"error": {"message": "request (4900 tokens) exceeds the available context size", "code": 400}},
    {"error": {"message": "prompt is too long: 215000 tokens > 200000 maximum", "type": "invalid_request_error"}},
    {"error": {"code": "model_max_prompt_tokens_exceeded", "message": "count of 9 exceeds the limit of 8"}},
    {"error": {"message": "Input is too long for requested model."}},
    {"error": {"message": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}},
    {"error": {"message": "Please reduce the length of the messages or completion."}},
    {"type": "error", "error": {"type": "invalid_request_error", "message": "input length and `max_tokens` exceed "
                                "context limit: 9 + 8 > 10"}},
    {"error": "input is too long: too many tokens"},
    {"detail": "Requested 9000 tokens, which exceeds the context window of 4096 tokens"},
]  # fmt: skip


MORE_WORDS = {
    ErrorKind.CONTEXT: [
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 and 512",
        "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
        "too many tokens: total number of tokens in the prompt cannot exceed 4081",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
        "the model is loaded with context length of only 4096 tokens, which is not enough",
        "the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model",
        "Your request exceeded model token limit: 8192",
        "Current length is 9000 while limit is 8192",
        "Prompt exceeds max length",
        "Prompt 超长",
        "Prompt tokens too long, max 5120",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
    ],
    ErrorKind.UNSUPPORTED: [
        "`tool calling` is not supported with this model",
        "Unknown parameter: 'reasoning_effort'.",
        "Invalid content type. image_url is only supported by certain models.",
        "Image input is not enabled for this model",
        "System role not supported",
        "This response_format type is unavailable now",
        "at most 0 image(s) may be provided in one request",
        "this model is not a chat model",
        "Invocation of model ID x with on-demand throughput isn't supported. Retry with an inference profile.",
        "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-3-haiku",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Unexpected role 'system' after role 'assistant'",
        "At most 1 image(s) may be provided in one request.",
        "`temperature` and `top_p` cannot both be specified for this model.",
        "messages[0]: unknown variant `image_url`, expected `text` at line 1 column 90",
        "Argument not supported on this model: stop",
    ],
    ErrorKind.REQUEST: [
        "messages: at least one message is required",
        "messages.0.role: Input should be 'user' or 'assistant'",
        "We could not parse the JSON body of your request.",
        "Invalid schema for response_format 'n': schema must be of 'type: object'",
        "An assistant message with 'tool_calls' must be followed by tool messages",
        "Missing required parameter: 'messages[0].content'.",
    ],
}


@pytest.mark.parametrize(("kind", "message"), [(kind, each) for kind, said in MORE_WORDS.items() for each in said])
def test_what_a_server_says_is_told_by_its_words(kind: ErrorKind, message: str) -> None:
    assert read_error({"error": {"message": message, "type": "invalid_request_error"}}, 400).kind is kind
    assert read_error({"object": "error", "message": message, "code": 400}, 400).kind is kind


@pytest.mark.parametrize("body", CONTEXT)
def test_a_prompt_that_is_too_long_is_known_in_everybodys_words(body: Any) -> None:
    assert read_error(body, 400).kind is ErrorKind.CONTEXT


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"error": {"message": "registry.ollama.ai/gemma:2b does not support tools"}}, 400, ErrorKind.UNSUPPORTED),
        ({"error": {"message": "x", "code": "unsupported_value"}}, 400, ErrorKind.UNSUPPORTED),
        ({"error": {"message": "'max_tokens' is not supported with this model."}}, 400, ErrorKind.UNSUPPORTED),
        ({"error": {"message": "No endpoints found that support image input"}}, 404, ErrorKind.UNSUPPORTED),
        ({"error": {"message": "m is not a multimodal model"}}, 400, ErrorKind.UNSUPPORTED),
        ({"error": {"message": '"auto" tool choice requires --enable-auto-tool-choice'}}, 400, ErrorKind.UNSUPPORTED),
        ({"error": {"message": "max_tokens is too large: 9. This model supports at most 8 completion tokens"}}, 400,
         ErrorKind.UNSUPPORTED),
        ({"error": {"message": "Too large for model on tokens per minute (TPM)", "code": "rate_limit_exceeded"}},
         413, ErrorKind.RATE_LIMIT),
        ({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, 429, ErrorKind.QUOTA),
        ({"error": {"type": "overloaded_error", "message": "Overloaded"}}, 529, ErrorKind.SERVER),
        ({"error": {"message": "messages[0].role is 'x'", "type": "invalid_request_error"}}, 400, ErrorKind.REQUEST),
        ({"error": {"message": "Invalid type for 'messages'."}}, 422, ErrorKind.REQUEST),
        ({"error": {"code": 503, "message": "No instances available"}}, None, ErrorKind.SERVER),
        ({"error": {"code": 502, "message": "Provider returned error", "metadata": {"raw": "429 Too Many Requests"}}},
         None, ErrorKind.RATE_LIMIT),
        ("bad gateway", 502, ErrorKind.SERVER),
        (None, 413, ErrorKind.CONTEXT),
        (None, 401, ErrorKind.AUTH),
    ],
)  # fmt: skip
def test_a_refusal_has_the_kind_that_its_words_say(body: Any, status: int | None, kind: ErrorKind) -> None:
    assert read_error(body, status).kind is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("RateLimitError", ErrorKind.RATE_LIMIT), ("litellm.exceptions.RateLimitError", ErrorKind.RATE_LIMIT),
        ("ThrottlingException", ErrorKind.RATE_LIMIT), ("429", ErrorKind.RATE_LIMIT), ("503", ErrorKind.SERVER),
        ("APITimeoutError", ErrorKind.TIMEOUT), ("APIConnectionError", ErrorKind.CONNECTION),
        ("httpx.ConnectError", ErrorKind.CONNECTION), ("InternalServerError", ErrorKind.SERVER),
        ("ServiceUnavailableError", ErrorKind.SERVER), ("AuthenticationError", ErrorKind.AUTH),
        ("ContextWindowExceededError", ErrorKind.CONTEXT), ("ContentPolicyViolationError", ErrorKind.CONTENT),
        ("OutputParserException", ErrorKind.OUTPUT), ("pydantic.ValidationError", ErrorKind.OUTPUT),
        ("CancelledError", ErrorKind.CANCELLED), ("KeyError", ErrorKind.UNKNOWN),
    ],
)  # fmt: skip
def test_a_class_alone_says_whose_trouble_it_was(name: str, kind: ErrorKind) -> None:
    assert error_kind(name) is kind


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"message": "x"}},
        {"error": "x"},
        {"choices": [], "error": {"code": 502}},
        {"choices": [{"message": {"content": ""}, "finish_reason": "error"}], "error": {"code": 502}},
        {"choices": [{"delta": {"content": ""}, "finish_reason": "error"}]},
        {"choices": [{"message": {"content": ""}, "error": {"code": 502, "message": "x"}, "finish_reason": None}]},
        {"choices": [{"message": {"content": "half"}, "finish_reason": "network_error"}]},
        {"object": "error", "message": "x", "code": 503},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    ],
)
def test_an_error_is_found_wherever_it_stands_in_an_answer(answer: dict[str, Any]) -> None:
    assert find_error(answer) is not None


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"content": "an error"}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}], "error": None},
        {"choices": [{"delta": {}, "finish_reason": None}]},
        {"choices": [{"message": {"content": "x"}}], "error": {"code": None, "message": ""}},
        {"object": "chat.completion", "choices": []},
        None, [], "error",
    ],
)  # fmt: skip
def test_an_answer_is_no_error(answer: Any) -> None:
    assert find_error(answer) is None


@pytest.mark.parametrize(
    ("body", "status", "is_about"),
    [
        ({"error": {"message": "Unrecognized request argument supplied: stream_options"}}, 400, True),
        ({"message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]}}, 422, True),
        ({"detail": "include_usage: unknown field"}, 400, True),
        ({"error": {"message": "bad request"}}, 400, True),
        (None, 422, True),
        ({"error": {"message": "Invalid type", "param": "messages"}}, 400, False),
        ({"error": {"message": "prompt is too long"}}, 400, False),
        ({"error": {"message": "slow down"}}, 429, False),
        ({"error": {"message": "stream_options"}}, 401, False),
    ],
)
def test_a_refusal_of_our_own_option_is_told_from_others(body: Any, status: int, is_about: bool) -> None:
    assert is_about_usage_option(body, status) is is_about


TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 400, "message": TOO_LONG, "status": "INVALID_ARGUMENT"}},
        [{"error": {"code": 400, "message": TOO_LONG, "status": "INVALID_ARGUMENT"}}],
        {"code": "Client specified an invalid argument", "error": TOO_LONG},
        {"errors": [{"message": f"AiError: {TOO_LONG}", "code": 5021}], "success": False, "result": {}},
        {"__type": "ValidationException", "Message": TOO_LONG},
        {"error_code": 336103, "error_msg": TOO_LONG},
        TOO_LONG,
    ],
)
def test_a_code_of_a_bad_request_does_not_hide_what_the_message_says(body: Any) -> None:
    found = read_error(body, 400)
    assert (found.kind, TOO_LONG in found.message) == (ErrorKind.CONTEXT, True)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("", "Too many tokens, please wait before trying again."), ErrorKind.RATE_LIMIT),
        (("", "Request failed: Quota exceeded for metric: input_token_count, limit: 250000"), ErrorKind.RATE_LIMIT),
        (("", "APITimeoutError('slow')Traceback (most recent call last):\n  self.max_input_tokens"), ErrorKind.TIMEOUT),
        (("", "Traceback (most recent call last):\n  context_length()\nopenai.APIConnectionError: x"),
         ErrorKind.CONNECTION),
        (("", "litellm.MidStreamFallbackError: APIConnectionError: request exceeds limit of tokens"),
         ErrorKind.CONNECTION),
        (("openai.APIResponseValidationError", "Data returned by API invalid"), ErrorKind.SERVER),
        (("requests.exceptions.JSONDecodeError", "Expecting value"), ErrorKind.SERVER),
        (("pydantic_core.ValidationError", "1 validation error for ChatCompletion"), ErrorKind.SERVER),
        (("pydantic_core.ValidationError", "1 validation error for Invoice"), ErrorKind.OUTPUT),
        (("litellm.BadRequestError", "ValidationError: messages must alternate"), ErrorKind.REQUEST),
        (("BadRequestError", "tool_use_failed: Failed to call a function"), ErrorKind.OUTPUT),
    ],
)  # fmt: skip
def test_what_happened_is_told_from_what_is_quoted(words: tuple[str, ...], kind: ErrorKind) -> None:
    assert error_kind(*words) is kind
