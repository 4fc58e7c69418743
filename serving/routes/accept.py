"""Judging the answers that a course asked for."""

from fastapi import APIRouter, Request, Response

from tierwise.serving.deciding.accepting import answer_accept
from tierwise.serving.http.bodies import read_json
from tierwise.serving.http.schemas import AcceptAnswer, AcceptBody
from tierwise.serving.routes.answers import json_answer, json_answers, json_body, problem_answers
from tierwise.serving.service import service_of

router = APIRouter(tags=["decisions"])

_PROBLEMS = problem_answers(400, 401, 403, 408, 413, 415, 422, 429)


@router.post("/accept", openapi_extra=json_body(AcceptBody), responses=json_answers(AcceptAnswer) | _PROBLEMS)
async def accept(request: Request) -> Response:
    """Says whether an answer may be used, or which tier to ask further. Nothing is remembered between calls."""
    service = service_of(request)
    return json_answer(await answer_accept(await read_json(request, service.settings), service.arms))
