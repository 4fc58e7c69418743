"""Progress of long work, as the command line shows it and libraries ignore it."""

from typing import Protocol


class Progress(Protocol):
    """Told when a stage begins and when one of its parts is done."""

    def __call__(self, stage: str, n_parts: int) -> None:
        """A new stage of ``n_parts`` parts begins; the one before is done."""

    def step(self) -> None:
        """One part of the current stage is done."""


class _Silent:
    def __call__(self, stage: str, n_parts: int) -> None:
        del stage, n_parts

    def step(self) -> None:
        return None


silent_progress: Progress = _Silent()
