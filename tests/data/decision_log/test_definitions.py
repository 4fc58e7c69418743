"""Whoever changes what half-hours are added up from raises their definitions, so that no page mixes two histories."""

from hashlib import sha256

from sqlalchemy import create_mock_engine

from tierwise.data.decision_log.half_hours.rolling import added_up, totals_of
from tierwise.data.decision_log.half_hours.tables import DEFINITIONS, SLOT_SECONDS, SLOT_TOTALS
from tierwise.data.decision_log.views.settled import Wanted

KNOWN = {2: "4dee1fe2455f88d7"}
"""The statements of each version by their digest."""


def test_the_statements_are_those_of_their_version() -> None:
    database = create_mock_engine("postgresql+psycopg://", lambda *_: None)
    tables = (
        *added_up(database, Wanted(0.0, float(SLOT_SECONDS)), 0, "frontier"),  # type: ignore[arg-type]
        (SLOT_TOTALS, totals_of(0)),
    )
    compiled = [(table.name, query.compile(dialect=database.dialect)) for table, query in tables]
    said = [(name, str(statement), sorted(map(str, statement.params.items()))) for name, statement in compiled]
    assert sha256(repr(said).encode()).hexdigest()[:16] == KNOWN[DEFINITIONS], (
        "what is added up has changed: raise DEFINITIONS in half_hours/tables.py and add its digest here"
    )
