"""CrewAI: an LLM that picks the tier of every call and hands it to that tier's own LLM."""

from collections.abc import Mapping
from typing import Any, Unpack

from tierwise.agents.adapters.fields import merged
from tierwise.agents.adapters.threads import attempt_in_thread
from tierwise.agents.client import Client, Measured, RouteFields
from tierwise.agents.usage import Usage
from tierwise.data.program.extras import needs_extra

with needs_extra("crewai"):
    from crewai import BaseLLM
    from pydantic import PrivateAttr


class RoutedLLM(BaseLLM):
    """For ``Agent(llm=routed_llm(client, llms), ...)``; make one for every agent, as CrewAI counts tokens per LLM."""

    _client: Client = PrivateAttr()
    _llms: Mapping[str, Any] = PrivateAttr()
    _fields: RouteFields = PrivateAttr()

    def call(self, messages: Any, tools: Any = None, *rest: Any, **named: Any) -> Any:
        with self._client.attempt(**self._fields_of(messages, tools, named)) as attempt:
            llm = attempt.pick(self._llms, self._client.catalogue)
            before = llm.get_token_usage_summary()
            answer = llm.call(messages, tools, *rest, **named)
            self._count(attempt, before, llm.get_token_usage_summary())
            return answer

    async def acall(self, messages: Any, tools: Any = None, *rest: Any, **named: Any) -> Any:
        async with attempt_in_thread(self._client, **self._fields_of(messages, tools, named)) as attempt:
            llm = attempt.pick(self._llms, self._client.catalogue)
            before = llm.get_token_usage_summary()
            answer = await llm.acall(messages, tools, *rest, **named)
            self._count(attempt, before, llm.get_token_usage_summary())
            return answer

    def supports_function_calling(self) -> bool:
        return all(llm.supports_function_calling() for llm in self._llms.values())

    def get_context_window_size(self) -> int:
        return int(min(llm.get_context_window_size() for llm in self._llms.values()))

    def _fields_of(self, messages: Any, tools: Any, named: Mapping[str, Any]) -> RouteFields:
        given = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        agent = getattr(named.get("from_agent"), "role", None)
        return merged({"messages": given, "tools": tools or [], "agent": agent}, self._fields)

    def _count(self, attempt: Measured, before: Any, after: Any) -> None:
        """CrewAI keeps totals; what one call used is what they rose by."""
        risen = [
            getattr(after, name) - getattr(before, name)
            for name in ("prompt_tokens", "completion_tokens", "cached_prompt_tokens")
        ]
        if risen[0] or risen[1]:
            attempt.usage = Usage(*risen)
            self._track_token_usage_internal({"prompt_tokens": risen[0], "completion_tokens": risen[1]})


def routed_llm(client: Client, llms: Mapping[str, Any], **fields: Unpack[RouteFields]) -> RoutedLLM:
    """``llms`` holds an LLM for every tier; ``fields`` are those of ``client.route`` that hold for every call."""
    routed = RoutedLLM(model="auto")
    routed._client, routed._llms, routed._fields = client, llms, fields
    return routed
