"""The dialects of platforms and libraries that write a row for each call."""

import json
from typing import Any

from tests.data.importers.made_calls import END, ISO_END, ISO_START, SPAN, START, TRACE, Made, Rows
from tests.data.importers.span_dialects import otlp

SECONDS = 1e9


def said(made: Made) -> dict[str, Any]:
    return {"role": "assistant", "content": made.answer}


def braintrust(made: Made) -> Rows:
    shared = {"root_span_id": "r", "metadata": {"model": made.model, "tools": [made.function]}}
    metrics = {"start": START / SECONDS, "end": END / SECONDS,
               "prompt_tokens": made.n_in, "tokens": made.n_in + made.n_out,
               "completion_tokens": made.n_out, "prompt_cached_tokens": made.cached,
               "estimated_cost": made.cost_usd}  # fmt: skip
    call = {**shared, "id": "2", "span_id": "s", "span_parents": ["r"], "input": made.messages, "metrics": metrics,
            "output": made.completion["choices"], "span_attributes": {"type": "llm", "name": "chat"},
            "scores": {"good": float(made.is_good), "other": None}}  # fmt: skip
    root = {"id": "1", "span_id": "r", "root_span_id": "r", "span_attributes": {"type": "task", "name": "Run"}}
    return "braintrust", [{"events": [root, call]}]


def weave(made: Made) -> Rows:
    counted = {made.model: {"requests": 1, "prompt_tokens": made.n_in, "completion_tokens": made.n_out}}
    costs = {
        made.model: {
            "prompt_tokens_total_cost": made.cost_usd / 4,
            "completion_tokens_total_cost": made.cost_usd * 0.75,
        }
    }
    judged = {"feedback_type": "wandb.runnable.good", "payload": {"output": made.is_good}}
    noted = {"feedback_type": "wandb.note.1", "payload": {"note": "Look at this."}}
    inner = {
        "id": "2", "parent_id": "1", "trace_id": "t", "op_name": "weave:///a/b/op/openai.chat.completions.create:f0",
        "started_at": ISO_START, "ended_at": ISO_END, "inputs": {"self": "<object>", **made.request},
        "output": made.completion,
        "summary": {"usage": counted, "weave": {"costs": costs, "feedback": [judged, noted]}},
    }  # fmt: skip
    outer = {"id": "1", "parent_id": None, "trace_id": "t", "op_name": "weave:///a/b/op/sort:f0",
             "inputs": {"mail": "x"}, "output": "y", "summary": {"usage": counted}}  # fmt: skip
    return "weave", [outer, inner]


def opik_span(made: Made) -> dict[str, Any]:
    usage = {"prompt_tokens": made.n_in, "completion_tokens": made.n_out, "total_tokens": made.n_in + made.n_out,
             "original_usage.prompt_tokens": made.n_in,
             "original_usage.prompt_tokens_details.cached_tokens": made.cached}  # fmt: skip
    return {
        "id": "2", "parent_span_id": None, "name": "chat", "type": "llm", "start_time": ISO_START, "end_time": ISO_END,
        "input": {"messages": made.messages, "tools": [made.function]}, "output": made.completion, "model": made.model,
        "provider": "openai", "usage": usage, "total_estimated_cost": made.cost_usd,
        "feedback_scores": [{"name": "good", "value": float(made.is_good), "source": "ui"}],
    }  # fmt: skip


def opik(made: Made) -> Rows:
    return "opik", [{"trace_id": "t", **opik_span(made)}]


def opik_export(made: Made) -> Rows:
    trace = {"id": "t", "name": "run", "start_time": ISO_START, "input": {"q": "x"}, "output": {"a": "y"}}
    return "opik", [{"trace": trace, "spans": [opik_span(made)], "downloaded_at": ISO_END}]


def helicone(made: Made) -> Rows:
    answer = {**made.completion, "usage": {"prompt_tokens": made.n_in, "completion_tokens": made.n_out,
                                           "prompt_tokens_details": {"cached_tokens": made.cached}}}  # fmt: skip
    row = {
        "request_id": "1", "request_created_at": ISO_START, "response_status": 200, "request_body": made.request,
        "response_body": answer, "request_model": made.model, "delay_ms": 1500, "costUSD": made.cost_usd,
        "prompt_tokens": made.n_in, "completion_tokens": made.n_out, "scores": {"good": {"value": int(made.is_good)}},
        "request_properties": {"Helicone-Session-Id": "t"},
        "cache_reference_id": "00000000-0000-0000-0000-000000000000",
    }  # fmt: skip
    return "helicone", [{"data": [row], "error": None}]


def datadog(made: Made) -> Rows:
    meta = {"kind": "llm", "model_name": made.model, "model_provider": "openai",
            "input": {"messages": made.messages}, "output": {"messages": [said(made)]},
            "metadata": {"tools": [made.function]}}  # fmt: skip
    metrics = {"input_tokens": made.n_in, "output_tokens": made.n_out, "total_tokens": made.n_in + made.n_out,
               "cache_read_input_tokens": made.cached}  # fmt: skip
    span = {"trace_id": "7", "span_id": "8", "parent_id": "undefined", "name": "chat", "start_ns": START,
            "duration": END - START, "meta": meta, "metrics": metrics}  # fmt: skip
    return "datadog", [span]


