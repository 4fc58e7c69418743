"""Running the service: check where it may listen, say where it does, serve until interrupted.

The application is imported where it is built, so that a supervisor of several workers holds nothing of it.
"""

import ipaddress
import multiprocessing
import os
import socket
import sys
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from tierwise.data.errors import TierwiseError
from tierwise.serving.access.keys import load_keys
from tierwise.serving.http.patience import PatientProtocol
from tierwise.serving.process import settle_process
from tierwise.serving.settings import SHARED_FOLDER_VARIABLE, WORKER_SETTINGS_VARIABLE, Settings, SettingsError
from tierwise.serving.watching.logs import configure_logging

GRACEFUL_SECONDS = 10

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
    configure_logging(settings.log_level)
    _open_as_many_files_as_allowed()
    if settings.workers > 1:
        _serve_with_workers(settings)
        return
    from tierwise.serving.worker import built

    app = built(settings)
    with _bound_socket(settings) as listening:
        _announce(listening)
        settle_process()
        uvicorn.Server(uvicorn.Config(app, **_UVICORN, **_behind(settings))).run(sockets=[listening])


def _serve_with_workers(settings: Settings) -> None:
    """Several processes on one socket. The supervisor replaces those that die, and renews all on SIGHUP."""
    _check_elsewhere(settings)
    with _bound_socket(settings) as probe:
        _announce(probe)
        host, port = probe.getsockname()[:2]
    with TemporaryDirectory(prefix="tierwise-metrics-") as folder:
        os.environ[SHARED_FOLDER_VARIABLE] = folder
        os.environ[WORKER_SETTINGS_VARIABLE] = settings.model_dump_json()
        target = "tierwise.serving.worker:worker_app"
        uvicorn.run(
            target, factory=True, host=host, port=port, workers=settings.workers, **_UVICORN, **_behind(settings)
        )


def _check_elsewhere(settings: Settings) -> None:
    """Has the application built once in a process that ends again: trouble in the settings shows here, once, and not in
    every worker, and a supervisor that only watches keeps nothing of it."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_build, args=(settings.model_dump_json(), sending))
    process.start()
    sending.close()
    try:
        trouble = receiving.recv()
    except EOFError:
        trouble = "the application could not be built; what it said stands above"
    process.join()
    if trouble:
        raise SettingsError(trouble)


def _build(settings: str, sending: Connection) -> None:
    from tierwise.serving.worker import built

    try:
        built(Settings.model_validate_json(settings))
    except TierwiseError as error:
        sending.send(str(error))
    else:
        sending.send("")


def check_binding(settings: Settings) -> None:
    """Refuses to listen on an address that other machines reach while nobody needs a key."""
    if not load_keys(settings) and not _is_loopback(settings.host):
        raise SettingsError(
            f"host {settings.host} can be reached from outside and no API key is set; "
            "set keys or keys_file, or listen on 127.0.0.1"
        )


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
