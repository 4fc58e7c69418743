"""Running one call: the next model where a provider fails, the next tier where an answer will not do."""

from dataclasses import dataclass

from fastapi import Response

from tierwise.agents.upstreams.answer_stream import AnswerStream
from tierwise.agents.upstreams.asking import Answered, ask, ask_for_stream
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.replies.json_text import write_json
from tierwise.serving.gateway.calls.call import Call, Trial
from tierwise.serving.gateway.calls.relay import Relay
from tierwise.serving.gateway.calls.unfenced import unfenced
from tierwise.serving.gateway.courses.verdict import FormVerdict, judge_soon, kept
from tierwise.serving.gateway.refusals import refused


@dataclass(frozen=True, slots=True)
class Judged:
    """What a provider answered, and whether it will do."""

    answered: Answered
    verdict: FormVerdict


async def complete_whole(call: Call, transport: Transport, spare: Judged | None = None) -> Response:
    """The first answer that will do. When none does, that of the dearest tier; when there is none, ``spare``, which
    an earlier call brought, or else the last error."""
    best: Judged | None = None
    failure: tuple[Endpoint, ProviderError] | None = None
    for endpoint in call.open_endpoints():
        if best is not None and endpoint.tier == best.answered.endpoint.tier:
            continue  # an answer that will not do is tried one tier up, not next door
        trial = call.begin(endpoint)
        try:
            best = await _attempt(trial, transport)
        except ProviderError as error:
            trial.failed(error)
            failure = (endpoint, error)
            if error.is_callers_fault:
                break
        else:
            if best.verdict.success is not False:
                break
    best = best or spare
    if best is None:
        return refused(call, failure)
    return written(call, best)


def written(call: Call, best: Judged) -> Response:
    """The answer as the caller gets it, in one piece."""
    answered = best.answered
    headers = {**answered.headers, **call.headers(answered.endpoint, best.verdict)}
    return Response(write_json(answered.body), media_type="application/json", headers=headers)


async def complete_stream(call: Call, transport: Transport) -> Response:
    """The stream of the first provider that begins one. From then on there is no way back."""
    failure: tuple[Endpoint, ProviderError] | None = None
    for endpoint in call.open_endpoints():
        trial = call.begin(endpoint)
        try:
            stream = await _open(trial, transport)
        except ProviderError as error:
            trial.failed(error)
            failure = (endpoint, error)
            if error.is_callers_fault:
                break
        else:
            return Relay(trial, stream, {**stream.headers, **call.headers(endpoint)})
    return refused(call, failure)


async def _attempt(trial: Trial, transport: Transport) -> Judged:
    with trial.unless_cancelled():
        answered = await ask(transport, trial.endpoint, trial.call.asked)
    verdict = await judge_soon(trial.call.request, answered.completion)
    plain = unfenced(answered) if verdict.is_fenced and len(answered.completion.messages) == 1 else None
    if plain is not None:  # so that the caller's parser meets what was asked for, whichever model answered
        answered, verdict = plain, kept(plain.completion)
    trial.answered(answered.completion, verdict)
    return Judged(answered, verdict)


async def _open(trial: Trial, transport: Transport) -> AnswerStream:
    with trial.unless_cancelled():
        stream = await ask_for_stream(transport, trial.endpoint, trial.call.asked)
    trial.note_first_chunk()
    return stream
