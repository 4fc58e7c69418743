"""How fast this machine is at this moment, for tests of how much work something takes.

Such a test asks whether work is bounded, not whether the machine is quiet. So limits are processor time of this thread
rather than time of the clock, without the garbage collector's rounds over all that other tests left; they leave several
times what is measured on a quiet machine, and they grow by as much as a known piece of work takes longer beside it.
"""

import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

_QUIET_SECONDS = 0.02
"""What the known piece takes on a quiet machine of the kind that limits were set on."""


@contextmanager
def processor_time_below(seconds: float) -> Iterator[None]:
    """Fails when the thread spends ``seconds`` of processor time, as of a quiet machine, in the block."""
    gc.disable()
    begin = time.thread_time()
    try:
        yield
        spent = time.thread_time() - begin
    finally:
        gc.enable()
    slowness = 1.0 if spent < seconds else max(how_slow() for _ in range(3))
    assert spent < seconds * slowness, f"{spent:.2f} s of processor time; {slowness:.1f} times a quiet machine's pace"


def how_slow() -> float:
    """How many times longer than on a quiet machine a known piece of work takes; at least 1."""
    begin = time.thread_time()
    rows = [json.loads(json.dumps({"n": n, "text": "a b c" * (n % 7)})) for n in range(5_000)]
    assert sum(row["n"] for row in rows) == 12_497_500
    return max(1.0, (time.thread_time() - begin) / _QUIET_SECONDS)
