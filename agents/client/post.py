"""Posting outcomes: what the service took, what it refused for good, and when it must be asked again."""

import json
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any

from tierwise.agents.client.address import headers_of

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
        self._client = httpx2.Client(base_url=base_url, headers=headers_of(api_key), timeout=timeout_seconds)

    def post(self, lines: list[bytes]) -> PostResult:
        """Only an answer that counts our outcomes means that they were taken: others may listen on that port."""
        try:
            response = self._client.post("/outcomes", content=b"[" + b",".join(lines) + b"]")
        except self._httpx2.HTTPError as error:
            return PostResult(Receipt.LATER, f"{type(error).__name__}: {error}")
        answer = _decoded(response.content)
        if response.status_code == 200 and _counted(answer) == len(lines):
            return PostResult(Receipt.TAKEN)
        detail = f"status {response.status_code}: {answer.get('detail') or 'not an answer of Tierwise'}"
        kind = str(answer.get("type", "")).removeprefix(_PROBLEM)
        is_final = response.status_code in (400, 413, 422) and kind in _REFUSALS
        return PostResult(Receipt.REFUSED if is_final else Receipt.LATER, detail)

    def __enter__(self) -> "OutcomePost":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _counted(answer: dict[str, Any]) -> int | None:
    new, duplicate = answer.get("new"), answer.get("duplicate")
    return new + duplicate if isinstance(new, int) and isinstance(duplicate, int) else None
