"""Steps of an import as a person looks at them before anything is written: a few, of as many kinds as there are."""

from collections.abc import Iterator, Sequence

from tierwise.data.records import Attempt, LoggedStep

_MAX_CHARS = 160


def pick_examples(steps: Sequence[LoggedStep], n_steps: int = 3) -> list[LoggedStep]:
    """One step of every kind of evidence first, failures before successes before unknowns, then the next ones."""
    by_kind: dict[tuple[int, str], LoggedStep] = {}
    for step in steps:
        for attempt in step.attempts:
            by_kind.setdefault(_kind(attempt), step)
    first = [by_kind[kind] for kind in sorted(by_kind)]
    return list({step.step_id: step for step in [*first, *steps]}.values())[:n_steps]


def describe_step(step: LoggedStep) -> Iterator[str]:
    """The step's prompt and attempts, a line each."""
    where = [f"task {step.task_id}" if step.task_id else "", f"session {step.session_id}" if step.session_id else ""]
    where += [f"agent {step.step.agent}" if step.step.agent else "", f"node {step.step.node}" if step.step.node else ""]
    yield f"step {step.step_id}" + "".join(f", {each}" for each in where if each)
    for message in step.step.messages:
        yield f"  {message.role}: {_short(message.content)}"
    if step.step.tools:
        yield f"  tools: {', '.join(tool.name for tool in step.step.tools)}"
    if step.step.response_schema is not None:
        yield "  asked for JSON of a schema"
    for attempt in step.attempts:
        yield f"  -> {_attempt(attempt)}"


def _kind(attempt: Attempt) -> tuple[int, str]:
    rank = {False: 0, True: 1, None: 2}[attempt.success]
    return rank, attempt.evaluator or ""


def _attempt(attempt: Attempt) -> str:
    verdict = {True: "succeeded", False: "failed", None: "success unknown"}[attempt.success]
    said = f"{attempt.tier} ({attempt.model}): {verdict}" + (f" by {attempt.evaluator}" if attempt.evaluator else "")
    cached = f", {attempt.cached_tokens} of them cached" if attempt.cached_tokens else ""
    if attempt.input_tokens is not None or attempt.output_tokens is not None:
        said += f"; {_known(attempt.input_tokens)} tokens in{cached}, {_known(attempt.output_tokens)} out"
    if attempt.cost_usd is not None:
        said += f"; {attempt.cost_usd:.6g} USD" + (", estimated" if attempt.cost_is_estimate else "")
    return said + (f"; {_short(attempt.error)}" if attempt.error else "")


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MAX_CHARS else f"{flat[:_MAX_CHARS]}…"
