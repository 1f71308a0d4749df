"""Starts the planner, hands it one request, takes one plan, and ends it: by itself, or at the deadline."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process

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
        process = await asyncio.create_subprocess_exec(
            *self._command,
            str(self._memory_mb),
            str(self._deadline_s),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=LARGEST_PLAN,
            start_new_session=True,  # Ctrl-C in a terminal is for the controller, which then ends the planner
            env={**os.environ, **ENVIRONMENT},
        )
        try:
            async with asyncio.timeout(self._deadline_s):
                answer, said = await process.communicate(to_json(request).encode())
        except TimeoutError:
            raise PlannerFailure(f"the planner did not answer within {self._deadline_s:g} s and was ended") from None
        finally:
            await _end(process)
        if process.returncode != 0:
            raise PlannerFailure(_last_line(said) or f"the planner ended with code {process.returncode}")
        if len(answer) > LARGEST_PLAN:
            raise PlannerFailure(f"the planner's answer is larger than {LARGEST_PLAN} bytes")
        try:
            return from_json(Plan, answer)
        except WireError as error:
            raise PlannerFailure(f"the planner's answer is no plan: {error}") from error


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
