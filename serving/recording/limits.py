"""What bounds the recorder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RecorderLimits:
    """How much may wait, for how long (seconds), and where it is counted."""

    queue_size: int = 10_000
    flush_seconds: float = 0.2
    drain_seconds: float = 10.0
    state_folder: Path = Path(".tierwise")
