"""The figures of pairs and gateways on disk, and the parts of RESULTS.md that are made of them."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_RESULTS = Path(__file__).with_name("results")
_PAGE = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, slots=True)
class PairRow:
    """One kind of work on both versions: medians in ``unit``, and the median and the range of the ratios of turns."""

    name: str
    unit: str
    old: float
    new: float
    ratio: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class PairsRun:
    """All rows of one run against ``commit``."""

    commit: str
    n_requests: int
    n_slices: int
    rows: tuple[PairRow, ...]


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway: medians of processor time a call and of what it adds to the provider's latency, and the median
    ratios to LiteLLM's ``auto``."""

    name: str
    cpu_ms: float
    cpu_ratio: float
    added_ms: float
    added_ratio: float


@dataclass(frozen=True, slots=True)
class GatewaysRun:
    """All rows of one run beside LiteLLM of ``version``."""

    version: str
    n_requests: int
    n_slices: int
    rows: tuple[GatewayRow, ...]


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One way to get an answer: the share of calls that asked the top tier; p50 and p95 of whole calls, of their
    models' time and of what is beyond it."""

    name: str
    n_calls: int
    at_top: float
    p50_ms: float
    p95_ms: float
    models_p50_ms: float
    models_p95_ms: float
    added_p50_ms: float
    added_p95_ms: float


@dataclass(frozen=True, slots=True)
class CoursesRun:
    """All rows of one run: models' times ``scale``d, the top tier's ``assumed`` times mid's."""

    scale: float
    assumed: float
    max_quality_loss: float
    n_callers: int
    rows: tuple[CourseRow, ...]


def write_page(run: PairsRun) -> None:
    """Stores the run and replaces the part of RESULTS.md that shows the last one."""
    _store("pairs", asdict(run))
    _replace("pairs", rendered())


def write_gateways(run: GatewaysRun) -> None:
    """The same for gateways."""
    _store("gateways", asdict(run))
    _replace("gateways", rendered_gateways())


def write_courses(run: CoursesRun) -> None:
    """The same for whole calls with courses."""
    _store("courses", asdict(run))
    _replace("courses", rendered_courses())


def _store(name: str, found: dict[str, object]) -> None:
    moment = {"date": time.strftime("%d %B %Y"), "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / f"{name}.json").write_text(json.dumps(moment | found, indent=1) + "\n", encoding="utf-8")


def _replace(name: str, text: str) -> None:
    begin, end = f"<!-- {name}: written by the command -->\n", f"<!-- end of {name} -->\n"
    before, rest = _PAGE.read_text(encoding="utf-8").split(begin)
    _PAGE.write_text(before + begin + text + end + rest.split(end)[1], encoding="utf-8")


def rendered_gateways() -> str:
    """The stored run of gateways as a table."""
    found = _stored("gateways")
    rows = [
        f"| {row['name']} | {row['cpu_ms']:.3f} | {row['cpu_ratio']:.3f} | {row['added_ms']:.2f} "
        f"| {row['added_ratio']:.3f} |"
        for row in found["rows"]
    ]
    columns = "| gateway | processor ms a call | of LiteLLM's auto | p50 ms added | of LiteLLM's auto |"
    table = [columns, "|---|---:|---:|---:|---:|", *rows]
    return _table(
        found, f"LiteLLM {found['version']}, {found['n_slices']} slices of {found['n_requests']} calls", table
    )


def rendered_courses() -> str:
    """The stored run of whole calls as a table."""
    found = _stored("courses")
    rows = [
        f"| {row['name']} | {row['at_top']:.0%} | {row['p50_ms']:.0f} / {row['p95_ms']:.0f} "
        f"| {row['models_p50_ms']:.0f} / {row['models_p95_ms']:.0f} "
        f"| {row['added_p50_ms']:.1f} / {row['added_p95_ms']:.1f} |"
        for row in found["rows"]
    ]
    columns = "| way, p50 / p95 in ms | asks frontier | whole call | its models | beyond them |"
    table = [columns, "|---|---:|---:|---:|---:|", *rows]
    measured = (
        f"{found['rows'][0]['n_calls']} calls each, {found['n_callers']} callers, models' times at {found['scale']:g} "
        f"of the log's, frontier **assumed** at {found['assumed']:g} × mid's, promise {found['max_quality_loss']:.0%}"
    )
    return _table(found, measured, table)


def rendered() -> str:
    """The stored run as a table."""
    found = _stored("pairs")
    rows = [
        f"| {row['name']} | {row['unit']} | {row['old']:.3f} | {row['new']:.3f} | {row['ratio']:.2f} "
        f"| {row['lowest']:.2f}–{row['highest']:.2f} |"
        for row in found["rows"]
    ]
    columns = f"| work | unit | {found['commit']} | now | ratio | range |"
    table = [columns, "|---|---|---:|---:|---:|---:|", *rows]
    return _table(found, f"{found['n_slices']} slices of {found['n_requests']} requests", table)


def _stored(name: str) -> Any:
    return json.loads((_RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def _table(found: Mapping[str, Any], measured: str, table: Sequence[str]) -> str:
    """A table below the moment and the machine of its run."""
    machine = f"{found['date']}, {found['cores']} cores, load average {found['load']}"
    return "\n".join([f"{machine}, {measured}:", "", *table, ""])
