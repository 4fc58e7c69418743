"""What a span is about: an LLM call in one of the vocabularies that we know, an agent, or something around them.

Which operations are calls is not told by a list of names, because the conventions allow any: a span that names a model
and holds a prompt is one, unless it says that it is something else.
"""

import re
from collections.abc import Mapping
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall
from tierwise.data.importers.reading.records import Skipped
from tierwise.data.importers.traces.spans import Span
from tierwise.data.importers.traces.words_genai import MODELS, holds_prompt, said_in_genai
from tierwise.data.importers.traces.words_haystack import said_in_haystack
from tierwise.data.importers.traces.words_others import said_in_mlflow, said_in_openinference
from tierwise.data.replies.json_text import decoded

_CHAT = frozenset({"chat", "text_completion", "generate_content", "completion"})
# Operations and kinds that stand around calls or beside them, in everybody's words.
_NO_CALLS = frozenset(
    {
        "invoke_agent", "create_agent", "execute_tool", "embeddings", "embedding", "embed", "aembedding", "rerank",
        "retrieval", "retrieve", "retriever", "tool", "agent", "chain", "workflow", "task", "invoke_workflow", "plan",
        "handoff", "guardrail", "evaluator", "evaluation", "evaluate", "span", "event", "image_generation", "speech",
        "transcription", "moderation", "create_thread", "run", "parser", "prompt", "memory", "reranker",
    }
)  # fmt: skip
_AROUND_BY_NAME = frozenset({"invoke_agent", "create_agent", "execute_tool", "invoke_workflow"})
_MLFLOW_CALLS = frozenset({"CHAT_MODEL", "LLM"})
_NO_CHAT = re.compile(r"image|embed|audio|moderation|rerank", re.IGNORECASE)  # in llm.api, as Langtrace has it
_AI_SDK_NAMES = ("ai.operationId", "operation.name")
_AI_SDK_CALLS = (".doGenerate", ".doStream")


def found_call(span: Span, mapping: ImportMap) -> FoundCall | Skipped | None:
    """The call that a span is about, None for one that is none; what looks like a call and cannot be one says why."""
    words = span.attributes
    kind = str(words.get("openinference.span.kind") or "").upper()
    mlflow = str(decoded(words.get("mlflow.spanType")) or "").upper()
    if kind == "LLM":
        said = said_in_openinference(words)
        return _found(span, mapping, said if said["messages"] else _either(said, said_in_genai(words, span)))
    if mlflow in _MLFLOW_CALLS:
        return _found(span, mapping, _either(said_in_mlflow(words), said_in_genai(words, span)))
    if "haystack.component.output" in words:
        replied = said_in_haystack(words)
        return None if replied is None else _found(span, mapping, replied)
    if kind not in ("", "UNKNOWN") or mlflow not in ("", "UNKNOWN"):
        return None
    if _is_around(words) or _named_operation(span) in _NO_CALLS:
        return _AGENTS_RUN if is_agent(span) and _genai_model(words) and holds_prompt(words, span) else None
    return _genai(span, mapping)


_AGENTS_RUN = Skipped(
    "an agent's run with a model and a prompt; the calls in it count where they have spans of their own"
)


def _genai_model(words: Mapping[str, Any]) -> object:
    return next((words[name] for name in MODELS if words.get(name)), None)


def _genkit_model(words: Mapping[str, Any]) -> object:
    """Genkit names the action that it ran; one of the kind ``model`` is a call."""
    return words.get("genkit:name") if words.get("genkit:metadata:subtype") == "model" else None


def _named_operation(span: Span) -> str | None:
    """The operation that a span says, or that the conventions begin its name with: ``invoke_agent Ada``."""
    said, named = _operation(span.attributes), span.name.partition(" ")[0]
    return named if said is None and named in _AROUND_BY_NAME else said


def _named_model(span: Span) -> str | None:
    operation, _, model = span.name.partition(" ")
    return model if operation == span.attributes.get("gen_ai.operation.name") and operation in _CHAT else None


def is_agent(span: Span) -> bool:
    """Is the span an agent's run?"""
    words = span.attributes
    return (
        _named_operation(span) == "invoke_agent"
        or words.get("openinference.span.kind") == "AGENT"
        or decoded(words.get("mlflow.spanType")) == "AGENT"
        or words.get("traceloop.span.kind") == "agent"
        or words.get("langfuse.observation.type") == "agent"
    )


def missing_call(span: Span) -> str | None:
    """What to say of a span of the AI SDK that stands around calls, where none of them is there. It may sum up several
    calls, so that it is none itself."""
    words = span.attributes
    name = next((name for name in _AI_SDK_NAMES if _is_sdk(words.get(name))), None)
    if name is None or not words.get("ai.model.id"):
        return None
    operation = str(words[name]).split(" ")[0]
    if operation.endswith(_AI_SDK_CALLS) or operation.count(".") != 1:
        return None
    return (
        f"a span around calls without them: {name} is {operation}, and {operation}.doGenerate or .doStream is not there"
    )


