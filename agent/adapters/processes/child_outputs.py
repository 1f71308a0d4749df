"""What comes out of a child: the answer by itself, and what is printed as a log that is kept short."""

import asyncio
from collections.abc import Callable

from agent.adapters.processes.child_pipe import ChildPipe

LARGEST_ANSWER = 4 * 1024 * 1024
MOST_PRINTED = 16 * 1024 * 1024  # on either stream; who prints more is ended, since reading costs the controller time
KEPT_OF_PRINTED = 2048
LONGEST_REASON = 300
LINGER_S = 0.5  # for what is still in the pipes when the process has ended and somebody else holds them open


class ChildOutputs:
    """What comes out of a process: its answer, and what it prints on standard output and standard error."""

    def __init__(self) -> None:
        self.answer = ChildPipe(LARGEST_ANSWER, LARGEST_ANSWER)
        self.printed, self.errors = (ChildPipe(MOST_PRINTED, KEPT_OF_PRINTED) for _ in range(2))
        self._all = (self.answer, self.printed, self.errors)

    async def open(self) -> None:
        for pipe in self._all:
            await pipe.open()

    def belong_to(self, kill: Callable[[], None]) -> None:
        """The process has the writing ends now; ``kill`` is for one that writes too much."""
        for pipe in self._all:
            pipe.release()
            pipe.on_flood = kill

    async def end(self) -> None:
        """The process has ended: wait for the ends of its pipes, but not for somebody it has left them to."""
        await asyncio.wait([pipe.ended for pipe in self._all], timeout=LINGER_S)

    @property
    def held(self) -> bool:
        return not all(pipe.ended.done() for pipe in self._all)

    async def close(self) -> None:
        """No descriptor is left when this returns."""
        for pipe in self._all:
            pipe.close()
        await asyncio.wait([pipe.ended for pipe in self._all])


def last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return _printable(lines[-1])[:LONGEST_REASON] if lines else ""


def shown(pipe: ChildPipe) -> str:
    """What came last, and how much was left out before it."""
    text = _printable(pipe.heard.decode("utf-8", "replace").strip())
    left_out = pipe.total - len(pipe.heard)
    return f"[{left_out} bytes left out] {text}" if left_out else text


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)
