"""A provider's stream on its way to the caller, watched as it passes."""

from collections.abc import Mapping
from contextlib import aclosing

from fastapi import Response
from starlette.types import Receive, Scope, Send

from tierwise.agents.upstreams.answer_stream import AnswerStream
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.serving.gateway.calls.call import Trial
from tierwise.serving.gateway.calls.disconnect import CallerGoneError, while_connected
from tierwise.serving.gateway.courses.verdict import judge_soon
from tierwise.serving.gateway.refusals import error_body
from tierwise.serving.http.problems import upstream_broke_off


class Relay(Response):
    """Passes pieces on as they come. The attempt is reported however the stream ends: complete, broken off, or with
    the caller gone."""

    media_type = "text/event-stream"

    def __init__(self, trial: Trial, stream: AnswerStream, headers: Mapping[str, str]) -> None:
        self._trial = trial
        self._stream = stream
        self.status_code = 200
        self.background = None
        self.body = b""
        self.init_headers({"cache-control": "no-cache", "x-accel-buffering": "no", **headers})

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Without a length, which nobody knows yet."""
        super().init_headers(headers)
        self.raw_headers = [each for each in self.raw_headers if each[0] != b"content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        try:
            await while_connected(receive, self._pass_on(send))
        except CallerGoneError:
            # Some hang up as soon as they have the whole answer.
            if self._stream.is_finished and not self._trial.is_reported:
                completion = self._stream.completion()
                self._trial.answered(completion, await judge_soon(self._trial.call.request, completion))
        finally:
            self._trial.abandoned(self._stream.completion())  # says nothing where the attempt was reported already

    async def _pass_on(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._stream):
                is_heard = False
                async for piece in self._stream.pieces():
                    if not is_heard and self._stream.is_finished:  # before the caller knows and comes back with more
                        is_heard = True
                        self._trial.heard(self._stream.completion())
                    await _send(send, piece)
        except ProviderError as error:
            self._trial.failed(error, self._stream.completion())
            await _send(send, self._broken(error))
        else:
            completion = self._stream.completion()
            self._trial.answered(completion, await judge_soon(self._trial.call.request, completion))
            ending = self._stream.end()
            if ending:
                await _send(send, ending)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _broken(self, error: ProviderError) -> bytes:
        """The end of a stream that will not be complete, in the caller's protocol."""
        call, endpoint = self._trial.call, self._trial.endpoint
        protocol = call.request.protocol
        if error.body is None:
            body: Mapping[str, object] = protocol.error_body(upstream_broke_off().trouble)
        elif endpoint.speaks(protocol) and isinstance(error.body, dict):
            body = error.body
        else:
            body = error_body(error, endpoint, protocol, error.status or 502)
        return protocol.broken_off(body, call.asked.frame(endpoint))


async def _send(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})
