"""Reporting what came of decisions. The answer means: it is on disk."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, replace

from fastapi import APIRouter, Request, Response

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import priced
from tierwise.data.decision_log import OutcomeReceipt, count_receipts
from tierwise.data.errors import LogError
from tierwise.data.records import Outcome
from tierwise.serving.http.bodies import read_json
from tierwise.serving.http.problems import log_unavailable
from tierwise.serving.http.schemas import OutcomeBody, OutcomesAnswer
from tierwise.serving.http.wire import known_tiers, parse_reports
from tierwise.serving.routes.answers import json_answer, json_answers, json_body, problem_answers
from tierwise.serving.service import Service, service_of

router = APIRouter(tags=["outcomes"])


@router.post(
    "/outcomes",
    openapi_extra=json_body(OutcomeBody, or_list=True),
    responses=json_answers(OutcomesAnswer) | problem_answers(400, 401, 403, 408, 413, 415, 422, 429, 503),
)
async def report_outcomes(request: Request) -> Response:
    """Stores one outcome or a list, and decisions that callers took themselves. The same one twice counts once."""
    service = service_of(request)
    raw = await read_json(request, service.settings)
    catalogues = service.catalogues()
    reports = parse_reports(raw, service.settings.max_batch, time.time(), known_tiers(catalogues))
    tiers = service.slot.decider.catalogue.names
    for decision in {report.decision.decision_id: report.decision for report in reports if report.decision}.values():
        if not service.recorder.record(decision):
            raise log_unavailable()
        service.desk.recall.note_decision(decision, tiers)
    outcomes = [_priced(report.outcome, catalogues) for report in reports]
    receipts = await _stored(service, tuple(outcomes))
    counts = count_receipts(receipts)
    service.metrics.note_outcomes(counts)
    for outcome, receipt in zip(outcomes, receipts, strict=True):
        if receipt.is_new:
            service.metrics.note_attempt(outcome.attempt, tiers)
            service.desk.recall.note_outcome(outcome, tiers)
    return json_answer(asdict(counts))


def _priced(outcome: Outcome, catalogues: Sequence[TierCatalogue]) -> Outcome:
    """With the cost of the first catalogue that knows it, where the caller reports tokens only."""
    attempt = outcome.attempt
    for catalogue in catalogues:
        attempt = priced(attempt, catalogue)
    return outcome if attempt is outcome.attempt else replace(outcome, attempt=attempt)


async def _stored(service: Service, outcomes: tuple[Outcome, ...]) -> tuple[OutcomeReceipt, ...]:
    if not outcomes:
        return ()
    promise = asyncio.wrap_future(service.recorder.report(outcomes))
    try:
        async with asyncio.timeout(service.settings.outcome_timeout_seconds):
            return await promise
    except (LogError, TimeoutError):
        raise log_unavailable() from None
