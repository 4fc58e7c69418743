"""A synchronous client in asynchronous code, for frameworks that call the same object in both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Unpack

from tierwise.agents.client import Measured, RouteFields
from tierwise.agents.client.measured import Measuring


@asynccontextmanager
async def attempt_in_thread(client: Measuring, **fields: Unpack[RouteFields]) -> AsyncIterator[Measured]:
    """``client.attempt`` that waits for the decision on a thread, and not on the event loop."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, client.attempt(**fields))
