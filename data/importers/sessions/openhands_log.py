"""OpenHands: the events of a conversation, as one JSON list (``trajectory.json``) or one file an event.

Two generations are read: the application's events (``action``, ``observation``) and those of the SDK (``kind``).
Several actions of one answer name the same response; they are one call.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects, tried
from tierwise.data.importers.reading.records import Record, Skipped
from tierwise.data.importers.sessions.agent_session import AgentCall, AgentSession, texts_of
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.usage import read_usage
from tierwise.data.step_log import Malformed

_NOT_OF_A_MODEL = frozenset(
    {
        "system", "recall", "change_agent_state", "null", "delegate", "start", "pause", "resume", "stop",
        "condensation", "condensation_request", "loop_recovery", "send_pr", "push",
    }
)  # fmt: skip
_NOT_FOR_A_MODEL = frozenset({"null", "agent_state_changed", "recall"})


def read_openhands_logs(paths: Sequence[Path], mapping: ImportMap) -> Iterator[Record]:
    """The calls of one conversation a folder; a file that is a list of events is a conversation of its own."""
    del mapping
    conversations: dict[str, list[Mapping[str, Any]]] = {}
    for path in paths:
        events = list(read_json_objects(path, ("trajectory", "history", "events")))
        yield from (event for event in events if isinstance(event, Malformed))
        values = [event.value for event in events if isinstance(event, Numbered)]
        name = path.stem if len(values) > 1 else path.parent.name
        conversations.setdefault(name, []).extend(values)
    for name, values in conversations.items():
        session, model = AgentSession(name, "openhands", name, "model of a model_response"), _model(values)
        for event in sorted(values, key=lambda event: str(event.get("timestamp") or "")):
            yield from tried(
                Numbered(name, 0, event), _take_sdk_event if "kind" in event else _take_event, session, event, model
            )
        if not session.calls:
            yield Skipped("a conversation of OpenHands without an answer of a model")
        _note_usage(session, values)
        yield from session.records()


def _take_event(session: AgentSession, event: Mapping[str, Any], model: object) -> None:
    action, arguments = event.get("action"), event.get("args")
    arguments = arguments if isinstance(arguments, Mapping) else {}
    if isinstance(event.get("observation"), str):
        if event["observation"] not in _NOT_FOR_A_MODEL:
            call_id = _metadata(event).get("tool_call_id") or event.get("cause")
            session.hear_result(call_id, event.get("content"), _has_failed(event))
    elif action == "system":
        session.hear("system", arguments.get("content"))
    elif action == "message" and event.get("source") == "user":
        session.hear("user", arguments.get("content"))
    elif isinstance(action, str) and event.get("source") == "agent" and action not in _NOT_OF_A_MODEL:
        metadata = _metadata(event)
        response = metadata.get("model_response")
        response = response if isinstance(response, Mapping) else {}
        source_id = str(response.get("id") or f"{session.session_id}-{event.get('id')}")
        call = session.answering(source_id, response.get("model") or model, seconds(event.get("timestamp")))
        if not call.usage.is_known:
            call.usage = read_usage(response)
        if read_answer(response) is not None:  # the actions are the program's reading of what the model said
            _take_response(call, response)
        elif action in ("message", "finish"):
            call.says(arguments.get("content") or arguments.get("final_thought"))
        else:
            call.says(arguments.get("thought"))
            rest = {key: value for key, value in arguments.items() if key != "thought"}
            name = metadata.get("function_name") or action
            call.asks_for(metadata.get("tool_call_id") or event.get("id"), name, json.dumps(rest, default=str))


def _take_response(call: AgentCall, response: Mapping[str, Any]) -> None:
    """The answer itself, which every action that came of it repeats."""
    answer = read_answer(response)
    if answer is None or call.content or call.tool_calls:
        return
    call.says(answer.text)
    call.finish = answer.finish_reason
    for asked in answer.tool_calls:
        call.asks_for(asked.call_id, asked.name, asked.arguments)


def _has_failed(event: Mapping[str, Any]) -> bool:
    extras = event.get("extras")
    told = (event.get("success"), extras.get("success") if isinstance(extras, Mapping) else None)
    return event["observation"] == "error" or False in told


def _take_sdk_event(session: AgentSession, event: Mapping[str, Any], model: object) -> None:
    kind, at = event.get("kind"), seconds(event.get("timestamp"))
    if kind == "SystemPromptEvent":
        session.hear_instructions(event.get("system_prompt"))
    elif kind == "MessageEvent":
        message = event.get("llm_message")
        message = message if isinstance(message, Mapping) else {}
        if event.get("source") == "agent" or message.get("role") == "assistant":
            call = session.answering(str(event.get("llm_response_id") or event.get("id")), model, at)
            call.says(texts_of(message.get("content")))
        else:
            session.hear(str(message.get("role") or "user"), texts_of(message.get("content")))
    elif kind == "ActionEvent":
        call = session.answering(str(event.get("llm_response_id") or event.get("id")), model, at)
        call.says(texts_of(event.get("thought")))
        asked = event.get("tool_call")
        arguments = asked.get("arguments") if isinstance(asked, Mapping) else None
        text = arguments if isinstance(arguments, str) else json.dumps(event.get("action"), default=str)
        call.asks_for(event.get("tool_call_id"), event.get("tool_name"), text)
    elif kind in ("ObservationEvent", "AgentErrorEvent", "UserRejectObservation"):
        found = event.get("observation")
        found = found if isinstance(found, Mapping) else {}
        content = texts_of(found.get("content")) or event.get("error") or event.get("rejection_reason")
        is_error = kind != "ObservationEvent" or bool(found.get("is_error"))
        session.hear_result(event.get("tool_call_id"), content, is_error)


def _metadata(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found = event.get("tool_call_metadata")
    return found if isinstance(found, Mapping) else {}


def _model(events: Sequence[Mapping[str, Any]]) -> object:
    """The model of the conversation's state, which the SDK keeps beside its events."""
    for event in events:
        agent = event.get("agent")
        llm = agent.get("llm") if isinstance(agent, Mapping) else None
        if isinstance(llm, Mapping) and llm.get("model"):
            return llm["model"]
    return None


def _note_usage(session: AgentSession, events: Sequence[Mapping[str, Any]]) -> None:
    """The SDK counts tokens by response in the conversation's state."""
    counted: dict[str, Mapping[str, Any]] = {}
    for event in events:
        stats = event.get("stats")
        metrics = stats.get("usage_to_metrics") if isinstance(stats, Mapping) else None
        for each in metrics.values() if isinstance(metrics, Mapping) else ():
            usages = each.get("token_usages") if isinstance(each, Mapping) else None
            counted |= {str(one.get("response_id")): one for one in usages or () if isinstance(one, Mapping)}
    for call in session.calls:
        if not call.usage.is_known and call.source_id in counted:
            call.usage = read_usage(counted[call.source_id])
