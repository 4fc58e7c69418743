"""Tools for a model that cannot call any: named in its prompt as in the sample log's steps, its answer read back.

Both local models write the right call as text, in a fence, or talk about something else; neither speaks the form of its
chat template. So a tool call is asked of them as the log asked it.
"""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PROMPT = """Call the one right tool:
{tools}
Reply with only JSON like {{"tool": name, "args": {{...}}}}.

Example task: Search the web for blue whales
Example answer: {{"tool": "search_web", "args": {{"query": "blue whales"}}}}

Task: {task}"""
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_SECONDS = 3000.0


@contextmanager
def prompting(model: str) -> Iterator[str]:
    """A provider whose calls of tools are prompts to the one at ``model``; its address."""
    server = _Prompting(("127.0.0.1", 0), _Handler)
    server.model = model
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def prompt_of(task: str, tools: Sequence[Mapping[str, Any]]) -> str:
    """The task with what may be called, as the sample's steps of that kind are written."""
    functions = [tool["function"] for tool in tools]
    lines = [f"- {each['name']}({', '.join(each['parameters']['properties'])})" for each in functions]
    return _PROMPT.format(tools="\n".join(lines), task=task)


def called(text: str) -> dict[str, Any] | None:
    """The call that an answer writes as JSON, as a message has it; None where it writes none."""
    found = _OBJECT.search(text)
    try:
        wanted = json.loads(found[0]) if found else None
    except ValueError:
        return None
    if not isinstance(wanted, dict) or not isinstance(wanted.get("tool"), str):
        return None
    function = {"name": wanted["tool"], "arguments": json.dumps(wanted.get("args") or {})}
    return {"index": 0, "id": "call-1", "type": "function", "function": function}


class _Prompting(ThreadingHTTPServer):
    daemon_threads = True
    model: str


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Prompting

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        task = prompt_of(body["messages"][-1]["content"], body["tools"])
        plain = {name: body[name] for name in ("model", "max_tokens", "temperature", "logprobs") if name in body}
        asked = json.dumps(plain | {"messages": [{"role": "user", "content": task}]}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.server.model}/chat/completions", asked, headers)
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            answer = json.load(response)
        choice = answer["choices"][0]
        call = called(choice["message"]["content"] or "")
        if call is not None:
            choice["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
            choice["finish_reason"] = "tool_calls"
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""
