"""An application that is built when somebody asks for it."""

import asyncio
import time

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from tierwise.serving.later import Later


def test_it_is_built_once_by_the_first_who_ask() -> None:
    built = []

    def build() -> ASGIApp:
        time.sleep(0.05)
        built.append(1)
        return Starlette(routes=[Route("/{name}", lambda request: PlainTextResponse(request.path_params["name"]))])

    later = Later(build)
    assert not built

    async def ask(name: str) -> str:
        said: list[str] = []

        async def send(message: object) -> None:
            said.append(str(message))

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        path = f"/{name}"
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
        await later(scope | {"query_string": b"", "root_path": ""}, receive, send)
        return "".join(said)

    async def together() -> list[str]:
        return await asyncio.gather(ask("ada"), ask("grace"))

    ada, grace = asyncio.run(together())
    assert "ada" in ada
    assert "grace" in grace
    assert built == [1]


def test_below_a_mount_it_sees_its_own_paths() -> None:
    inner = Starlette(routes=[Route("/page", lambda _request: PlainTextResponse("here"))])
    app = Starlette(routes=[Mount("/below", Later(lambda: inner))])
    with TestClient(app) as client:
        assert client.get("/below/page").text == "here"
        assert client.get("/below/other").status_code == 404
