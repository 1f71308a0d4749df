"""How a command ends, and its exit codes: Ctrl-C and a reader that has gone leave no traceback."""

import errno
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from io import TextIOWrapper
from types import FrameType

GOOD = 0
FAILED = 1
WRONG = 2  # a command line that is wrong, as argparse has it
BAD_SETTINGS = 2  # a site file that is wrong
ALREADY_RUNNING = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED = 130
READER_GONE = 141  # as a shell reports SIGPIPE
AS_WHOM = "ask as the agent's own user (sudo -u enalysis-edge) or as root"


def ended(command: Callable[[], int]) -> int:
    """The exit code of ``command``; 130 after Ctrl-C, 141 when nobody reads its output any more.

    A file that is closed to this user, and a standard output that is closed or on a full disk, are one sentence,
    wherever they are met. A letter that the character set of standard output lacks is a question mark there.

    Where SIGINT ends the process at once, as while it was loading, it does so again after ``command``.
    """
    loading = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    unwritable = {errno.ENOSPC: os.strerror(errno.ENOSPC)}
    if sys.stdout is None:
        _take_the_place_of_standard_output()
        unwritable[errno.EBADF] = "standard output is closed"
    elif isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")
    try:
        if loading:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return command()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        if not _reader_has_gone():
            raise
        # What is still in the buffer is written at the end of the process, which would fail again.
        _print_nowhere()
        return READER_GONE
    except PermissionError as error:
        if error.filename is None:
            raise
        print(f"{error.filename} is closed to this user: {error.strerror}; {AS_WHOM}", file=sys.stderr)
        return FAILED
    except OSError as error:
        why = unwritable.get(error.errno or 0)
        if why is None or error.filename is not None:
            raise
        print(f"what was asked cannot be written: {why}", file=sys.stderr)
        _print_nowhere()
        return FAILED
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


def load_pictures() -> None:
    """matplotlib, while Ctrl-C ends the process at once: its fonts abort a process that is interrupted in their import.

    Where it is missing, whoever draws says so.
    """
    with ending_at_once(), suppress(ImportError):
        for name in ("matplotlib.pyplot", "matplotlib.backends.backend_agg"):
            import_module(name)


@contextmanager
def ctrl_c_in_imports() -> Iterator[None]:
    """Ctrl-C is a KeyboardInterrupt, also while native code is imported: that makes an ImportError of it.

    Not around ``asyncio.run``, which listens itself where Python's own handler is in place.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        heard = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    except ImportError as error:
        if not heard:
            raise
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGINT, before)


def _take_the_place_of_standard_output() -> None:
    """A descriptor that refuses what is written, as one that is closed does.

    Otherwise the next file that is opened, such as the store, would be what native libraries print into.
    """
    descriptor = os.open(os.devnull, os.O_RDONLY)
    if descriptor == 0:  # standard input is closed, too
        descriptor = os.dup(descriptor)
    sys.stdout = os.fdopen(descriptor, "w", encoding="utf-8")


def _print_nowhere() -> None:
    """What is still in the buffer of standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _reader_has_gone() -> bool:
    """Whether standard output or standard error is a pipe that nobody reads."""
    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
