"""Answers of models that are bad in every part of theirs, by name; each is made when it is asked for."""

import json
from collections.abc import Callable
from typing import Any

SAYS = {"small": "The answer is 7.", "mid": "**7**", "frontier": "7.0"}
USAGE = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
LOGPROBS = {"content": [{"token": "7", "logprob": -0.1, "top_logprobs": []}]}


def chat(message: Any, usage: Any = USAGE, finish: Any = "stop", **choice: Any) -> dict[str, Any]:
    if isinstance(message, str):
        message = {"role": "assistant", "content": message}
    first = {"index": 0, "message": message, "finish_reason": finish, **choice}
    return {"id": "c", "object": "chat.completion", "model": "m", "choices": [first], "usage": usage}


def calls(*given: Any, content: Any = None) -> dict[str, Any]:
    return chat({"role": "assistant", "content": content, "tool_calls": list(given)}, finish="tool_calls")


def call(arguments: Any, name: Any = "book", **more: Any) -> dict[str, Any]:
    return {"id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def logprobs(*values: Any) -> dict[str, Any]:
    return chat(SAYS["small"], logprobs={"content": [{"token": "7", "logprob": value} for value in values]})


NAN, INF = float("nan"), float("inf")
WHOLE: dict[str, Callable[[], Any]] = {
    "wrong": lambda: chat("812"),
    "long": lambda: chat("word " * 1_000_000),
    "digits": lambda: chat("9" * 5_000),
    "manydigits": lambda: chat("9" * 3_000_000),
    "exponent": lambda: chat("1e999999999"),
    "fraction": lambda: chat("1" + "0" * 3_000 + "/3"),
    "deep": lambda: chat("[" * 100_000),
    "deepclosed": lambda: chat("[" * 50_000 + "]" * 50_000),
    "braces": lambda: chat('{"a":' * 20_000 + "1" + "}" * 20_000),
    "fences": lambda: chat("```json\n" * 100_000),
    "boxed": lambda: chat("\\boxed{" * 200_000),
    "stars": lambda: chat("**" * 1_000_000),
    "choicesabc": lambda: chat("(A) " * 500_000),
    "dates": lambda: chat("2026-11-01 " * 300_000),
    "thinks": lambda: chat("<think>" * 200_000 + "7"),
    "code": lambda: chat("```python\n" + "x = (" * 50_000 + "\n```"),
    "bigjson": lambda: chat(json.dumps({f"k{i}": [i, str(i)] for i in range(200_000)})),
    "nothing": lambda: chat(None),
    "empty": lambda: chat(""),
    "blanks": lambda: chat(" \n" * 500_000),
    "control": lambda: chat("7\u0000\r\n\u2028data: [DONE]\n\nevent: x\ud83d"),
    "parts": lambda: chat({"role": "assistant", "content": [{"type": "text", "text": 5}, None, "x", {"type": "image_url"}]}),
    "number": lambda: chat({"role": "assistant", "content": 7}),
    "nobody": lambda: chat(None, usage=None, finish=None) | {"choices": [{"index": 0, "message": None}]},
    "nochoice": lambda: {"id": "c", "choices": [], "usage": USAGE},
    "nullchoice": lambda: {"id": "c", "choices": [None, 5, []], "usage": USAGE},
    "manychoices": lambda: chat("7") | {"choices": chat("7")["choices"] * 20_000},
    "refuses": lambda: chat({"role": "assistant", "content": None, "refusal": "no " * 1_000}),
    "finish": lambda: chat("The answer is 7.", finish=["x" * 1_000]),
    "names": lambda: chat("The answer is 7.") | {"id": 5, "model": {"a": "\n\r"}, "object": None, "created": "x"},
    "usage-": lambda: chat("The answer is 7.", {"prompt_tokens": -(10**9), "completion_tokens": -(10**9), "total_tokens": -1}),
    "usage+": lambda: chat("The answer is 7.", {"prompt_tokens": 10**300, "completion_tokens": 10**18, "total_tokens": 1}),
    "usage1": lambda: chat("The answer is 7.", {"prompt_tokens": 10**12, "completion_tokens": 10**12}),
    "usage0": lambda: chat("The answer is 7.", None),
    "usagex": lambda: chat("The answer is 7.", {"prompt_tokens": "many", "completion_tokens": NAN, "total_tokens": [[]]}),
    "usagef": lambda: chat("The answer is 7.", {"prompt_tokens": 1.5, "completion_tokens": INF, "prompt_tokens_details": {"cached_tokens": -5}}),
    "usagel": lambda: chat("The answer is 7.", [USAGE] * 3),
    "nan": lambda: logprobs(NAN, -1.0),
    "inf": lambda: logprobs(-INF, INF),
    "strings": lambda: logprobs("-0.5", None, [], {}),
    "sums": lambda: logprobs(-1e308, -1e308, -1e308),
    "positive": lambda: logprobs(5.0, 1e308),
    "bigint": lambda: logprobs(-(10**400)),
    "millions": lambda: chat("The answer is 7.", logprobs={"content": [{"logprob": -0.1}] * 900_000}),
    "oddlog": lambda: chat("The answer is 7.", logprobs={"content": {"a": 1}, "mean": "x"}),
    "loglist": lambda: chat("The answer is 7.", logprobs=[-0.5]),
    "lognest": lambda: chat("The answer is 7.", logprobs={"content": [[[[{"logprob": -1}]]]]}),
    "summary": lambda: chat("The answer is 7.", logprobs={"mean": -INF, "min": 5, "n": -1}),
    "call": lambda: calls(call('{"n": 7}')),
    "callother": lambda: calls(call('{"n": 8}')),
    "callnone": lambda: calls(call(None)),
    "callobject": lambda: calls(call({"n": {"deep": [7]}})),
    "callnan": lambda: calls(call('{"n": NaN, "m": 1e400, "k": -Infinity}')),
    "callsays": lambda: calls(call('{"n": 7}'), content="I will not call anything. The answer is 812."),
    "calltwice": lambda: calls(call('{"n": 7}'), call('{"n": 8}')),
    "callodd": lambda: calls(5, None, {}, {"function": None}, {"function": {"name": 5, "arguments": []}}, call("{}", "x" * 10_000)),
    "callmany": lambda: calls(*[call('{"n": 7}')] * 50_000),
    "callhuge": lambda: calls(call(json.dumps({"n": list(range(900_000))}))),
    "callhugeobject": lambda: calls(call({"n": list(range(400_000))})),
    "calldeep": lambda: calls(call('{"n":' * 50_000 + "1" + "}" * 50_000)),
    "callbroken": lambda: calls(call('{"n": 7')),
    "callname": lambda: calls(call('{"n": 7}', name="rm -rf /\r\nx-evil: 1")),
    "callstrings": lambda: chat({"role": "assistant", "content": "7", "tool_calls": "none"}),
    "callfunction": lambda: chat({"role": "assistant", "function_call": {"name": "book", "arguments": 5}, "content": None}),
    "error200": lambda: {"error": {"message": "no", "code": 5, "type": []}},
    "errornested": lambda: {"choices": chat("The answer is 7.")["choices"], "error": {"message": {"a": "b"}}},
    "list": lambda: [chat("The answer is 7.")],
    "null": lambda: None,
    "keys": lambda: chat("The answer is 7.") | {f"k{i}": i for i in range(100_000)},
}  # fmt: skip
