"""Starts the demo. Ctrl-C is answered with a word and not with a trace, also while it is still loading."""

import sys

from agent.cli.ending import INTERRUPTED, ctrl_c_in_imports, ended


def run() -> int:
    try:
        with ctrl_c_in_imports():
            from agent.planning.highs import library
            from demo.command import main

            library()
        return main()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(ended(run))
