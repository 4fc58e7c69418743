"""Deleting what was recorded, and looking for a new bundle."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from tierwise.data.decision_log import LogUnavailableError
from tierwise.serving.http.problems import log_unavailable
from tierwise.serving.http.schemas import DeletedAnswer, HealthAnswer
from tierwise.serving.routes.answers import json_answer, json_answers, problem_answers
from tierwise.serving.routes.any_text import provide_any_text
from tierwise.serving.service import service_of

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

provide_any_text()
router = APIRouter(tags=["admin"])

_DELETED = json_answers(DeletedAnswer) | problem_answers(401, 403, 422, 503)


@router.delete("/tasks/{task_id:any_text}", responses=_DELETED)
def delete_task(request: Request, task_id: str) -> Response:
    """Deletes the decisions of a task and their outcomes."""
    service_of(request).desk.recall.forget_task(task_id)
    try:
        return json_answer(asdict(_log(request).delete_task(task_id)))
    except LogUnavailableError:
        raise log_unavailable() from None


@router.delete("/sessions/{session_id:any_text}", responses=_DELETED)
def delete_session(request: Request, session_id: str) -> Response:
    """Deletes the decisions of a session and their outcomes."""
    service_of(request).desk.recall.forget_session(session_id)
    try:
        return json_answer(asdict(_log(request).delete_session(session_id)))
    except LogUnavailableError:
        raise log_unavailable() from None


@router.post("/reload", responses=json_answers(HealthAnswer) | problem_answers(401, 403))
async def reload(request: Request) -> Response:
    """Looks for a new bundle at once; /readyz tells what came of it."""
    service_of(request).look_for_bundles()
    return json_answer({"status": "looking"})


def _log(request: Request) -> DecisionLog:
    log = service_of(request).recorder.awaited_log()
    if log is None:
        raise log_unavailable()
    return log
