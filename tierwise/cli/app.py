"""The ``tierwise`` command and its exit codes: 0 done, 1 failed, 2 wrong use or bad input, with one clear line."""

import os
import sys
from typing import Annotated, NoReturn

import typer

import tierwise
from tierwise.cli.lazy import LazyCommands
from tierwise.data.errors import TierwiseError

_INTERRUPTED = 130

_SOURCES = (
    "--log and --steps name what is read: step logs (.jsonl, .jsonl.gz, .parquet), folders of them, or the address of "
    "a decision log (sqlite:///.tierwise/decisions.db). --log looks at outcomes too, --steps only at what was asked "
    "(decide: files alone). --log-url is the one decision log that is written to."
)

app = typer.Typer(
    name="tierwise",
    cls=LazyCommands,
    help="Learn which LLM tier each agent step needs, and serve the decision.",
    epilog=_SOURCES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"tierwise {tierwise.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Runs the command of ``sys.argv``; what Tierwise or the file system refuses is one line on stderr.

    Input that cannot be used ends with code 2; so does a file that cannot be opened. A full disk is code 1.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin double the work on a machine with others
    try:
        app()
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            typer.echo("tierwise: interrupted", err=True)
        raise
    except TierwiseError as error:
        _fail(str(error), code=2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        if error.filename:
            _fail(f"{error.filename}: {error.strerror}", code=2)
        _fail(error.strerror or str(error), code=1)


def _fail(text: str, code: int) -> NoReturn:
    from tierwise.cli.console import fail  # with its tables and bars it would double what --version costs

    fail(text, code)
