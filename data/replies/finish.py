"""Why an answer ended: providers' words for it, and ours."""

import re

STOP, LENGTH, TOOL_CALLS = "stop", "length", "tool_calls"
CONTENT_FILTER, REFUSAL, ERROR = "content_filter", "refusal", "error"

_WORDS = {
    STOP: (
        "stop", "end_turn", "stop_sequence", "eos", "eos_token", "completed", "complete", "finish", "pause_turn",
        "done", "finish_reason_stop",
    ),
    LENGTH: (
        "length", "max_tokens", "max_output_tokens", "incomplete", "model_length", "model_context_window_exceeded",
        "token_limit", "finish_reason_max_tokens",
    ),
    TOOL_CALLS: ("tool_calls", "tool_call", "tool_use", "function_call"),
    CONTENT_FILTER: (
        "content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content", "spii",
        "guardrail_intervened", "image_safety", "sensitive", "finish_reason_safety", "error_toxic",
    ),
    REFUSAL: ("refusal",),
    ERROR: (
        "error", "failed", "network_error", "server_error", "insufficient_system_resource", "abort", "aborted",
        "cancelled",
    ),
}  # fmt: skip
_OURS = {word: ours for ours, words in _WORDS.items() for word in words}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def finish_reason(raw: object) -> str | None:
    """``stop``, ``length``, ``tool_calls``, ``content_filter``, ``refusal`` or ``error``; other words as they are.

    >>> finish_reason("MAX_TOKENS"), finish_reason("toolUse"), finish_reason("end_turn")
    ('length', 'tool_calls', 'stop')
    """
    if not isinstance(raw, str) or not raw:
        return None
    plain = _CAMEL.sub("_", raw).lower().replace("-", "_").replace(" ", "_").rpartition(".")[2]
    return _OURS.get(plain, raw)
