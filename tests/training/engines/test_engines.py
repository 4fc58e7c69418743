"""Engines run the same functions in the order of the items, and say what is wrong with an address."""

import pytest

from tierwise.training.engines.choice import EngineName, open_engine
from tierwise.training.engines.engine import EngineError
from tierwise.training.engines.local import LocalEngine


def raised_to(shared: int, item: int) -> int:
    return int(shared**item)


def test_the_local_engine_keeps_the_order() -> None:
    assert list(LocalEngine().map(raised_to, 2, [3, 1, 2])) == [8, 2, 4]
    assert list(LocalEngine().map(raised_to, 2, [])) == []


def test_the_local_engine_takes_no_address() -> None:
    with pytest.raises(EngineError, match=r"the local engine has no address, and 'tcp://h:1' was given"):
        open_engine(EngineName.LOCAL, "tcp://h:1")


def test_the_dask_engine_needs_an_address() -> None:
    with pytest.raises(EngineError, match="needs the address of its scheduler"):
        open_engine(EngineName.DASK)


@pytest.mark.parametrize("address", ["nonsense://x", "no-such-host-name"])
def test_an_address_that_makes_no_sense_is_refused_with_the_fix(address: str) -> None:
    with pytest.raises(EngineError, match="start one: dask scheduler"):
        open_engine(EngineName.DASK, address)
