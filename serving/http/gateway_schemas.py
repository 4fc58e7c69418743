"""The gateway's bodies as OpenAPI documents them: what OpenAI and Anthropic define, and what Tierwise adds."""

from typing import Any

from pydantic import ConfigDict, Field

from tierwise.serving.http.schema_fields import Documented
from tierwise.serving.http.schemas import MessageBody


class ChatBody(Documented):
    """A chat completion as OpenAI defines it; unknown fields go to the provider."""

    model_config = ConfigDict(extra="allow")
    model: str = Field(description="auto, auto:cheap, auto:balanced, auto:best, or a model of the tiers.")
    messages: list[MessageBody] = Field(min_length=1)
    stream: bool | None = None
    tools: list[dict[str, Any]] | None = None
    response_format: dict[str, Any] | None = None
    tierwise: dict[str, Any] | None = Field(None, description="step, task_id, session_id, step_id, options, session.")


class ResponsesBody(Documented):
    """A response as OpenAI's Responses API defines it; unknown fields go to a provider that speaks it."""

    model_config = ConfigDict(extra="allow")
    model: str = Field(description="auto, auto:cheap, auto:balanced, auto:best, or a model of the tiers.")
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    stream: bool | None = None
    tools: list[dict[str, Any]] | None = None
    tierwise: dict[str, Any] | None = Field(None, description="step, task_id, session_id, step_id, options, session.")


class MessagesBody(Documented):
    """A message as Anthropic's Messages API defines it; unknown fields go to a provider that speaks it."""

    model_config = ConfigDict(extra="allow")
    model: str = Field(description="auto, auto:cheap, auto:balanced, auto:best, or a model of the tiers.")
    messages: list[dict[str, Any]] = Field(min_length=1)
    max_tokens: int | None = None
    system: str | list[dict[str, Any]] | None = None
    stream: bool | None = None
    tools: list[dict[str, Any]] | None = None
    tierwise: dict[str, Any] | None = Field(None, description="step, task_id, session_id, step_id, options, session.")


class LegacyBody(Documented):
    """A completion as OpenAI defined it before chats."""

    model_config = ConfigDict(extra="allow")
    model: str
    prompt: str | list[Any]
    stream: bool | None = None


class EmbeddingsBody(Documented):
    """Texts to embed, as OpenAI defines it."""

    model_config = ConfigDict(extra="allow")
    model: str
    input: str | list[Any]
