"""What labels and a judge say together, by tier and by part where a part has labels enough."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tierwise.data.compared.judged import MIN_LABELS, JudgedShare, judged_share
from tierwise.data.compared.labelled import Item


@dataclass(frozen=True, slots=True)
class JudgedGroup:
    """The answers of a tier, or those of one part of its work."""

    tier: str
    part: str | None
    found: JudgedShare

    @property
    def name(self) -> str:
        return self.tier if self.part is None else f"{self.tier}, {self.part}"


def judged_groups(items: Sequence[Item], values: Sequence[float]) -> Iterator[JudgedGroup]:
    """Each tier with a label, followed by its parts with ``MIN_LABELS``. ``values`` is 1, 0 or NaN for each item."""
    for tier in dict.fromkeys(item.tier for item in items):
        of_tier = [(item, value) for item, value in zip(items, values, strict=True) if item.tier == tier]
        parts = sorted({item.part for item, _ in of_tier})
        for part in (None, *(parts if len(parts) > 1 else ())):
            group = [(item.verdict, value) for item, value in of_tier if part in (None, item.part)]
            n_labels = sum(not math.isnan(value) for _, value in group)
            if n_labels >= (1 if part is None else MIN_LABELS):
                yield JudgedGroup(tier, part, judged_share([v for v, _ in group], [value for _, value in group]))
