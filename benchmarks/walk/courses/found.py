"""What the calls came to, by kind and by tier, beside single shots and the top tier alone on the same steps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.walk.courses.asks import SHARES, TOOLS
from benchmarks.walk.courses.learned import HELD_OUT
from tierwise.agents.collect.joining import read_log
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.accepting.played import play
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.evaluation.reporting.tables import markdown_table

Call = Mapping[str, Any]
TIERS = ("small", "mid", "frontier")


def report(out: Path, max_quality_loss: float) -> str:
    """Three tables and what the decision log holds, in Markdown."""
    calls = read_log(out / "calls.jsonl")
    with DecisionLog.open(f"sqlite:///{out}/decisions.db") as log:
        logged = {step.task_id: step for step in log.logged_steps() if step.task_id}
    told = {each["name"]: logged[each["name"]] for each in calls if each["name"] in logged}
    lines = [by_kind(calls, told), "", beside_others(out, calls, told, max_quality_loss), "", *in_the_log(calls, told)]
    return "\n".join(lines)


def by_kind(calls: Sequence[Call], told: Mapping[str, LoggedStep]) -> str:
    """How many calls ended where, were right, and what they cost."""
    header = ("calls", "n", *(f"by {tier}" for tier in TIERS), "hung up", "right", "USD of all their calls", "median s")
    rows = [header]
    for kind in SHARES:
        each = [call for call in calls if call["kind"] == kind]
        if not each:
            continue
        tiers = Counter(call["told"].get("tier") for call in each)
        seconds = sorted(call["seconds"] for call in each)
        usd = sum(_paid(told[call["name"]]) for call in each if call["name"] in told)
        n_ended = sum(not call["is_hung_up"] for call in each)
        cells = (kind, len(each), *(tiers[tier] for tier in TIERS), len(each) - n_ended)
        right = f"{sum(bool(call['is_right']) for call in each)} of {n_ended}"
        rows.append((*map(str, cells), right, f"{usd:.6f}", f"{seconds[len(seconds) // 2]:.0f}"))
    return markdown_table(rows)


def beside_others(out: Path, calls: Sequence[Call], told: Mapping[str, LoggedStep], max_quality_loss: float) -> str:
    """Success and dollars on the steps that were called without tools, with what the log says of other ways."""
    held_out = {one.step_id: one for one in load_step_logs([out / HELD_OUT]).steps}
    router, options = Router.load(out / "bundle"), DecideOptions(max_quality_loss=max_quality_loss)
    ended = [call for call in calls if not call["is_hung_up"] and call["kind"] != TOOLS]
    steps = [held_out[call["step_id"]] for call in ended]
    single = [router.decide(one.step, options).tier for one in steps]
    rows = [("way", *(f"by {tier}" for tier in TIERS), "right", "USD")]
    tiers = Counter(call["told"]["tier"] for call in ended)
    usd = sum(_as_priced(told[call["name"]], one) for call, one in zip(ended, steps, strict=True))
    rows.append(_row("courses, really run", tiers, sum(call["is_right"] for call in ended), len(ended), usd))
    found = [play(router, one, options) for one in steps]
    usd = sum(_first(one, tier).cost_usd or 0.0 for one, each in zip(steps, found, strict=True) for tier in each.asked)
    n_right = sum(bool(_first(one, each.final).success) for one, each in zip(steps, found, strict=True))
    rows.append(_row("courses, from the log", Counter(each.final for each in found), n_right, len(ended), usd))
    for name, chosen in (("single shots, from the log", single), ("always the top tier", [TIERS[-1]] * len(steps))):
        attempts = [_first(one, tier) for one, tier in zip(steps, chosen, strict=True)]
        n_right = sum(bool(attempt.success) for attempt in attempts)
        usd = sum(attempt.cost_usd or 0.0 for attempt in attempts)
        rows.append(_row(name, Counter(chosen), n_right, len(ended), usd))
    return markdown_table(rows)


def in_the_log(calls: Sequence[Call], told: Mapping[str, LoggedStep]) -> list[str]:
    """Whether every opinion stands in the decision log, and what became of those that nobody waited for."""
    with_course = [call for call in calls if call["told"].get("course")]
    n_asked = n_logged = n_logprobs = n_cheap = 0
    for call in with_course:
        attempts = [each for each in told[call["name"]].attempts if not each.extra.get("audit")]
        asked = str(call["told"]["asked"]).split(",")
        n_asked += len(asked)
        n_logged += sum(tier in {each.tier for each in attempts} for tier in asked)
        opinions = [each for each in attempts if "course" in each.extra and each.tier != TIERS[-1]]
        n_cheap += len(opinions)
        n_logprobs += sum(each.logprobs is not None for each in opinions)
    everything = [each for one in told.values() for each in one.attempts]
    audits = [each for each in everything if each.extra.get("audit")]
    errors = Counter(each.error for each in everything if each.error)
    n_same = sum(each.extra.get("is_same") is True for each in audits)
    return [
        f"{len(with_course)} of {len(calls)} calls ran a course to its end.",
        f"{n_logged} of the {n_asked} tiers that they asked stand in the decision log.",
        f"{n_cheap} opinions stand there with their course, {n_logprobs} of them with log-probabilities.",
        f"{n_same} of {len(audits)} audited answers are the top tier's.",
        f"Calls of models that ended otherwise: {dict(errors) or 'none'}.",
    ]


def _row(name: str, tiers: Counter[str], n_right: int, n: int, usd: float) -> tuple[str, ...]:
    return (name, *(str(tiers[tier]) for tier in TIERS), f"{n_right} of {n}", f"{usd:.6f}")


def _paid(logged: LoggedStep) -> float:
    """Of all calls for a step, audits apart."""
    return sum(each.cost_usd or 0.0 for each in logged.attempts if not each.extra.get("audit"))


def _as_priced(run: LoggedStep, logged: LoggedStep) -> float:
    """The same with the top tier's call at what the log says of it: both are simulated, and count tokens each in its
    own way."""
    at_top = _first(logged, TIERS[-1]).cost_usd or 0.0
    made = [each for each in run.attempts if not each.extra.get("audit")]
    return sum(at_top if each.tier == TIERS[-1] else each.cost_usd or 0.0 for each in made)


def _first(logged: LoggedStep, tier: str) -> Attempt:
    return next(each for each in logged.attempts if each.tier == tier)
