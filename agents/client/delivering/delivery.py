"""Delivering outcomes in the background: spooled first, then posted in order, again and again until they are taken."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from tierwise.agents.client.delivering.post import PostResult, Receipt
from tierwise.agents.client.delivering.spool import MemoryStore, OutcomeStore, Spool, abandoned_spools

BATCH_LINES = 100
BATCH_BYTES = 500_000
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
REFUSED_FILE = "refused.jsonl"

_LOGGER = logging.getLogger(__name__)


def is_outcome(line: bytes) -> bool:
    """Whether a line of a spool, which anything may have happened to, is one JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


class Post(Protocol):
    """What delivers a batch of encoded outcomes."""

    def post(self, lines: list[bytes]) -> PostResult:
        """Posts them; never raises for trouble on the way."""


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """Outcomes of this process. ``dropped`` did not fit into the spool, ``refused`` are kept in a file beside it."""

    reported: int = 0
    delivered: int = 0
    refused: int = 0
    dropped: int = 0

    @property
    def waiting(self) -> int:
        return self.reported - self.delivered - self.refused - self.dropped


class Delivery:
    """``open_post`` is called on the delivering thread. ``folder`` None keeps what waits in memory only."""

    def __init__(
        self, open_post: Callable[[], AbstractContextManager[Post]], folder: Path | None, max_bytes: int
    ) -> None:
        self._open_post = open_post
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._is_urgent = False
        self._is_closing = False
        self._pid = 0
        self._thread: threading.Thread | None = None
        self._own: OutcomeStore = MemoryStore(max_bytes)
        self._inherited: list[Spool] = []
        self.counts = DeliveryCounts()

    def start(self) -> None:
        """Opens the spool and starts the thread; does nothing when this process has done so."""
        with self._lock:
            if self._pid == os.getpid():
                return
            is_forked = self._pid != 0
            self._pid, self._is_closing = os.getpid(), False
            self._changed = threading.Condition()  # a lock that was held during a fork stays held in the child
            if is_forked:
                for store in (self._own, *self._inherited):
                    store.leave()
                self.counts = DeliveryCounts()
            self._own, self._inherited = self._opened_store(), []
            self._thread = threading.Thread(target=self._run, name="tierwise-outcomes", daemon=True)
            self._thread.start()

    def put(self, outcome: dict[str, Any]) -> None:
        """Takes an outcome; returns when it has left this process. What does not fit is counted and told."""
        self.start()
        line = json.dumps(outcome, separators=(",", ":"), default=str).encode()
        try:
            is_kept = self._own.append(line)
        except OSError as error:
            _LOGGER.error("the spool cannot be written: %s", error.strerror)
            is_kept = False
        with self._changed:
            self._count(reported=1, dropped=0 if is_kept else 1)
            self._changed.notify_all()
        if not is_kept:
            _LOGGER.error("an outcome was dropped: the spool holds %d bytes and no more", self._max_bytes)

    def wake(self) -> None:
        """Tries again now: the service has shown signs of life."""
        if self._pid != os.getpid():
            return
        with self._changed:
            self._is_urgent = True
            self._changed.notify_all()

    def flush(self, timeout_seconds: float) -> bool:
        """Waits until everything was delivered or refused; False when it was not in time."""
        if self._pid != os.getpid():
            return True
        self.wake()
        with self._changed:
            return self._changed.wait_for(self._is_done, timeout_seconds)

    def close(self, timeout_seconds: float) -> bool:
        """Flushes and stops. What is left stays in the spool for the next process; False when something is."""
        is_done = self.flush(timeout_seconds)
        if self._pid != os.getpid() or self._thread is None:
            return is_done
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(timeout=max(1.0, timeout_seconds))
        self._pid, self._thread = 0, None
        return is_done

    def _opened_store(self) -> OutcomeStore:
        if self._folder is None:
            return MemoryStore(self._max_bytes)
        try:
            return Spool.create(self._folder, self._max_bytes)
        except OSError as error:
            _LOGGER.warning("no spool in %s (%s): outcomes wait in memory", self._folder, error.strerror or error)
            return MemoryStore(self._max_bytes)

    def _run(self) -> None:
        if self._folder is not None and self._folder.is_dir():
            self._inherited = abandoned_spools(self._folder, self._max_bytes)
        pause_seconds = 0.0
        with self._open_post() as post:
            while self._wait(pause_seconds):
                is_through = self._deliver_all(post)
                pause_seconds = 0.0 if is_through else min(MAX_PAUSE_SECONDS, pause_seconds * 2 or FIRST_PAUSE_SECONDS)
                with self._changed:
                    self._changed.notify_all()
        for store in (*self._inherited, self._own):
            store.close()

    def _wait(self, pause_seconds: float) -> bool:
        """Until there is something to post, and after trouble for the pause unless it is urgent; False at the end."""
        resume_at = time.monotonic() + pause_seconds
        while not self._may_go_on(resume_at):
            with self._changed:
                seconds = None if self._is_done() else max(0.0, resume_at - time.monotonic())
                self._changed.wait_for(lambda: self._may_go_on(resume_at) or not self._own.is_synced, seconds)
            self._sync()
        self._is_urgent = False
        return not self._is_closing

    def _sync(self) -> None:
        """A disk that fails must not end the thread: what the kernel holds can still be delivered."""
        try:
            self._own.sync()
        except OSError as error:
            _LOGGER.error("the spool cannot be synced: %s", error.strerror)

    def _may_go_on(self, resume_at: float) -> bool:
        is_due = not self._is_done() and time.monotonic() >= resume_at
        return is_due or self._is_urgent or self._is_closing

    def _is_done(self) -> bool:
        return not self._inherited and self._own.is_empty

    def _deliver_all(self, post: Post) -> bool:
        """Posts until nothing waits; False when the service did not take something."""
        while True:
            store = self._inherited[0] if self._inherited else self._own
            n_lines = BATCH_LINES
            while lines := store.read(n_lines, BATCH_BYTES):
                whole = list(takewhile(is_outcome, lines))
                if not whole:  # a blank line, two in one: the service could never count it
                    self._settle(store, lines[:1], PostResult(Receipt.REFUSED, "the line in the spool is no outcome"))
                    continue
                lines = whole
                result = post.post(lines)
                if result.receipt is Receipt.LATER:
                    _LOGGER.info("outcomes wait: %s", result.detail)
                    return False
                if result.receipt is Receipt.REFUSED and len(lines) > 1:
                    n_lines = len(lines) // 2  # one of them is at fault; the halves show which
                    continue
                self._settle(store, lines, result)
                n_lines = BATCH_LINES
            if store is self._own:
                return True
            self._inherited.pop(0).close()

    def _settle(self, store: OutcomeStore, lines: list[bytes], result: PostResult) -> None:
        is_refused = result.receipt is Receipt.REFUSED
        if is_refused:
            self._keep_refused(lines[0], result.detail)
        with self._changed:  # whoever sees that nothing waits sees the counts that belong to it
            store.discard(lines)
            if store is self._own:
                self._count(refused=1) if is_refused else self._count(delivered=len(lines))
            self._changed.notify_all()

    def _keep_refused(self, line: bytes, reason: str) -> None:
        _LOGGER.error("the service refuses an outcome: %s", reason)
        if self._folder is None:
            return
        row = json.dumps({"reason": reason, "refused_at": time.time(), "outcome": line.decode("utf-8", "replace")})
        try:
            with open(self._folder / REFUSED_FILE, "a", encoding="utf-8") as file:
                file.write(row + "\n")
        except OSError as error:
            _LOGGER.error("the refused outcome could not be kept: %s", error.strerror)

    def _count(self, **more: int) -> None:
        self.counts = replace(self.counts, **{name: getattr(self.counts, name) + n for name, n in more.items()})
