"""The one outlet: what is known, planned and done now, as a frozen snapshot that anyone may read.

One event loop and frozen values: reading needs no lock, and a reader keeps nobody waiting.
"""

import asyncio
from dataclasses import dataclass, replace

from agent.domain.advisory import Advisory
from agent.domain.alarms import StandingAlarm
from agent.domain.battery import Battery
from agent.domain.desired import RemoteConfig
from agent.domain.override import Override
from agent.domain.paired_trial import Schedule
from agent.domain.plan import Plan
from agent.domain.policies import PolicyRecord
from agent.domain.setpoint import Outcome, Setpoint
from agent.domain.site import SiteState
from agent.domain.site_file import SiteFileEdit
from agent.domain.switched_load import SwitchedLoadState


@dataclass(frozen=True, slots=True)
class SiteView:
    """None is what is not known yet. ``version`` counts the snapshots since the start.

    ``state``, ``setpoint``, ``outcome`` and ``battery``, which is what of it can be steered now, are shown by control;
    ``plan`` and ``plan_failure`` by planning; ``connected`` and ``link_trouble`` by sync; ``clock_doubt``, why the time
    is not trusted, by timekeeping; ``observing``, why nothing is written to the devices, by the steering lock;
    ``override`` of a person or the platform and ``paired_trial`` of optimiser and rule by the cycles of that name;
    ``policies``, whether plan or rule steers, by the cycle of that name; ``advice``, the recommendations that are open,
    the largest saving first, by the recommendations; ``alarms`` that stand, oldest first, by the alarms; ``switched``,
    the machines that have a relay, by the switching of loads; ``site_file``, what became of its last edit, by the
    reload; ``remote_config``, the answer to what the platform wants of it, by the remote configuration.
    """

    version: int = 0
    state: SiteState | None = None
    setpoint: Setpoint | None = None
    outcome: Outcome | None = None
    battery: Battery | None = None
    plan: Plan | None = None
    plan_failure: str | None = None
    connected: bool = False
    link_trouble: str | None = None
    clock_doubt: str | None = None
    observing: str | None = None
    override: Override | None = None
    paired_trial: Schedule | None = None
    policies: PolicyRecord | None = None
    advice: tuple[Advisory, ...] | None = None
    alarms: tuple[StandingAlarm, ...] = ()
    switched: tuple[SwitchedLoadState, ...] = ()
    site_file: SiteFileEdit | None = None
    remote_config: RemoteConfig | None = None

    @property
    def switched_w(self) -> float | None:
        """What the loads take that are switched on, W; None where the site has none."""
        return sum(one.switched_w for one in self.switched) if self.switched else None


class Outlet:
    """Holds the newest snapshot. A writer shows the newest one with its own fields replaced, and awaits nothing in
    between."""

    def __init__(self) -> None:
        self.view = SiteView()
        self._waiting: list[asyncio.Future[None]] = []

    def show(self, view: SiteView) -> None:
        """``view`` is the newest from now on, under the next version."""
        self.view = replace(view, version=self.view.version + 1)
        waiting, self._waiting = self._waiting, []
        for reader in waiting:
            if not reader.done():
                reader.set_result(None)

    async def changed(self, version: int) -> SiteView:
        """The newest snapshot, once it is newer than ``version``. Those in between are not told."""
        while self.view.version <= version:
            reader = asyncio.get_running_loop().create_future()
            self._waiting.append(reader)
            await reader
        return self.view
