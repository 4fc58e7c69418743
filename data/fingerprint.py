"""The fingerprint of a dataset: the same steps with the same outcomes give the same one, in whatever order."""

import json
from collections.abc import Iterable
from hashlib import sha256

from tierwise.data.records import LoggedStep
from tierwise.data.serialise import logged_step_to_dict


def dataset_fingerprint(steps: Iterable[LoggedStep]) -> str:
    """The sha256 over the sorted digests of the steps, as 64 hexadecimal digits."""
    digests = sorted(_digest(step) for step in steps)
    return sha256(b"".join(digests)).hexdigest()


def in_canonical_order(steps: Iterable[LoggedStep]) -> list[LoggedStep]:
    """The steps in an order that depends on nothing but the steps, and that carries no information about them."""
    return sorted(
        steps, key=lambda step: (sha256(step.step_id.encode("utf-8", "surrogatepass")).digest(), _digest(step))
    )


def _digest(step: LoggedStep) -> bytes:
    canonical = json.dumps(logged_step_to_dict(step), sort_keys=True, default=str)
    return sha256(canonical.encode("utf-8", "surrogatepass")).digest()
