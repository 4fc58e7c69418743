"""The caller's side: asking for decisions, attempting steps, and running whole plans.

The names below are the idea on one page (:mod:`tierwise.agents.simple`), imported when they are first used; the
packages hold the parts: ``client``, ``upstreams``, ``attempts``, ``tools``, ``runtime``, ``collect``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwise.agents.simple import AgentStep, ExecutedStep, ModelTier, execute_step, route_to_model

__all__ = ["AgentStep", "ExecutedStep", "ModelTier", "execute_step", "route_to_model"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'tierwise.agents' has no attribute '{name}'")
    from tierwise.agents import simple

    found: object = getattr(simple, name)
    globals()[name] = found
    return found
