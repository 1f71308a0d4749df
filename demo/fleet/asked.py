"""What may be asked of the fleet, and why something cannot be."""

import argparse
import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.broker import find_mosquitto

MOST_SITES = 5000
A_PROCESS = 250  # paho waits with select(), which knows no descriptor above 1023; a site has three
FILES_A_SITE, OWN_FILES = 3, 100


class NotPossible(Exception):
    """``str()`` says in one sentence why the fleet cannot play."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``speed``: seconds of the sites in one of this machine, for rows and plans. Times in seconds of this machine:
    of the ``steady`` phase, of the hour without a platform (``away``) and of the broker's absence (``down``).
    """

    sites: int
    speed: float
    steady_s: float
    away_s: float
    down_s: float
    seed: int

    @property
    def processes(self) -> int:
        """One a core, and more where one could not serve its sites."""
        return max(min(self.sites, os.cpu_count() or 1), -(-self.sites // A_PROCESS))


def read(arguments: Sequence[str] | None) -> Asked:
    """Raises NotPossible."""
    found = _parser().parse_args(arguments)
    asked = Asked(found.sites, found.speed, found.steady, found.away, found.down, found.seed)
    if not 1 <= asked.sites <= MOST_SITES:
        raise NotPossible(f"--sites {asked.sites}: a fleet has 1 to {MOST_SITES} sites")
    if not all(0.0 < number <= 86400.0 for number in (asked.speed, asked.steady_s, asked.away_s, asked.down_s)):
        raise NotPossible("--speed, --steady, --away and --down are above 0 and at most 86400")
    if find_mosquitto() is None:
        raise NotPossible("mosquitto is not installed on this machine (Debian: `apt install mosquitto`)")
    _allow_files(asked)
    return asked


def _allow_files(asked: Asked) -> None:
    """Raise the limit of open files as far as is needed: the broker has one a site. Raises NotPossible."""
    a_process = FILES_A_SITE * -(-asked.sites // asked.processes)
    needed = max(asked.sites, a_process) + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise NotPossible(
            f"{asked.sites} sites need {needed} open files in one process and this machine allows {hard}: "
            f"`ulimit -Hn {needed}` (as root) allows more"
        )
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m simulator fleet", description=__doc__)
    parser.description = "Many light sites, one platform and one mosquitto on this machine, and what goes wrong there."
    parser.add_argument("--sites", type=int, default=100, metavar="N")
    parser.add_argument("--speed", type=float, default=1.0, help="of rows and plans; connections stay as in life")
    parser.add_argument("--steady", type=float, default=60.0, metavar="S", help="how long nothing goes wrong")
    parser.add_argument(
        "--away", type=float, default=30.0, metavar="S", help="in which the hour without platform passes"
    )
    parser.add_argument("--down", type=float, default=20.0, metavar="S", help="how long the broker is gone at last")
    parser.add_argument("--seed", type=int, default=1, help="which days")
    return parser
