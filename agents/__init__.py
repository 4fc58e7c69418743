"""The caller's side: asking for decisions, attempting steps, and running whole plans.

The names below are the idea on one page (:mod:`tierwise.agents.simple`); the packages hold the parts:
``client``, ``upstreams``, ``attempts``, ``tools``, ``runtime``, ``collect``.
"""

from tierwise.agents.simple import AgentStep, ExecutedStep, ModelTier, execute_step, route_to_model

__all__ = ["AgentStep", "ExecutedStep", "ModelTier", "execute_step", "route_to_model"]
