"""What a run takes: its time, its speed and the most memory it held."""

import sys
import time


class Meter:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def speed(self, n_rows: int) -> str:
        """Such as ``12.3 s, 8130 rows/s``."""
        seconds = max(time.monotonic() - self._started, 1e-6)
        return f"{seconds:.1f} s, {n_rows / seconds:.0f} rows/s"

    def memory(self) -> str:
        """The peak of this process, and the largest of those that it started and that have ended, such as ``at most 812
        MB of memory, and 405 MB in a process beside it``."""
        own, beside = peak_memory_bytes(), peak_memory_bytes(beside=True)
        if own is None:
            return "memory not measured here"
        also = f", and {beside / 1e6:.0f} MB in a process beside it" if beside else ""
        return f"at most {own / 1e6:.0f} MB of memory{also}"


def peak_memory_bytes(beside: bool = False) -> int | None:
    """The largest resident set of this process so far, or with ``beside`` of any process that it started and that has
    ended, 0 for none; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN if beside else resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
