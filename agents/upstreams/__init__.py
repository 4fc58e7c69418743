"""Models as endpoints: what ``tiers.toml`` names, called over HTTP."""

from tierwise.agents.upstreams.cache_marks import NO_HINTS, CacheHints, with_cache_marks
from tierwise.agents.upstreams.chat import chat_body, chat_messages, estimate_tokens
from tierwise.agents.upstreams.errors import ProviderError, Trouble
from tierwise.agents.upstreams.pool import Line, Upstreams
from tierwise.agents.upstreams.reply import Reply, ToolCall, price, unfenced
from tierwise.agents.upstreams.upstream import ReplyStream, Upstream

__all__ = [
    "NO_HINTS",
    "CacheHints",
    "Line",
    "ProviderError",
    "Reply",
    "ReplyStream",
    "ToolCall",
    "Trouble",
    "Upstream",
    "Upstreams",
    "chat_body",
    "chat_messages",
    "estimate_tokens",
    "price",
    "unfenced",
    "with_cache_marks",
]
