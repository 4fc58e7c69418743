"""The certificate: what may be saved by part, what differs, how many mirrored steps it still needs, and the ramp."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tierwise.data.decision_log import AuditEntry
from tierwise.data.decision_log.views.mirrored import Mirrored, mirrored_answers
from tierwise.data.errors import TierwiseError
from tierwise.data.experiments import CONSTANT_PREFIX, Arm, Experiment, ExperimentError
from tierwise.data.tax import frontier_tax
from tierwise.data.tax.money import Saving
from tierwise.router_model.choosing.policy import DEFAULT_MAX_QUALITY_LOSS
from tierwise.router_model.router import Router
from tierwise.router_model.steps_needed import Seen, StepsNeeded, steps_needed
from tierwise.serving.dashboard.page import Dashboard, dashboard_of, render
from tierwise.serving.dashboard.pages.evidence import live_router
from tierwise.serving.dashboard.pages.promises import part_promises
from tierwise.serving.dashboard.pages.tax import newest_steps

FIRST_SHARE = 0.1
_DAYS = 30
_CONFIDENCE = 0.9


def certificate(request: Request) -> Response:
    dashboard = dashboard_of(request)
    router = live_router(dashboard.service)
    policy = None if router is None else router.parts.policy
    asked = DEFAULT_MAX_QUALITY_LOSS if policy is None else policy.default_max_quality_loss
    mirrored = dashboard.reader.ask(mirrored_answers, dashboard.top_tier)
    return render(
        request,
        "certificate.html",
        active="certificate",
        policy=policy,
        asked=asked,
        is_certified=router is not None and _is_certified(router),
        point=None if policy is None else policy.certified(None),
        parts=[] if policy is None else part_promises(policy, asked),
        mirrored=mirrored,
        needed=_needed(mirrored, dashboard.tiers[:-1], asked, _CONFIDENCE if policy is None else policy.confidence),
        saving=_saving(dashboard),
        first_share=FIRST_SHARE,
        live=dashboard.reader.log.live_experiment(),
        observes=dashboard.service.settings.observe,
    )


def start_ramp(request: Request) -> Response:
    """Gives the first tenth of the tasks to the live router, the rest to the top tier; back to the page."""
    dashboard = dashboard_of(request)
    router = live_router(dashboard.service)
    if router is None or not _is_certified(router):
        raise HTTPException(409, "The live router certifies nothing, so there is nothing to ramp up.")
    now = time.time()
    top = f"{CONSTANT_PREFIX}{dashboard.top_tier}"
    arms = (Arm(top, top, 1 - FIRST_SHARE), Arm("champion", "champion", FIRST_SHARE))
    name = f"ramp-{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}"
    ramp = Experiment(name, arms, salt=name, started_at=now, stage=f"{FIRST_SHARE:.0%}")
    log = dashboard.reader.log
    try:
        log.put_experiment(ramp)
    except ExperimentError as error:
        raise HTTPException(409, str(error)) from None
    log.record_audit(AuditEntry("experiment start", name, "dashboard", "ramp from the certificate", ramp.to_mapping()))
    return RedirectResponse(f"{request.scope.get('root_path', '')}/certificate", 303)


def _is_certified(router: Router) -> bool:
    return router.parts.policy.certified(None).cost_weight is not None


def _needed(
    mirrored: Iterable[Mirrored], tiers: Sequence[str], max_loss: float, confidence: float
) -> list[tuple[str, StepsNeeded]]:
    """By cheaper tier, over all kinds of steps; nothing where none was mirrored."""
    found = list(mirrored)
    rows = []
    for tier in tiers:
        own = [each for each in found if each.tier == tier]
        sizes = sum((each.tasks for each in own), Counter[str]())
        if sizes:
            n_different, n_unclear = sum(each.n_different for each in own), sum(each.n_unclear for each in own)
            seen = Seen.by_task(n_different, n_unclear, sizes.values())
            rows.append((tier, steps_needed(seen, max_loss, confidence)))
    return rows


def _saving(dashboard: Dashboard) -> Saving | None:
    """As the Money page has it; None where a cost cannot be told."""
    since = time.time() - _DAYS * 86_400
    try:
        return frontier_tax(newest_steps(dashboard, since), dashboard.service.slot.decider.catalogue).saving
    except TierwiseError:
        return None
