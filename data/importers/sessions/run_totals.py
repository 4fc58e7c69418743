"""Totals of a whole run, shared out among its calls: tokens by the lengths of prompts and answers, the cost by both.

A share is no count, and says so: the cost is marked as an estimate, and the tokens are noted as estimated beside them.
What is exact is their sum.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from tierwise.data.importers.reading.records import Skipped
from tierwise.data.importers.sessions.agent_session import AgentCall
from tierwise.data.replies.counts import amount, count
from tierwise.data.replies.usage import Usage

_CHARS_PER_MESSAGE = 16
_OUTPUT_WEIGHT = 4  # what a token of an answer costs, as a rule, in tokens of a prompt


def share_out(calls: Sequence[AgentCall], stats: Mapping[str, Any]) -> Skipped | None:
    """Gives each call its share of ``tokens_sent``, ``tokens_received`` and ``instance_cost``. A run that made other
    calls than those of the file is not shared out, and the reason is returned."""
    sent, received = count(stats.get("tokens_sent")), count(stats.get("tokens_received"))
    if not calls or not sent or received is None:
        return None
    n_made = count(stats.get("api_calls"))
    if n_made != len(calls):
        return Skipped(
            f"the tokens of a run, not shared out: model_stats.api_calls is {n_made}, and the history holds "
            f"{len(calls)} calls"
        )
    inputs = _shares(sent, [sum(map(_length, call.messages)) for call in calls])
    outputs = _shares(received, [_length(call.message()) for call in calls])
    weights = [n_in + _OUTPUT_WEIGHT * n_out for n_in, n_out in zip(inputs, outputs, strict=True)]
    cost_usd = amount(stats.get("instance_cost")) or 0.0
    for call, n_in, n_out, weight in zip(calls, inputs, outputs, weights, strict=True):
        call.usage, call.is_estimate = Usage(n_in, n_out), True
        call.cost_usd = cost_usd * weight / sum(weights) if cost_usd > 0 else None
    return None


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to ``weights`` that add up to ``total``.

    >>> _shares(10, [1, 1, 1])
    [3, 3, 4]
    """
    whole = sum(weights)
    edges = [total * reached // whole for reached in accumulate(weights, initial=0)]
    return [above - below for below, above in pairwise(edges)]


def _length(message: Mapping[str, Any]) -> int:
    called = sum(len(str(call.get("function"))) for call in message.get("tool_calls") or ())
    return _CHARS_PER_MESSAGE + len(str(message.get("content") or "")) + called
