"""A call with everything that is to come back out of every dialect."""

from dataclasses import dataclass
from typing import Any

Rows = tuple[str, list[dict[str, Any]]]
TRACE, SPAN = "a" * 32, "b" * 16
START, END = 1_790_000_000_000_000_000, 1_790_000_001_500_000_000
ISO_START, ISO_END = "2026-09-21T14:13:20Z", "2026-09-21T14:13:21.500Z"


@dataclass(frozen=True, slots=True)
class Made:
    """A call with everything that is to come back; ``cached`` is a part of ``n_in``."""

    system: str
    user: str
    answer: str
    tool: str
    n_in: int
    n_out: int
    cached: int
    cost_usd: float
    is_good: bool
    model: str = "gpt-4o-mini-2024-07-18"

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}

    @property
    def function(self) -> dict[str, Any]:
        return {"type": "function", "function": {"name": self.tool, "description": "d", "parameters": self.schema}}

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]

    @property
    def request(self) -> dict[str, Any]:
        return {"model": self.model, "messages": self.messages, "tools": [self.function]}

    @property
    def usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.n_in, "completion_tokens": self.n_out, "total_tokens": self.n_in + self.n_out,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        }  # fmt: skip

    @property
    def completion(self) -> dict[str, Any]:
        choice = {"index": 0, "message": {"role": "assistant", "content": self.answer}, "finish_reason": "stop"}
        return {"id": "c", "model": self.model, "choices": [choice], "usage": self.usage}
