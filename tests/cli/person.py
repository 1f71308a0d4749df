"""Somebody at a terminal of 80 columns: a command on a pseudo-terminal, its questions awaited and answered."""

import asyncio
import os
import pty
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PATIENCE_S = 60.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Person:
    """Reads what the command prints, in ``seen``, and types."""

    def __init__(self, terminal: int, running: asyncio.subprocess.Process) -> None:
        self._terminal = terminal
        self._running = running
        self._news = asyncio.Event()
        self._read = 0
        self.seen = ""

    def look(self) -> None:
        """Take in what was printed; called where the terminal has something."""
        try:
            printed = os.read(self._terminal, 65536)
        except OSError:  # the command has ended
            printed = b""
        if not printed:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self.seen += _ESCAPES.sub("", printed.decode("utf-8", "replace")).replace("\r", "")
        self._news.set()

    async def sees(self, words: str) -> None:
        """Wait until ``words`` are printed after what was seen before."""
        async with asyncio.timeout(PATIENCE_S):
            while (at := self.seen.find(words, self._read)) < 0:
                self._news.clear()
                await self._news.wait()
        self._read = at + len(words)

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    async def answers(self, words: str, text: str) -> None:
        """Wait for the question with ``words`` and its prompt, and answer with a line."""
        await self.sees(words)
        await self.sees("\n> ")
        self.types(f"{text}\n")

    async def ends_by(self, key: str) -> int:
        """Press a key until the command has ended: the first may come before it has begun to wait. The exit code."""
        ending = asyncio.create_task(self.ends())
        while not ending.done():
            with suppress(OSError):  # it has just ended
                self.types(key)
            await asyncio.wait([ending], timeout=0.5)
        return ending.result()

    async def ends(self) -> int:
        """Wait for the exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._running.wait()


@asynccontextmanager
async def at_a_terminal(*arguments: str) -> AsyncIterator[Person]:
    """``enalysis-edge`` with these arguments on a terminal of its own."""
    ours, theirs = pty.openpty()
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agent", *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm", "PYTHONPATH": os.getcwd()},
        preexec_fn=_own_terminal,
    )
    os.close(theirs)
    person = Person(ours, running)
    asyncio.get_running_loop().add_reader(ours, person.look)
    try:
        yield person
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if running.returncode is None:
            running.kill()
            await running.wait()
        os.close(ours)


def _own_terminal() -> None:
    """Ctrl-C that is typed reaches the command: its terminal is the one that controls it."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
