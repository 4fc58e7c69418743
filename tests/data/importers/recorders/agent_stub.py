"""What the coding agents of ``agents.py`` talk to: three protocols, one story. Asked first, the model calls the shell;
shown a result, it says that it is done. It is no language model."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMAND = "echo the total is 42"
DONE = "The total is 42."
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
USAGE = {"input": 120, "cached": 20, "output": 7}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "stub-1", "object": "model"}], "models": []})

    def do_HEAD(self) -> None:
        self._send({})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            self._send({"input_tokens": USAGE["input"]})
        elif path.endswith("/messages"):
            self._events(anthropic_events(body), body, anthropic_message(body))
        elif path.endswith("/responses"):
            self._events(response_events(body), body, {})
        else:
            self._events(chat_events(body), body, chat_completion(body))

    def _events(self, events: list[tuple[str | None, Any]], body: dict[str, Any], whole: dict[str, Any]) -> None:
        if not body.get("stream"):
            self._send(whole)
            return
        lines = []
        for name, data in events:
            head = f"event: {name}\n" if name else ""
            lines.append(f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n")
        self._send("".join(lines).encode(), "text/event-stream")

    def _send(self, content: Any, kind: str = "application/json") -> None:
        encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        """Silent."""


def shell_tool(body: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The shell among the offered tools, with arguments for it."""
    for tool in body.get("tools") or []:
        function = tool.get("function") or tool
        name, schema = function.get("name"), function.get("parameters") or function.get("input_schema") or {}
        properties = schema.get("properties") or {}
        for key in ("command", "cmd"):
            if name and key in properties:
                value: Any = COMMAND if properties[key].get("type") != "array" else ["bash", "-lc", COMMAND]
                rest = {"description": "Counts.", "timeout": 5000, "security_risk": "LOW", "workdir": "."}
                needed = {extra: rest[extra] for extra in schema.get("required", []) if extra in rest}
                return name, {key: value, **needed}
    return None


def has_result(body: dict[str, Any]) -> bool:
    items = body.get("messages") or body.get("input") or []
    text = json.dumps(items)
    return any(mark in text for mark in ('"tool_result"', '"role": "tool"', "function_call_output", "<returncode>"))


def turn(body: dict[str, Any]) -> tuple[str, tuple[str, dict[str, Any]] | None]:
    """What is said, and the tool that is called."""
    tool = shell_tool(body)
    if "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT" in json.dumps(body.get("messages", "")):  # mini-swe-agent ends this way
        command = SUBMIT if has_result(body) else COMMAND
        if tool is None:
            return f"Let me see.\n```mswea_bash_command\n{command}\n```", None
        return "Let me see.", (tool[0], {"command": command})
    return (DONE, None) if tool is None or has_result(body) else ("Let me see.", tool)


def chat_message(body: dict[str, Any]) -> dict[str, Any]:
    said, tool = turn(body)
    if tool is None:
        return {"role": "assistant", "content": said}
    function = {"name": tool[0], "arguments": json.dumps(tool[1])}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    return {"role": "assistant", "content": said, "tool_calls": calls}


def chat_usage() -> dict[str, Any]:
    total = USAGE["input"] + USAGE["output"]
    return {
        "prompt_tokens": USAGE["input"],
        "completion_tokens": USAGE["output"],
        "total_tokens": total,
        "prompt_tokens_details": {"cached_tokens": USAGE["cached"]},
    }


def chat_completion(body: dict[str, Any]) -> dict[str, Any]:
    message = chat_message(body)
    reason = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": "chat-1", "object": "chat.completion", "created": 1790000000, "model": body["model"],
            "choices": [choice], "usage": chat_usage()}  # fmt: skip


def chat_events(body: dict[str, Any]) -> list[tuple[str | None, Any]]:
    message = chat_message(body)
    frame = {"id": "chat-1", "object": "chat.completion.chunk", "created": 1790000000, "model": body.get("model")}
    calls = [{"index": 0, **call} for call in message.get("tool_calls", [])]
    delta = {"role": "assistant", "content": message["content"], **({"tool_calls": calls} if calls else {})}
    reason = "tool_calls" if calls else "stop"
    return [
        (None, {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}),
        (None, {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": chat_usage()}),
        (None, "[DONE]"),
    ]


def anthropic_blocks(body: dict[str, Any]) -> list[dict[str, Any]]:
    said, tool = turn(body)
    blocks: list[dict[str, Any]] = [{"type": "text", "text": said}]
    if tool is not None:
        blocks.append({"type": "tool_use", "id": "toolu_1", "name": tool[0], "input": tool[1]})
    return blocks


def anthropic_message(body: dict[str, Any]) -> dict[str, Any]:
    blocks = anthropic_blocks(body)
    usage = {
        "input_tokens": USAGE["input"] - USAGE["cached"],
        "cache_read_input_tokens": USAGE["cached"],
        "cache_creation_input_tokens": 0,
        "output_tokens": USAGE["output"],
    }
    reason = "tool_use" if len(blocks) > 1 else "end_turn"
    identity = f"msg_{'result' if has_result(body) else 'asked'}"
    return {"id": identity, "type": "message", "role": "assistant", "model": body.get("model"), "content": blocks,
            "stop_reason": reason, "stop_sequence": None, "usage": usage}  # fmt: skip


def anthropic_events(body: dict[str, Any]) -> list[tuple[str | None, Any]]:
    message = anthropic_message(body)
    events: list[tuple[str, Any]] = [("message_start", {"message": {**message, "content": [], "stop_reason": None}})]
    for index, block in enumerate(message["content"]):
        is_text = block["type"] == "text"
        start = {"type": "text", "text": ""} if is_text else {**block, "input": {}}
        delta = {"type": "text_delta", "text": block["text"]} if is_text else {
            "type": "input_json_delta", "partial_json": json.dumps(block["input"])}  # fmt: skip
        events += [
            ("content_block_start", {"index": index, "content_block": start}),
            ("content_block_delta", {"index": index, "delta": delta}),
            ("content_block_stop", {"index": index}),
        ]
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events += [("message_delta", {"delta": ending, "usage": message["usage"]}), ("message_stop", {})]
    return [(name, {"type": name, **data}) for name, data in events]


def response_events(body: dict[str, Any]) -> list[tuple[str | None, Any]]:
    said, tool = turn(body)
    text = {"type": "output_text", "text": said, "annotations": []}
    items: list[dict[str, Any]] = [
        {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [text]}
    ]
    if tool is not None:
        arguments = json.dumps(tool[1])
        items.append(
            {"type": "function_call", "id": "f1", "call_id": "call_1", "name": tool[0], "arguments": arguments}
        )
    usage = {
        "input_tokens": USAGE["input"],
        "input_tokens_details": {"cached_tokens": USAGE["cached"]},
        "output_tokens": USAGE["output"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": USAGE["input"] + USAGE["output"],
    }
    response = {"id": "resp_1", "object": "response", "status": "completed", "model": body.get("model"),
                "output": items, "usage": usage}  # fmt: skip
    events: list[tuple[str, Any]] = [("response.created", {"response": {"id": "resp_1"}})]
    events += [("response.output_item.done", {"output_index": i, "item": item}) for i, item in enumerate(items)]
    events.append(("response.completed", {"response": response}))
    return [(name, {"type": name, **data}) for name, data in events]


@contextmanager
def running_stub(port: int = 0) -> Iterator[str]:
    """The stub's address, while it runs."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


if __name__ == "__main__":
    with running_stub(8199) as address:
        print(address, flush=True)
        threading.Event().wait()
