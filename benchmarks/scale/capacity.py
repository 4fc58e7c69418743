"""From users to machines and money: a model simple enough to check by hand, fed by what was measured.

Every figure is either measured (and says where) or an assumption to put your own in. The table of docs/scale.md is
what ``python -m benchmarks.scale --capacity`` prints.
"""

from dataclasses import dataclass
from math import ceil

DAY_SECONDS = 86_400
DAYS_A_MONTH = 30


@dataclass(frozen=True, slots=True)
class Team:
    """Who is to be served: assumptions. ``peak_factor`` is the busiest minute over the mean of the day."""

    n_users: int
    steps_a_user_a_day: float = 20.0
    peak_factor: float = 5.0
    retention_days: int = 90
    trainings_a_day: float = 1.0

    @property
    def steps_a_day(self) -> float:
        return self.n_users * self.steps_a_user_a_day


@dataclass(frozen=True, slots=True)
class Costs:
    """``decision_cpu_ms``: a decision with its recording, 64 tokens, not cached (``make bench-serving``).
    ``log_kb_a_step``: a decision and its outcome in the log, with indexes. ``training_cpu_seconds`` of 50,000 steps and
    ``reading_cpu_seconds_a_step``: ``make bench-scale``, on a busy machine. The rest are assumptions."""

    training_cpu_seconds: float = 230.0
    reading_cpu_seconds_a_step: float = 0.25e-3
    decision_cpu_ms: float = 1.2
    log_kb_a_step: float = 2.0
    busy_share: float = 0.5
    usd_a_core_hour: float = 0.05
    usd_a_gb_month: float = 0.15
    top_tier_usd_a_step: float = 0.002
    saved_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """What a team needs, and what the router saves it; money is US dollars a month."""

    team: Team
    peak_steps_a_second: float
    n_replicas: int
    log_gb: float
    training_core_minutes: float
    usd_a_month: float
    saved_usd_a_month: float


def plan(team: Team, costs: Costs) -> Plan:
    """Replicas are processes of one core each, two at least, busy for ``busy_share`` of the peak at most."""
    peak = team.steps_a_day / DAY_SECONDS * team.peak_factor
    n_replicas = max(2, ceil(peak * costs.decision_cpu_ms / 1e3 / costs.busy_share))
    log_gb = team.steps_a_day * team.retention_days * costs.log_kb_a_step / 1e6
    read = team.steps_a_day * team.retention_days * costs.reading_cpu_seconds_a_step
    training_seconds = costs.training_cpu_seconds + read
    core_hours = n_replicas * 24.0 + team.trainings_a_day * training_seconds / 3600
    return Plan(
        team=team,
        peak_steps_a_second=peak,
        n_replicas=n_replicas,
        log_gb=log_gb,
        training_core_minutes=training_seconds / 60,
        usd_a_month=DAYS_A_MONTH * core_hours * costs.usd_a_core_hour + log_gb * costs.usd_a_gb_month,
        saved_usd_a_month=DAYS_A_MONTH * team.steps_a_day * costs.top_tier_usd_a_step * costs.saved_share,
    )


def capacity_table(costs: Costs, sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)) -> list[str]:
    """A Markdown table, a team a row."""
    lines = [
        "| users | steps a day | at the peak | replicas | log | one training | machines and disks | saved |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in (plan(Team(size), costs) for size in sizes):
        cells = (
            f"{one.team.n_users:,}",
            f"{one.team.steps_a_day:,.0f}",
            f"{one.peak_steps_a_second:,.0f}/s",
            f"{one.n_replicas}",
            f"{one.log_gb:,.1f} GB",
            f"{one.training_core_minutes:,.0f} core minutes",
            f"${one.usd_a_month:,.0f} a month",
            f"${one.saved_usd_a_month:,.0f} a month",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
