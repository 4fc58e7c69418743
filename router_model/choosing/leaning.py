"""How a step leans where the policy is in doubt.

Steps that look alike to the predictor get the same score, and would leave the top tier all at once, at another cost
weight in each fit: the saving of what serves would jump about the certified one. So the cost weight of a step is
spread around that of its operating point, by a factor that only its text decides. Near a tie some of the steps that
look alike leave the top tier and some stay; the share that leaves moves smoothly, and what is certified on held-out
steps carries over. The factor knows nothing of outcomes, and the same step always gets the same one.
"""

import math
from hashlib import blake2b

NO_SPREAD = 0.0


def leaning(text: str) -> float:
    """A number in [-1, 1), the same for the same text and as if drawn uniformly over different ones."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**63 - 1.0


def weight_factor(lean: float, spread: float) -> float:
    """What the cost weight of a step that leans by ``lean`` is multiplied with: between ``exp(-spread)`` and
    ``exp(spread)``."""
    return math.exp(spread * lean)
