"""A worker whose supervisor is gone stops too: nobody would renew it, and it holds the port."""

import os
import signal
import threading
import time

_LOOK_SECONDS = 1.0


def stop_with_parent() -> None:
    """Sends this process SIGTERM once its parent has changed; looks from a thread of its own."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="tierwise-orphan", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
