"""Databases of a test's own, on the PostgreSQL server that TIERWISE_TEST_POSTGRES_URL names (tests/postgres.sh)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

POSTGRES_URL = os.environ.get("TIERWISE_TEST_POSTGRES_URL", "")


@contextmanager
def new_database() -> Iterator[str]:
    """The address of an empty database that goes afterwards; skips the test where there is no server."""
    if not POSTGRES_URL:
        pytest.skip("TIERWISE_TEST_POSTGRES_URL is not set; run: make test-postgres")
    import psycopg

    name = f"tierwise_{uuid4().hex}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield POSTGRES_URL.rpartition("/")[0] + f"/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
