"""What came of a task's earlier steps: remembered while it runs, rebuilt from a log, and read as features."""

from tierwise.features.tasks.before import trajectory_of as trajectory_of
from tierwise.features.tasks.memory import TaskMemory as TaskMemory
from tierwise.features.tasks.rebuilt import Rebuilding as Rebuilding
from tierwise.features.tasks.rebuilt import rebuilt as rebuilt
