"""Running the service: check where it may listen, say where it does, serve until interrupted."""

import ipaddress
import os
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from fastapi import FastAPI

from tierwise.data.decision_log.engine import parse_url
from tierwise.serving.app import create_app
from tierwise.serving.keys import load_keys
from tierwise.serving.logs import configure_logging
from tierwise.serving.metrics import SHARED_FOLDER_VARIABLE
from tierwise.serving.orphan import stop_with_parent
from tierwise.serving.patience import PatientProtocol
from tierwise.serving.process import settle_process
from tierwise.serving.settings import Settings, SettingsError
from tierwise.serving.slot import stand_in_router, what_it_does

GRACEFUL_SECONDS = 10

_SETTINGS_VARIABLE = "_TIERWISE_WORKER_SETTINGS"
_UVICORN: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "http": PatientProtocol,
    "timeout_keep_alive": 30,
    "timeout_graceful_shutdown": GRACEFUL_SECONDS,
}


def serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM. Raises ``SettingsError`` when the address cannot or must not be used."""
    check_binding(settings)
    check_sources(settings)
    configure_logging(settings.log_level)
    _open_as_many_files_as_allowed()
    if settings.workers > 1:
        _serve_with_workers(settings)
        return
    app = create_app(settings)
    _say_what_it_does(settings)
    with _bound_socket(settings) as listening:
        _announce(listening)
        settle_process()
        uvicorn.Server(uvicorn.Config(app, **_UVICORN, **_behind(settings))).run(sockets=[listening])


def _serve_with_workers(settings: Settings) -> None:
    """Several processes on one socket. The supervisor replaces those that die, and renews all on SIGHUP."""
    create_app(settings)  # trouble in the settings shows here, once, and not in every worker
    _say_what_it_does(settings)
    with _bound_socket(settings) as probe:
        _announce(probe)
        host, port = probe.getsockname()[:2]
    with TemporaryDirectory(prefix="tierwise-metrics-") as folder:
        os.environ[SHARED_FOLDER_VARIABLE] = folder
        os.environ[_SETTINGS_VARIABLE] = settings.model_dump_json()
        target = "tierwise.serving.run:worker_app"
        uvicorn.run(
            target, factory=True, host=host, port=port, workers=settings.workers, **_UVICORN, **_behind(settings)
        )


def worker_app() -> FastAPI:
    """The application of one of several worker processes; its settings come from the parent."""
    settings = Settings.model_validate_json(os.environ[_SETTINGS_VARIABLE])
    configure_logging(settings.log_level)
    app = create_app(settings)
    stop_with_parent()
    settle_process()
    return app


def check_binding(settings: Settings) -> None:
    """Refuses to listen on an address that other machines reach while nobody needs a key."""
    if not load_keys(settings) and not _is_loopback(settings.host):
        raise SettingsError(
            f"host {settings.host} can be reached from outside and no API key is set; "
            "set keys or keys_file, or listen on 127.0.0.1"
        )


def check_sources(settings: Settings) -> None:
    """Refuses a bundle that is not there and a log that could never be opened: better not to start than to run half."""
    parse_url(settings.log_url)
    for name in ("bundle", "overflow"):
        folder: Path | None = getattr(settings, name)
        if folder is not None and not folder.is_dir():
            raise SettingsError(f"{name}: there is no folder {folder}; name one that tierwise train wrote")


def _say_what_it_does(settings: Settings) -> None:
    if settings.bundle is None and settings.registry is None:
        print(what_it_does_now(settings), file=sys.stderr, flush=True)


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


def _open_as_many_files_as_allowed() -> None:
    """Every connection is a file; the soft limit is often a thousand."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _behind(settings: Settings) -> dict[str, Any]:
    """Whose word about the caller's address is taken: nobody's, unless proxies are named."""
    if not settings.trusted_proxies:
        return {"proxy_headers": False}
    return {"proxy_headers": True, "forwarded_allow_ips": settings.trusted_proxies}


def _announce(listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    print(f"Tierwise answers on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound_socket(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
