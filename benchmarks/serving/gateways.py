"""Our gateway and LiteLLM's proxy side by side, before a provider that answers at once: asked in turns, in slices.

    python -m benchmarks.serving.gateways [--litellm-python PYTHON] [--requests 60] [--slices 5] [--write]

LiteLLM wants other versions of the same libraries, so its proxy runs from an environment of its own
(``pip install "litellm[proxy]"``), which ``--litellm-python`` names; without one this says so and measures nothing.
Its ``auto`` is its complexity router, by rules; it keeps no log. Ours decides by a trained router and records every
decision and outcome. What is printed is processor time a call, and the latency that a call has more than the
provider's own. ``--write`` stores what was found and puts it into RESULTS.md.
"""

import argparse
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from json import dumps
from pathlib import Path
from statistics import median

import httpx2
import psutil

from benchmarks.serving.bodies import SIZES, post, text_of
from benchmarks.serving.load import Load, run_load
from benchmarks.serving.page import GatewayRow, GatewaysRun, write_gateways
from benchmarks.serving.pairs import bundle_of
from benchmarks.serving.server import PAUSE_SECONDS, Server, serving
from benchmarks.serving.upstream import provider, tiers_at

_START_SECONDS = 180
_OF_A_COMPLEXITY = {"SIMPLE": "small-1", "MEDIUM": "mid-1", "COMPLEX": "frontier-1", "REASONING": "frontier-1"}


@dataclass(frozen=True, slots=True)
class Foreign(Server):
    """A proxy of others: no recorder writes after the answer, and some timers never rest."""

    def settle(self) -> None:
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    arguments = _arguments()
    python: Path | None = arguments.litellm_python
    if python is None or not python.with_name("litellm").is_file():
        print('LiteLLM\'s proxy is not there: pip install "litellm[proxy]" elsewhere, and name its --litellm-python')
        return
    folder: Path = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    bundle = bundle_of(folder / "bundle", Path())
    with provider() as url, serving(bundle, tiers=tiers_at(url, folder)) as ours, proxy(python, url, folder) as theirs:
        upstream = Foreign(int(url.rpartition(":")[2].partition("/")[0]), psutil.Process())
        rows = _rows(ours, theirs, upstream, arguments.requests, arguments.slices)
    print(f"{time.strftime('%d %B %Y')}, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    for row in rows:
        print(
            f"{row.name:24}{row.cpu_ms:8.3f} ms{row.cpu_ratio:8.3f}{row.added_ms:10.2f} ms added{row.added_ratio:8.3f}"
        )
    if arguments.write:
        write_gateways(GatewaysRun(_version(python), arguments.requests, arguments.slices, tuple(rows)))


def _rows(ours: Server, theirs: Server, upstream: Server, n_requests: int, n_slices: int) -> list[GatewayRow]:
    """Medians over the slices; the ratios are those of the slices to LiteLLM's ``auto`` of the same turn."""
    numbers = count()
    cases = {
        "Tierwise, auto": (ours, "auto"),
        "Tierwise, a named model": (ours, "mid-1"),
        "LiteLLM, auto": (theirs, "auto"),
        "LiteLLM, a named model": (theirs, "mid-1"),
        "the provider": (upstream, "mid-1"),
    }
    loads: dict[str, list[Load]] = {name: [] for name in cases}
    for turn in range(n_slices + 1):
        for name, (server, model) in cases.items():
            load = run_load(server, [_chat(model, next(numbers)) for _ in range(n_requests)], 1)
            if load.n_failed:
                raise SystemExit(f"{name}: {load.n_failed} calls failed")
            if turn:  # the first slice warms up
                loads[name].append(load)
    return [_row(name, loads) for name in cases if name != "the provider"]


def _row(name: str, loads: dict[str, list[Load]]) -> GatewayRow:
    def added_ms(each: str) -> list[float]:
        return [
            a.percentile_ms(0.5) - b.percentile_ms(0.5) for a, b in zip(loads[each], loads["the provider"], strict=True)
        ]

    cpu_ms, added = [load.cpu_ms for load in loads[name]], added_ms(name)
    others, others_added = [load.cpu_ms for load in loads["LiteLLM, auto"]], added_ms("LiteLLM, auto")
    cpu_ratio = median(a / b for a, b in zip(cpu_ms, others, strict=True))
    added_ratio = median(a / b for a, b in zip(added, others_added, strict=True))
    return GatewayRow(name, median(cpu_ms), cpu_ratio, median(added), added_ratio)


def _chat(model: str, number: int) -> bytes:
    message = {"role": "user", "content": text_of(SIZES[1], number)}
    return post("/v1/chat/completions", dumps({"model": model, "messages": [message]}).encode())


@contextmanager
def proxy(python: Path, url: str, folder: Path) -> Iterator[Server]:
    """LiteLLM's proxy before the provider at ``url``; ended by its pid."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "litellm.yaml"
    config.write_text(dumps(_config(url)), encoding="utf-8")  # JSON is YAML
    environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    command = [str(python.with_name("litellm")), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, cwd=folder, **quiet) as process:  # type: ignore[call-overload]
        try:
            _await(f"http://127.0.0.1:{port}/health/liveliness")
            yield Foreign(port, psutil.Process(process.pid))
        finally:
            process.terminate()


def _config(url: str) -> dict[str, object]:
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": url, "api_key": "none"}}
        for name in sorted(set(_OF_A_COMPLEXITY.values()))
    ]
    rules = {"tiers": _OF_A_COMPLEXITY, "default_model": "mid-1"}
    auto = {"model": "auto_router/complexity_router", "complexity_router_config": rules}
    return {
        "model_list": [*models, {"model_name": "auto", "litellm_params": auto}],
        "litellm_settings": {"telemetry": False, "num_retries": 0},
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},  # on loopback, for a minute
    }


def _await(address: str) -> None:
    for _ in range(_START_SECONDS):
        try:
            if httpx2.get(address, timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(1)
    raise SystemExit(f"LiteLLM's proxy did not answer at {address}")


def _version(python: Path) -> str:
    said = "import importlib.metadata; print(importlib.metadata.version('litellm'))"
    return subprocess.run([python, "-c", said], capture_output=True, text=True, check=True).stdout.strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm-python", type=Path)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(".tierwise/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
