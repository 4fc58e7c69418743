"""What killed processes took along, counted by the first one that starts after them."""

import logging
from pathlib import Path

from tierwise.serving.recording.tally import Tally
from tierwise.serving.watching.metrics import Metrics

_LOGGER = logging.getLogger(__name__)


def opened_tally(folder: Path, metrics: Metrics) -> Tally | None:
    """The tally in ``folder``, with the losses of dead processes counted; None where no file can be written."""
    try:
        tally = Tally.open(folder)
    except OSError as error:
        _LOGGER.warning("what a kill loses will not be counted: %s", error.strerror)
        return None
    lost = tally.lost_before
    if lost.n_decisions:
        metrics.lost_decisions.inc(lost.n_decisions)
        _LOGGER.error("%d answered decisions were lost when a process was killed", lost.n_decisions)
    if lost.n_outcomes:
        metrics.lost_gateway_outcomes.inc(lost.n_outcomes)
        _LOGGER.error("%d outcomes of gateway calls were lost when a process was killed", lost.n_outcomes)
    return tally
