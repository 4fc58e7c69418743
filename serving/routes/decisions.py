"""Asking for decisions, and reading one back."""

from fastapi import APIRouter, Request, Response

from tierwise.data.decision_log import LogUnavailableError
from tierwise.serving.http.bodies import read_json
from tierwise.serving.http.problems import decision_unknown, log_unavailable
from tierwise.serving.http.schemas import (
    BatchAnswer,
    BatchBody,
    DecisionAnswer,
    RouteBody,
    StoredDecisionAnswer,
)
from tierwise.serving.http.wire import decision_name, parse_batch, stored_decision_to_wire
from tierwise.serving.routes.answers import json_answer, json_answers, json_body, problem_answers
from tierwise.serving.routes.any_text import provide_any_text
from tierwise.serving.service import service_of

provide_any_text()
router = APIRouter(tags=["decisions"])

_BODY_PROBLEMS = problem_answers(400, 401, 403, 408, 413, 415, 422, 429)


@router.post("/route", openapi_extra=json_body(RouteBody), responses=json_answers(DecisionAnswer) | _BODY_PROBLEMS)
async def route(request: Request) -> Response:
    """Decides the tier of one step."""
    service = service_of(request)
    name = decision_name(request.headers)
    return json_answer(await service.desk.answer_soon(await read_json(request, service.settings), decision_id=name))


@router.post("/route/batch", openapi_extra=json_body(BatchBody), responses=json_answers(BatchAnswer) | _BODY_PROBLEMS)
async def route_batch(request: Request) -> Response:
    """Decides many steps, in order. One bad request refuses the batch."""
    service = service_of(request)
    requests = parse_batch(await read_json(request, service.settings), service.settings.max_batch)
    return json_answer({"decisions": await service.desk.answer_many(requests)})


@router.get(
    "/decisions/{decision_id:any_text}",
    responses=json_answers(StoredDecisionAnswer) | problem_answers(401, 403, 404, 422, 503),
)
def read_decision(request: Request, decision_id: str) -> Response:
    """A recorded decision with its outcomes in the order in which they were reported."""
    log = service_of(request).recorder.awaited_log()
    if log is None:
        raise log_unavailable()
    try:
        stored = log.get_decision(decision_id)
    except LogUnavailableError:
        raise log_unavailable() from None
    if stored is None:
        raise decision_unknown(decision_id)
    return json_answer(stored_decision_to_wire(stored))
