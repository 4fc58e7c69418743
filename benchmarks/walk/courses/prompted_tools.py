"""Tools for a model that cannot call any: named in its prompt as in the sample log's steps, its answer read back.

Both local models write the right call as text, in a fence, or talk about something else; neither speaks the form of its
chat template. So a tool call is asked of them as the log asked it.
"""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.walk.courses.provider import Handler, Provider, running, tool_call

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
    with running(server) as address:
        yield address


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
    return tool_call(wanted["tool"], wanted.get("args") or {})


class _Prompting(Provider):
    model: str


class _Handler(Handler):
    server: _Prompting

    def answer(self, body: Any) -> None:
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
        self.send("application/json", json.dumps(answer).encode())
