"""What pymodbus awaits ends with us when we are told to end."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def cancellable(waiting: Awaitable[Result]) -> Result:
    """Its result. Raises CancelledError when this task was cancelled meanwhile, also where ``waiting`` hides it.

    ``asyncio.wait_for`` of Python 3.11 hides it when its answer comes in the same instant (bpo-42130, mended in 3.12).
    """
    task = asyncio.current_task()
    told = 0 if task is None else task.cancelling()
    result = await waiting
    if task is not None and task.cancelling() > told:
        raise asyncio.CancelledError
    return result
