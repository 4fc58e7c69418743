"""``tierwise train --show-config``: the training configuration, every key explained."""

from typing import Annotated

import typer

from tierwise.data.program.extras import needs_extra


def _show(is_asked: bool) -> None:
    if is_asked:
        with needs_extra("train"):
            from tierwise.training.config import TrainConfig
            from tierwise.training.described import describe_config
        typer.echo(describe_config(TrainConfig()), nl=False)
        raise typer.Exit


ShowConfigOption = Annotated[
    bool,
    typer.Option("--show-config", callback=_show, is_eager=True, help="Print a train.toml with every key explained."),
]
