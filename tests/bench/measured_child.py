"""Runs one command and writes its peak memory and processor time as JSON: ``measured_child.py FILE COMMAND...``.

A file of its own, run by a bare interpreter, because the kernel counts the parent's memory into the peak of a child
until it has started its program (ru_maxrss, getrusage(2)): the parent must be smaller than what it measures.
"""

import os
import sys


def main() -> int:
    target, *command = sys.argv[1:]
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    with open(target, "w", encoding="utf-8") as file:
        file.write(f'{{"peak_mib": {usage.ru_maxrss / 1024}, "cpu_s": {usage.ru_utime + usage.ru_stime}}}')
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
