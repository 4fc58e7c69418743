"""A provider's stream on its way to the caller, watched as it passes."""

from collections.abc import Mapping
from contextlib import aclosing

from fastapi import Response
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from tierwise.serving.gateway.call import Trial
from tierwise.serving.gateway.disconnect import CallerGoneError, while_connected
from tierwise.serving.gateway.reply import Draft
from tierwise.serving.gateway.upstream import EventStream, UpstreamError, decoded, raise_error_event
from tierwise.serving.gateway.verdict import judge_soon
from tierwise.serving.problems import upstream_broke_off

DONE = b"data: [DONE]\n\n"


class Relay(Response):
    """Passes events on as they are, but for a last one with nothing but usage that the caller did not ask for.

    The attempt is reported however the stream ends: complete, broken off, or with the caller gone.
    """

    media_type = "text/event-stream"

    def __init__(self, trial: Trial, stream: EventStream, headers: Mapping[str, str]) -> None:
        self._trial = trial
        self._stream = stream
        self._draft = Draft()
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
            pass
        finally:
            self._trial.abandoned(self._draft.reply())  # says nothing where the attempt was reported already

    async def _pass_on(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._stream):
                async for event in self._stream.events():
                    raise_error_event(event)
                    if self._is_for_the_caller(event):
                        await _send(send, b"data: " + event + b"\n\n")
            if not self._draft.is_finished:
                raise UpstreamError("broken_connection")
        except UpstreamError as error:
            self._trial.failed(error, self._draft.reply())
            await _send(send, b"data: " + to_json(error.body or upstream_broke_off().openai_body()) + b"\n\n")
        else:
            reply = self._draft.reply()
            self._trial.answered(reply, await judge_soon(self._trial.call.chat, reply))
            await _send(send, DONE)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _is_for_the_caller(self, event: bytes) -> bool:
        chunk = decoded(event)
        if not isinstance(chunk, dict):
            return True
        self._draft.add(chunk)
        has_only_usage = chunk.get("usage") is not None and not chunk.get("choices")
        return self._trial.call.chat.wants_usage or not has_only_usage


async def _send(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})
