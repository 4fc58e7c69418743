"""The keywords of steps, options and attempts, for type checkers. ``make docs`` writes this file."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class StepFields(TypedDict, total=False):
    text: str
    messages: Sequence[Mapping[str, Any]]
    task_type: str | None
    tools: Sequence[Mapping[str, Any]]
    response_schema: Mapping[str, Any] | None
    input_complexity: float | None
    requires_judgment: bool | None
    human_visible: bool | None
    input_tokens: int | None
    step_index: int | None
    retry: int | None
    previous_error: str | None
    agent: str | None
    node: str | None
    before: Sequence[Mapping[str, Any]]
    extra: Mapping[str, Any]


class OptionFields(TypedDict, total=False):
    max_quality_loss: float | None
    min_tier: str | None
    max_tier: str | None
    max_cost_usd: float | None
    max_latency_ms: float | None
    catch_rate: float | None
    explain: bool
    courses: bool
    current_tier: str | None
    cached_tokens: int | None
    cached_by_tier: Mapping[str, int]


class AttemptFields(TypedDict, total=False):
    tier: str
    model: str | None
    success: bool | None
    score: float | None
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None
    cost_is_estimate: bool
    latency_ms: float | None
    evaluator: str | None
    error: str | None
    simulated: bool
    output: str | None
    tool_calls: Sequence[Mapping[str, Any]] | None
    answer_key: str | None
    logprobs: Mapping[str, Any] | Sequence[float] | None
    finish_reason: str | None
    task_success: bool | None
    extra: Mapping[str, Any]
