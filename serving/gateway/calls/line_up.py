"""Who may answer a call, in the order in which they are tried."""

from collections.abc import Sequence

from tierwise.agents.protocols import PROTOCOLS
from tierwise.agents.upstreams.asking import Asked
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.data.errors import RecordError
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.http.problems import context_too_long, invalid_field

BYTES_PER_TOKEN = 4.0
MARGIN = 1.5  # a prompt is too long beyond doubt when its estimate by bytes, divided by this, does not fit


def line_up(
    endpoints: Sequence[Endpoint], names: Sequence[str], tier: str, max_tier: str | None, needs: frozenset[str]
) -> tuple[Endpoint, ...]:
    """The endpoints for a decision: ``tier`` first, then dearer ones.

    ``names`` are all tiers, cheapest first; nothing above ``max_tier`` is taken. A tier that is none of them, as
    another arm of an experiment may know it, counts as the dearest.
    """
    low = names.index(tier) if tier in names else len(names) - 1
    high = names.index(max_tier) if max_tier in names else len(names) - 1
    open_names = names[low : high + 1]
    return tuple(each for name in open_names for each in endpoints if each.tier == name and each.can(needs))


def that_can_be_told(endpoints: Sequence[Endpoint], asked: Asked) -> tuple[Endpoint, ...]:
    """Those that the call can be put to. Raises ``Problem`` naming the field that no one of them can be told."""
    found: list[Endpoint] = []
    error: RecordError | None = None
    for endpoint in endpoints:
        if endpoint.speaks(asked.protocol):
            found.append(endpoint)
            continue
        try:
            asked.body_for(endpoint)
        except RecordError as problem:
            error = error or problem
        else:
            found.append(endpoint)
    if not found and error is not None:
        raise invalid_field(error)
    return tuple(found)


def that_fit(endpoints: Sequence[Endpoint], request: GatewayRequest) -> tuple[Endpoint, ...]:
    """Without those for which the prompt is too long beyond doubt. Raises ``Problem`` when it fits nobody."""
    if request.n_bytes is None or not endpoints:
        return tuple(endpoints)
    n_tokens = int(request.n_bytes / BYTES_PER_TOKEN / MARGIN)
    windows = [each.model.context_window for each in endpoints]
    fitting = tuple(
        each for each, window in zip(endpoints, windows, strict=True) if window is None or n_tokens <= window
    )
    if not fitting:
        raise context_too_long(n_tokens, max(window for window in windows if window is not None))
    return fitting


def doubtful_last(endpoints: Sequence[Endpoint], request: GatewayRequest) -> tuple[Endpoint, ...]:
    """Those for which the prompt may be too long, by the estimate or by a refusal of one as long, come last."""
    n_bytes = request.n_bytes
    if n_bytes is None or len(endpoints) < 2:
        return tuple(endpoints)
    n_tokens = n_bytes / BYTES_PER_TOKEN + (request.protocol.max_output_tokens(request.body) or 0)
    return tuple(sorted(endpoints, key=lambda each: _has_doubts(each, n_bytes, n_tokens)))


def _has_doubts(endpoint: Endpoint, n_bytes: int, n_tokens: float) -> bool:
    refused, window = endpoint.lessons.refused_size(), endpoint.model.context_window
    return (refused is not None and n_bytes >= refused) or (window is not None and n_tokens > window)


def can_answer(endpoint: Endpoint, asked: str) -> bool:
    """Whether a model speaks the protocol, or one that it can be translated into."""
    return asked in endpoint.model.protocols or any(name in PROTOCOLS for name in endpoint.model.protocols)
