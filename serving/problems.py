"""Everything that goes wrong over HTTP: RFC 9457 problem documents, and the only place that knows status codes."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tierwise.data.errors import RecordError

MEDIA_TYPE = "application/problem+json"

_LOGGER = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An answer that is a problem document. ``field`` is the path of the offending field, where there is one."""

    def __init__(
        self,
        kind: str,
        status: HTTPStatus,
        detail: str,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status = status
        self.detail = detail
        self.field = field
        self.headers = headers

    def response(self) -> Response:
        body = {
            "type": f"urn:tierwise:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.field is not None:
            body["field"] = self.field
        return JSONResponse(body, self.status, self.headers, MEDIA_TYPE)


def invalid_field(error: RecordError, where: str = "") -> Problem:
    """A body that is JSON but not a request; ``where`` is the path of the object that the error is about."""
    field = ".".join(part for part in (where, error.field) if part)
    detail = str(error).removeprefix(f"{error.field}: ")
    detail = f"{field}: {detail}" if field else detail
    return Problem("invalid-field", HTTPStatus.UNPROCESSABLE_ENTITY, detail, field or "body")


def invalid_json(detail: str) -> Problem:
    return Problem("invalid-json", HTTPStatus.BAD_REQUEST, detail, "body")


def wrong_media_type(given: str) -> Problem:
    detail = f"the body is '{given}'; send JSON with the header Content-Type: application/json"
    return Problem("wrong-media-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, "Content-Type")


def body_too_large(limit_bytes: int) -> Problem:
    detail = f"the body is longer than {limit_bytes} bytes; shorten it or raise max_body_bytes"
    close = {"connection": "close"}
    return Problem("body-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, "body", close)


def body_too_slow(seconds: float) -> Problem:
    detail = f"the body did not arrive within {seconds:g} s"
    return Problem("body-too-slow", HTTPStatus.REQUEST_TIMEOUT, detail, "body", {"connection": "close"})


def batch_too_large(field: str, length: int, limit: int) -> Problem:
    detail = f"{field}: holds {length} entries; send at most {limit} at once"
    return Problem("batch-too-large", HTTPStatus.UNPROCESSABLE_ENTITY, detail, field)


def key_missing() -> Problem:
    detail = "send an API key with the header Authorization: Bearer KEY"
    return Problem("key-missing", HTTPStatus.UNAUTHORIZED, detail, "Authorization", {"www-authenticate": "Bearer"})


def key_unknown() -> Problem:
    headers = {"www-authenticate": 'Bearer error="invalid_token"'}
    return Problem("key-unknown", HTTPStatus.UNAUTHORIZED, "the API key is not known", "Authorization", headers)


def scope_missing(scope: str) -> Problem:
    detail = f"the API key lacks the scope '{scope}'"
    return Problem("scope-missing", HTTPStatus.FORBIDDEN, detail, "Authorization")


def too_many_requests(retry_after_seconds: int) -> Problem:
    headers = {"retry-after": str(retry_after_seconds)}
    return Problem("too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "the rate limit is reached", headers=headers)


def decision_unknown(decision_id: str) -> Problem:
    detail = f"no decision '{decision_id[:80]}' is in the decision log (a fresh one takes a moment to get there)"
    return Problem("decision-unknown", HTTPStatus.NOT_FOUND, detail, "decision_id")


def log_unavailable() -> Problem:
    detail = "the decision log cannot be reached; nothing is promised to be stored: send it again later"
    return Problem("log-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": "2"})


def not_ready(detail: str) -> Problem:
    return Problem("not-ready", HTTPStatus.SERVICE_UNAVAILABLE, detail)


def install_problem_handlers(app: FastAPI) -> None:
    """Answers every failure of ``app`` with a problem document, those of the framework included."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_framework_error)
    app.add_exception_handler(Exception, _answer_bug)


async def _answer_problem(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return error.response()


async def _answer_framework_error(_request: Request, error: Exception) -> Response:
    """Unknown paths and methods, as Starlette raises them."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    kind = status.phrase.lower().replace(" ", "-")
    return Problem(kind, status, str(error.detail), headers=dict(error.headers or {})).response()


async def _answer_bug(request: Request, error: Exception) -> Response:
    """A bug of ours. The log gets the kind and the place, never the message, which may quote a prompt."""
    _LOGGER.error("%s %s failed: %s", request.method, request.url.path, where_raised(error))
    detail = "the service failed; its log says where"
    return Problem("internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, detail).response()


def where_raised(error: BaseException) -> str:
    """The kind of an error and the innermost line that raised it, without its message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
