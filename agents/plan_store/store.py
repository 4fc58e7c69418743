"""Plans on disk, found by what their goals say, with the record of the tasks that they served: one SQLite file.

Any number of processes may use one file. What is written holds no value of any slot, and no plan in which redaction
finds something.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.agents.plan_store.gate import PlanGate, Record, Standing
from tierwise.agents.plan_store.recipe import MAX_GOAL_CHARS, Recipe
from tierwise.agents.plan_store.skeleton import Skeleton
from tierwise.data.errors import TierwiseError
from tierwise.features.encoders import Encoder, load_encoder

FORMAT = 1
_LOGGER = logging.getLogger(__name__)
_WAIT_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS recipes (
    recipe_id TEXT PRIMARY KEY, agent TEXT NOT NULL, kind_id TEXT NOT NULL, tools TEXT NOT NULL, encoder TEXT NOT NULL,
    vector BLOB NOT NULL, content TEXT NOT NULL, used_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS recipes_by_agent ON recipes (agent, tools);
CREATE TABLE IF NOT EXISTS tasks (
    task_id TEXT PRIMARY KEY, agent TEXT NOT NULL, kind_id TEXT, recipe_id TEXT, is_reused INTEGER NOT NULL,
    tier TEXT, success INTEGER, ended_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS tasks_by_kind ON tasks (kind_id);
"""
_MAX_READ = 100
_MAX_TASKS = 20_000
_MAX_COUNTED = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A recipe whose goal looks like the one that was asked for. ``p_not_worse`` is what its record says; ``values``
    are those of the slots, None where the goals do not say the very same and somebody has to find them."""

    recipe: Recipe
    similarity: float
    p_not_worse: float
    values: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class EndedTask:
    """How a task ended. ``success`` None is unknown; ``tier`` is who made the plan, None for one that was kept."""

    task_id: str
    agent: str
    success: bool | None
    kind_id: str | None = None
    recipe_id: str | None = None
    is_reused: bool = False
    tier: str | None = None


class PlanStore:
    """The plans in the file at ``path``, at most ``max_recipes``: those used longest ago go first.

    A goal is looked up among those that are at least ``min_similarity`` alike (cosine). Raises ``TierwiseError`` for a
    file that is no plan store.
    """

    def __init__(
        self,
        path: str | Path,
        gate: PlanGate | None = None,
        *,
        max_recipes: int = 500,
        min_similarity: float = 0.6,
        encoder: Encoder | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if max_recipes < 1:
            raise TierwiseError(f"max_recipes is {max_recipes}; at least 1 is needed")
        self.path = Path(path)
        self.gate = gate or PlanGate()
        self._max_recipes = max_recipes
        self._min_similarity = min_similarity
        self._encoder = encoder
        self._clock = clock
        self._lock = threading.Lock()
        self._prepare()

    def find(self, goal: str, agent: str, tools: str) -> list[Found]:
        """Recipes for goals that look like ``goal``: those that say the very same otherwise, then those at least
        ``min_similarity`` alike; the likeliest to do well first. Retired ones are left out."""
        if len(goal) > MAX_GOAL_CHARS:
            return []
        vector = self._vector(goal)
        with self._open() as database:
            rows = database.execute(
                "SELECT vector, content FROM recipes WHERE agent = ? AND tools = ? AND encoder = ?",
                (agent, tools, self._loaded().digest),
            ).fetchall()
            near = sorted(((float(vector @ np.frombuffer(row[0], np.float32)), row[1]) for row in rows), reverse=True)
            pooled = self._record(database, "agent = ? AND is_reused = 0", agent)
            found: list[Found] = []
            for similarity, content in near[:_MAX_READ]:
                recipe = self._read(content)
                values = None if recipe is None else recipe.skeleton.match(goal)
                if recipe is not None and (values is not None or similarity >= self._min_similarity):
                    found.append(Found(recipe, similarity, self._p_not_worse(database, recipe, pooled), values))
        usable = [each for each in found if self.gate.standing(each.p_not_worse) is not Standing.RETIRED]
        return sorted(usable, key=lambda each: (each.values is None, -each.p_not_worse, -each.similarity))

    def standing(self, recipe: Recipe) -> Standing:
        """What the record of a recipe says."""
        with self._open() as database:
            pooled = self._record(database, "agent = ? AND is_reused = 0", recipe.agent)
            return self.gate.standing(self._p_not_worse(database, recipe, pooled))

    def keep(self, recipe: Recipe) -> None:
        """Adds a recipe, or widens the kinds of the one that is there; the oldest go where there are too many."""
        with self._open(writes=True) as database:
            row = database.execute("SELECT content FROM recipes WHERE recipe_id = ?", (recipe.recipe_id,)).fetchone()
            known = None if row is None else self._read(row[0])
            if known is not None:
                recipe = _widened(known, recipe)
            database.execute(
                "INSERT OR REPLACE INTO recipes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    recipe.recipe_id,
                    recipe.agent,
                    recipe.kind_id,
                    recipe.tools,
                    self._loaded().digest,
                    self._vector(_plain(recipe.skeleton)).tobytes(),
                    recipe.to_json(),
                    self._clock(),
                ),
            )
            database.execute(
                "DELETE FROM recipes WHERE recipe_id NOT IN "
                "(SELECT recipe_id FROM recipes ORDER BY used_at DESC, rowid DESC LIMIT ?)",
                (self._max_recipes,),
            )

    def note(self, ended: EndedTask) -> None:
        """Notes how a task ended; noted twice it counts once, with what was said last."""
        success = None if ended.success is None else int(ended.success)
        with self._open(writes=True) as database:
            database.execute(
                "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    ended.task_id,
                    ended.agent,
                    ended.kind_id,
                    ended.recipe_id,
                    int(ended.is_reused),
                    ended.tier,
                    success,
                    self._clock(),
                ),
            )
            if ended.is_reused:
                database.execute("UPDATE recipes SET used_at = ? WHERE recipe_id = ?", (self._clock(), ended.recipe_id))
            database.execute(
                "DELETE FROM tasks WHERE rowid <= (SELECT max(rowid) FROM tasks) - ?",
                (_MAX_TASKS,),
            )

    def report(self, task_id: str, success: bool) -> None:
        """Says how a task went that nothing had judged. Raises ``TierwiseError`` for one that is not known."""
        with self._open(writes=True) as database:
            changed = database.execute("UPDATE tasks SET success = ? WHERE task_id = ?", (int(success), task_id))
            if changed.rowcount == 0:
                raise TierwiseError(f"the plan store knows no task '{task_id}'; it must have ended")

    def tier_record(self, agent: str, tier: str) -> Record:
        """How tasks went whose fresh plans a tier made."""
        with self._open() as database:
            return self._record(database, "agent = ? AND is_reused = 0 AND tier = ?", agent, tier)

    def __len__(self) -> int:
        with self._open() as database:
            return int(database.execute("SELECT count(*) FROM recipes").fetchone()[0])

    def _p_not_worse(self, database: sqlite3.Connection, recipe: Recipe, pooled: Record) -> float:
        """A recipe of which no task is known to have gone well has proven nothing, and is not used."""
        of_kind = "agent = ? AND kind_id = ?"
        own = self._record(database, f"{of_kind} AND recipe_id = ? AND is_reused = 1", *_key(recipe), recipe.recipe_id)
        kin = self._record(database, f"{of_kind} AND recipe_id != ? AND is_reused = 1", *_key(recipe), recipe.recipe_id)
        fresh = self._record(database, f"{of_kind} AND is_reused = 0", *_key(recipe))
        born = self._record(database, f"{of_kind} AND recipe_id = ? AND success = 1", *_key(recipe), recipe.recipe_id)
        is_known = born.n_successes > 0 and recipe.is_confirmed
        return self.gate.p_not_worse(own, kin, fresh, pooled) if is_known else 0.0

    def _record(self, database: sqlite3.Connection, where: str, *values: str) -> Record:
        row = database.execute(
            f"SELECT count(*), coalesce(sum(success), 0) FROM (SELECT success FROM tasks WHERE {where} "
            f"AND success IS NOT NULL ORDER BY ended_at DESC, rowid DESC LIMIT {_MAX_COUNTED})",
            values,
        ).fetchone()
        return Record(float(row[0]), float(row[1]))

    def _read(self, content: str) -> Recipe | None:
        try:
            return Recipe.from_json(content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            _LOGGER.warning("%s holds a recipe that cannot be read: %s", self.path, type(error).__name__)
            return None

    def _loaded(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = load_encoder()
            return self._encoder

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._loaded().encode([text])[0]
        return vector

    def _prepare(self) -> None:
        """A new file is readable by its owner alone: plans tell what a team does."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise TierwiseError(f"{self.path}: {error.strerror}") from None
        with self._open(writes=True) as database:
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            version = int(database.execute("PRAGMA user_version").fetchone()[0])
            if version not in (0, FORMAT):
                raise TierwiseError(f"{self.path} has format {version}; this version reads {FORMAT}")
            database.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _open(self, writes: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection for one piece of work, whole or not at all."""
        try:
            database = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
            try:
                database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield database
                database.execute("COMMIT")
            finally:
                database.close()
        except sqlite3.Error as error:
            raise TierwiseError(f"{self.path} cannot be used as a plan store: {error}") from None


def _key(recipe: Recipe) -> tuple[str, str]:
    return recipe.agent, recipe.kind_id


def _plain(skeleton: Skeleton) -> str:
    """The goal without what differs: what goals of a kind have in common decides how alike they look."""
    return skeleton.constant or skeleton.shown()


def _widened(known: Recipe, seen: Recipe) -> Recipe:
    kinds = {
        name: replace(kind, low=min(kind.low, known.kinds[name].low), high=max(kind.high, known.kinds[name].high))
        if name in known.kinds
        else kind
        for name, kind in seen.kinds.items()
    }
    marks = {name: tuple(dict.fromkeys([*known.seen.get(name, ()), *found]))[:2] for name, found in seen.seen.items()}
    return replace(seen, kinds=kinds, seen={**known.seen, **marks})
