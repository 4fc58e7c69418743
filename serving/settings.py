"""The settings of the service: read once at the edge, frozen, passed down. docs/operations.md lists them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tierwise.data.errors import TierwiseError
from tierwise.data.experiments import MAX_EXPLORATION
from tierwise.data.sensitive.mode import Redaction
from tierwise.router_model.monitor.different import DIFFERENT

ENV_PREFIX = "TIERWISE_"
FOREIGN_VARIABLES = ("TIERWISE_TEST_", "TIERWISE_CLIENT_", "TIERWISE_URL", "TIERWISE_API_KEY")
SHARED_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder through which worker processes share their numbers."""
WORKER_SETTINGS_VARIABLE = "_TIERWISE_WORKER_SETTINGS"
"""Where a supervisor of several workers leaves them the settings, as JSON."""


class SettingsError(TierwiseError):
    """Settings that cannot be used together, or a value that cannot be read."""


class Settings(BaseSettings):
    """Every setting is also an environment variable: ``queue_size`` is ``TIERWISE_QUEUE_SIZE``."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    bundle: Path | None = Field(None, description="Folder of the bundle to serve.")
    registry: str | None = Field(None, description="MLflow model to serve, such as models:/tierwise@champion.")
    tracking_uri: str | None = Field(None, description="MLflow tracking server of the registry.")
    tiers: Path | None = Field(None, description="tiers.toml: the tiers without a bundle, the gateway's models.")
    rules: bool = Field(False, description="Without a bundle the hand-written rules decide, not the top tier.")
    observe: bool = Field(False, description="Routes nothing: each call goes to the model that its caller names.")
    answers: Literal["none", "key", "text"] | None = Field(
        None, description="What the gateway keeps of answers: none, key or text; text where it observes, else none."
    )
    mirror_usd_per_day: float = Field(0.0, ge=0, description="Budget a day for asking cheaper tiers too; 0: no mirror.")
    mirror_share: float = Field(0.05, ge=0, le=1, description="Share of the top tier's calls that are mirrored.")
    courses: bool = Field(False, description="Calls of auto ask cheap tiers first, where a course is certified.")
    audit_share: float = Field(0.02, ge=0, le=1, description="Share of accepted answers that the top tier audits.")
    audit_usd_per_day: float = Field(1.0, ge=0, description="Budget a day for these audits; 0: none.")
    audit_different: float = Field(
        DIFFERENT, gt=0, lt=1, description="Share of audited answers that may differ before courses stop."
    )
    challenger: str | None = Field(None, description="Folder or models:/ address of the bundle that wants to serve.")
    shadow_queue: int = Field(1000, ge=0, description="Requests that may wait for the challenger's opinion.")
    exploration: float = Field(
        0.0, ge=0, le=MAX_EXPLORATION, description="Chance of a neighbouring tier while no experiment runs."
    )
    experiment_seconds: float = Field(5.0, ge=0, description="Pause between looks for an experiment; 0 never looks.")
    reload_seconds: float = Field(10.0, ge=0, description="Pause between looks for a new bundle; 0 only on SIGHUP.")
    on_broken_promise: Literal["warn", "top"] = Field(
        "warn",
        description="Once the promise, or courses by their audits, break: warn, or answer with the top open tier.",
    )
    promise_seconds: float = Field(60.0, ge=0, description="Pause between looks at promise and audits; 0: never.")
    promise_settle_seconds: float = Field(600.0, ge=0, description="Age from which decisions speak of the promise.")
    fallback_tier: str | None = Field(None, description="Tier when the router is in trouble; the top one if unset.")
    human_visible_min_tier: str | None = Field(None, description="Lowest tier for steps whose output people see.")
    judgment_min_tier: str | None = Field(None, description="Lowest tier for steps that require judgment.")
    stuck_min_tier: str | None = Field(
        None, description="Lowest tier while an agent loops or fails; see docs/learning.md."
    )
    task_memory: int = Field(
        0,
        ge=0,
        description="Tasks whose earlier steps are remembered for the next ones; see docs/learning.md. 0: none.",
    )
    task_memory_mib: float = Field(64.0, gt=0, description="Most memory for that, in MiB; the oldest tasks go first.")
    cache_entries: int = Field(4096, ge=0, description="Decisions kept for steps that recur exactly; 0 keeps none.")

    slow_threads: int = Field(2, ge=1, le=32, description="Threads for routers with a transformer encoder.")
    slow_limit: int = Field(16, ge=1, description="Decisions of such routers under way at once.")

    overflow: Path | None = Field(None, description="Folder of a static bundle for what is beyond that limit.")

    host: str = Field("127.0.0.1", description="Address to listen on; a public one needs keys.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=64, description="Processes that answer.")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Longest request body.")
    max_batch: int = Field(256, ge=1, description="Most requests or outcomes in one body.")
    body_timeout_seconds: float = Field(10.0, gt=0, description="Longest wait for a request body.")

    chat_max_body_bytes: int = Field(16_777_216, ge=1024, description="Longest body of a chat completion.")
    upstream_timeout_seconds: float = Field(120.0, gt=0, description="Longest silence of a provider.")
    upstream_connect_seconds: float = Field(5.0, gt=0, description="Longest wait for a connection to a provider.")

    model_aliases: str = Field("", description="Names that callers use, such as gpt-*=auto,claude-*=auto:cheap.")
    optional_tools: str = Field(
        "", description="Kinds of tools that may be left out for models of another protocol, such as web_search."
    )
    stickiness: Literal["none", "tool_loop", "session"] = Field(
        "none", description="What stays with the model that spoke before: nothing, loops of tools, whole sessions."
    )
    cache_seconds: float = Field(300.0, ge=0, description="How long a provider's prompt cache counts as warm; 0 never.")

    keys: str = Field("", repr=False, description="API keys as 'scopes:sha256', separated by commas.")
    keys_file: Path | None = Field(None, description="File of API keys, one 'scopes:sha256' a line.")
    rate_limit: float = Field(0.0, ge=0, description="Requests a second for each key or address; 0 sets no limit.")
    trusted_proxies: str = Field("", description="Addresses of proxies whose X-Forwarded-For is believed; * for all.")
    public_metrics: bool = Field(False, description="Answers /metrics without a key although keys are set.")

    log_url: str = Field("sqlite:///.tierwise/decisions.db", repr=False, description="Database of the decision log.")
    log_timeout_seconds: float = Field(5.0, gt=0, description="Longest wait for the database.")
    log_connections: int = Field(4, ge=2, description="PostgreSQL connections for writing, and for the dashboard.")
    redaction: Redaction = Field(Redaction.REDACTED, description="What is stored: full, redacted or features_only.")
    retention_days: float = Field(0.0, ge=0, description="Days after which decisions are removed; 0 keeps them.")
    queue_size: int = Field(10_000, ge=1, description="Decisions that may wait to be recorded.")
    flush_seconds: float = Field(0.2, ge=0, description="Longest wait before waiting decisions are written.")
    drain_seconds: float = Field(10.0, ge=0, description="Longest wait for the last writes on shutdown.")
    leave_seconds: float = Field(0.0, ge=0, description="On SIGTERM, time to go on answering while /readyz says 503.")
    state_folder: Path = Field(Path(".tierwise"), description="Folder where each process counts what it answered.")
    outcome_timeout_seconds: float = Field(5.0, gt=0, description="Longest wait for an outcome to be durable.")
    budget_usd_per_day: float = Field(0.0, ge=0, description="Alarms at 80 and 100 % of it, spent in a day; 0: none.")
    budget_usd_per_month: float = Field(0.0, ge=0, description="The same for a month (UTC); 0: none.")
    alarm_url: str | None = Field(None, repr=False, description="Webhook that gets the alarms as JSON by POST.")
    dashboard: bool = Field(True, description="Serves the pages for people on /dashboard.")
    dashboard_keep_seconds: float = Field(10.0, ge=0, description="How long pages share sums over the log; 0 never.")
    report: Path | None = Field(
        None, description="Folder of the evaluation to show; `report` beside the bundle if unset."
    )
    traces: bool = Field(False, description="Sends OpenTelemetry traces where the OTEL_ variables say.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes these five
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """No file of variables and no folder of secrets: looking for them takes as long as all the rest."""
        return init_settings, env_settings

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.bundle is not None and self.registry is not None:
            raise ValueError("bundle and registry are both set; set one")
        if self.task_memory and self.workers > 1:
            raise ValueError(
                f"task_memory is {self.task_memory} with {self.workers} workers, each of which would see some steps of "
                "a task; set workers to 1, or task_memory to 0"
            )
        if self.observe and (self.bundle is not None or self.registry is not None):
            raise ValueError("observe routes nothing; leave bundle and registry out, or observe")
        return self

    @property
    def kept_answers(self) -> Literal["none", "key", "text"]:
        """What is kept of answers: what is set, else the text where the service observes or mirrors."""
        return self.answers or ("text" if self.observe or self.mirror_usd_per_day else "none")


def load_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """The settings of the environment, with ``overrides`` on top. Raises ``SettingsError`` naming the setting.

    ``environment`` (default: the process's) is searched for names that look like settings and are none.
    """
    _refuse_unknown(os.environ if environment is None else environment)
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"setting '{where}': {first['msg']}" if where else str(first["msg"])) from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(environment):
        if name.startswith(ENV_PREFIX) and name.upper() not in known and not name.startswith(FOREIGN_VARIABLES):
            raise SettingsError(f"environment variable {name} is no setting; docs/operations.md lists them")
