"""Everything that goes wrong over HTTP: RFC 9457 problem documents, and the only place that knows status codes."""

import logging
import re
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tierwise.agents.protocols import CHAT, MESSAGES, Trouble, WireProtocol
from tierwise.data.errors import RecordError
from tierwise.data.program.trouble import where_raised

MEDIA_TYPE = "application/problem+json"
OPENAI_PREFIX = "/v1/"  # below it callers are clients of a protocol, each of which knows one form of error

_WORD = re.compile(r"[a-z][a-z_]{0,23}|v1")
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

    def response(self, path: str = "") -> Response:
        """The answer at ``path``: a problem document, or the form of error that the clients of a protocol know."""
        if path.startswith(OPENAI_PREFIX):
            trouble = self.trouble
            return JSONResponse(_protocol_at(path).error_body(trouble), trouble.status, self.headers)
        body = {
            "type": f"urn:tierwise:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.field is not None:
            body["field"] = self.field
        return JSONResponse(body, self.status, self.headers, MEDIA_TYPE)

    @property
    def trouble(self) -> Trouble:
        """As a protocol's clients are told it; bodies that cannot be read are 400 there, never 422."""
        status = HTTPStatus.BAD_REQUEST if self.status == HTTPStatus.UNPROCESSABLE_ENTITY else self.status
        return Trouble(int(status), self.detail, self.kind.replace("-", "_"), self.field)


def _protocol_at(path: str) -> WireProtocol:
    return MESSAGES if path.startswith("/v1/messages") else CHAT


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


def not_local() -> Problem:
    detail = "without API keys the service answers on localhost only; call it as localhost, or set keys"
    return Problem("not-local", HTTPStatus.FORBIDDEN, detail)


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


def model_unknown(name: str, known: tuple[str, ...]) -> Problem:
    detail = f"the model '{name[:80]}' does not exist; known are {', '.join(known)}"
    return Problem("model-not-found", HTTPStatus.NOT_FOUND, detail, "model")


def upstream_missing(detail: str) -> Problem:
    headers = {"x-should-retry": "false"}  # OpenAI's clients would try a 503 again
    return Problem("upstream-missing", HTTPStatus.SERVICE_UNAVAILABLE, detail, "model", headers)


def upstream_failed(status: int, detail: str, headers: dict[str, str]) -> Problem:
    """No provider answered. ``status`` is the last one's; refusals of our own keys and addresses are a bad gateway."""
    is_ours = 400 <= status < 500 and status not in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    shown = HTTPStatus.BAD_GATEWAY if is_ours or status not in set(HTTPStatus) else HTTPStatus(status)
    return Problem("upstream-failed", shown, detail, headers=headers)


def context_too_long(n_tokens: int, window: int) -> Problem:
    """A prompt that fits no model, by OpenAI's name: clients shorten it and do not try again."""
    detail = (
        f"the prompt has at least {n_tokens} tokens by a low estimate, and the longest context window is {window}: "
        "maximum context length exceeded; shorten it"
    )
    return Problem("context-length-exceeded", HTTPStatus.BAD_REQUEST, detail, "messages")


def upstream_broke_off() -> Problem:
    return Problem("upstream-failed", HTTPStatus.BAD_GATEWAY, "the provider broke off in the middle of its answer")


def install_problem_handlers(app: FastAPI) -> None:
    """Answers every failure of ``app`` with a problem document, those of the framework included."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_framework_error)
    app.add_exception_handler(Exception, _answer_bug)


def answer_to(request: Request, problem: Problem) -> Response:
    """The answer that tells of ``problem``; what is not there is counted."""
    if problem.status == HTTPStatus.NOT_FOUND:
        _note_unfound(request, problem)
    return problem.response(request.url.path)


async def _answer_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return answer_to(request, error)


async def _answer_framework_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, as Starlette raises them."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    kind = status.phrase.lower().replace(" ", "-")
    return answer_to(request, Problem(kind, status, str(error.detail), headers=dict(error.headers or {})))


def _note_unfound(request: Request, problem: Problem) -> None:
    """A client that speaks a protocol which is not here, or asks for a model that is not: operators should see it.

    What callers write stays out of the log but for plain words of a path.
    """
    request.app.state.service.metrics.note_unfound(problem.kind)
    path = request.url.path
    if path.startswith(OPENAI_PREFIX):
        words = [word if _WORD.fullmatch(word) else "…" for word in path.split("/")[1:5]]
        _LOGGER.warning("%s /%s: 404, %s", request.method, "/".join(words), problem.kind)


async def _answer_bug(request: Request, error: Exception) -> Response:
    """A bug of ours. The log gets the kind and the place, never the message, which may quote a prompt."""
    _LOGGER.error("%s %s failed: %s", request.method, request.url.path, where_raised(error))
    detail = "the service failed; its log says where"
    return Problem("internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, detail).response(request.url.path)
