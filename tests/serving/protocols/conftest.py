"""The real application in front of a strict provider of every protocol."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serving.gateway.conftest import live, serve_live, stored
from tests.strict_stub.callers import PATHS
from tests.strict_stub.server import StrictStub
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings

__all__ = ["live", "serve_live", "stored"]
TIERS = ("small", "mid", "frontier")
NAMES = (
    "m",
    "thinks",
    "refuses",
    "truncates",
    "cut-1",
    "cut-7",
    "broken-1",
    "broken-7",
    "pause-0.05",
    "fails-503",
    "fails-429",
    "fails-400",
)


@pytest.fixture(scope="session")
def strict() -> Iterator[StrictStub]:
    server = StrictStub()
    server.serve_beside()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def everyone(strict: StrictStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One application with a model ``NAME+PROTOCOL`` for every protocol and every way that the stub behaves."""
    folder = tmp_path_factory.mktemp("everyone")
    models = [{"name": f"{name}+{each}", "protocols": [each]} for each in PATHS for name in NAMES]
    path = _write(folder / "tiers.toml", strict.url, {"small": models})
    log_url = f"sqlite:///{folder}/decisions.db"
    settings = load_settings({}, tiers=path, log_url=log_url, flush_seconds=0.01, state_folder=folder)
    with TestClient(create_app(settings), "http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def write_tiers(tmp_path: Path, strict: StrictStub) -> Callable[..., Path]:
    """Writes a tiers.toml; each keyword is a tier with its entries, each a name or a mapping of fields."""

    def write(**tiers: Any) -> Path:
        return _write(tmp_path / "tiers.toml", strict.url, tiers)

    return write


@pytest.fixture
def gateway(start: Any, write_tiers: Callable[..., Path]) -> Callable[..., TestClient]:
    """Starts the application; keywords are tiers with their entries, ``settings`` are settings."""

    def start_gateway(settings: dict[str, object] | None = None, **tiers: Any) -> TestClient:
        client: TestClient = start(tiers=write_tiers(**tiers), **(settings or {}))
        return client

    return start_gateway


def _write(path: Path, url: str, tiers: Mapping[str, Any]) -> Path:
    lines: list[str] = []
    for position, tier in enumerate(TIERS):
        lines += ["[[tiers]]", f'name = "{tier}"']
        for entry in tiers.get(tier, []):
            fields = {"name": entry} if isinstance(entry, str) else dict(entry)
            known = {"base_url": url, "input_usd_per_mtok": 4**position, "output_usd_per_mtok": 8**position}
            lines += ["[[tiers.models]]", *(f"{name} = {_toml(value)}" for name, value in (known | fields).items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
