"""``tierwise serve``: decisions over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from tierwise.data.program.extras import needs_extra


def serve(
    bundle: Annotated[Path | None, typer.Option(help="Folder of the bundle to serve.")] = None,
    registry: Annotated[str | None, typer.Option(help="MLflow model to serve: models:/NAME@champion.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default 8080; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that answer; default 1.")] = None,
    log_url: Annotated[str | None, typer.Option(help="Database URL of the decision log.")] = None,
    tiers: Annotated[
        Path | None, typer.Option(help="tiers.toml: the tiers without a bundle, the gateway's models.")
    ] = None,
    observe: Annotated[
        bool, typer.Option("--observe", help="Route nothing: each call goes to the model it names, and is logged.")
    ] = False,
    mirror_usd_per_day: Annotated[
        float | None, typer.Option(help="Budget a day to ask cheaper tiers too, in the background.")
    ] = None,
    mirror_share: Annotated[
        float | None, typer.Option(help="Share of the top tier's calls that are mirrored; default 0.05.")
    ] = None,
    courses: Annotated[
        bool, typer.Option("--courses", help="Calls of auto ask cheap tiers first, where a course is certified.")
    ] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="Without a bundle, decide by the hand-written rules, not the top tier.")
    ] = False,
) -> None:
    """Serve decisions; without a bundle, the top tier. Every setting is also a TIERWISE_ environment variable."""
    with needs_extra("serve"):
        from tierwise.serving.run import serve as serve_forever
        from tierwise.serving.settings import load_settings
    given = {
        "bundle": bundle,
        "registry": registry,
        "host": host,
        "port": port,
        "workers": workers,
        "log_url": log_url,
        "tiers": tiers,
        "observe": observe or None,
        "mirror_usd_per_day": mirror_usd_per_day,
        "mirror_share": mirror_share,
        "courses": courses or None,
        "rules": rules or None,
    }
    serve_forever(load_settings(None, **{name: value for name, value in given.items() if value is not None}))
