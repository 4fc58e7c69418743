"""A stub provider: an OpenAI-compatible server on loopback that costs nothing, for the examples and the tests.

    python examples/stub_upstream.py --port 8099

It is clearly no language model: it counts words for tokens, calls the tools that it is given, fills in the schema that
it is asked for, and otherwise repeats the question. **The name of the model says how it behaves**, in parts joined by
``+``; every other name just works:

    fails-503           answers with that status           slow-2            waits two seconds first
    cut-3               drops the stream after 3 chunks    nonsense          ignores schemas and types of arguments
    broken-3            an error event after 3 chunks      no-usage          never reports usage
    pause-0.05          waits before each chunk

``GET /seen`` lists the requests that it got (``model``, ``stream``, ``body``, ``finished``), so that a test can look.
"""

import argparse
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SEEN: list[dict[str, Any]] = []
LOCK = threading.Lock()


class Behaviour:
    """What the parts of a model's name ask for."""

    def __init__(self, model: str) -> None:
        self._numbers = {}
        self._parts = set(model.split("+"))
        for part in self._parts:
            found = re.fullmatch(r"(fails|slow|cut|broken|pause)-([\d.]+)", part)
            if found:
                self._numbers[found[1]] = float(found[2])

    def number(self, name: str) -> float | None:
        return self._numbers.get(name)

    def has(self, name: str) -> bool:
        return name in self._parts


class Handler(BaseHTTPRequestHandler):
    """``/v1/chat/completions``, ``/v1/models`` and ``/seen``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/seen":
            with LOCK:
                self._send(200, SEEN)
        elif self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": "stub", "object": "model"}]})
        else:
            self._send(404, error_body(404))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        behaviour = Behaviour(body["model"])
        key = self.headers.get("authorization", "")
        entry = {"model": body["model"], "stream": bool(body.get("stream")), "key": key, "body": body}
        with LOCK:
            SEEN.append(entry)
        time.sleep(behaviour.number("slow") or 0)
        status = int(behaviour.number("fails") or 200)
        try:
            if self.path != "/v1/chat/completions" or status >= 400:
                self._send(404 if status < 400 else status, error_body(404 if status < 400 else status))
            elif body.get("stream"):
                self._stream(body, behaviour)
            else:
                self._send(200, completion(body, behaviour))
            entry["finished"] = True
        except (BrokenPipeError, ConnectionResetError):
            entry["finished"] = False
            self.close_connection = True

    def _stream(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for n, chunk in enumerate(chunks(body, behaviour)):
            time.sleep(behaviour.number("pause") or 0)
            if n == behaviour.number("cut"):
                self.connection.close()
                raise BrokenPipeError
            if n == behaviour.number("broken"):
                self._event(json.dumps(error_body(500)))
                break
            self._event(json.dumps(chunk))
        else:
            self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()

    def _send(self, status: int, content: object) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        """Silent."""


def completion(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """The whole answer to a request that does not stream."""
    message = answer(body, behaviour)
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    whole = {
        **frame(body, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "provider_note": "unknown fields are kept",
    }
    if not behaviour.has("no-usage"):
        whole["usage"] = usage(body, message)
    return whole


def chunks(body: dict[str, Any], behaviour: Behaviour) -> Iterator[dict[str, Any]]:
    """The same answer in pieces; usage comes last, with no choices, and only when it was asked for."""
    message = answer(body, behaviour)
    calls = message.get("tool_calls") or []

    def piece(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**frame(body, "chat.completion.chunk"), "choices": [choice]}

    yield piece({"role": "assistant", "content": None if calls else ""})
    for word in re.findall(r"\S+\s*", message["content"] or ""):
        yield piece({"content": word})
    for index, call in enumerate(calls):
        function = call["function"]
        head = {"index": index, "id": call["id"], "type": "function"}
        yield piece({"tool_calls": [{**head, "function": {"name": function["name"], "arguments": ""}}]})
        for part in re.findall(r".{1,8}", function["arguments"]):
            yield piece({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield piece({}, "tool_calls" if calls else "stop")
    if (body.get("stream_options") or {}).get("include_usage") and not behaviour.has("no-usage"):
        yield {**frame(body, "chat.completion.chunk"), "choices": [], "usage": usage(body, message)}


def frame(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-stub", "object": kind, "created": 1_700_000_000, "model": body["model"]}


def answer(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """The assistant's message: tool calls, an object of the asked schema, or the question repeated."""
    last = body["messages"][-1]
    text = text_of(last)
    wanted = body.get("response_format") or {}
    tools = [tool["function"] for tool in body.get("tools") or []]
    if tools and last["role"] != "tool" and body.get("tool_choice") != "none":
        chosen = [tool for tool in tools if tool["name"] in text] or tools[:1]
        n_each = 2 if "both" in text and body.get("parallel_tool_calls") is not False else 1
        calls = [tool_call(tool, n, behaviour) for tool in chosen for n in range(n_each)]
        return {"role": "assistant", "content": None, "tool_calls": calls}
    if wanted.get("type") == "json_schema" and not behaviour.has("nonsense"):
        return {"role": "assistant", "content": json.dumps(example_of(wanted["json_schema"]["schema"]))}
    return {"role": "assistant", "content": f"You said: {text}"}


def text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def tool_call(tool: dict[str, Any], number: int, behaviour: Behaviour) -> dict[str, Any]:
    arguments = {"wrong": None} if behaviour.has("nonsense") else example_of(tool.get("parameters") or {})
    function = {"name": tool["name"], "arguments": json.dumps(arguments)}
    return {"id": f"call_{tool['name']}_{number}", "type": "function", "function": function}


def example_of(schema: dict[str, Any], root: dict[str, Any] | None = None) -> Any:
    """A value that the schema allows: the first choice, the smallest number, a short text."""
    root = schema if root is None else root
    if "$ref" in schema:
        return example_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], root)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example_of(each, root) for name, each in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [example_of(schema.get("items") or {"type": "string"}, root)]
    return {"integer": 7, "number": 7.5, "boolean": True, "null": None}.get(kind, "Berlin")


def usage(body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    n_in = sum(len(text_of(each).split()) for each in body["messages"]) + 10 * len(body.get("tools") or [])
    n_out = len((message["content"] or json.dumps(message.get("tool_calls"))).split())
    details = {"prompt_tokens_details": {"cached_tokens": 1}}
    return {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out, **details}


def error_body(status: int) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": f"the stub fails with {status}", "type": kind, "param": None, "code": None}}


class StubServer(ThreadingHTTPServer):
    """One thread a connection; callers may come by the hundred."""

    request_queue_size = 512
    daemon_threads = True


def main() -> None:
    parser = argparse.ArgumentParser(description="An OpenAI-compatible stub provider on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    server = StubServer(("127.0.0.1", parser.parse_args().port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
