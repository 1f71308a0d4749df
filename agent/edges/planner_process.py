"""Starts the planner, hands it one request, takes one plan, and ends it: by itself, or at the deadline."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import PlannerFailure

LARGEST_PLAN = 4 * 1024 * 1024

# One thread each, since a plan needs no more, and no telemetry: onnxruntime sends it by default on Linux.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "PYTHONSAFEPATH": "1",
}


class PlannerProcess:
    """Implements ``agent.ports.Planner`` by a process that lives for one plan."""

    def __init__(self, deadline_s: float, memory_mb: int, command: tuple[str, ...] | None = None) -> None:
        self._deadline_s, self._memory_mb = deadline_s, memory_mb
        self._command = command or (sys.executable, "-m", "agent.planner")

    async def plan(self, request: PlanRequest) -> Plan:
        process = await self._started()
        try:
            async with asyncio.timeout(self._deadline_s):
                answer, said = await _converse(process, to_json(request).encode())
        except TimeoutError:
            raise PlannerFailure(f"the planner did not answer within {self._deadline_s:g} s and was ended") from None
        finally:
            await _end(process)
        if max(len(answer), len(said)) > LARGEST_PLAN:
            raise PlannerFailure(f"the planner's answer is larger than {LARGEST_PLAN} bytes")
        if process.returncode != 0:
            raise PlannerFailure(_last_line(said) or f"the planner ended with code {process.returncode}")
        try:
            return from_json(Plan, answer)
        except (WireError, RecursionError) as error:
            raise PlannerFailure(f"the planner's answer is no plan: {error}") from error

    async def _started(self) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                str(self._memory_mb),
                str(self._deadline_s),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,  # Ctrl-C in a terminal is for the controller, which then ends the planner
                env={**os.environ, **ENVIRONMENT},
            )
        except OSError as error:
            raise PlannerFailure(f"the planner could not be started: {error}") from error


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
        if len(heard) <= LARGEST_PLAN:
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