def datadog_export(made: Made) -> Rows:
    attributes = {
        "span_kind": "llm", "span_id": "8", "trace_id": "7", "name": "chat", "start_ns": START, "duration": END - START,
        "model_name": made.model, "input": {"messages": made.messages}, "output": {"messages": [said(made)]},
        "metadata": {"tools": [made.function]},
        "evaluation": {"good": {"value": made.is_good, "eval_metric_type": "boolean"}},
        "metrics": {"input_tokens": made.n_in, "output_tokens": made.n_out, "cache_read_input_tokens": made.cached},
    }  # fmt: skip
    return "datadog", [{"data": [{"id": "x", "type": "span", "attributes": attributes}]}]


def mastra(made: Made) -> Rows:
    usage = {"inputTokens": made.n_in, "outputTokens": made.n_out, "inputDetails": {"cacheRead": made.cached}}
    span = {
        "traceId": TRACE, "id": SPAN, "type": "model_generation", "name": "llm: 'm'", "startTime": ISO_START,
        "endTime": ISO_END, "input": {"messages": made.messages}, "output": {"text": made.answer},
        "attributes": {"model": made.model, "provider": "openai", "usage": usage,
                       "parameters": {"tools": [made.function]}},
    }  # fmt: skip
    return "mastra", [{"spans": [span]}]


def posthog(made: Made) -> Rows:
    told = {
        "$ai_trace_id": "t", "$ai_span_id": "s", "$ai_model": made.model, "$ai_provider": "openai", "$ai_latency": 1.5,
        "$ai_input": made.messages, "$ai_output_choices": [said(made)], "$ai_tools": [made.function],
        "$ai_input_tokens": made.n_in, "$ai_output_tokens": made.n_out, "$ai_cache_read_input_tokens": made.cached,
        "$ai_total_cost_usd": made.cost_usd, "$ai_is_error": False,
    }  # fmt: skip
    return "posthog", [{"uuid": "1", "event": "$ai_generation", "timestamp": ISO_END, "properties": told}]


def dspy(made: Made) -> Rows:
    row = {
        "prompt": None, "messages": made.messages, "kwargs": {"tools": [made.function]}, "response": made.completion,
        "outputs": [made.answer], "usage": made.usage, "cost": made.cost_usd, "timestamp": ISO_START, "uuid": "u",
        "model": "openai/gpt-4o-mini", "response_model": made.model, "model_type": "chat",
    }  # fmt: skip
    return "dspy", [row]


def autogen(made: Made) -> Rows:
    event = {"type": "LLMCall", "messages": made.messages, "response": made.completion, "tools": [made.function],
             "prompt_tokens": made.n_in, "completion_tokens": made.n_out, "agent_id": "planner/1"}  # fmt: skip
    return "autogen", [event]


def llm_tool(made: Made) -> Rows:
    row = {
        "id": "1", "model": made.model, "prompt": made.user, "system": made.system, "response": made.answer,
        "prompt_json": {"messages": made.messages}, "options_json": {"tools": [made.function]}, "duration_ms": 1500,
        "datetime_utc": ISO_START, "conversation_id": "t", "input_tokens": made.n_in, "output_tokens": made.n_out,
        "token_details": json.dumps({"prompt_tokens_details": {"cached_tokens": made.cached}}),
    }  # fmt: skip
    return "llm", [row]


def genkit(made: Made) -> Rows:
    asked = {
        "messages": [{"role": message["role"], "content": [{"text": message["content"]}]} for message in made.messages],
        "config": {"temperature": 0},
        "tools": [{"name": made.tool, "description": "d", "inputSchema": made.schema}],
    }
    usage = {"inputTokens": made.n_in, "outputTokens": made.n_out, "totalTokens": made.n_in + made.n_out,
             "cachedContentTokens": made.cached}  # fmt: skip
    told = {"message": {"role": "model", "content": [{"text": made.answer}]}, "finishReason": "stop", "usage": usage}
    return otlp({
        "genkit:type": "action", "genkit:metadata:subtype": "model", "genkit:name": f"openai/{made.model}",
        "genkit:input": json.dumps(asked), "genkit:output": json.dumps(told), "genkit:state": "success",
    })  # fmt: skip


def langtrace(made: Made) -> Rows:
    counts = {"input_tokens": made.n_in, "output_tokens": made.n_out, "total_tokens": made.n_in + made.n_out,
              "cached_tokens": made.cached}  # fmt: skip
    return otlp({
        "langtrace.service.name": "OpenAI", "langtrace.service.type": "llm", "llm.api": "/chat/completions",
        "llm.model": made.model, "llm.prompts": json.dumps(made.messages), "llm.tools": json.dumps([made.function]),
        "llm.responses": json.dumps([said(made)]), "llm.token.counts": json.dumps(counts),
    })  # fmt: skip
