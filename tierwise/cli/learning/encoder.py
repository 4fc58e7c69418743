"""``tierwise encoder``: other sentence encoders than the one that is shipped."""

from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import say
from tierwise.data.program.extras import needs_extra

encoder_app = typer.Typer(help="Export sentence encoders.", no_args_is_help=True, rich_markup_mode=None)


@encoder_app.callback()
def _encoder() -> None:
    """Export sentence encoders."""


@encoder_app.command("export")
def export(
    model: Annotated[str, typer.Argument(help="A sentence-transformers model: a folder, or a name it can load.")],
    out: Annotated[Path, typer.Option(help="Folder for the encoder.")],
) -> None:
    """Export a sentence-transformers model to ONNX int8, with proof of parity."""
    with needs_extra("encoders"):
        from tierwise.training.encoders import export_encoder
    say(f"{export_encoder(model, out)}")
