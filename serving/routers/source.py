"""Where bundles come from, and the watcher that takes a new one into service."""

import logging
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tierwise.data.errors import TierwiseError
from tierwise.data.program.trouble import where_raised
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.stages import Stage, unobserved
from tierwise.serving.periodic import Periodic
from tierwise.serving.routers.registry import REGISTRY_PREFIX, RegistrySource
from tierwise.serving.routers.slot import RouterSlot, load_router
from tierwise.serving.settings import Settings

NO_GUARDRAILS = Guardrails()

_LOGGER = logging.getLogger(__name__)


class BundleSource(Protocol):
    """A place that may hold another bundle tomorrow."""

    def fingerprint(self) -> str:
        """Changes when the bundle changes. Raises ``TierwiseError`` when the place cannot be read."""

    def opened(self, fingerprint: str) -> AbstractContextManager[Path]:
        """The folder of the bundle with that fingerprint, there as long as the context lasts."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A bundle in a folder, which may be a symbolic link that is turned to another bundle."""

    path: Path

    def fingerprint(self) -> str:
        """Names, sizes and times of the files, where the folder really lies."""
        folder = self.path.resolve()
        try:
            states = [(each.name, each.stat()) for each in sorted(folder.iterdir())]
        except OSError as error:
            raise TierwiseError(f"{self.path}: {error.strerror}; name the folder of a bundle") from None
        files = [f"{name}:{state.st_size}:{state.st_mtime_ns}" for name, state in states]
        return "|".join([str(folder), *files])

    def opened(self, fingerprint: str) -> AbstractContextManager[Path]:
        return nullcontext(Path(fingerprint.partition("|")[0]))


def champion_source(settings: Settings) -> BundleSource | None:
    """The source of the live router that the settings name, None when there is none."""
    if settings.registry is not None:
        return RegistrySource(settings.registry, settings.tracking_uri)
    return None if settings.bundle is None else FolderSource(settings.bundle)


def challenger_source(settings: Settings) -> BundleSource | None:
    """The source of the challenger that the settings name, None when there is none."""
    if settings.challenger is None:
        return None
    if settings.challenger.startswith(REGISTRY_PREFIX):
        return RegistrySource(settings.challenger, settings.tracking_uri)
    return FolderSource(Path(settings.challenger))


class Watcher(Periodic):
    """Looks for a new bundle every ``reload_seconds`` (0: only when asked) on a thread of its own."""

    def __init__(
        self,
        source: BundleSource | None,
        slot: RouterSlot,
        reload_seconds: float,
        guardrails: Guardrails = NO_GUARDRAILS,
        stage: Stage = unobserved,
    ) -> None:
        super().__init__("watcher", reload_seconds or None)
        self._source = source
        self._slot = slot
        self._guardrails = guardrails
        self._stage = stage
        self._reload_seconds = reload_seconds
        self._tried: str | None = None
        self._lock = threading.Lock()

    @property
    def has_source(self) -> bool:
        return self._source is not None

    def start(self) -> None:
        """Loads the first bundle before it returns, then watches."""
        if self._source is not None:
            self.look()
            super().start()

    def wake(self) -> None:
        """Looks at once, on the watcher's thread, even at a bundle that was refused before."""
        self._tried = None
        super().wake()

    def look(self) -> None:
        """Takes the bundle of the source into service if it is new; a refused one leaves the live router as it is."""
        if self._source is None:
            return
        with self._lock:
            try:
                self._take(self._source)
            except TierwiseError as error:
                self._refuse(str(error))
            except Exception as error:  # a bundle can be broken in ways that its checks do not foresee
                self._refuse(f"the bundle cannot be loaded: {where_raised(error)}")

    def _take(self, source: BundleSource) -> None:
        fingerprint = source.fingerprint()
        if fingerprint == self._tried:
            return
        self._tried = fingerprint
        with source.opened(fingerprint) as folder:
            decider = load_router(folder, self._guardrails, self._stage)
        if self._slot.state.has_bundle and decider.version == self._slot.decider.version:
            self._slot.confirm()
            return
        self._slot.swap(decider)
        _LOGGER.info("router %s (%s) is live", decider.version, decider.policy)

    def _refuse(self, reason: str) -> None:
        if reason != self._slot.state.refusal:
            _LOGGER.error("the bundle is refused: %s", reason)
        self._slot.refuse(reason)

    def work(self) -> float | None:
        self.look()
        return self._reload_seconds or None
