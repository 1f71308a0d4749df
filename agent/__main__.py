"""The command line `enalysis-edge`, or `python -m agent`; the commands themselves stand in `agent/cli`."""

import _signal  # type: ignore[import-not-found]  # `signal` would import enum and more first
import sys

# Ctrl-C in an import would end in a traceback: until ``main`` listens, it ends the process as it ends any other.
if (__name__ == "__main__" or sys.argv[0].endswith("enalysis-edge")) and _signal.getsignal(
    _signal.SIGINT
) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import os

from agent.cli.commands import obey
from agent.cli.ending import ended

# Before pydantic is imported: no other package's plugin has any business in here, and looking for them takes time.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 good, 1 failed, 2 bad site file or command line, 75 another instance runs.

    130 after Ctrl-C, before the daemon listens to signals or in a command that does not; 141 when nobody reads.
    """
    return ended(lambda: obey(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
