"""The decision cache: a step that recurs exactly gets the decision that it got before."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from pydantic_core import to_json

from tierwise.data.records import Decision, EarlierStep


def request_digest(raw: Mapping[str, Any], before: Sequence[EarlierStep] = ()) -> bytes:
    """A digest of everything in a request that a decision depends on: step, options and session, and what the step is
    told of earlier ones.

    Objects that differ only in the order of their keys get different digests, which costs a miss and nothing else.
    """
    content = to_json((raw.get("step"), raw.get("options"), raw.get("session")))
    return blake2b(content + repr(before).encode() if before else content, digest_size=16).digest()


def decision_key(router_version: str, digest: bytes) -> bytes:
    """The key of the decision that one version of a router takes on one request."""
    return router_version.encode() + digest


class DecisionCache:
    """The last ``max_entries`` decisions by key. It belongs to one event loop and takes no locks."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._decisions: OrderedDict[bytes, Decision] = OrderedDict()

    def get(self, key: bytes) -> Decision | None:
        decision = self._decisions.get(key)
        if decision is not None:
            self._decisions.move_to_end(key)
        return decision

    def put(self, key: bytes, decision: Decision) -> None:
        if self._max_entries == 0:
            return
        self._decisions[key] = decision
        if len(self._decisions) > self._max_entries:
            self._decisions.popitem(last=False)

    def __len__(self) -> int:
        return len(self._decisions)
