"""The store on disk: found, bounded, shared by processes, without secrets, and never in the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tierwise.agents.plan_store import EndedTask, PlanGate, PlanStore, Recipe, Standing, recipe_of
from tierwise.data.errors import TierwiseError

ROOT = Path(__file__).parents[3]
PLAN = {"steps": [{"id": "a", "do": "Close {ticket}"}]}


def recipe(goal: str = "Close ticket 17.", ticket: str = "17", agent: str = "agent", tools: str = "tools") -> Recipe:
    found = recipe_of(agent, goal, PLAN, {"ticket": ticket}, tools)
    assert found is not None
    return found


def proven(store: PlanStore, kept: Recipe, task_id: str = "t-0") -> Recipe:
    store.keep(kept)
    store.note(EndedTask(task_id, kept.agent, True, kept.kind_id, kept.recipe_id))
    return kept


def used(store: PlanStore, kept: Recipe, n: int, success: bool) -> None:
    for i in range(n):
        store.note(EndedTask(f"{success}-{i}", kept.agent, success, kept.kind_id, kept.recipe_id, is_reused=True))


def test_a_plan_is_found_for_a_goal_of_its_kind_alone(tmp_path: Path) -> None:
    store = PlanStore(tmp_path / "plans.db")
    kept = proven(store, recipe())
    (found,) = store.find("Close ticket 18.", "agent", "tools")
    assert (found.recipe, found.values) == (kept, {"ticket": "18"})
    (near,) = store.find("Please close the ticket 18", "agent", "tools")
    assert near.values is None, "somebody has to look"
    assert store.find("Bake a cake with seven eggs.", "agent", "tools") == []
    assert store.find("Close ticket 18.", "another", "tools") == []
    assert store.find("Close ticket 18.", "agent", "other tools") == []


def test_a_plan_of_which_nothing_is_known_is_not_used_until_somebody_says_so(tmp_path: Path) -> None:
    store, kept = PlanStore(tmp_path / "plans.db"), recipe()
    store.keep(kept)
    store.note(EndedTask("t-1", "agent", None, kept.kind_id, kept.recipe_id))
    assert store.find("Close ticket 18.", "agent", "tools") == []
    store.report("t-1", True)
    assert len(store.find("Close ticket 18.", "agent", "tools")) == 1
    with pytest.raises(TierwiseError, match="knows no task 't-9'"):
        store.report("t-9", True)


def test_a_plan_is_given_up_when_its_tasks_fail(tmp_path: Path) -> None:
    store = PlanStore(tmp_path / "plans.db")
    kept = proven(store, recipe())
    used(store, kept, 8, success=True)
    assert store.standing(kept) is Standing.PROVEN
    used(store, kept, 16, success=False)
    assert store.standing(kept) is Standing.RETIRED
    assert store.find("Close ticket 18.", "agent", "tools") == []


@pytest.mark.slow
def test_a_task_counts_once(tmp_path: Path) -> None:
    store = PlanStore(tmp_path / "plans.db")
    kept = proven(store, recipe())
    for _ in range(9):
        used(store, kept, 1, success=False)
    assert store.standing(kept) is not Standing.RETIRED


def test_sizes_that_were_seen_widen_what_is_taken(tmp_path: Path) -> None:
    store = PlanStore(tmp_path / "plans.db")
    proven(store, recipe())
    assert not store.find("Close ticket 900.", "agent", "tools")[0].recipe.takes({"ticket": "900"})
    store.keep(recipe("Close ticket 100.", "100"))
    assert store.find("Close ticket 900.", "agent", "tools")[0].recipe.takes({"ticket": "900"})
    assert len(store) == 1


def test_the_store_is_bounded_and_the_longest_unused_go_first(tmp_path: Path) -> None:
    now = [0.0]
    store = PlanStore(tmp_path / "plans.db", max_recipes=3, clock=lambda: now[0])
    goals = [f"{word} ticket 17." for word in ("Close", "Open", "Print", "Move")]
    kept = []
    for goal in goals:
        now[0] += 1
        kept.append(proven(store, recipe(goal), goal))
        if goal.startswith("Print"):
            now[0] += 1
            used(store, kept[0], 1, success=True)
    assert len(store) == 3
    assert store.find("Open ticket 18.", "agent", "tools")[0].values is None, "the one that is gone"
    assert store.find("Close ticket 18.", "agent", "tools")[0].values == {"ticket": "18"}


def test_no_value_and_no_secret_is_written(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    store = PlanStore(path)
    secret = "sk-proj-abcdefghijklmnop1234567890"
    goal = f"Log in with {secret} and mail ada@example.org about 17."
    assert recipe_of("agent", goal, PLAN, {"ticket": "17"}, "t") is None, "what is always there would be written"
    kept = recipe_of("agent", goal, PLAN, {"ticket": "17", "key": secret, "to": "ada@example.org"}, "t")
    assert kept is not None
    proven(store, kept)
    plan = {"steps": [{"id": "a", "do": f"Use {secret} for {{ticket}}"}]}
    assert recipe_of("agent", "Close 17.", plan, {"ticket": "17"}, "t") is None
    content = path.read_bytes()
    assert secret.encode() not in content
    assert b"ada@example" not in content
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_store_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    path.write_text("this is no database, and it is long enough to be looked at" * 50)
    with pytest.raises(TierwiseError, match=r"plans\.db cannot be used as a plan store: file is not a database"):
        PlanStore(path)
    with pytest.raises(TierwiseError, match="max_recipes is 0"):
        PlanStore(tmp_path / "other.db", max_recipes=0)


WRITER = """
import sys
from tests.agents.plan_store.test_store import PlanStore, proven, recipe, used
store = PlanStore(sys.argv[1])
name = sys.argv[2]
for i in range(15):
    kept = proven(store, recipe(f"{name} ticket 17 in room {i} again."), f"{name}-{i}")
    assert store.find(f"{name} ticket 18 in room {i} again.", "agent", "tools")
"""


@pytest.mark.slow
def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(path)]
    running = [
        subprocess.Popen([*command, name], env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for name in ("Close", "Open", "Print")
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert len(PlanStore(path)) == 45


@pytest.mark.slow
def test_a_recipe_that_cannot_be_read_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import sqlite3

    store = PlanStore(tmp_path / "plans.db", PlanGate())
    proven(store, recipe())
    with sqlite3.connect(tmp_path / "plans.db") as database:
        database.execute("UPDATE recipes SET content = ?", (json.dumps({"parts": 7}),))
    database.close()
    assert store.find("Close ticket 18.", "agent", "tools") == []
    assert "holds a recipe that cannot be read" in caplog.text


@pytest.mark.slow
def test_a_plan_with_numbers_of_its_own_is_used_once_it_was_made_for_other_values(tmp_path: Path) -> None:
    """The number may be worked out from a slot: 34 is twice 17. Made for 18 as well, it is not."""
    plan = {"steps": [{"id": "a", "do": "Close {ticket} of {who}, 34 in all"}]}
    store = PlanStore(tmp_path / "plans.db")

    def keep(ticket: str, who: str) -> bool:
        kept = recipe_of("agent", f"Close ticket {ticket} of {who}.", plan, {"ticket": ticket, "who": who}, "tools")
        assert kept is not None
        proven(store, kept, f"{ticket}-{who}")
        return bool(store.find("Close ticket 19 of Carl.", "agent", "tools"))

    assert not keep("17", "Ada")
    assert not keep("17", "Ada")
    assert not keep("17", "Bob"), "the ticket was the same"
    assert keep("18", "Ada")
    assert len(store) == 1
