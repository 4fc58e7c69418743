"""The live router: taken as a whole, kept when the newcomer is refused."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.rules import RulesRouter
from tierwise.router_model.stages import Stage
from tierwise.serving.routers import source
from tierwise.serving.routers.slot import RouterSlot
from tierwise.serving.routers.source import FolderSource, Watcher
from tierwise.serving.watching.metrics import Metrics


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose file ``version`` stands for a bundle; 'broken' in it makes a bundle that is refused."""

    def load(path: Path, _guardrails: Guardrails, _stage: Stage) -> RulesRouter:
        version = (path / "version").read_text()
        if version == "broken":
            raise TierwiseError("golden row 3 differs")
        if version == "worse":
            raise ZeroDivisionError
        return RulesRouter(TierCatalogue.load(), Guardrails(), "learned", version)

    monkeypatch.setattr(source, "load_router", load)
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "version").write_text("v1")
    return path


@pytest.fixture
def slot() -> RouterSlot:
    return RouterSlot(RulesRouter(TierCatalogue.load(), Guardrails()), Metrics())


def test_a_new_bundle_is_taken_when_it_is_seen(folder: Path, slot: RouterSlot) -> None:
    watcher = Watcher(FolderSource(folder), slot, 0)
    watcher.look()
    assert (slot.decider.version, slot.state.has_bundle) == ("v1", True)
    (folder / "version").write_text("v2 is longer")
    watcher.look()
    assert slot.decider.version == "v2 is longer"


@pytest.mark.parametrize(("version", "reason"), [("broken", "golden row 3 differs"), ("worse", "ZeroDivisionError")])
def test_a_refused_bundle_leaves_the_live_router_and_says_why(
    folder: Path, slot: RouterSlot, version: str, reason: str
) -> None:
    watcher = Watcher(FolderSource(folder), slot, 0)
    watcher.look()
    (folder / "version").write_text(version)
    watcher.look()
    watcher.look()
    assert slot.decider.version == "v1"
    assert reason in (slot.state.refusal or "")
    (folder / "version").write_text("v1")
    watcher.look()
    assert slot.state.refusal is None


def test_a_bundle_that_vanishes_leaves_the_live_router(folder: Path, slot: RouterSlot) -> None:
    watcher = Watcher(FolderSource(folder), slot, 0)
    watcher.look()
    (folder / "version").unlink()
    folder.rmdir()
    watcher.look()
    assert slot.decider.version == "v1"
    assert "No such file" in (slot.state.refusal or "")


def test_a_link_that_is_turned_is_a_new_bundle(folder: Path, slot: RouterSlot, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "version").write_text("v2")
    link = tmp_path / "live"
    link.symlink_to(folder)
    watcher = Watcher(FolderSource(link), slot, 0)
    watcher.look()
    link.unlink()
    link.symlink_to(other)
    watcher.look()
    assert slot.decider.version == "v2"


@pytest.mark.slow
def test_fifty_swaps_under_load_fail_no_request_and_mix_no_versions(
    folder: Path, start: Callable[..., TestClient]
) -> None:
    client = start(bundle=folder, reload_seconds=0.001)
    answers: list[tuple[int, str]] = []
    is_done = threading.Event()

    def ask() -> None:
        while not is_done.is_set():
            response = client.post("/route", json={"step": {"text": "a"}})
            answers.append((response.status_code, response.json()["router_version"]))

    asker = threading.Thread(target=ask)
    asker.start()
    versions = [f"v{'x' * i}" for i in range(50)]
    for version in versions:
        (folder / "version.new").write_text(version)
        (folder / "version.new").rename(folder / "version")
        _wait_until_live(client, version)
    is_done.set()
    asker.join()
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers} <= {"v1", *versions}
    assert client.get("/readyz").json()["router_version"] == versions[-1]


def test_reload_looks_at_once(folder: Path, start: Callable[..., TestClient]) -> None:
    client = start(bundle=folder, reload_seconds=0)
    (folder / "version").write_text("v2 is longer")
    assert client.post("/reload").json() == {"status": "looking"}
    _wait_until_live(client, "v2 is longer")


def _wait_until_live(client: TestClient, version: str) -> None:
    for _ in range(6000):
        if client.get("/readyz").json()["router_version"] == version:
            return
        time.sleep(0.01)
    raise AssertionError(f"{version} never became live")
