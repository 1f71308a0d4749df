"""A task that is told to end does so, also in the instant in which its answer comes."""

import asyncio

import pytest

from drivers.cancellation import cancellable


async def _told_as_the_answer_comes(answer: asyncio.Future[int], task: asyncio.Task[int]) -> None:
    await asyncio.sleep(0)
    answer.set_result(7)
    task.cancel()


async def test_an_answer_in_the_same_instant_does_not_hide_the_end() -> None:
    answer = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(cancellable(asyncio.wait_for(answer, 10.0)))
    await asyncio.sleep(0)
    await _told_as_the_answer_comes(answer, task)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_failure_in_the_same_instant_does_not_hide_the_end_either() -> None:
    """Else a read would be asked again, and the next unit told what nobody wants any more."""
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(cancellable(asyncio.wait_for(answer, 10.0)))
    await asyncio.sleep(0)
    answer.set_exception(OSError("the peer hung up"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_failure_is_a_failure() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    answer.set_exception(OSError("the peer hung up"))
    with pytest.raises(OSError, match="hung up"):
        await cancellable(answer)


async def test_who_was_told_before_still_gets_answers() -> None:
    """As a release that follows upon Ctrl-C."""

    async def ends_in_order() -> int:
        try:
            await asyncio.sleep(10.0)
        except asyncio.CancelledError:
            return await cancellable(asyncio.sleep(0, 7))
        return 0

    task = asyncio.create_task(ends_in_order())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == 7


async def test_a_deadline_is_still_a_deadline() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await cancellable(asyncio.wait_for(answer, 10.0))
