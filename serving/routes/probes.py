"""What machines ask: alive, able to decide, how it goes."""

from fastapi import APIRouter, Request, Response

from tierwise.serving.http.problems import not_ready
from tierwise.serving.http.schemas import HealthAnswer, ReadyAnswer
from tierwise.serving.routers.slot import what_it_does
from tierwise.serving.routes.answers import json_answer, json_answers, problem_answers
from tierwise.serving.service import service_of

router = APIRouter(tags=["probes"])


@router.get("/healthz", responses=json_answers(HealthAnswer))
async def healthz() -> Response:
    """Alive. Touches nothing."""
    return json_answer({"status": "ok"})


@router.get("/readyz", responses=json_answers(ReadyAnswer) | problem_answers(503))
async def readyz(request: Request) -> Response:
    """Able to decide, and with which router; 503 while a configured bundle could not be taken, and before it stops."""
    service = service_of(request)
    state = service.slot.state
    if service.leaving.has_begun:
        raise not_ready("this process is about to stop; ask another one")
    if service.watcher.has_source and not state.has_bundle:
        raise not_ready(
            f"the bundle is not live, '{state.decider.policy}' decides: {state.refusal or 'it is being loaded'}"
        )
    return json_answer(
        {
            "policy": state.decider.policy,
            "router_version": state.decider.version,
            "has_bundle": state.has_bundle,
            "note": state.refusal or (None if state.has_bundle else what_it_does(state.decider)),
            "challenger_version": service.challenger.state.decider.version
            if service.challenger.state.has_bundle
            else None,
            "experiment": service.arms.experiment.name if service.arms.experiment else None,
            "is_log_reachable": service.recorder.is_up,
        }
    )


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Prometheus metrics."""
    service = service_of(request)
    service.metrics.queue_depth.set(service.recorder.queue_depth)
    content, media_type = service.metrics.render()
    return Response(content, headers={"content-type": media_type})
