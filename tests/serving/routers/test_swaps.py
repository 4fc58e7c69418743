"""Real bundles, swapped in a real process while it is asked: no request fails, none mixes versions."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.runs.tracking import open_client, track_bundle
from tierwise.training.train import TrainedRouter, train_router

N_SWAPS = 50


@pytest.fixture(scope="module")
def trained() -> TrainedRouter:
    """A router for a world of 300 steps."""
    prices = {"small": 1.0, "mid": 4.0, "frontier": 16.0}
    tiers = [
        {"name": name, "models": [{"name": name, "input_usd_per_mtok": usd, "output_usd_per_mtok": usd}]}
        for name, usd in prices.items()
    ]
    catalogue = TierCatalogue.from_mapping({"tiers": tiers})
    steps = World(seed=5).draw(300, "full").logged_steps()
    return train_router(
        steps, catalogue, TrainConfig(n_folds=2, n_repeats=1, n_components=0, booster=BoosterParams(n_rounds=10))
    )


@pytest.fixture(scope="module")
def bundles(trained: TrainedRouter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two bundles of different versions, by version."""
    folder = tmp_path_factory.mktemp("bundles")
    policy = replace(trained.parts.policy, default_max_quality_loss=0.2)
    other = replace(trained, parts=replace(trained.parts, policy=policy))
    return {trained.save(folder / "a"): folder / "a", other.save(folder / "b"): folder / "b"}


def turn(link: Path, target: Path) -> None:
    """Turns a symbolic link in one step."""
    fresh = link.with_name("fresh")
    fresh.symlink_to(target)
    fresh.rename(link)


@pytest.mark.slow
def test_fifty_swaps_of_real_bundles_under_load(
    launch: Callable[..., Any], bundles: dict[str, Path], tmp_path: Path
) -> None:
    link = tmp_path / "live"
    turn(link, next(iter(bundles.values())))
    running = launch(bundle=link, reload_seconds=0.01)
    is_done, answers = threading.Event(), []

    def ask(name: str) -> None:
        with httpx2.Client(base_url=running.address, timeout=30) as http:
            number = 0
            while not is_done.is_set():
                number += 1
                response = http.post("/route", json={"step": {"text": f"{name} {number % 50}"}})
                answers.append((response.status_code, response.json()))

    askers = [threading.Thread(target=ask, args=(f"asker {i}",)) for i in range(2)]
    for asker in askers:
        asker.start()
    with httpx2.Client(base_url=running.address, timeout=30) as http:
        for swap in range(N_SWAPS):
            version, folder = list(bundles.items())[(swap + 1) % 2]
            turn(link, folder)
            await_version(http, version)
        metrics = http.get("/metrics").text
    is_done.set()
    for asker in askers:
        asker.join()
    assert {status for status, _ in answers} == {200}
    assert {answer["router_version"] for _, answer in answers} == set(bundles)
    assert not any(answer["fallback"] for _, answer in answers)
    assert f'tierwise_router_swaps_total{{role="champion"}} {N_SWAPS + 2.0}' in metrics  # the rules and the first one


@pytest.mark.slow
@pytest.mark.parametrize("spoiled", ["router.onnx", "policy.json", "golden.jsonl", "manifest.json", "encoder.onnx"])
def test_a_corrupt_bundle_is_refused_and_the_live_one_stays(
    start: Callable[..., Any], bundles: dict[str, Path], tmp_path: Path, spoiled: str
) -> None:
    (version, good), broken, link = next(iter(bundles.items())), tmp_path / "broken", tmp_path / "live"
    shutil.copytree(good, broken)
    content = (broken / spoiled).read_bytes()
    (broken / spoiled).write_bytes(content[: len(content) // 2])
    turn(link, good)
    client = start(bundle=link, reload_seconds=0)
    turn(link, broken)
    client.post("/reload")
    for _ in range(3000):
        if client.get("/readyz").json()["note"]:
            break
        time.sleep(0.02)
    ready = client.get("/readyz").json()
    assert ready["router_version"] == version
    assert spoiled in ready["note"]
    assert client.post("/route", json={"step": {"text": "a"}}).json()["router_version"] == version


@pytest.mark.slow
def test_the_guardrails_of_the_settings_hold_over_a_bundle(start: Callable[..., Any], bundles: dict[str, Path]) -> None:
    folder = next(iter(bundles.values()))
    client = start(bundle=folder, human_visible_min_tier="frontier")
    body = {"step": {"text": "a", "human_visible": True}, "options": {"max_quality_loss": 1.0}}
    assert client.post("/route", json=body).json()["tier"] == "frontier"


def await_version(http: Any, version: str) -> None:
    deadline = time.monotonic() + 30
    while http.get("/readyz").json()["router_version"] != version:
        assert time.monotonic() < deadline, f"{version} never became live"
        time.sleep(0.01)


@pytest.mark.slow
def test_the_aliases_of_an_mlflow_registry_are_followed_and_rolled_back(
    start: Callable[..., Any], bundles: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    (first, old), (second, new) = bundles.items()
    registered = [track_bundle(old, "tierwise"), track_bundle(new, "tierwise")]
    client, uri = open_client()
    serving = start(
        registry="models:/tierwise@champion",
        challenger="models:/tierwise@challenger",
        tracking_uri=uri,
        reload_seconds=0,
    )
    ready = serving.get("/readyz").json()
    assert (ready["router_version"], ready["challenger_version"]) == (first, second)
    client.set_registered_model_alias("tierwise", "champion", registered[1].version)
    serving.post("/reload")
    await_version(serving, second)
    client.set_registered_model_alias("tierwise", "champion", registered[0].version)
    serving.post("/reload")
    await_version(serving, first)
    client.delete_registered_model_alias("tierwise", "champion")
    serving.post("/reload")
    for _ in range(1500):
        note = serving.get("/readyz").json()["note"]
        if note:
            break
        time.sleep(0.02)
    assert "champion" in note
    for _ in range(1500):  # the challenger was downloaded once more, too, and is being compared
        if not list(scratch.rglob("manifest.json")):
            break
        time.sleep(0.02)
    assert [each.name for each in scratch.rglob("manifest.json")] == [], "downloads are removed"
    assert serving.post("/route", json={"step": {"text": "a"}}).json()["router_version"] == first
