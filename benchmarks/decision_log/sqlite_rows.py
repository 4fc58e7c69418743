"""The decisions and outcomes of ``rows``, told so that SQLite makes them: a million in a minute or two.

The same shape and the same shares; which decision draws which lot is another matter, for SQLite has no such hash.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text

from benchmarks.decision_log.rows import STEPS_OF_TASK, TOP_TIER

_PART = 100_000


def _hash(number: str, salt: int = 0) -> str:
    """A whole number that looks drawn, from an expression for a whole number (Knuth's multiplicative hash)."""
    return f"(((({number}) + {salt * 7_919}) * 2654435761 & 4294967295) >> 9)"


def _chance(number: str, salt: int = 0) -> str:
    return f"({_hash(number, salt)} & 1023) / 1024.0"


def _one_of(place: str, values: Sequence[str]) -> str:
    cases = " ".join(f"WHEN {at} THEN '{value}'" for at, value in enumerate(values))
    return f"CASE {place} {cases} END"


_WORDS = f"printf('%08x%08x%08x%08x ', {', '.join(_hash('i', salt) for salt in (5, 6, 7, 8))})"
_DECISIONS = f"""
WITH RECURSIVE numbers (i) AS (SELECT :from UNION ALL SELECT i + 1 FROM numbers WHERE i < :to)
INSERT INTO decisions (
    decision_id, step_id, task_id, session_id, created_at, step, tier, model, p_success, expected_cost_usd, policy,
    router_version, arm, propensity, reason_code, reason_text, is_fallback, is_unfamiliar, experiment, task_type, agent,
    node, input_complexity, requires_judgment, human_visible)
SELECT
    printf('d-%012x', i) || trim({_WORDS}), 's-' || i, 't-' || (i / {STEPS_OF_TASK}), 'u-' || (i / 40),
    :start + (i - :first) * :pause,
    json_object('text', replace('xxxxxxxx', 'x', {_WORDS}), 'task_type', 'extract', 'agent', 'agent-' || (i % 10)),
    CASE WHEN {_chance("i", 1)} < .05 THEN '{TOP_TIER}' WHEN ({_hash("i")} & 7) = 7 THEN 'mid' ELSE 'small' END,
    'model-1', '{{"small": 0.82, "mid": 0.91, "frontier": 0.97}}',
    '{{"small": 0.0002, "mid": 0.001, "frontier": 0.012}}', 'learned',
    'router-' || ((i - :first) * 3 / :n), 'learned', 1.0,
    {_one_of(f"{_hash('i', 4)} & 3", ("cheapest_enough", "rule_simple_task", "unfamiliar", "guardrail"))},
    'Good enough.', {_chance("i", 2)} < .01, {_chance("i", 3)} < .03, CASE WHEN i / 8 % 3 = 0 THEN 'trial' END,
    {_one_of("i % 5", ("classify", "write", "plan", "code", "extract"))}, 'agent-' || (i % 10), 'node-' || (i % 40),
    CAST(i % 10 AS REAL), i % 7 = 0, i % 11 = 0
FROM numbers
"""

_VERDICT = _chance("seq * 17")
_OUTCOMES = f"""
INSERT INTO outcomes (
    decision_id, idempotency_key, decided_at, tier, success, cost_usd, latency_ms, attempt, received_at, was_unknown,
    was_contradictory)
SELECT decision_id, 'k-' || try, NULL, tried, is_good, cost, latency,
    CASE is_good WHEN 1 THEN json_object('tier', tried, 'success', json('true'))
    ELSE json_object('tier', tried, 'success', json('false'), 'error', 'row ' || (seq % 9) || ' is wrong') END,
    created_at + 2 + (seq / 64 % 7 / 6) * 604800, 0, 0
FROM (
    SELECT *, CASE tried WHEN 'small' THEN .0002 WHEN 'mid' THEN .001 ELSE .012 END AS cost,
        300 + ({_hash("seq")} & 511) AS latency FROM (
        SELECT seq, decision_id, created_at, 1 AS try, tier AS tried, {_VERDICT} > .11 AS is_good FROM decisions
        WHERE created_at >= :since AND created_at < :until AND seq % 12 <> 0
        UNION ALL SELECT seq, decision_id, created_at, 2, '{TOP_TIER}', {_VERDICT} > .01 FROM decisions
        WHERE created_at >= :since AND created_at < :until AND seq % 12 <> 0 AND {_VERDICT} <= .11
            AND tier <> '{TOP_TIER}'
    )
)
ORDER BY seq, try
"""


def fill_sqlite(connection: Connection, n_decisions: int, start: float, end: float, first: int = 1) -> Iterator[int]:
    """Adds decisions made evenly from ``start`` to ``end`` (seconds since the epoch); yields how many are there.

    The log must be empty, and of this version. Each part is a transaction of its own.
    """
    pause = (end - start) / n_decisions
    for done in range(0, n_decisions, _PART):
        last = min(done + _PART, n_decisions)
        given = {"start": start, "first": first, "pause": pause, "n": n_decisions}
        connection.execute(text(_DECISIONS), given | {"from": first + done, "to": first + last - 1})
        within = {"since": start + (done - 0.5) * pause, "until": start + (last - 0.5) * pause}
        connection.execute(text(_OUTCOMES), within)
        connection.commit()
        yield last


@contextmanager
def without_sqlite_indexes(connection: Connection) -> Iterator[None]:
    """Takes the indexes of decisions and outcomes away and makes them anew afterwards, which is faster."""
    named = "tbl_name IN ('decisions', 'outcomes') AND name LIKE 'ix%' AND type = 'index'"
    kept = "name <> 'ix_decisions_created_at'"  # outcomes are made of a period's decisions
    found = connection.execute(text(f"SELECT name, sql FROM sqlite_master WHERE {named} AND {kept}")).all()
    for name, _ in found:
        connection.execute(text(f"DROP INDEX {name}"))
    connection.commit()
    yield
    for _, definition in found:
        connection.execute(text(definition))
    connection.commit()
