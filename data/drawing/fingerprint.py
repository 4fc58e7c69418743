"""The fingerprint of a dataset: the same steps with the same outcomes give the same one, in whatever order."""

import json
from collections.abc import Iterable
from hashlib import sha256

import numpy as np

from tierwise.data.records import LoggedStep
from tierwise.data.serialise import logged_step_to_dict

DIGEST_BYTES = 32


def dataset_fingerprint(steps: Iterable[LoggedStep]) -> str:
    """The sha256 over the sorted digests of the steps, as 64 hexadecimal digits."""
    return fingerprint_of(b"".join(step_digest(step) for step in steps))


def fingerprint_of(digests: bytes | bytearray) -> str:
    """The same from the steps' digests of ``DIGEST_BYTES`` each, one after the other in any order."""
    return sha256(np.sort(np.frombuffer(digests, dtype=f"S{DIGEST_BYTES}")).tobytes()).hexdigest()


def unique_digests(digests: bytes | bytearray) -> bytes:
    """Every digest once, in ascending order."""
    return np.unique(np.frombuffer(digests, dtype=f"S{DIGEST_BYTES}")).tobytes()


def in_canonical_order(steps: Iterable[LoggedStep]) -> list[LoggedStep]:
    """The steps in an order that depends on nothing but the steps, and that carries no information about them."""
    return sorted(steps, key=lambda step: canonical_key(step, step_digest(step)))


def canonical_key(step: LoggedStep, digest: bytes) -> bytes:
    """What the canonical order sorts by; ``digest`` is the step's own."""
    return sha256(step.step_id.encode("utf-8", "surrogatepass")).digest() + digest


def step_digest(step: LoggedStep) -> bytes:
    """The sha256 of all that the log says of a step."""
    canonical = json.dumps(logged_step_to_dict(step), sort_keys=True, default=str)
    return sha256(canonical.encode("utf-8", "surrogatepass")).digest()
