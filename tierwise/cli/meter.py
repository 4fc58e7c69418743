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
        """The peak of this process, such as ``at most 812 MB of memory``."""
        peak = peak_memory_bytes()
        return "memory not measured here" if peak is None else f"at most {peak / 1e6:.0f} MB of memory"


def peak_memory_bytes() -> int | None:
    """The largest resident set of this process so far; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
