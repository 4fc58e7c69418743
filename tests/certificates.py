"""Tests without the machine's certificates: reading them takes longer than most tests, and no test speaks TLS.

Every client of HTTP reads them when it is made, and so does every start of the application.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OURS = {name: os.environ[name] for name in NAMES if name in os.environ}


@contextmanager
def none_read(empty: Path) -> Iterator[None]:
    """Clients that are made in the block, and in processes that it starts, look for certificates in ``empty``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(empty))
        yield


def environment_with_certificates() -> dict[str, str]:
    """The environment of a process that asks the internet, such as pip's."""
    return {name: value for name, value in os.environ.items() if name not in NAMES} | _OURS
