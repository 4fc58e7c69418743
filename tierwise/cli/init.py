"""``tierwise init``: which models are in use, and a tiers.toml that begins with them."""

import asyncio
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from tierwise.agents.upstreams.greeting import Greeting, greet_all
from tierwise.cli.console import fail, say
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.first_tiers import FirstTier, first_tiers, write_tiers
from tierwise.data.catalogue.presets import Preset, find_preset, load_presets
from tierwise.data.errors import CatalogueError
from tierwise.data.importers import FORMATS, ForeignLogError, ImportMap, import_records
from tierwise.data.importers.detect import detect_format


def init(
    provider: Annotated[
        list[str] | None, typer.Option(help=f"Whose models to offer; repeatable: {', '.join(load_presets())}.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Model that is in use today; repeatable.")] = None,
    log: Annotated[
        list[Path] | None, typer.Option(help="Log of your calls, to read the models in use from; repeatable.")
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--from", help=f"Format of the log, where it does not show: {', '.join(FORMATS)}.")
    ] = None,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("tiers.toml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Ask each model for one word; costs next to nothing.")] = False,
) -> None:
    """Write a commented tiers.toml: the models in use on top, cheaper ones below, with today's list prices."""
    if out.exists() and not force:
        raise CatalogueError(f"{out} is there already; name another --out, or write over it with --force")
    in_use = Counter(model or ())
    if log and format_name is None:
        format_name = detect_format([str(path) for path in log], ImportMap())
    in_use.update(_models_of(log, format_name) if log and format_name else {})
    named = provider or ([] if in_use else _asked_provider())
    tiers = first_tiers(_presets(named), in_use)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(write_tiers(tiers), encoding="utf-8")
    catalogue = TierCatalogue.load(out)
    _say_tiers(tiers, in_use, out)
    if check:
        _check(catalogue)
    for line in _next(out, log or [], format_name):
        say(line)


def _next(out: Path, log: list[Path], format_name: str | None) -> list[str]:
    """The next command, ready to be pasted."""
    observe = f"tierwise serve --observe --tiers {out}"
    if not log:
        return [
            f"Next: {observe}",
            f"or, with a log of your calls: tierwise import LOG --tiers {out} --out steps.jsonl",
        ]
    files = shlex.join(str(path) for path in log)
    return [
        f"Next: tierwise import {files} --from {format_name} --tiers {out} --out steps.jsonl",
        f"and, to log what comes: {observe}",
    ]


def _models_of(paths: list[Path], format_name: str) -> Counter[str]:
    """The calls of a log by model."""
    if format_name not in FORMATS:
        raise ForeignLogError(f"--from {format_name} is no format; known are {', '.join(FORMATS)}")
    mapping = ImportMap()
    records = FORMATS[format_name].read(paths, mapping)
    report = import_records(format_name, records, TierCatalogue.load(), mapping)
    found: Counter[str] = Counter(report.assembled.unknown_models)  # the default tiers name no models
    if not found:
        raise ForeignLogError(
            f"{', '.join(map(str, paths))}: no call with a model in {report.n_records} records; "
            f"is it a log of another format than --from {format_name}?"
        )
    return found


def _asked_provider() -> list[str]:
    """Asks on a terminal; elsewhere nothing is assumed."""
    if not sys.stdin.isatty():
        return []
    for name, preset in load_presets().items():
        say(f"  {name:<10} {preset.title}")
    return [str(typer.prompt("Whose models do you use? One of these names", err=True)).strip()]


def _presets(names: list[str]) -> list[Preset]:
    return [find_preset(name) for name in dict.fromkeys(names)]


def _say_tiers(tiers: tuple[FirstTier, ...], in_use: Counter[str], out: Path) -> None:
    for name, n_calls in in_use.most_common():
        say(f"In use: {name}" + (f", {n_calls:,} calls" if n_calls > 1 else ""))
    for tier in tiers:
        for model in tier.models:
            usd = model.blended_usd
            shown = "no list price" if usd is None else f"{usd:.3g} USD per million tokens, a quarter of them output"
            say(f"  {tier.name:<10} {model.name}: {shown}{' (assumed)' if model.is_assumed else ''}")
    say(f"Written to {out}; read it before you trust it.")


def _check(catalogue: TierCatalogue) -> None:
    greetings: list[Greeting] = asyncio.run(greet_all(catalogue))
    for each in greetings:
        say(f"  {each.model}: {each.trouble or f'answers, {each.latency_ms:.0f} ms'}")
    silent = [each.model for each in greetings if each.trouble]
    if silent:
        fail(f"{len(silent)} of {len(greetings)} models did not answer: {', '.join(silent)}; see the lines above")
