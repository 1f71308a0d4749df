"""One thread that reads the store for the console, one question after the other, each for three seconds at most."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from agent.adapters.store.store_reader import NoStore, ReadTooLong, StoreOlder, read_within
from agent.console.problem import Problem
from agent.ports import StoreFailure

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

LONGEST_S = 3.0
MOST_WAITING = 16


class StoreThread:
    """Answers wait in a line; one that is too long is told so at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "store")
        self._waiting = 0

    async def ask(self, read: Callable[Asked, Answer], *args: Asked.args, **words: Asked.kwargs) -> Answer:
        """What ``read`` returns, which may use the readers of the store. Raises Problem."""
        if self._waiting >= MOST_WAITING:
            raise Problem("busy", "too many questions wait for the store", after_s=1)

        def limited() -> Answer:
            with read_within(LONGEST_S):
                return read(*args, **words)

        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, limited)
        except StoreFailure as failure:
            raise _problem(failure) from failure
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _problem(failure: StoreFailure) -> Problem:
    match failure:
        case StoreOlder():
            return Problem("store_older", str(failure))
        case ReadTooLong():
            return Problem("store_slow", str(failure))
        case NoStore():
            return Problem("no_store", str(failure))
        case _:
            return Problem("no_store", str(failure), after_s=5)
