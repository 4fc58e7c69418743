"""The formats that can be imported, by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tierwise.data.importers.evaluations.atif_log import read_atif_log
from tierwise.data.importers.evaluations.inspect_log import read_inspect_log
from tierwise.data.importers.evaluations.promptfoo_results import read_promptfoo_results
from tierwise.data.importers.evaluations.twin_bank import read_twin_bank
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.rows import row_dialects as rows
from tierwise.data.importers.rows import row_libraries as libraries
from tierwise.data.importers.rows import row_spans
from tierwise.data.importers.rows.bedrock_log import read_bedrock_log
from tierwise.data.importers.rows.call_rows import reader_of
from tierwise.data.importers.rows.csv_table import read_csv_table
from tierwise.data.importers.rows.litellm_log import read_litellm_log
from tierwise.data.importers.rows.openai_log import read_openai_logs
from tierwise.data.importers.sessions.claude_code_log import read_claude_code_log
from tierwise.data.importers.sessions.cline_tasks import read_cline_tasks
from tierwise.data.importers.sessions.codex_log import read_codex_log
from tierwise.data.importers.sessions.gemini_cli_log import read_gemini_cli_log
from tierwise.data.importers.sessions.goose_sessions import read_goose_sessions
from tierwise.data.importers.sessions.mini_swe_agent import read_mini_swe_agent
from tierwise.data.importers.sessions.opencode_export import read_opencode_export
from tierwise.data.importers.sessions.openhands_log import read_openhands_logs
from tierwise.data.importers.sessions.pi_sessions import read_pi_sessions
from tierwise.data.importers.sessions.swe_agent import read_swe_agent
from tierwise.data.importers.traces.langfuse_export import read_langfuse_export
from tierwise.data.importers.traces.langsmith_export import read_langsmith_export
from tierwise.data.importers.traces.mlflow_traces import read_mlflow_traces
from tierwise.data.importers.traces.phoenix_export import read_phoenix_export
from tierwise.data.importers.traces.span_reader import read_otlp_logs


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it is for people, and how its files are read."""

    about: str
    read: Callable[[Sequence[Path], ImportMap], Iterator[Record]]


def _each(
    read_one: Callable[[Path, ImportMap], Iterator[Record]],
) -> Callable[[Sequence[Path], ImportMap], Iterator[Record]]:
    def read(paths: Sequence[Path], mapping: ImportMap) -> Iterator[Record]:
        for path in paths:
            yield from read_one(path, mapping)

    return read


FORMATS: Mapping[str, Format] = {
    "openai": Format("request/response pairs, batch files, stored completions", read_openai_logs),
    "otlp": Format("OpenTelemetry GenAI or OpenInference spans, as OTLP JSON or from Jaeger", read_otlp_logs),
    "mlflow": Format("MLflow traces, from files or a tracking address", _each(read_mlflow_traces)),
    "litellm": Format("LiteLLM standard logging payloads or spend logs", _each(read_litellm_log)),
    "langfuse": Format("Langfuse observations and scores", _each(read_langfuse_export)),
    "langsmith": Format("LangSmith runs and feedback", _each(read_langsmith_export)),
    "bedrock": Format("Amazon Bedrock's model invocation log", _each(read_bedrock_log)),
    "inspect": Format("inspect_ai evaluation logs, .eval or .json", _each(read_inspect_log)),
    "promptfoo": Format("promptfoo results, JSON or JSON Lines", _each(read_promptfoo_results)),
    "twin": Format("TwinRouterBench's question bank", _each(read_twin_bank)),
    "phoenix": Format("Phoenix spans and annotations, JSON", _each(read_phoenix_export)),
    "codex": Format("Codex rollouts, from ~/.codex/sessions", _each(read_codex_log)),
    "claude-code": Format("Claude Code sessions, from ~/.claude/projects", _each(read_claude_code_log)),
    "gemini-cli": Format("chats of Gemini CLI, from ~/.gemini/tmp", _each(read_gemini_cli_log)),
    "opencode": Format("sessions that opencode exported", _each(read_opencode_export)),
    "openhands": Format("OpenHands events or trajectories", read_openhands_logs),
    "mini-swe-agent": Format("mini-swe-agent trajectories", _each(read_mini_swe_agent)),
    "swe-agent": Format("SWE-agent trajectories, *.traj", _each(read_swe_agent)),
    "atif": Format("trajectories of Harbor's agents", _each(read_atif_log)),
    "braintrust": Format("Braintrust's logs, from its API or BTQL", reader_of(rows.BRAINTRUST)),
    "weave": Format("calls of W&B Weave", reader_of(rows.WEAVE)),
    "opik": Format("Opik's spans, from its API or opik export", reader_of(rows.OPIK)),
    "helicone": Format("requests of Helicone, with their bodies", reader_of(rows.HELICONE)),
    "datadog": Format("spans of Datadog's LLM observability", reader_of(row_spans.DATADOG)),
    "mastra": Format("AI spans of Mastra", reader_of(row_spans.MASTRA)),
    "posthog": Format("LLM events of PostHog", reader_of(row_spans.POSTHOG)),
    "dspy": Format("the history of DSPy's models, as JSON", reader_of(libraries.DSPY)),
    "autogen": Format("AutoGen's events, JSON Lines", reader_of(libraries.AUTOGEN)),
    "llm": Format("what llm logs --json prints", reader_of(libraries.LLM)),
    "pi": Format("sessions of pi and OpenClaw", _each(read_pi_sessions)),
    "goose": Format("sessions of goose, exported as JSON", _each(read_goose_sessions)),
    "cline": Format("tasks of Cline, api_conversation_history.json", _each(read_cline_tasks)),
    "csv": Format("a table, with the columns named in --map", _each(read_csv_table)),
}
