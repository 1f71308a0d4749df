"""One message that meets a defect does not end the hearing of the next."""

import asyncio

import pytest

from agent.hearing import Message, hear


async def test_a_defect_with_one_message_ends_the_hearing_of_no_other() -> None:
    waiting: asyncio.Queue[Message] = asyncio.Queue()
    for topic in ("first", "bad", "last"):
        waiting.put_nowait((topic, b"", False))
    taken: list[str] = []
    all_taken = asyncio.Event()

    async def take(topic: str, payload: bytes, retained: bool) -> None:
        if topic == "bad":
            raise ZeroDivisionError("a defect")
        taken.append(topic)
        if topic == "last":
            all_taken.set()

    listening = asyncio.create_task(hear(waiting.get, take))
    async with asyncio.timeout(10.0):
        await all_taken.wait()
    assert taken == ["first", "last"]
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
