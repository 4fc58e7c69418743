"""The decision cache keeps what was asked for last."""

from typing import cast

import pytest

from tierwise.data.records import Decision, Reason
from tierwise.serving.deciding.cache import DecisionCache, decision_key, request_digest


def decision(tier: str) -> Decision:
    return Decision(tier, "rules", "v", Reason("rules", ""))


def test_the_decision_that_was_asked_for_longest_ago_makes_room() -> None:
    cache = DecisionCache(2)
    cache.put(b"a", decision("small"))
    cache.put(b"b", decision("mid"))
    assert cache.get(b"a") == decision("small")
    cache.put(b"c", decision("frontier"))
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == (decision("small"), None, decision("frontier"))
    assert len(cache) == 2


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = DecisionCache(0)
    cache.put(b"a", decision("small"))
    assert (len(cache), cache.get(b"a")) == (0, None)


@pytest.mark.parametrize("part", ["step", "options", "session"])
def test_another_step_option_or_session_is_another_request(part: str) -> None:
    one: dict[str, object] = {"step": {"text": "a"}, "options": {}, "session": {}}
    assert request_digest(one) == request_digest({**one, "task_id": "t"})
    assert request_digest(one) != request_digest({**one, part: {"text": "b"}})
    assert decision_key("v1", request_digest(one)) != decision_key("v2", request_digest(one))


def test_what_a_step_is_told_of_earlier_ones_is_part_of_the_request() -> None:
    raw = {"step": {"text": "a"}}
    assert request_digest(raw, cast("tuple[()]", ("failed",))) != request_digest(raw)
