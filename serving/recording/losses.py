"""What killed processes took along, counted by the first one that starts after them."""

import logging
from pathlib import Path

from tierwise.serving.recording.ledger import Ledger
from tierwise.serving.watching.metrics import Metrics

_LOGGER = logging.getLogger(__name__)


def opened_ledger(folder: Path, metrics: Metrics) -> Ledger | None:
    """The ledger in ``folder``, with the losses of dead processes counted; None where no file can be written."""
    try:
        ledger = Ledger.open(folder)
    except OSError as error:
        _LOGGER.warning("what a kill loses will not be counted: %s", error.strerror)
        return None
    lost = ledger.lost_before
    if lost.n_decisions:
        metrics.lost_decisions.inc(lost.n_decisions)
        _LOGGER.error("%d answered decisions were lost when a process was killed", lost.n_decisions)
    if lost.n_outcomes:
        metrics.lost_gateway_outcomes.inc(lost.n_outcomes)
        _LOGGER.error("%d outcomes of gateway calls were lost when a process was killed", lost.n_outcomes)
    return ledger
