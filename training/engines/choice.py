"""Which engine a name stands for. An engine's library is imported when the engine is asked for, and not before."""

from enum import StrEnum

from tierwise.data.errors import MissingExtraError
from tierwise.training.engines.engine import Engine, EngineError


class EngineName(StrEnum):
    """The engines that there are."""

    LOCAL = "local"
    DASK = "dask"


def open_engine(name: EngineName, address: str | None = None) -> Engine:
    """Raises ``EngineError`` for an address that is missing, not needed or not answered."""
    if name is EngineName.LOCAL:
        if address is not None:
            raise EngineError(f"the local engine has no address, and '{address}' was given; ask for --engine dask")
        from tierwise.training.engines.local import LocalEngine

        return LocalEngine()
    if not address:
        raise EngineError("the dask engine needs the address of its scheduler, such as --address tcp://127.0.0.1:8786")
    try:
        from tierwise.training.engines.dask import DaskEngine
    except ImportError:
        raise MissingExtraError("distributed", "dask") from None
    return DaskEngine(address)
