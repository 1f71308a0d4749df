"""What pymodbus awaits ends with us when we are told to end."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def cancellable(waiting: Awaitable[Result]) -> Result:
    """Its result. Raises CancelledError when this task was cancelled meanwhile, also where ``waiting`` hides it.

    ``asyncio.wait_for`` of Python 3.11 hides it when its answer, or a failure, comes in the same instant (bpo-42130,
    mended in 3.12).
    """
    task = asyncio.current_task()
    told = 0 if task is None else task.cancelling()
    try:
        result = await waiting
    except Exception as error:
        if task is not None and task.cancelling() > told:
            raise asyncio.CancelledError from error
        raise
    if task is not None and task.cancelling() > told:
        raise asyncio.CancelledError
    return result
