"""What ``tierwise collect --compare`` tells: whose answers are missing, and how many mean the same."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tierwise.agents.attempts import Allowance, AttemptSettings
from tierwise.agents.collect import (
    Compared,
    EquivalenceJudge,
    Job,
    Journal,
    Pair,
    UpstreamAnswerer,
    compared_steps,
    comparing_jobs,
    judge_pairs,
    open_pairs,
    with_judge_scores,
)
from tierwise.agents.upstreams import Upstreams
from tierwise.cli.console import StageBar, fail, print_table, say
from tierwise.cli.logs.mirroring import needed_lines
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.mirrored import has_answer
from tierwise.data.errors import CatalogueError
from tierwise.data.records import LoggedStep
from tierwise.router_model.choosing.policy import DEFAULT_MAX_QUALITY_LOSS
from tierwise.router_model.steps_needed import Seen

_CONFIDENCE = 0.9  # of certification, unless train.toml says otherwise


@dataclass(slots=True)
class Comparison:
    """``collect --compare``: the tier ``top`` whose answers count as right, who judges what cannot be compared by
    itself, and how many steps are drawn."""

    top: str
    judge: str | None
    n_steps: int | None
    compared: Compared = field(default_factory=Compared)

    def jobs(self, logged: Sequence[LoggedStep], answerers: Mapping[str, UpstreamAnswerer]) -> list[Job]:
        """The answers to ask for; tells how many are there already."""
        n_there = sum(any(a.tier == self.top and has_answer(a) for a in step.attempts) for step in logged)
        say(f"{n_there} of {len(logged)} steps hold an answer of '{self.top}'; it is asked where one is missing.")
        return comparing_jobs(logged, answerers, self.top, self.n_steps)

    def told(
        self, steps: Iterable[LoggedStep], upstreams: Upstreams, allowance: Allowance, out: Path
    ) -> Iterator[LoggedStep]:
        """The steps with success by comparison, and with the judge's opinions where there is a judge."""
        if self.judge is not None:
            kept = out.with_name(f"{out.name}.judged.jsonl")
            steps = _judged_steps(list(steps), self.top, self.judge, upstreams, allowance, kept)
        return compared_steps(steps, self.top, self.compared)

    def say(self, catalogue: TierCatalogue, command: str) -> None:
        """By tier how many answers mean the same, with 95 % intervals over whole tasks, how many are open, and how
        many more steps are needed; then the next ``command``."""
        rows = []
        for name in catalogue.names:
            same, n_open = self.compared.same(name), self.compared.n_open[name]
            if same is not None:
                shown = f"{same.value:.1%} [{same.low:.1%}, {same.high:.1%}]"
                rows.append((name, str(same.n), str(self.compared.n_different(name)), str(n_open), shown))
            elif n_open:
                rows.append((name, "0", "0", str(n_open), "unknown"))
        columns = ("tier", "compared", "differ", "cannot tell", "same")
        print_table(f"Against the answers of '{self.top}'", columns, rows)
        seen = {
            name: Seen.by_task(self.compared.n_different(name), self.compared.n_open[name], sizes)
            for name in catalogue.names
            if name != self.top and (sizes := self.compared.sizes(name))
        }
        for line in needed_lines(seen, DEFAULT_MAX_QUALITY_LOSS, _CONFIDENCE):
            say(line)
        if self.compared.n_open.total() and self.judge is None:
            say("Answers that cannot be told alike, such as long prose, count for nothing here; --judge TIER helps.")
        if not self.compared.n_known and self.judge is None:
            fail(
                "no answer could be compared, so nothing was learned; is the log's own answer there (tierwise import)?"
            )
        say(f"Next: {command}")


def open_comparison(
    top: str | None, judge: str | None, n_steps: int | None, catalogue: TierCatalogue
) -> Comparison | None:
    """None where nothing is to be compared. Raises ``CatalogueError`` for a tier that is not there, or options that
    need one."""
    if judge is not None:
        catalogue.index(judge)
    if top is not None:
        catalogue.index(top)
        return Comparison(top, judge, n_steps)
    if judge is not None:
        raise CatalogueError("--judge compares answers; name the tier to compare with, such as --compare frontier")
    if n_steps is not None:
        raise CatalogueError(
            "--sample draws steps to compare; name the tier with --compare, such as --compare frontier"
        )
    return None


def _judged_steps(
    steps: Sequence[LoggedStep], top: str, tier: str, upstreams: Upstreams, allowance: Allowance, journal_path: Path
) -> Iterator[LoggedStep]:
    """With the judge's opinions where answers cannot be compared by themselves; resumed like the asking."""
    pairs = list(open_pairs(steps, top))
    judge = EquivalenceJudge(upstreams.lines(tier), allowance, AttemptSettings())
    with Journal(journal_path) as journal:
        ended_by = asyncio.run(_judged(pairs, judge, journal, upstreams))
        judged = with_judge_scores(steps, journal)
        scores = [
            journal.attempts_of(p.step_id)[p.tier]["judge_score"] for p in pairs if journal.holds(p.step_id, p.tier)
        ]
    if scores:
        n_same, n_half = sum(score == 1 for score in scores), sum(score == 0.5 for score in scores)
        say(f"The judge found {n_same} of {len(scores)} pairs the same in both orders and {n_half} in one of them.")
        say("That certifies nothing until people have labelled some of them: tierwise label.")
    if ended_by is not None:
        say(f"{ended_by}. Run the same command again to go on from {journal_path}")
    return judged


async def _judged(pairs: Sequence[Pair], judge: EquivalenceJudge, journal: Journal, upstreams: Upstreams) -> str | None:
    async with upstreams:
        with StageBar() as bar:
            bar("judging", len(pairs))
            async for ended_by in judge_pairs(pairs, judge, journal):
                if ended_by is not None:
                    return ended_by
                bar.step()
    return None
