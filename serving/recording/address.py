"""Whether an address can be that of a decision log, told without the database library where that is plain."""

import re

_PLAIN = re.compile(r"sqlite:///[\w./-]+")


def check_address(url: str) -> None:
    """Raises ``LogError`` for an address that is neither SQLite's nor PostgreSQL's."""
    if not _PLAIN.fullmatch(url):
        from tierwise.data.decision_log.engine import parse_url

        parse_url(url)
