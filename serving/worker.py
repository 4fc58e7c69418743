"""What answers: the application, checked and built in the process that serves it."""

import os
import sys
from pathlib import Path

from fastapi import FastAPI

from tierwise.serving.app import create_app
from tierwise.serving.orphan import stop_with_parent
from tierwise.serving.process import settle_process
from tierwise.serving.recording.address import check_address
from tierwise.serving.routers.slot import stand_in_router, what_it_does
from tierwise.serving.settings import WORKER_SETTINGS_VARIABLE, Settings, SettingsError
from tierwise.serving.watching.logs import configure_logging


def built(settings: Settings) -> FastAPI:
    """The application; says on standard error what a service without a bundle does.

    Raises ``SettingsError`` or another ``TierwiseError`` for settings that can never serve.
    """
    check_sources(settings)
    app = create_app(settings)
    if settings.bundle is None and settings.registry is None:
        print(what_it_does_now(settings), file=sys.stderr, flush=True)
    return app


def worker_app() -> FastAPI:
    """The application of one of several worker processes; its settings come from the parent, which had it built."""
    settings = Settings.model_validate_json(os.environ[WORKER_SETTINGS_VARIABLE])
    configure_logging(settings.log_level)
    app = create_app(settings)
    stop_with_parent()
    settle_process()
    return app


def check_sources(settings: Settings) -> None:
    """Refuses a bundle that is not there and a log that could never be opened: better not to start than to run half."""
    check_address(settings.log_url)
    for name in ("bundle", "overflow"):
        folder: Path | None = getattr(settings, name)
        if folder is not None and not folder.is_dir():
            raise SettingsError(f"{name}: there is no folder {folder}; name one that tierwise train wrote")


def what_it_does_now(settings: Settings) -> str:
    """For people: what a service without a bundle does with these settings."""
    note = what_it_does(stand_in_router(settings))
    text = f"{note[0].upper()}{note[1:]}. Name a bundle to have steps routed."
    if settings.observe:
        text = "Observing: nothing is routed, each call goes to the model that it names and is logged."
    if settings.mirror_usd_per_day:
        text += (
            f" {settings.mirror_share:.0%} of them are mirrored, for at most {settings.mirror_usd_per_day:g} USD a day."
        )
    return text
