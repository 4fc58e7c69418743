"""One report per candidate: Markdown for people, JSON for programs, pictures for both."""

import json
from collections.abc import Sequence
from pathlib import Path

from tierwise.training.evaluation.calibration import TierCalibration
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.evaluation import Evaluation, FullInformation, LogSummary
from tierwise.training.evaluation.full_information import ChoiceReport
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport
from tierwise.training.evaluation.logged.off_policy_slices import MIN_SLICE_CHOICES, OffPolicySlices
from tierwise.training.evaluation.reporting.course_table import course_parts
from tierwise.training.evaluation.reporting.pictures import draw_pictures
from tierwise.training.evaluation.reporting.tables import markdown_table, percent, result_table, thousand_steps_usd
from tierwise.training.evaluation.slices import SliceReport

REPORT_NAME, JSON_NAME = "report.md", "evaluation.json"


def write_report(evaluation: Evaluation, folder: Path | str) -> Path:
    """Writes ``report.md``, ``evaluation.json`` and PNG pictures into ``folder``; returns the path of the Markdown."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_pictures(evaluation, folder)
    text = json.dumps(evaluation.to_dict(), indent=1, allow_nan=False)
    (folder / JSON_NAME).write_text(text + "\n", encoding="utf-8")
    path = folder / REPORT_NAME
    path.write_text(render_markdown(evaluation, pictures), encoding="utf-8")
    return path


def render_markdown(evaluation: Evaluation, pictures: Sequence[str] = ()) -> str:
    """The report as Markdown; ``pictures`` are the names of the files beside it."""
    full = evaluation.full_information
    parts = [
        f"# Evaluation of {evaluation.candidate}",
        f"Router version: {', '.join(evaluation.versions)}.",
        _about_the_log(evaluation.log),
        "## Result",
        result_table(evaluation.table()),
        _UNDER_THE_TABLE,
    ]
    if isinstance(full, Refusal):
        parts += [f"No figures with full information: {full.reason}.", _NO_ESCALATION]
    else:
        parts += _full_information_parts(full, evaluation.candidate, evaluation.log.tier_names, pictures)
    parts += course_parts(evaluation.courses, pictures)
    if evaluation.calibration:
        parts += _calibration_parts(evaluation.calibration, pictures)
    if evaluation.off_policy:
        parts += ["## From the choices of the log (off-policy)", _off_policy_table(evaluation.off_policy)]
    if evaluation.off_policy_slices is not None:
        parts.append(_off_policy_slices_text(evaluation.off_policy_slices))
    parts += ["## How to read this", _HOW_TO_READ]
    return "\n\n".join(parts) + "\n"


def _about_the_log(log: LogSummary) -> str:
    left_out = log.n_steps - log.n_complete
    lines = [f"- {log.n_steps:,} steps in {log.n_groups:,} independent groups, {log.n_complete:,} of them complete."]
    if left_out:
        lines.append(
            f"- {left_out:,} steps do not know every tier, or only because cheaper ones failed: left out there."
        )
    if log.n_simulated:
        counts = ", ".join(f"{count:,} on {tier}" for tier, count in log.n_simulated.items())
        lines.append(f"- **Simulated attempts: {counts}.** No model ran there; read their figures with that in mind.")
    if log.p_cost_estimated > 0:
        lines.append(f"- {log.p_cost_estimated:.0%} of the costs are estimates, not bills.")
    if log.n_unfamiliar:
        share = log.n_unfamiliar / log.n_steps
        lines.append(f"- {log.n_unfamiliar:,} steps ({share:.0%}) were unfamiliar to the router.")
    if log.n_fallback:
        lines.append(f"- {log.n_fallback:,} decisions are fallbacks: trouble, not judgment, picked the tier.")
    return "\n".join(lines)


def _full_information_parts(
    full: FullInformation, candidate: str, tier_names: Sequence[str], pictures: Sequence[str]
) -> list[str]:
    parts = [
        _choice_text(full.choices[candidate], candidate, tier_names),
        "## Cost-quality curve",
        _skill_text(full, candidate),
    ]
    if "curve.png" in pictures:
        parts.append("![Success over cost: the curve, the constants, rules and oracle](curve.png)")
    parts += ["## With a verifier: escalating beside a single shot", _escalation_table(full, candidate)]
    parts += ["## Slices", _slices_text(full.slices)]
    if "slices.png" in pictures:
        parts.append("![Success lost against always-top by slice](slices.png)")
    return parts


def _choice_text(chosen: ChoiceReport, candidate: str, tier_names: Sequence[str]) -> str:
    shares = zip(tier_names, chosen.tier_shares, strict=True)
    lines = [
        f"- Share of steps that {candidate} sends to " + ", ".join(f"{n}: {percent(share)}" for n, share in shares),
        f"- Frontier tax, paid above the oracle's tier: {percent(chosen.frontier_tax)} of what {candidate} costs",
        f"- Success below the oracle's: {percent(chosen.success_regret)} of all steps",
        f"- Cost above the oracle's: {thousand_steps_usd(chosen.cost_regret_usd)} USD per 1,000 steps",
    ]
    return "\n".join(lines)


def _skill_text(full: FullInformation, candidate: str) -> str:
    if isinstance(full.skills, Refusal):
        return f"No curve: {full.skills.reason}."
    skill = full.skills.skills[candidate]
    return (
        f"Normalised area {skill.area.text()}; the best mix of fixed tiers has {full.skills.mix_area.text()}. "
        f"**Skill, the area above the mix: {skill.skill.text('+.3f')}** "
        f"(n = {skill.skill.n:,}, effective n = {skill.skill.n_effective:,.0f})."
    )


def _escalation_table(full: FullInformation, candidate: str) -> str:
    single = full.choices[candidate]
    header = ("operation", "failures caught", "success", "loss vs top", "saved, dollars", "saved, a step", "attempts")
    single_figures = [percent(e) for e in (single.success, single.loss, single.saving, single.saving_relative)]
    rows = [(f"{candidate}, one shot", "-", *single_figures, "1")]
    for run in full.escalation:
        report = run.report
        rows.append(
            (
                run.start if run.is_plain else f"{run.start}, then up",
                f"{report.catch_rate:.0%}",
                percent(report.success),
                percent(report.loss),
                percent(report.saving),
                percent(report.saving_relative),
                report.n_attempts.text(".2f"),
            )
        )
    return markdown_table([header, *rows])


def _slices_text(report: SliceReport) -> str:
    header = ("slice", "n", "success lost vs top", "saving vs top")
    rows = [
        (
            f"{entry.dimension}: {entry.value}",
            f"{entry.success.n:,}",
            percent(entry.lost_success),
            percent(entry.saving),
        )
        for entry in report.worst(8)
    ]
    small = (
        f"Slices with fewer than 30 steps, not shown: {report.n_small_slices}, with "
        f"{report.n_steps_in_small_slices:,} steps. "
        "With many slices some look bad by chance: an interval here is not corrected for looking at all of them."
    )
    return f"{markdown_table([header, *rows])}\n\n{small}" if rows else small


def _calibration_parts(tiers: Sequence[TierCalibration], pictures: Sequence[str]) -> list[str]:
    header = ("tier", "n", "ECE", "ECE of perfect", "Brier", "log loss", "AUC")
    rows = [
        (
            tier.tier,
            f"{tier.ece.n:,}",
            tier.ece.text(),
            f"{tier.ece_of_chance:.3f}",
            tier.brier.text(),
            tier.log_loss.text(),
            tier.auc.text(),
        )
        for tier in tiers
    ]
    parts = ["## Calibration", markdown_table([header, *rows])]
    if "reliability.png" in pictures:
        parts.append("![Predicted and observed success per tier](reliability.png)")
    return parts


def _off_policy_table(reports: dict[str, OffPolicyReport | Refusal]) -> str:
    header = ("policy", "success, doubly robust", "success, SNIPS", "success, IPS", "saving vs top", "effective n")
    rows, notes = [], []
    for name, report in reports.items():
        if isinstance(report, Refusal):
            rows.append((name, "-", "-", "-", "-", "-"))
            notes.append(f"- {name}: refused; {report.reason}.")
            continue
        robust = percent(report.dr.success) if report.dr else "-"
        others = (percent(report.snips.success), percent(report.ips.success), percent(report.saving))
        rows.append((name, robust, *others, f"{report.overlap.n_effective:,.0f}"))
        if report.p_estimated > 0:
            notes.append(f"- {name}: {report.p_estimated:.0%} of propensities were not recorded and are estimated.")
    return "\n".join([markdown_table([header, *rows]), "", *notes]).rstrip()


def _off_policy_slices_text(report: OffPolicySlices) -> str:
    rows = [
        (f"{entry.dimension}: {entry.value}", f"{entry.n:,}", f"{entry.n_effective:,.0f}", percent(entry.loss))
        for entry in report.slices[:8]
    ]
    left_out = (
        f"Slices of the candidate, worst first. Not shown: {report.n_small} with fewer than {MIN_SLICE_CHOICES} steps, "
        f"{report.n_refused} on which the log says too little about the candidate or about always-top."
    )
    header = ("slice", "n", "effective n", "loss vs top")
    return f"{markdown_table([header, *rows])}\n\n{left_out}" if rows else left_out


_NO_ESCALATION = (
    "Escalating operation is not measured here: it needs steps on which every tier was tried. "
    "`tierwise collect` makes some."
)
_UNDER_THE_TABLE = (
    "Value and 95 % interval. Loss and saving are relative to always using the top tier: in dollars, and with each "
    "step's costs told in its own on the top tier, so that all steps count alike. `*` marks the best of its kind: the "
    "cheapest that loses no more than the router does, else the one that loses least; it and the mix are picked "
    "afterwards, on these very steps. With a verifier that share of failures is caught and tried on the next tier. The "
    "oracle takes the tier that succeeded at the least cost, which nobody knows beforehand."
)
_HOW_TO_READ = (
    "Intervals are 95 % and draw whole groups (questions, tasks), not single steps. The curve sweeps the price of "
    "success in dollars; cost is scaled from always-cheapest at 0 to always-top at 1 before the area is taken, success "
    "likewise. `evaluation.json` beside this page holds every figure with its interval, n and effective n; "
    "`docs/guides/evaluation.md` explains each."
)
