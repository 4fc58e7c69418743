"""One call in every dialect that the importers read, as the named versions of the tools write it.

The shapes follow the records in ``fixtures`` and ``evaluations`` and, for tools that are not recorded there, what their
own repositories keep as test data. Each writer gives a format and the rows of its file.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rows = tuple[str, list[dict[str, Any]]]
TRACE, SPAN = "a" * 32, "b" * 16
START, END = 1_790_000_000_000_000_000, 1_790_000_001_500_000_000
ISO_START, ISO_END = "2026-09-21T14:13:20Z", "2026-09-21T14:13:21.500Z"


@dataclass(frozen=True, slots=True)
class Made:
    """A call with everything that is to come back; ``cached`` is a part of ``n_in``."""

    system: str
    user: str
    answer: str
    tool: str
    n_in: int
    n_out: int
    cached: int
    cost_usd: float
    is_good: bool
    model: str = "gpt-4o-mini-2024-07-18"

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}

    @property
    def function(self) -> dict[str, Any]:
        return {"type": "function", "function": {"name": self.tool, "description": "d", "parameters": self.schema}}

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]

    @property
    def request(self) -> dict[str, Any]:
        return {"model": self.model, "messages": self.messages, "tools": [self.function]}

    @property
    def usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.n_in, "completion_tokens": self.n_out, "total_tokens": self.n_in + self.n_out,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        }  # fmt: skip

    @property
    def completion(self) -> dict[str, Any]:
        choice = {"index": 0, "message": {"role": "assistant", "content": self.answer}, "finish_reason": "stop"}
        return {"id": "c", "model": self.model, "choices": [choice], "usage": self.usage}


def otlp(words: dict[str, Any], events: list[tuple[str, dict[str, Any]]] = []) -> Rows:  # noqa: B006
    def valued(values: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = {int: "intValue", float: "doubleValue"}
        return [{"key": key, "value": {kinds.get(type(each), "stringValue"): each}} for key, each in values.items()]

    span = {
        "traceId": TRACE, "spanId": SPAN, "name": "chat", "startTimeUnixNano": str(START), "endTimeUnixNano": str(END),
        "attributes": valued(words),
        "events": [{"name": name, "attributes": valued(values)} for name, values in events],
    }  # fmt: skip
    return "otlp", [{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}]


def counts(made: Made) -> dict[str, Any]:
    return {
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model,
        "gen_ai.usage.input_tokens": made.n_in, "gen_ai.usage.output_tokens": made.n_out,
        "gen_ai.usage.cache_read.input_tokens": made.cached, "gen_ai.operation.name": "chat",
    }  # fmt: skip


def parts(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def genai_new(made: Made) -> Rows:
    tools = [{"type": "function", "name": made.tool, "description": "d", "parameters": made.schema}]
    return otlp({
        **counts(made), "gen_ai.system_instructions": json.dumps([{"type": "text", "content": made.system}]),
        "gen_ai.input.messages": json.dumps([parts("user", made.user)]), "gen_ai.tool.definitions": json.dumps(tools),
        "gen_ai.output.messages": json.dumps([{**parts("assistant", made.answer), "finish_reason": "stop"}]),
    })  # fmt: skip


def genai_events(made: Made) -> Rows:
    return otlp({**counts(made), "gen_ai.tool.definitions": json.dumps([made.function])}, [
        ("gen_ai.system.message", {"content": made.system}),
        ("gen_ai.user.message", {"content": made.user}),
        ("gen_ai.choice", {"message": json.dumps({"content": made.answer}), "finish_reason": "stop"}),
    ])  # fmt: skip


def openllmetry(made: Made) -> Rows:
    return otlp({
        "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model,
        "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": made.system, "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": json.dumps([{"type": "text", "text": made.user}]),
        "llm.request.functions.0.name": made.tool, "llm.request.functions.0.parameters": json.dumps(made.schema),
        "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": made.answer,
        "gen_ai.usage.prompt_tokens": made.n_in, "gen_ai.usage.completion_tokens": made.n_out,
        "gen_ai.usage.cache_read_input_tokens": made.cached,
    })  # fmt: skip


def openinference(made: Made) -> Rows:
    return otlp(openinference_words(made))


def openinference_words(made: Made) -> dict[str, Any]:
    return {
        "openinference.span.kind": "LLM", "llm.model_name": made.model,
        "llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": made.system,
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.contents.0.message_content.type": "text",
        "llm.input_messages.1.message.contents.0.message_content.text": made.user,
        "llm.tools.0.tool.json_schema": json.dumps(made.function),
        "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": made.answer,
        "llm.token_count.prompt": made.n_in, "llm.token_count.completion": made.n_out,
        "llm.token_count.prompt_details.cache_read": made.cached, "llm.cost.total": made.cost_usd,
    }  # fmt: skip


def phoenix(made: Made) -> Rows:
    span = {
        "id": "x", "name": "chat", "context": {"trace_id": TRACE, "span_id": SPAN}, "span_kind": "LLM",
        "start_time": ISO_START, "end_time": ISO_END, "status_code": "OK", "attributes": openinference_words(made),
    }  # fmt: skip
    verdict = {"span_id": SPAN, "name": "good", "annotator_kind": "HUMAN", "result": {"score": float(made.is_good)}}
    return "phoenix", [span, verdict]


def logfire(made: Made) -> Rows:
    return otlp({
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model, "gen_ai.operation.name": "chat",
        "request_data": json.dumps(made.request), "response_data": json.dumps(made.completion),
        "gen_ai.usage.input_tokens": made.n_in, "gen_ai.usage.output_tokens": made.n_out,
        "gen_ai.usage.details.cached_tokens": made.cached, "operation.cost": made.cost_usd,
    })  # fmt: skip


def ai_sdk(made: Made) -> Rows:
    tool = {"type": "function", "name": made.tool, "description": "d", "inputSchema": made.schema}
    user = {"role": "user", "content": [{"type": "text", "text": made.user}]}
    return otlp({
        "operation.name": "ai.generateText.doGenerate", "ai.operationId": "ai.generateText.doGenerate",
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model, "ai.response.text": made.answer,
        "ai.prompt.messages": json.dumps([made.messages[0], user]), "ai.prompt.tools": json.dumps([tool]),
        "gen_ai.usage.input_tokens": made.n_in, "gen_ai.usage.output_tokens": made.n_out,
        "ai.usage.cachedInputTokens": made.cached,
    })  # fmt: skip


def semantic_kernel(made: Made) -> Rows:
    answer = {"role": "Assistant", "content": made.answer}
    words = {
        **counts(made),
        "gen_ai.operation.name": "chat.completions",
        "gen_ai.tool.definitions": json.dumps([made.function]),
    }
    return otlp(words, [
        ("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps(made.messages)}),
        ("gen_ai.content.completion", {"gen_ai.completion": json.dumps([answer])}),
    ])  # fmt: skip


def azure(made: Made) -> Rows:
    said = [(f"gen_ai.{each['role']}.message", each) for each in made.messages]
    choice = {"message": {"content": made.answer}, "finish_reason": "stop", "index": 0}
    events = [*said, ("gen_ai.choice", choice)]
    words = {**counts(made), "gen_ai.system": "az.ai.inference", "gen_ai.tool.definitions": json.dumps([made.function])}
    return otlp(words, [(name, {"gen_ai.event.content": json.dumps(each)}) for name, each in events])


def strands(made: Made) -> Rows:
    words = {**counts(made), "gen_ai.system": "strands-agents", "gen_ai.tool.definitions": json.dumps([made.function])}
    return otlp(words, [
        ("gen_ai.system.message", {"content": json.dumps([{"text": made.system}])}),
        ("gen_ai.user.message", {"content": json.dumps([{"text": made.user}])}),
        ("gen_ai.choice", {"message": json.dumps([{"text": made.answer}]), "finish_reason": "end_turn"}),
    ])  # fmt: skip


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
}
