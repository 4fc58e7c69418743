"""A real Dask cluster of two worker processes on loopback: the same bytes as one machine, and a worker may die."""

import operator
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from benchmarks.scale.cluster import Cluster, running_cluster
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.samples import sample_log_path
from tierwise.training.config import TrainConfig
from tierwise.training.engines.choice import EngineName, open_engine
from tierwise.training.engines.dask import DaskEngine
from tierwise.training.engines.engine import Engine, EngineError
from tierwise.training.engines.local import LocalEngine
from tierwise.training.progress import Progress, silent_progress
from tierwise.training.reading import draw_logs
from tierwise.training.train import train_drawn

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as running:
        yield running


class KillsAWorker:
    """Progress that kills a worker as soon as the first fold is fitted, while others are being fitted."""

    def __init__(self, worker: subprocess.Popen[bytes]) -> None:
        self._worker = worker
        self._stage = ""

    def __call__(self, stage: str, n_parts: int) -> None:
        del n_parts
        self._stage = stage

    def step(self) -> None:
        if self._stage == "cross-fitting" and self._worker.poll() is None:
            self._worker.send_signal(signal.SIGKILL)
            self._worker.wait()


def trained_bundle(engine: Engine, catalogue: TierCatalogue, config: TrainConfig, out: Path, progress: Progress) -> str:
    log = [str(sample_log_path())]
    drawn = draw_logs(log, catalogue, config.max_steps, engine, progress, lambda _: None)
    version = train_drawn(drawn, catalogue, config, progress=progress, engine=engine).save(out)
    return str(version)


def test_a_killed_worker_does_not_lose_the_run_and_the_bundle_is_that_of_one_machine(
    cluster: Cluster, sample_catalogue: TierCatalogue, quick_config: TrainConfig, tmp_path: Path
) -> None:
    engine = open_engine(EngineName.DASK, cluster.address)
    try:
        progress = KillsAWorker(cluster.workers[0])
        version = trained_bundle(engine, sample_catalogue, quick_config, tmp_path / "cluster", progress)
    finally:
        engine.close()
    assert cluster.workers[0].returncode == -signal.SIGKILL
    assert cluster.workers[1].poll() is None
    local = trained_bundle(LocalEngine(), sample_catalogue, quick_config, tmp_path / "local", silent_progress)
    assert version == local
    names = sorted(path.name for path in (tmp_path / "local").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "cluster").iterdir())
    for name in names:
        assert (tmp_path / "cluster" / name).read_bytes() == (tmp_path / "local" / name).read_bytes(), name


def test_results_come_in_the_order_of_the_items_and_what_a_task_raises_comes_out_as_it_is(cluster: Cluster) -> None:
    engine = open_engine(EngineName.DASK, cluster.address)
    try:
        assert list(engine.map(operator.pow, 2, range(30))) == [2**item for item in range(30)]
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            list(engine.map(operator.truediv, 1, [1, 0, 2]))
    finally:
        engine.close()


def test_a_cluster_that_loses_all_its_workers_is_told_and_not_waited_for(cluster: Cluster) -> None:
    engine = DaskEngine(cluster.address, lonely_seconds=1.0)
    results = engine.map(round, 0.5, [0] * 50)
    assert next(results) == 0
    _kill(cluster.workers)
    with pytest.raises(EngineError, match=r"the cluster is gone: .*; start it and train again"):
        list(results)
    engine.close()
    with pytest.raises(EngineError, match="start one: dask scheduler"):
        DaskEngine(cluster.address, connect_seconds=1.0)


def test_a_scheduler_that_dies_is_told(cluster: Cluster) -> None:
    engine = DaskEngine(cluster.address, connect_seconds=5.0, lonely_seconds=1.0)
    results = engine.map(round, 0.5, [0] * 50)
    assert next(results) == 0
    _kill([cluster.scheduler])
    with pytest.raises(EngineError, match=r"the cluster is gone|lost its workers"):
        list(results)
    engine.close()


def _kill(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()
