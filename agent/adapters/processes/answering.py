"""The child's side of a question: takes it, answers on a descriptor of its own, or says in one sentence why not."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from agent.adapters.processes.memory_limit import limit_memory
from agent.domain.sentences.workers import worker_needs_memory

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


def answer_once(answer: Callable[[bytes, float], str], *refusals: type[Exception]) -> int:
    """Hand ``answer`` the question from standard input and the deadline in s; write what it returns. The exit code.

    The arguments of the process are its memory limit in MB, its deadline in s and the number of the descriptor that
    takes the answer, standard output when left out. Nothing else is written there, whatever native code prints. A
    refusal is one sentence on standard error and code 1.
    """
    memory_mb, deadline_s = int(sys.argv[1]), float(sys.argv[2])
    descriptor = _kept_apart(int(sys.argv[3]) if len(sys.argv) > 3 else STANDARD_OUTPUT)
    limit_memory(memory_mb)
    try:
        text = answer(sys.stdin.buffer.read(), deadline_s)
    except MemoryError:
        return _refused(worker_needs_memory(most=memory_mb))
    except refusals as error:
        return _refused(str(error) or type(error).__name__)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return 0


def leave(code: int) -> NoReturn:
    """End at once: all is written, and to take the libraries down in order costs as much as to forecast."""
    sys.stderr.flush()
    os._exit(code)


def _refused(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _kept_apart(descriptor: int) -> int:
    """``descriptor`` for the answer alone: not for what we start, and no longer standard output."""
    if descriptor == STANDARD_OUTPUT:
        descriptor = os.dup(STANDARD_OUTPUT)
        os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    os.set_inheritable(descriptor, False)
    return descriptor
