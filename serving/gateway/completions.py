"""Running one call: the next model where a provider fails, the next tier where an answer will not do."""

from dataclasses import dataclass
from typing import Any

from fastapi import Response
from pydantic_core import to_json

from tierwise.serving.gateway.call import Call, Trial
from tierwise.serving.gateway.endpoints import Endpoint
from tierwise.serving.gateway.relay import Relay
from tierwise.serving.gateway.reply import read_reply
from tierwise.serving.gateway.upstream import EventStream, Upstream, UpstreamError
from tierwise.serving.gateway.verdict import Verdict, judge_soon
from tierwise.serving.problems import upstream_failed

_PASSED_ON = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a provider answered, and whether it will do."""

    endpoint: Endpoint
    body: dict[str, Any]
    verdict: Verdict


async def complete_whole(call: Call, upstream: Upstream) -> Response:
    """The first answer that will do. When none does, that of the dearest tier; when there is none, the last error."""
    answer: _Answer | None = None
    failure: tuple[Endpoint, UpstreamError] | None = None
    for endpoint in call.open_endpoints():
        if answer is not None and endpoint.tier == answer.endpoint.tier:
            continue  # an answer that will not do is tried one tier up, not next door
        trial = call.begin(endpoint)
        try:
            answer = await _attempt(trial, upstream)
        except UpstreamError as error:
            trial.failed(error)
            failure = (endpoint, error)
            if error.is_callers_fault:
                break
        else:
            if answer.verdict.success is not False:
                break
    if answer is not None:
        headers = call.headers(answer.endpoint, answer.verdict)
        return Response(to_json(answer.body), media_type="application/json", headers=headers)
    return _refused(call, failure)


async def complete_stream(call: Call, upstream: Upstream) -> Response:
    """The stream of the first provider that begins one. From then on there is no way back."""
    failure: tuple[Endpoint, UpstreamError] | None = None
    for endpoint in call.open_endpoints():
        trial = call.begin(endpoint)
        try:
            stream = await _open(trial, upstream)
        except UpstreamError as error:
            trial.failed(error)
            failure = (endpoint, error)
            if error.is_callers_fault:
                break
        else:
            return Relay(trial, stream, call.headers(endpoint))
    return _refused(call, failure)


async def _attempt(trial: Trial, upstream: Upstream) -> _Answer:
    chat, endpoint = trial.call.chat, trial.endpoint
    with trial.unless_cancelled():
        body = await upstream.complete(endpoint, chat.for_model(endpoint.model.name))
    reply = read_reply(body)
    verdict = await judge_soon(chat, reply)
    trial.answered(reply, verdict)
    return _Answer(endpoint, body, verdict)


async def _open(trial: Trial, upstream: Upstream) -> EventStream:
    with trial.unless_cancelled():
        stream = await upstream.open(trial.endpoint, trial.call.chat.for_model(trial.endpoint.model.name))
    trial.note_first_chunk()
    return stream


def _refused(call: Call, failure: tuple[Endpoint, UpstreamError] | None) -> Response:
    """The last provider's error where it is the caller's to know, else one of our own. Raises ``Problem``."""
    if failure is None:
        raise upstream_failed(503, "no model is open to this call", {})
    endpoint, error = failure
    headers = call.headers(endpoint)
    if error.retry_after is not None:
        headers["retry-after"] = error.retry_after
    is_for_the_caller = error.is_callers_fault or error.status in _PASSED_ON or (error.status or 0) >= 500
    if is_for_the_caller and error.status is not None and _has_openai_form(error.body):
        return Response(to_json(error.body), error.status, headers, "application/json")
    raise upstream_failed(error.status or 502, f"no provider answered: {', '.join(call.failures)}", headers)


def _has_openai_form(body: object) -> bool:
    return isinstance(body, dict) and isinstance(body.get("error"), dict)
