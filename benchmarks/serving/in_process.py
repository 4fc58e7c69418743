"""What parts of a request cost inside one process, and what LiteLLM's rules cost on the same texts."""

import json
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from pydantic_core import from_json

from benchmarks.serving.bodies import SIZES, route_body, text_of
from tierwise.router_model.router import Router
from tierwise.serving.http.schemas import RouteBody
from tierwise.serving.http.wire import parse_route_request

_N_ROUNDS = 9
_LITELLM = Path(__file__).with_name("litellm_time.py")


def print_validation() -> None:
    """Ways from the bytes of a body to a checked request; msgspec where it is installed."""
    ways: dict[str, Callable[[bytes], object]] = {
        "from_json + data.parsing (served)": lambda body: parse_route_request(from_json(body)),
        "pydantic model_validate_json": RouteBody.model_validate_json,
    }
    msgspec_way = _msgspec_way()
    if msgspec_way is not None:
        ways["msgspec Struct"] = msgspec_way
    print("\nvalidation, microseconds of processor time a body")
    bodies = [route_body(size, 0) for size in SIZES]
    for name, way in ways.items():
        print(f"  {name:36}" + "".join(f"{_cpu_us(partial(way, body)):8.1f}" for body in bodies))


def print_decisions(bundle: Path, litellm_python: Path | None) -> None:
    """The decision alone, without HTTP, cache and recording, beside LiteLLM's rule classifier."""
    router = Router.load(bundle)
    steps = [parse_route_request(from_json(route_body(size, 0))).step for size in SIZES]
    print("\nin process, microseconds of processor time a decision")
    print(f"  {'':36}" + "".join(f"{size.name.split()[0]:>8}" for size in SIZES))
    print(
        f"  {'tierwise, ' + router.version:36}"
        + "".join(f"{_cpu_us(partial(router.decide, step)):8.0f}" for step in steps)
    )
    if litellm_python is None:
        print("  LiteLLM's rules: name an interpreter that has litellm with --litellm-python")
        return
    texts = json.dumps([text_of(size, 0) for size in SIZES])
    run = subprocess.run([litellm_python, _LITELLM], input=texts, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    print(f"  {'litellm ' + answer['version'] + ', rules':36}" + "".join(f"{us:8.0f}" for us in answer["cpu_us"]))


def _msgspec_way() -> Callable[[bytes], object] | None:
    """The same fields as a msgspec Struct; without the checks across fields and without unknown fields kept."""
    try:
        import msgspec
    except ImportError:
        return None
    fields = ("text", "task_type", "agent", "node", "previous_error")
    numbers = {"input_complexity": float, "input_tokens": int, "step_index": int, "retry": int}
    flags = ("requires_judgment", "human_visible")
    step = msgspec.defstruct(
        "StepStruct",
        [
            *((name, str | None, None) for name in fields),
            *((name, kind | None, None) for name, kind in numbers.items()),
            *((name, bool | None, None) for name in flags),
            ("messages", list[dict[str, Any]] | None, None),
            ("tools", list[dict[str, Any]] | None, None),
            ("response_schema", dict[str, Any] | None, None),
        ],
    )
    names = ("task_id", "session_id", "step_id")
    request = msgspec.defstruct(
        "RequestStruct",
        [("step", step), *((name, str | None, None) for name in names), ("options", dict[str, Any] | None, None)],
        forbid_unknown_fields=True,
    )
    decode: Callable[[bytes], object] = msgspec.json.Decoder(request).decode
    return decode


def _cpu_us(work: Callable[[], object], n_calls: int = 200) -> float:
    """Median over rounds of the processor time of one call."""
    rounds = []
    for _ in range(_N_ROUNDS):
        begin = time.thread_time()
        for _ in range(n_calls):
            work()
        rounds.append((time.thread_time() - begin) / n_calls * 1e6)
    return median(rounds)