def _is_sdk(value: object) -> bool:
    return isinstance(value, str) and value.split(" ")[0].startswith("ai.")


def frame_name(span: Span) -> str:
    """The name of an agent where the span has one, else its own."""
    words = span.attributes
    name = words.get("gen_ai.agent.name") or words.get("agent.name") or words.get("traceloop.entity.name")
    return str(name or span.name)


def _genai(span: Span, mapping: ImportMap) -> FoundCall | Skipped | None:
    words = span.attributes
    operation = _operation(words)
    is_said = operation in _CHAT or (operation is None and "gen_ai.request.model" in words)
    is_said = is_said or any(_is_sdk(words.get(name)) for name in _AI_SDK_NAMES)  # an outer one did not come here
    names_model = any(named(words) is not None for named in (_genai_model, _requested_model, _genkit_model))
    if is_said or (names_model and holds_prompt(words, span)):
        said = said_in_genai(words, span)
        model = said["model"] or _genkit_model(words) or _named_model(span)
        return _found(span, mapping, {**said, "model": model})
    if names_model and operation is not None:
        return Skipped(
            f"a span of the operation '{operation}' that names a model; gen_ai.input.messages or another prompt was "
            f"looked for, and is not there"
        )
    return _unknown_words(words)


def _requested_model(words: Mapping[str, Any]) -> object:
    """The model inside a raw request, as Logfire keeps it."""
    request = decoded(words.get("request_data"))
    return request.get("model") if isinstance(request, Mapping) else None


def _unknown_words(words: Mapping[str, Any]) -> Skipped | None:
    """A span that holds a prompt and a model, or calls itself a model's, in words of which none is known."""
    own = {key: value for key, value in words.items() if isinstance(value, str) and not key.startswith("resource.")}
    prompt = next((key for key in sorted(own) if _PROMPT_LIKE.search(key)), None)
    model = next((key for key in sorted(own) if _MODEL_LIKE.search(key) or _says_llm(key, own[key])), None)
    if prompt is None or model is None or prompt == model:
        return None
    return Skipped(
        f"a span with {prompt} and {model}, which are not known; gen_ai.request.model with gen_ai.input.messages and "
        f"their like were looked for"
    )


_PROMPT_LIKE = re.compile(r"(?:^|[._:])(?:prompts?|messages|input(?:_json|_messages)?)$", re.IGNORECASE)
_MODEL_LIKE = re.compile(r"(?:^|[._:])model(?:_?name|_?id)?$", re.IGNORECASE)


def _says_llm(key: str, value: str) -> bool:
    plain = value.lower().replace(" ", "")
    is_kind = key.lower().endswith(("kind", "type", "subtype")) and plain in ("llm", "generation", "model")
    return is_kind or '"type":"llm"' in plain


def _operation(words: Mapping[str, Any]) -> str | None:
    for key in ("gen_ai.operation.name", "llm.request.type", "langfuse.observation.type"):
        if isinstance(words.get(key), str) and words[key]:
            return str(words[key]).lower()
    return None


def _is_around(words: Mapping[str, Any]) -> bool:
    """Whether a span says of itself that it is no call: tools, agents, the AI SDK's outer span of a call."""
    sdk = next((words[name] for name in _AI_SDK_NAMES if _is_sdk(words.get(name))), None)
    if sdk is not None:
        return not sdk.split(" ")[0].endswith(_AI_SDK_CALLS)
    if _operation(words) in _NO_CALLS or _NO_CHAT.search(str(words.get("llm.api") or "")):
        return True
    kind = str(words.get("traceloop.span.kind") or words.get("langsmith.span.kind") or "").lower()
    return kind in _NO_CALLS and "llm.request.type" not in words and _operation(words) not in _CHAT


def _either(said: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """Two vocabularies on one span: the first one's words, the other's where it has none."""
    if not said["messages"]:
        said = {**said, **{key: other[key] for key in ("messages", "asked", "problem")}} if other["messages"] else said
    return {key: other[key] if _is_nothing(value) else value for key, value in said.items()}


def _is_nothing(value: object) -> bool:
    return value is None or value == [] or not getattr(value, "is_known", True)


def _found(span: Span, mapping: ImportMap, said: Mapping[str, Any]) -> FoundCall:
    metadata = decoded(span.attributes.get("metadata"))
    labels = mapping.labels({**span.attributes, "metadata": metadata if isinstance(metadata, Mapping) else {}})
    return FoundCall(
        source_id=span.span_id,
        labels=labels,
        started_at=span.started_at,
        ended_at=span.ended_at,
        trace_id=span.trace_id,
        parent_id=span.parent_id,
        error=span.error,
        error_type=span.error_type,
        is_cut=span.is_cut,
        model_at="gen_ai.request.model, llm.model_name, ai.model.id or their like",
        **said,
    )
