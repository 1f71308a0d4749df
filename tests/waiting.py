"""Waits for what comes about beside a test, and no longer than it may take."""

import asyncio
from collections.abc import Callable


async def until(reached: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait until ``reached`` is true; fail when that takes too long."""
    async with asyncio.timeout(timeout_s):
        while not reached():
            await asyncio.sleep(0.01)
