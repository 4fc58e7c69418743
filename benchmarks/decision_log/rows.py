"""Decisions and outcomes made by the database itself, so that ten million of them take minutes and no prompts.

Deterministic: tasks of eight steps, three tiers, 40 nodes of 10 agents, three router versions one after the other. One
step in twelve is still without outcome, one in nine fails on the chosen tier and is tried again on the top one, and
the outcomes of one task in seven come a week late.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from tierwise.data.decision_log.partitions import make_partitions, weeks_worth_having

STEPS_OF_TASK = 8
TOP_TIER = "frontier"
TIERS = ("small", "mid", TOP_TIER)

_CHANCE = "(hashint8(i * 31 + {salt}) & 1023) / 1024.0"
_TIER = "(ARRAY['small', 'small', 'small', 'small', 'small', 'small', 'small', 'mid'])[1 + (hashint8(i * 31) & 7)]"
_TIER = f"CASE WHEN {_CHANCE.format(salt=1)} < .05 THEN '{TOP_TIER}' ELSE {_TIER} END"

_DECISIONS = f"""
INSERT INTO decisions (
    decision_id, step_id, task_id, session_id, created_at, step, tier, model, p_success, expected_cost_usd, policy,
    router_version, arm, propensity, reason_code, reason_text, is_fallback, is_unfamiliar, experiment, task_type, agent,
    node, input_complexity, requires_judgment, human_visible)
SELECT
    'd-' || lpad(to_hex(i), 12, '0') || md5(i::text), 's-' || i, 't-' || i / {STEPS_OF_TASK}, 'u-' || i / 40,
    :start + (i - :first) * :pause,
    json_build_object('text', repeat(md5(i::text) || ' ', 8), 'task_type', 'extract', 'agent', 'agent-' || i % 10),
    {_TIER},
    'model-1', '{{"small": 0.82, "mid": 0.91, "frontier": 0.97}}',
    '{{"small": 0.0002, "mid": 0.001, "frontier": 0.012}}', 'learned',
    'router-' || (i - :first) * 3 / :n, 'learned', 1.0,
    (ARRAY['cheapest_enough', 'rule_simple_task', 'unfamiliar', 'guardrail'])[1 + (hashint8(i) & 3)], 'Good enough.',
    {_CHANCE.format(salt=2)} < .01, {_CHANCE.format(salt=3)} < .03, CASE WHEN i / 8 % 3 = 0 THEN 'trial' END,
    (ARRAY['extract', 'classify', 'write', 'plan', 'code'])[1 + i % 5], 'agent-' || i % 10, 'node-' || i % 40,
    (i % 10)::float8, i % 7 = 0, i % 11 = 0
FROM generate_series(CAST(:from AS bigint), :to) AS i
"""

_KEYS = """
INSERT INTO decision_keys SELECT decision_id, created_at, true FROM decisions
WHERE created_at >= :since AND created_at < :until
"""

_VERDICT = "(hashint8(seq * 17) & 1023) / 1024.0"
_OUTCOMES = f"""
INSERT INTO outcomes (
    decision_id, idempotency_key, decided_at, tier, success, cost_usd, latency_ms, attempt, received_at, was_unknown,
    was_contradictory)
SELECT decision_id, 'k-' || try, created_at, tried, is_good,
    CASE tried WHEN 'small' THEN .0002 WHEN 'mid' THEN .001 ELSE .012 END,
    300 + (hashint8(seq) & 511), json_build_object('tier', tried, 'success', is_good, 'error', CASE WHEN NOT is_good
    THEN 'row ' || seq % 9 || ' is wrong' END), created_at + 2 + (seq / 64 % 7 / 6) * 604800, false, false
FROM decisions, LATERAL (
    SELECT 1 AS try, tier AS tried, {_VERDICT} > .11 AS is_good
    UNION ALL SELECT 2, '{TOP_TIER}', {_VERDICT} > .01 WHERE {_VERDICT} <= .11 AND tier <> '{TOP_TIER}'
) AS attempts
WHERE created_at >= :since AND created_at < :until AND seq % 12 <> 0
"""


def fill(connection: Connection, n_decisions: int, start: float, end: float, first: int = 1) -> Iterator[int]:
    """Adds decisions made evenly from ``start`` to ``end`` (seconds since the epoch); yields how many are there.

    The log must be empty, and of this version. Each part is a transaction of its own.
    """
    make_partitions(connection, weeks_worth_having(_moments(start, end), end))
    connection.commit()
    pause, part = (end - start) / n_decisions, 250_000
    for done in range(0, n_decisions, part):
        last = min(done + part, n_decisions)
        given = {"start": start, "first": first, "pause": pause, "n": n_decisions}
        connection.execute(text(_DECISIONS), given | {"from": first + done, "to": first + last - 1})
        within = {"since": start + done * pause, "until": start + last * pause}
        connection.execute(text(_KEYS), within)
        connection.execute(text(_OUTCOMES), within)
        connection.commit()
        yield last


@contextmanager
def without_indexes(connection: Connection) -> Iterator[None]:
    """Takes the indexes of decisions and outcomes away and makes them anew afterwards, which is faster."""
    named = "schemaname = current_schema() AND tablename IN ('decisions', 'outcomes') AND indexname LIKE 'ix%'"
    found = connection.execute(text(f"SELECT indexname, indexdef FROM pg_indexes WHERE {named}")).all()
    for name, _ in found:
        connection.execute(text(f"DROP INDEX {name}"))
    connection.commit()
    yield
    for _, definition in found:
        connection.execute(text(definition.replace(" ON ONLY ", " ON ")))
    connection.commit()


def _moments(start: float, end: float) -> Iterator[float]:
    while start < end:
        yield start
        start += 86_400
    yield end
