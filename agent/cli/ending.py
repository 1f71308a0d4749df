"""How a command ends, and its exit codes: Ctrl-C and a reader that has gone leave no traceback."""

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GOOD = 0
FAILED = 1
WRONG = 2  # a command line that is wrong, as argparse has it
BAD_SETTINGS = 2  # a site file that is wrong
ALREADY_RUNNING = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED = 130
READER_GONE = 141  # as a shell reports SIGPIPE


def ended(command: Callable[[], int]) -> int:
    """The exit code of ``command``; 130 after Ctrl-C, 141 when nobody reads its output any more.

    Where SIGINT ends the process at once, as while it was loading, it does so again after ``command``.
    """
    loading = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    try:
        if loading:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return command()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        if not _reader_has_gone():
            raise
        # What is still in the buffer is written at the end of the process, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return READER_GONE
    finally:
        if loading:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Ctrl-C ends the process without a word. Validators in native code would take it for a value that is wrong."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _reader_has_gone() -> bool:
    """Whether standard output or standard error is a pipe that nobody reads."""
    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
