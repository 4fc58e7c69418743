"""Plans that have proven themselves, kept for goals of the same kind."""

from tierwise.agents.plan_store.gate import PlanGate, Record, Standing, draw
from tierwise.agents.plan_store.recipe import Recipe, recipe_of
from tierwise.agents.plan_store.store import EndedTask, Found, PlanStore

__all__ = ["EndedTask", "Found", "PlanGate", "PlanStore", "Recipe", "Record", "Standing", "draw", "recipe_of"]
