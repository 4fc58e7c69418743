"""One call in every dialect that the importers read, as the named versions of the tools write it.

The shapes follow the records in ``fixtures`` and ``evaluations`` and, for tools that are not recorded there, what their
own repositories keep as test data. Each writer gives a format and the rows of its file.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.data.importers.made_calls import END, ISO_END, ISO_START, START, Made, Rows
from tests.data.importers.row_logs import (
    autogen,
    braintrust,
    datadog,
    datadog_export,
    dspy,
    genkit,
    helicone,
    langtrace,
    llm_tool,
    mastra,
    opik,
    opik_export,
    posthog,
    weave,
)
from tests.data.importers.source_dialects import (
    atif,
    bedrock_converse,
    bedrock_stream,
    jaeger,
    log_records,
    python_spans,
    script_spans,
)  # fmt: skip
from tests.data.importers.span_dialects import (
    ai_sdk,
    azure,
    genai_events,
    genai_new,
    logfire,
    openinference,
    openllmetry,
    otlp,
    phoenix,
    semantic_kernel,
    strands,
)  # fmt: skip


def mlflow_words(made: Made) -> dict[str, str]:
    usage = {"input_tokens": made.n_in, "output_tokens": made.n_out, "cache_read_input_tokens": made.cached,
             "total_tokens": made.n_in + made.n_out}  # fmt: skip
    words = {"mlflow.spanType": "CHAT_MODEL", "mlflow.spanInputs": made.request, "mlflow.spanOutputs": made.completion,
             "mlflow.chat.tokenUsage": usage, "mlflow.llm.cost": {"total_cost": made.cost_usd}}  # fmt: skip
    return {key: json.dumps(value) for key, value in words.items()}


def mlflow_3(made: Made) -> Rows:
    span = {
        "trace_id": "x", "span_id": "hPISV490eVM=", "name": "Completions", "start_time_unix_nano": START,
        "end_time_unix_nano": END, "status": {"code": "STATUS_CODE_OK"}, "attributes": mlflow_words(made),
    }  # fmt: skip
    verdict = {"assessment_name": "good", "feedback": {"value": made.is_good}, "span_id": "84f212578f747953"}
    return "mlflow", [{"info": {"trace_id": "r", "assessments": [verdict]}, "data": {"spans": [span]}}]


def mlflow_2(made: Made) -> Rows:
    span = {
        "name": "Completions", "context": {"span_id": "0x84f212578f747953", "trace_id": "0x1"}, "start_time": START,
        "end_time": END, "status_code": "OK", "attributes": mlflow_words(made), "events": [],
    }  # fmt: skip
    return "mlflow", [{"info": {"request_id": "r", "request_metadata": {}}, "data": {"spans": [span]}}]


def mlflow_otlp(made: Made) -> Rows:
    return otlp(dict(mlflow_words(made)))


def langfuse_rows(made: Made) -> tuple[dict[str, Any], dict[str, Any]]:
    details = {"input": made.n_in - made.cached, "input_cached_tokens": made.cached, "output": made.n_out,
               "total": made.n_in + made.n_out}  # fmt: skip
    asked = {"messages": made.messages, "tools": [made.function]}
    observation = {
        "id": "o", "traceId": "t", "type": "GENERATION", "name": "OpenAI-generation", "model": made.model,
        "input": asked, "output": {"role": "assistant", "content": made.answer}, "startTime": ISO_START,
        "endTime": ISO_END, "usageDetails": details, "totalCost": made.cost_usd, "level": "DEFAULT",
    }  # fmt: skip
    score = {"id": "s", "name": "good", "value": int(made.is_good), "dataType": "BOOLEAN", "traceId": "t",
             "observationId": "o"}  # fmt: skip
    return observation, score


def langfuse_api(made: Made) -> Rows:
    observation, score = langfuse_rows(made)
    return "langfuse", [{"id": "t", "observations": [observation], "scores": [score]}]


def langfuse_download(made: Made) -> Rows:
    observation, score = langfuse_rows(made)
    return "langfuse", [{"trace": {"id": "t", "scores": [score]}, "observations": [observation]}]


def langsmith(made: Made) -> Rows:
    run = {
        "id": "r", "trace_id": "t", "run_type": "llm", "name": "ChatOpenAI", "start_time": ISO_START,
        "end_time": ISO_END, "inputs": {"messages": made.messages}, "outputs": made.completion,
        "prompt_tokens": made.n_in,
        "completion_tokens": made.n_out, "total_tokens": made.n_in + made.n_out, "total_cost": made.cost_usd,
        "prompt_token_details": {"cache_read": made.cached}, "extra": {"invocation_params": {"tools": [made.function]}},
    }  # fmt: skip
    return "langsmith", [run, {"key": "good", "score": float(made.is_good), "run_id": "r"}]


def litellm_row(made: Made) -> Rows:
    return "litellm", [{
        "request_id": "r", "call_type": "acompletion", "spend": made.cost_usd, "model": made.model, "session_id": "s",
        "messages": made.messages, "response": made.completion, "prompt_tokens": made.n_in,
        "completion_tokens": made.n_out, "total_tokens": made.n_in + made.n_out, "startTime": ISO_START,
        "endTime": ISO_END, "metadata": json.dumps({"status": "success", "usage_object": made.usage}),
        "proxy_server_request": json.dumps({"tools": [made.function]}),
    }]  # fmt: skip


def litellm_payload(made: Made) -> Rows:
    return "litellm", [{
        "id": "r", "trace_id": "t", "call_type": "acompletion", "status": "success", "model": made.model,
        "messages": made.messages, "response": made.completion, "response_cost": made.cost_usd,
        "prompt_tokens": made.n_in,
        "completion_tokens": made.n_out, "total_tokens": made.n_in + made.n_out,
        "startTime": START / 1e9,
        "endTime": END / 1e9, "metadata": {"usage_object": made.usage}, "model_parameters": {"tools": [made.function]},
    }]  # fmt: skip


def openai_chat(made: Made) -> Rows:
    return "openai", [{"id": "e", "request": made.request, "response": made.completion}]


def openai_responses(made: Made) -> Rows:
    tool = {"type": "function", "name": made.tool, "description": "d", "parameters": made.schema}
    request = {"model": made.model, "instructions": made.system, "input": made.user, "tools": [tool]}
    content = [{"type": "output_text", "text": made.answer}]
    output = [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
              {"type": "message", "role": "assistant", "content": content}]  # fmt: skip
    usage = {"input_tokens": made.n_in, "input_tokens_details": {"cached_tokens": made.cached},
             "output_tokens": made.n_out, "total_tokens": made.n_in + made.n_out}  # fmt: skip
    response = {"id": "r", "object": "response", "status": "completed", "model": made.model, "output": output,
                "usage": usage, "error": None, "created_at": START // 10**9}  # fmt: skip
    return "openai", [{"id": "e", "request": request, "response": response}]


def anthropic(made: Made) -> Rows:
    tool = {"name": made.tool, "description": "d", "input_schema": made.schema}
    request = {"model": made.model, "system": made.system, "messages": made.messages[1:], "tools": [tool]}
    usage = {
        "input_tokens": made.n_in - made.cached,
        "cache_read_input_tokens": made.cached,
        "output_tokens": made.n_out,
    }
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": made.answer}]
    response = {"id": "m", "type": "message", "role": "assistant", "model": made.model, "content": content,
                "stop_reason": "end_turn", "usage": usage}  # fmt: skip
    return "openai", [{"id": "e", "request": request, "response": response}]


def promptfoo(made: Made) -> Rows:
    tokens = {"prompt": made.n_in, "completion": made.n_out, "total": made.n_in + made.n_out,
              "completionDetails": {"cacheReadInputTokens": made.cached}}  # fmt: skip
    grading = {"pass": made.is_good, "namedScores": {"good": int(made.is_good)}, "componentResults": [{"pass": True}]}
    row = {
        "id": "r", "prompt": {"raw": json.dumps(made.messages), "config": {"tools": [made.function]}}, "vars": {},
        "provider": {"id": f"openai:chat:{made.model}"}, "success": made.is_good, "gradingResult": grading,
        "response": {"output": made.answer, "tokenUsage": tokens, "cost": made.cost_usd, "latencyMs": 1500},
    }  # fmt: skip
    return "promptfoo", [{"results": {"results": [row]}}]


def inspect(made: Made) -> Rows:
    tool = {"name": made.tool, "description": "d", "parameters": made.schema}
    usage = {"input_tokens": made.n_in - made.cached, "output_tokens": made.n_out,
             "total_tokens": made.n_in + made.n_out, "input_tokens_cache_read": made.cached}  # fmt: skip
    output = {"model": made.model, "choices": made.completion["choices"], "usage": usage, "time": 1.5}
    event = {"event": "model", "model": f"openai/{made.model}", "input": [], "input_refs": [[0, 2]], "tools": [tool],
             "output": output, "timestamp": ISO_START}  # fmt: skip
    sample = {"id": 1, "epoch": 1, "uuid": "u", "events": [event], "events_data": {"messages": made.messages},
              "scores": {"good": {"value": float(made.is_good)}}}  # fmt: skip
    return "inspect", [{"eval": {"task": "t"}, "samples": [sample]}]


# by name and version; what a dialect cannot say: the cost, the verdict
DIALECTS: dict[str, tuple[Callable[[Made], Rows], bool, bool]] = {
    "OTLP GenAI 1.37 and later": (genai_new, False, False),
    "OTLP GenAI before 1.37, events": (genai_events, False, False),
    "OpenLLMetry 0.40": (openllmetry, False, False),
    "OpenInference 0.1": (openinference, True, False),
    "Phoenix spans and annotations": (phoenix, True, True),
    "Logfire 4": (logfire, True, False),
    "Vercel AI SDK 6": (ai_sdk, False, False),
    "Semantic Kernel 1": (semantic_kernel, False, False),
    "Azure AI Inference 1": (azure, False, False),
    "Strands Agents 1": (strands, False, False),
    "MLflow 2.17": (mlflow_2, True, False),
    "MLflow 3.17": (mlflow_3, True, True),
    "MLflow 3.17 through OTLP": (mlflow_otlp, True, False),
    "Langfuse API": (langfuse_api, True, True),
    "Langfuse download": (langfuse_download, True, True),
    "LangSmith 0.15": (langsmith, True, True),
    "LiteLLM spend rows": (litellm_row, True, False),
    "LiteLLM logging payloads": (litellm_payload, True, False),
    "OpenAI chat": (openai_chat, False, False),
    "OpenAI Responses": (openai_responses, False, False),
    "Anthropic Messages": (anthropic, False, False),
    "promptfoo 0.121": (promptfoo, True, True),
    "inspect_ai 0.3.285": (inspect, False, True),
    "Bedrock's log, Converse": (bedrock_converse, False, False),
    "Bedrock's log, a stream": (bedrock_stream, False, False),
    "ATIF 1.5": (atif, True, False),
    "OTLP spans with log records": (log_records, False, False),
    "Jaeger": (jaeger, False, False),
    "Spans of OpenTelemetry's Python": (python_spans, False, False),
    "Spans of OpenTelemetry's JavaScript": (script_spans, False, False),
    "Braintrust's API": (braintrust, True, True),
    "W&B Weave": (weave, True, True),
    "Opik's API": (opik, True, True),
    "Opik, opik export": (opik_export, True, True),
    "Helicone's requests": (helicone, True, True),
    "Datadog's LLM spans": (datadog, False, False),
    "Datadog's export API": (datadog_export, False, True),
    "Mastra's AI spans": (mastra, False, False),
    "PostHog's LLM events": (posthog, True, False),
    "DSPy's history": (dspy, True, False),
    "AutoGen's events": (autogen, False, False),
    "llm logs --json": (llm_tool, False, False),
    "Genkit": (genkit, False, False),
    "Langtrace": (langtrace, False, False),
}
