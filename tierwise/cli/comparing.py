"""What ``tierwise collect --compare`` tells: whose answers are missing, and how many mean the same."""

from collections.abc import Mapping, Sequence

from tierwise.agents.collect import Compared, Job, UpstreamAnswerer, comparing_jobs
from tierwise.cli.console import fail, print_table, say
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.mirrored import has_answer
from tierwise.data.records import LoggedStep


def check_comparing(compare: str | None, sample: int | None, catalogue: TierCatalogue) -> None:
    """Raises ``CatalogueError`` for a tier that is not there, or a sample that nothing is compared of."""
    if compare is not None:
        catalogue.index(compare)
    elif sample is not None:
        raise CatalogueError(
            "--sample draws steps to compare; name the tier with --compare, such as --compare frontier"
        )


def jobs_to_compare(
    logged: Sequence[LoggedStep], answerers: Mapping[str, UpstreamAnswerer], top: str, sample: int | None
) -> list[Job]:
    """The jobs of ``collect --compare``; tells how many answers are there already."""
    jobs = comparing_jobs(logged, answerers, top, sample)
    n_there = sum(any(a.tier == top and has_answer(a) for a in step.attempts) for step in logged)
    say(f"{n_there} of {len(logged)} steps hold an answer of '{top}'; it is asked where one is missing.")
    return jobs


def say_compared(compared: Compared, catalogue: TierCatalogue, top: str) -> None:
    """By tier how many answers mean the same, with 95 % intervals over whole tasks, and of how many that is unknown."""
    rows = []
    for name in catalogue.names:
        same, n_open = compared.same(name), compared.n_open[name]
        if same is not None:
            shown = f"{same.value:.1%} [{same.low:.1%}, {same.high:.1%}]"
            rows.append((name, str(same.n), str(compared.n_different(name)), str(n_open), shown))
        elif n_open:
            rows.append((name, "0", "0", str(n_open), "unknown"))
    print_table(f"Against the answers of '{top}'", ("tier", "compared", "differ", "cannot tell", "same"), rows)
    if compared.n_open.total():
        say("Answers that cannot be told alike, such as long prose, count for nothing here; a judge can compare them.")
    if not compared.n_known:
        fail("no answer could be compared, so nothing was learned; is the log's own answer there (tierwise import)?")
