"""Chat completions as the openai client serialises them: plain pairs, a batch's two files, and stored completions."""

import json
from pathlib import Path
from typing import Any

from openai import APIStatusError, OpenAI
from scenario import TASKS
from upstream import upstream


def record(folder: Path) -> None:
    pairs, requests, responses, stored = [], [], [], []
    with upstream() as base_url:
        client = OpenAI(base_url=base_url, api_key="none", max_retries=0)
        for task in TASKS:
            for number, call in enumerate(task.calls):
                request = {"model": call.model, "messages": call.messages, **call.options}
                custom_id = f"{task.name}-{number}"
                status, body = _answer(client, request)
                pairs.append({"request": request, "response": body})
                requests.append(
                    {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": request}
                )
                response = {"status_code": status, "request_id": f"req-{custom_id}", "body": body}
                responses.append(
                    {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": response, "error": None}
                )
                if status == 200:
                    metadata = {"agent": task.name, "node": call.node}
                    stored.append(body | {"metadata": metadata, "input": call.messages})
    _write(folder / "openai_pairs.jsonl", pairs)
    _write(folder / "openai_batch_input.jsonl", requests)
    _write(folder / "openai_batch_output.jsonl", responses)
    _write(folder / "openai_stored.jsonl", stored)


def _answer(client: OpenAI, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, client.chat.completions.create(**request).model_dump(mode="json", exclude_unset=True)
    except APIStatusError as error:
        return error.status_code, {"error": error.body}


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
