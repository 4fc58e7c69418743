"""Request bodies: read within limits of size and time, decoded once."""

import asyncio
import json

from fastapi import Request
from pydantic_core import from_json

from tierwise.data.foreign.limits import MAX_VALUES
from tierwise.serving.http.problems import body_too_large, body_too_slow, invalid_json, wrong_media_type
from tierwise.serving.settings import Settings


async def read_json(request: Request, settings: Settings, limit_bytes: int | None = None) -> object:
    """The decoded body. Raises ``Problem`` for one that is too long, too slow, or not JSON.

    ``limit_bytes`` replaces the limit of the settings.

    The content type must say JSON: this keeps web pages that a user visits from posting to a service on loopback.
    """
    limit_bytes = limit_bytes or settings.max_body_bytes
    headers = dict(request.scope["headers"])
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if content_type != "application/json" and not _is_json(content_type):
        raise wrong_media_type(content_type or "of no declared type")
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 18 or int(declared) > limit_bytes):
        raise body_too_large(limit_bytes)
    try:
        async with asyncio.timeout(settings.body_timeout_seconds):
            body = await _read(request, limit_bytes)
    except TimeoutError:
        raise body_too_slow(settings.body_timeout_seconds) from None
    return decode_json(body)


def decode_json(body: bytes) -> object:
    """JSON, nested at most 200 deep. Lone surrogates become question marks; NaN is left to the parser of the field.

    Raises ``Problem`` naming what is wrong.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise invalid_json(f"the body may hold more than {MAX_VALUES} values")
    try:
        return from_json(body)
    except ValueError as error:
        first_reason = str(error)
    try:  # text cut in the middle of an emoji is common, and only the lenient decoder takes it
        repaired = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
        return from_json(repaired)
    except (ValueError, RecursionError):
        raise invalid_json(f"not JSON: {first_reason}") from None


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


async def _read(request: Request, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise invalid_json("the connection was closed before the body was complete")
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise body_too_large(limit_bytes)
        if not message.get("more_body", False):
            return bytes(body)
