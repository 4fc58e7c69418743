"""Posting outcomes: what the service took, what it refused for good, and when it must be asked again."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any

from tierwise.agents.client.address import direct_mounts, headers_of
from tierwise.data.foreign import ForeignError
from tierwise.data.foreign.http_body import read_body
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.limits import MAX_DECISION_BYTES

_REFUSALS = ("invalid-field", "invalid-json", "body-too-large", "batch-too-large")
_PROBLEM = "urn:tierwise:problem:"


class Receipt(StrEnum):
    """``TAKEN`` is on the service's disk, ``REFUSED`` will never be taken as it is, ``LATER`` was not answered."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of one post; ``detail`` is for people."""

    receipt: Receipt
    detail: str = ""


class OutcomePost:
    """Posts lists of outcomes to ``POST /outcomes`` over one kept connection. For one thread."""

    def __init__(self, base_url: str, api_key: str | None, timeout_seconds: float) -> None:
        import httpx2  # takes longer to import than everything else here, and not every process reports

        self._httpx2 = httpx2
        self._timeout_seconds = timeout_seconds
        self._loop = asyncio.Runner()
        self._client = httpx2.AsyncClient(
            base_url=base_url, headers=headers_of(api_key), timeout=timeout_seconds, mounts=direct_mounts()
        )

    def post(self, lines: list[bytes]) -> PostResult:
        """Only an answer that counts our outcomes means that they were taken: others may listen on that port."""
        try:
            status, content = self._loop.run(self._answer(b"[" + b",".join(lines) + b"]"))
        except Exception as error:  # an answer can be wrong in more ways than a library names
            return PostResult(Receipt.LATER, f"{type(error).__name__}: {str(error)[:200]}")
        answer = _decoded(content)
        if status == 200 and _counted(answer) == len(lines):
            return PostResult(Receipt.TAKEN)
        detail = f"status {status}: {str(answer.get('detail') or 'not an answer of Tierwise')[:200]}"
        kind = str(answer.get("type", "")).removeprefix(_PROBLEM)
        is_final = status in (400, 413, 422) and kind in _REFUSALS
        return PostResult(Receipt.REFUSED if is_final else Receipt.LATER, detail)

    async def _answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body, in ``timeout_seconds`` in all: a trickle would keep each single read within its own."""
        seconds = self._timeout_seconds
        async with asyncio.timeout(seconds), self._client.stream("POST", "/outcomes", content=body) as response:
            return response.status_code, await read_body(response, MAX_DECISION_BYTES, seconds)

    def __enter__(self) -> "OutcomePost":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Exception):
            self._loop.run(self._client.aclose())
        self._loop.close()


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        answer = decode_json(content, MAX_DECISION_BYTES)
    except ForeignError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _counted(answer: dict[str, Any]) -> int | None:
    new, duplicate = answer.get("new"), answer.get("duplicate")
    return new + duplicate if isinstance(new, int) and isinstance(duplicate, int) else None
