"""Run generated steps on models to learn which tier is enough: backends, a resumable runner, and the merge
into a step log.
"""

from __future__ import annotations

from tierwise.agents.collect.backend import Backend, CollectError, Completion, ModelInfo
from tierwise.agents.collect.runner import Progress, read_steps, run_steps

__all__ = ["Backend", "CollectError", "Completion", "ModelInfo", "Progress", "read_steps", "run_steps"]
