"""The audit: of accepted answers a random share is asked of the top tier too, in the background, and compared.

Nobody waits for it. The chance falls with what is left of the day's money, so that a spent budget lowers the rate and
cuts off nothing; it is logged with each audit. What the audits say is read from the log:
``serving.watching.course_watch``.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.agents.upstreams.reply import price
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.compared.mirrored import IS_SAME, MIRROR
from tierwise.data.courses import AUDIT, AUDIT_KEY, COURSE, P_AUDIT
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Outcome
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.courses.answers import AnswerKeeper
from tierwise.serving.gateway.courses.aside import Aside
from tierwise.serving.gateway.courses.mirror import DayBudget, day_budget, estimated_usd, is_free, is_same

if TYPE_CHECKING:
    from tierwise.serving.service import Service
    from tierwise.serving.watching.metrics import Metrics

_LOGGER = logging.getLogger(__name__)


def open_audit(
    service: "Service", transport: Transport, report: Callable[[Outcome], None], answers: AnswerKeeper
) -> "Audit | None":
    """The audit of a service that runs courses; None where it has no share or no budget."""
    settings = service.settings
    if not settings.courses or not settings.audit_share or not settings.audit_usd_per_day:
        return None
    budget = day_budget(service, settings.audit_usd_per_day, AUDIT_KEY)
    return Audit(settings.audit_share, budget, Aside(transport, report, answers), service.metrics)


class Audit:
    """``draw`` gives numbers from 0 to below 1."""

    def __init__(
        self,
        share: float,
        budget: DayBudget,
        aside: Aside,
        metrics: "Metrics",
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._share = share
        self._budget = budget
        self._aside = aside
        self._metrics = metrics
        self._draw = draw
        self._trouble = TroubleLog(_LOGGER)

    @property
    def p_audit(self) -> float:
        """The chance of the next audit: it falls once half of the day's money is spent. May ask the database."""
        left = max(0.0, self._budget.left_usd) / self._budget.usd_per_day
        return self._share * min(1.0, 2 * left)

    def consider(self, request: GatewayRequest, decision_id: str, used: Completion, tops: tuple[Endpoint, ...]) -> None:
        """Begins to ask the top tier, if the accepted answer is drawn. Called on the event loop, which waits for
        nothing: what was spent today is asked beside it.

        While the top tier rests nothing is drawn: an outage costs the few audits that noticed it.
        """
        drawn = self._draw()
        if drawn >= self._share or self._aside.is_full:
            return
        top = next((each for each in tops if not each.breaker.is_open), None)
        if top is not None:
            self._aside.begin(self._ask(request, decision_id, used, top, drawn))

    async def aclose(self) -> None:
        """Gives up what is under way."""
        await self._aside.aclose()

    async def _ask(
        self, request: GatewayRequest, decision_id: str, used: Completion, top: Endpoint, drawn: float
    ) -> None:
        extra: dict[str, object] = {MIRROR: True, AUDIT: True, COURSE: {AUDIT: True}}
        try:
            extra[P_AUDIT] = p_audit = await asyncio.to_thread(lambda: self.p_audit)
            most_usd = estimated_usd(top, used, request)
            if drawn >= p_audit or not self._budget.reserve(most_usd):
                return
            try:
                theirs = await self._aside.ask(request, top)
            except Exception as error:
                if is_free(error):
                    self._budget.spend(-most_usd)
                raise
            cost_usd = price(theirs.usage, top.model)
            self._budget.spend((most_usd if cost_usd is None else cost_usd) - most_usd)
            same = await asyncio.to_thread(is_same, request, theirs, used)
            self._aside.report(request, decision_id, top, theirs, cost_usd, AUDIT_KEY, extra | {IS_SAME: same})
            self._metrics.note_audit("same" if same is True else "different")
        except ProviderError as error:  # slow and failing calls are the hard ones: left out, they would flatter
            self._aside.report_failed(decision_id, top, error.code, AUDIT_KEY, extra | {IS_SAME: None})
            self._metrics.note_audit("failed")
        except Exception as error:  # nobody waits for an audit, so nobody would hear of it
            self._trouble.tell("auditing failed", error)
