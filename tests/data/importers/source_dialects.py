"""The dialects of stores and logs around a call: Bedrock's log, trajectories, log records, Jaeger, SDKs' own spans."""

import json
from typing import Any

from tests.data.importers.made_calls import END, ISO_END, ISO_START, SPAN, START, TRACE, Made, Rows
from tests.data.importers.span_dialects import counts, genai_new


def _bedrock(made: Made, body: Any) -> Rows:
    tool = {"toolSpec": {"name": made.tool, "description": "d", "inputSchema": {"json": made.schema}}}
    asked = {"system": [{"text": made.system}], "messages": [{"role": "user", "content": [{"text": made.user}]}],
             "toolConfig": {"tools": [tool]}}  # fmt: skip
    counted = {"inputTokenCount": made.n_in - made.cached, "cacheReadInputTokenCount": made.cached}
    row = {
        "schemaType": "ModelInvocationLog", "timestamp": ISO_START, "requestId": "q", "modelId": f"openai.{made.model}",
        "input": {"inputBodyJson": asked, **counted},
        "output": {"outputBodyJson": body, "outputTokenCount": made.n_out},
    }  # fmt: skip
    return "bedrock", [row]


def bedrock_converse(made: Made) -> Rows:
    message = {"role": "assistant", "content": [{"text": made.answer}]}
    return _bedrock(made, {"output": {"message": message}, "stopReason": "end_turn"})


def bedrock_stream(made: Made) -> Rows:
    pieces = [made.answer[:1], made.answer[1:]]
    deltas = [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": piece}}} for piece in pieces]
    return _bedrock(made, [*deltas, {"messageStop": {"stopReason": "end_turn"}}])


def atif(made: Made) -> Rows:
    agent = {"name": "terminus-2", "model_name": f"openai/{made.model}", "tool_definitions": [made.function]}
    metrics = {"prompt_tokens": made.n_in, "completion_tokens": made.n_out, "cached_tokens": made.cached,
               "cost_usd": made.cost_usd}  # fmt: skip
    steps = [
        {"step_id": 1, "source": "system", "message": made.system},
        {"step_id": 2, "source": "user", "message": made.user},
        {"step_id": 3, "source": "agent", "message": made.answer, "metrics": metrics, "timestamp": ISO_END},
    ]
    return "atif", [{"schema_version": "ATIF-v1.5", "session_id": "s", "agent": agent, "steps": steps}]


def genai_words(made: Made) -> dict[str, Any]:
    (row,) = genai_new(made)[1]
    (span,) = row["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def log_records(made: Made) -> Rows:
    def fields(**values: Any) -> dict[str, Any]:
        return {"kvlistValue": {"values": [{"key": key, "value": value} for key, value in values.items()]}}

    said = {"role": {"stringValue": "assistant"}, "content": {"stringValue": made.answer}}
    bodies = [
        ("gen_ai.system.message", fields(content={"stringValue": made.system})),
        ("gen_ai.user.message", fields(content={"stringValue": made.user})),
        ("gen_ai.choice", fields(finish_reason={"stringValue": "stop"}, message=fields(**said))),
    ]
    ids = {"traceId": TRACE, "spanId": SPAN}
    records = [{**ids, "eventName": name, "body": body, "attributes": []} for name, body in bodies]
    words = {**counts(made), "gen_ai.tool.definitions": json.dumps([made.function])}
    attributes = [
        {"key": key, "value": {"intValue" if isinstance(value, int) else "stringValue": value}}
        for key, value in words.items()
    ]
    span = {**ids, "name": "chat", "startTimeUnixNano": START, "endTimeUnixNano": END, "attributes": attributes}
    return "otlp", [
        {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]},
        {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]},
    ]


def jaeger(made: Made) -> Rows:
    tags = [
        {"key": key, "type": "int64" if isinstance(value, int) else "string", "value": value}
        for key, value in genai_words(made).items()
    ]
    span = {"traceID": TRACE, "spanID": SPAN, "operationName": "chat", "startTime": START // 1000,
            "duration": (END - START) // 1000, "tags": tags, "logs": [], "references": []}  # fmt: skip
    return "otlp", [{"data": [{"traceID": TRACE, "spans": [span], "processes": {}}]}]


def python_spans(made: Made) -> Rows:
    context = {"trace_id": f"0x{TRACE}", "span_id": f"0x{SPAN}", "trace_state": "[]"}
    span = {"name": "chat", "context": context, "parent_id": None, "start_time": ISO_START, "end_time": ISO_END,
            "status": {"status_code": "UNSET"}, "attributes": genai_words(made), "events": []}  # fmt: skip
    return "phoenix", [span]


def script_spans(made: Made) -> Rows:
    seconds, rest = divmod(START, 10**9)
    span = {"traceId": TRACE, "spanId": SPAN, "name": "chat", "startTime": [seconds, rest],
            "endTime": [seconds + 1, rest], "attributes": genai_words(made), "status": {"code": 0}}  # fmt: skip
    return "phoenix", [span]
