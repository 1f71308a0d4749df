"""A short-lived process: hands it one question, takes one answer, and ends it: by itself, or at the deadline."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

LARGEST_ANSWER = 4 * 1024 * 1024

# One thread each, since no more are needed, and no telemetry: onnxruntime sends it by default on Linux.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "PYTHONSAFEPATH": "1",
}


class ChildFailure(Exception):
    """There is no answer. ``str()`` says why in one sentence."""


class ChildProcess:
    """Starts ``command`` (else the module) with its memory limit in MB and its deadline in seconds, once a question.

    ``name`` is the word for it in sentences. Those that share ``turn`` wait for each other, so that their memory does
    not add up; the deadline counts from the start. ``niceness`` above 0 leaves the processor to others first.
    """

    def __init__(
        self,
        name: str,
        module: str,
        deadline_s: float,
        memory_mb: int,
        command: tuple[str, ...] | None = None,
        turn: asyncio.Lock | None = None,
        niceness: int = 0,
    ) -> None:
        self._name, self._deadline_s, self._memory_mb = name, deadline_s, memory_mb
        self._command = command or (sys.executable, "-m", module)
        self._turn = turn or asyncio.Lock()
        self._niceness = niceness

    async def ask(self, question: bytes) -> bytes:
        """What it printed. Raises ChildFailure; whoever is cancelled while it waits ends the process too."""
        async with self._turn:
            process = await self._started()
            try:
                async with asyncio.timeout(self._deadline_s):
                    answer, said = await _converse(process, question)
            except TimeoutError:
                late = f"the {self._name} did not answer within {self._deadline_s:g} s and was ended"
                raise ChildFailure(late) from None
            finally:
                await _end(process)
        if max(len(answer), len(said)) > LARGEST_ANSWER:
            raise ChildFailure(f"the {self._name}'s answer is larger than {LARGEST_ANSWER} bytes")
        if process.returncode != 0:
            raise ChildFailure(_last_line(said) or f"the {self._name} ended with code {process.returncode}")
        return answer

    async def _started(self) -> Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(self._memory_mb),
                str(self._deadline_s),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,  # Ctrl-C in a terminal is for the controller, which then ends the process
                env={**os.environ, **ENVIRONMENT},
            )
        except OSError as error:
            raise ChildFailure(f"the {self._name} could not be started: {error}") from error
        if self._niceness:
            with suppress(OSError):  # it has ended already, or the service may not do this: it runs as others do
                os.setpriority(os.PRIO_PROCESS, process.pid, self._niceness)
        return process


async def _converse(process: Process, question: bytes) -> tuple[bytes, bytes]:
    """Its answer, and what it said on standard error."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    answer, said = _listen(process, process.stdout), _listen(process, process.stderr)
    _, heard, complaint = await asyncio.gather(_tell(process.stdin, question), answer, said)
    await process.wait()
    return heard, complaint


async def _tell(stdin: asyncio.StreamWriter, question: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended without listening; its code says why
        stdin.write(question)
        await stdin.drain()
    stdin.close()


async def _listen(process: Process, stream: asyncio.StreamReader) -> bytes:
    """All of it. One that talks on and on would fill the controller's memory, so it is ended; the rest is dropped."""
    heard = bytearray()
    while chunk := await stream.read(65536):
        if len(heard) <= LARGEST_ANSWER:
            heard += chunk
        elif process.returncode is None:
            process.kill()
    return bytes(heard)


async def _end(process: Process) -> None:
    """Kill it and whatever it has started. What is left in its pipes is read: ``wait`` waits for their ends too."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
