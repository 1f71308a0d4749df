"""A short-lived process: hands it one question, takes one answer, and ends it: by itself, or at the deadline.

The answer comes over a descriptor of its own, whose number is the last argument. What the process prints is its log.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import structlog

from agent.adapters.processes.child_outputs import LARGEST_ANSWER, MOST_PRINTED, ChildOutputs, last_line, shown
from agent.domain.sentences import workers as say

log = structlog.get_logger("child")

NICENESS = 10  # of what may wait: control and plans go before it

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
        """Its answer. Raises ChildFailure; whoever is cancelled while it waits ends the process too."""
        async with self._turn:
            outputs = ChildOutputs()
            try:
                answer = await self._converse(question, outputs)
            except ChildFailure:
                self._log_printed(outputs, failed=True)
                raise
            finally:
                await outputs.close()
        self._log_printed(outputs, failed=False)
        return answer

    async def _converse(self, question: bytes, outputs: ChildOutputs) -> bytes:
        process = await self._started(outputs)
        try:
            async with asyncio.timeout(self._deadline_s):
                await _tell(process, question)
                await process.wait()
                await outputs.end()
        except TimeoutError:
            raise ChildFailure(say.worker_late(worker=self._name, within_s=self._deadline_s)) from None
        finally:
            await _end(process, outputs)
        return self._judged(process.returncode, outputs)

    def _judged(self, code: int | None, outputs: ChildOutputs) -> bytes:
        if outputs.answer.flooded:
            raise ChildFailure(say.worker_answer_too_large(worker=self._name, most=LARGEST_ANSWER))
        if outputs.printed.flooded or outputs.errors.flooded:
            raise ChildFailure(say.worker_printed_too_much(worker=self._name, most=MOST_PRINTED))
        if code != 0:
            raise ChildFailure(self._why_ended(code or 0, last_line(outputs.errors.heard)))
        if not outputs.answer.total:
            raise ChildFailure(say.worker_without_answer(worker=self._name))
        return outputs.answer.heard

    def _why_ended(self, code: int, line: str) -> str:
        """Its last line, which is a sentence again where it is the one about memory."""
        no_memory = say.worker_needs_memory(most=self._memory_mb)
        return no_memory if line == no_memory else line or say.worker_ended(worker=self._name, ending=code)

    async def _started(self, outputs: ChildOutputs) -> Process:
        try:
            await outputs.open()
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(self._memory_mb),
                str(self._deadline_s),
                str(outputs.answer.writing),
                stdin=PIPE,
                stdout=outputs.printed.writing,
                stderr=outputs.errors.writing,
                pass_fds=(outputs.answer.writing,),
                start_new_session=True,  # Ctrl-C in a terminal is for the controller, which then ends the process
                env={**os.environ, **ENVIRONMENT},
            )
        except OSError as error:
            raise ChildFailure(say.worker_not_started(worker=self._name, cause=str(error))) from error
        outputs.belong_to(lambda: _kill(process))
        if self._niceness:
            with suppress(OSError):  # it has ended already, or the service may not do this: it runs as others do
                os.setpriority(os.PRIO_PROCESS, process.pid, self._niceness)
        return process

    def _log_printed(self, outputs: ChildOutputs, failed: bool) -> None:
        """What libraries print is worth a look after a failure; of the errors the reason has the last line already."""
        for stream, pipe in (("stdout", outputs.printed), ("stderr", outputs.errors)):
            if pipe.total:
                tell = log.info if failed and pipe is outputs.printed else log.debug
                tell("child_printed", child=self._name, stream=stream, bytes=pipe.total, text=shown(pipe))


async def _tell(process: Process, question: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended without listening; its code says why
        process.stdin.write(question)
        await process.stdin.drain()
    process.stdin.close()


def _stop_telling(process: Process) -> None:
    """A question that was not read to its end would be waited for as long as somebody holds the other end."""
    assert process.stdin is not None
    if process.stdin.transport.get_write_buffer_size():
        process.stdin.transport.abort()
    else:
        process.stdin.close()


async def _end(process: Process, outputs: ChildOutputs) -> None:
    """Kill it and whatever it has started, and wait for nobody who still holds one of its pipes."""
    if process.returncode is None or outputs.held:
        _kill(process)
    _stop_telling(process)
    await outputs.close()
    await process.wait()


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
