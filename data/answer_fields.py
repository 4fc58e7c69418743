"""What an attempt answered, from untrusted mappings: its tool calls and the log-probabilities of its tokens.

Beside the step log's own forms, those of the OpenAI API are read: calls inside ``function``, and log-probabilities one
a token.
"""

from collections.abc import Mapping, Sequence

from tierwise.data.errors import RecordError
from tierwise.data.fields import count, extra, mapping, number, sequence, shown, text
from tierwise.data.records import Logprobs, ToolCall

_CALL_FIELDS = frozenset({"name", "arguments", "function"})


def tool_calls_in(raw: object, where: str) -> tuple[ToolCall, ...] | None:
    """The calls of an answer; None where nothing is recorded, empty where it called nothing."""
    if raw is None:
        return None
    return tuple(_tool_call(item, f"{where}[{i}]") for i, item in enumerate(sequence(raw, where)))


def logprobs_in(raw: object, where: str) -> Logprobs | None:
    """``{"mean", "min", "n"}``, a list of log-probabilities, or the ``logprobs`` of a chat completion's choice."""
    if raw is None:
        return None
    if isinstance(raw, list | tuple):
        return summed_logprobs([_logprob(item, f"{where}[{i}]") for i, item in enumerate(raw)])
    record = mapping(raw, where)
    if isinstance(record.get("content"), list):
        tokens = [mapping(item, f"{where}.content[{i}]") for i, item in enumerate(record["content"])]
        return summed_logprobs([_logprob(token.get("logprob"), f"{where}.content") for token in tokens])
    if "content" in record and "mean" not in record:
        return None  # asked for, and nothing came
    n = count(record.get("n"), f"{where}.n")
    mean, least = _logprob(record.get("mean"), f"{where}.mean"), _logprob(record.get("min"), f"{where}.min")
    if not n:
        raise RecordError(f"{where}.n", f"is {shown(record.get('n'))}; the number of tokens is needed, 1 or more")
    if least > mean:
        raise RecordError(f"{where}.min", f"is {least:g}, above the mean of {mean:g}")
    return Logprobs(mean, least, n)


def summed_logprobs(values: Sequence[float]) -> Logprobs | None:
    """What is kept of the tokens' log-probabilities; None for an answer without tokens."""
    if not values:
        return None
    least = min(values)
    return Logprobs(max(sum(values) / len(values), least), least, len(values))


def _tool_call(raw: object, where: str) -> ToolCall:
    record = mapping(raw, where)
    inner = record.get("function")
    named = inner if isinstance(inner, Mapping) else record
    name = text(named.get("name"), f"{where}.name")
    if not name:
        raise RecordError(f"{where}.name", "is missing; name the tool that is called")
    arguments = named.get("arguments")
    if not isinstance(arguments, str):
        arguments = {} if arguments is None else mapping(arguments, f"{where}.arguments")
    return ToolCall(name, arguments, extra(record, _CALL_FIELDS))


def _logprob(raw: object, where: str) -> float:
    value = number(raw, where)
    if value is None or value > 0:
        raise RecordError(where, f"is {shown(raw)}; a natural log-probability is needed, 0 or below")
    return value
