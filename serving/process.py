"""Settings of the interpreter that keep one slow moment from stopping every request."""

import gc
import sys

SWITCH_SECONDS = 0.0005
GC_THRESHOLDS = (50_000, 20, 50)


def settle_process() -> None:
    """Call once, when everything is imported and before the first request.

    A full garbage collection over the imported libraries stops the process for 100 to 200 ms; frozen, they are left
    out of it. A short switch interval lets the event loop have the interpreter back soon while the recorder works.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_SECONDS)
