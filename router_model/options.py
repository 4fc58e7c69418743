"""What a caller may ask of one decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.declared import Spec, Words
from tierwise.data.errors import RecordError


@dataclass(frozen=True, slots=True)
class DecideOptions:
    """Limits and wishes of one request; every default means "as the router is configured"."""

    max_quality_loss: Annotated[
        float | None,
        Spec(
            Words.NONE,
            "tolerated relative loss of success against always using the top tier, 0 to 1",
            scale=(0, 1),
        ),
    ] = None
    min_tier: Annotated[str | None, Spec(Words.NAME, "no cheaper tier than this")] = None
    max_tier: Annotated[str | None, Spec(Words.NAME, "no dearer tier than this")] = None
    max_cost_usd: Annotated[
        float | None, Spec(Words.NONE, "bounds the expected cost of the step, of all calls of a course", least=0)
    ] = None
    max_latency_ms: Annotated[
        float | None,
        Spec(
            Words.NONE,
            "no [course](guides/courses.md) whose calls may take longer, by the logged times of its tiers: the single "
            "shot then is",
            least=0,
        ),
    ] = None
    catch_rate: Annotated[
        float | None,
        Spec(
            Words.NONE,
            "probability that you notice a failure and then go one tier up: the decision is where to start, and "
            "expected costs are those of all attempts",
            scale=(0, 1),
        ),
    ] = None
    explain: Annotated[bool, Spec(Words.NONE, "also say why, in words and figures")] = False
    courses: Annotated[
        bool, Spec(Words.NONE, "also answer the [course](guides/courses.md) of the step, beside its tier")
    ] = False
    current_tier: Annotated[str | None, Spec(Words.NAME, "the tier that the session talks to now", is_session=True)] = (
        None
    )
    cached_tokens: Annotated[
        int | None,
        Spec(
            Words.NONE, "prompt tokens that the provider of `current_tier` holds in its cache", least=0, is_session=True
        ),
    ] = None
    cached_by_tier: Annotated[
        Mapping[str, int],
        Spec(
            Words.NONE,
            'prompt tokens by tier, for every tier whose cache is still warm (`{"small": 2000, …}`)',
            is_session=True,
        ),
    ] = field(default_factory=dict)

    @property
    def warm_tokens(self) -> Mapping[str, int]:
        """Prompt tokens by tier that providers hold in their caches."""
        if self.current_tier is None or not self.cached_tokens:
            return self.cached_by_tier
        return {**self.cached_by_tier, self.current_tier: self.cached_tokens}

    @property
    def is_plain(self) -> bool:
        """Whether one attempt is meant, whose price no cache changes, and no explanation is asked for."""
        return not (self.catch_rate or self.explain or self.warm_tokens)

    def check(self, catalogue: TierCatalogue) -> None:
        """Raises ``RecordError`` for a value that cannot be honoured; names it and the fix."""
        for option, what in (("max_quality_loss", "a share"), ("catch_rate", "a probability")):
            share = getattr(self, option)
            if share is not None and not 0 <= share <= 1:
                raise RecordError(f"options.{option}", f"is {share}; {what} from 0 to 1 is needed")
        for where, option in (("options", "max_cost_usd"), ("options", "max_latency_ms"), ("session", "cached_tokens")):
            limit = getattr(self, option)
            if limit is not None and not limit >= 0:
                raise RecordError(f"{where}.{option}", f"is {limit}; it cannot be below 0")
        for option in ("min_tier", "max_tier", "current_tier"):
            name = getattr(self, option)
            if name is not None and name not in catalogue.names:
                raise RecordError(f"options.{option}", f"is '{name}'; the tiers are {', '.join(catalogue.names)}")
        for name in self.cached_by_tier:
            if name not in catalogue.names:
                raise RecordError(
                    "session.cached_by_tier", f"names '{name}'; the tiers are {', '.join(catalogue.names)}"
                )
        if self.min_tier and self.max_tier and catalogue.index(self.min_tier) > catalogue.index(self.max_tier):
            raise RecordError("options.min_tier", f"is '{self.min_tier}', above max_tier '{self.max_tier}'")


NO_OPTIONS = DecideOptions()
