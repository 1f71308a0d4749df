"""The way to Home Assistant: a connection of its own to the household's broker. Loaded where the site file asks for it.

Whatever goes wrong here touches neither control nor the way to the platform.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from random import random
from zoneinfo import ZoneInfo

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.cycles.alarms import Alarms
from agent.cycles.commands import Commands
from agent.cycles.home_assistant import HomeAssistant
from agent.cycles.home_orders import HomeOrders
from agent.cycles.minutes import Minutes
from agent.domain.command_record import Door
from agent.domain.energy_totals import EnergyTotals
from agent.domain.envelope import Envelope
from agent.home_assistant.discovery import Household, availability, removal
from agent.household_broker import reach
from agent.ports import Clock, LinkFailure
from agent.recording.energy_count import EnergyCount, sources_of
from agent.recording.pending_writes import PendingWrites
from agent.settings.home_assistant_section import HomeAssistant as Section
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet

REMOVE_WITHIN_S = 15.0


@dataclass(slots=True)
class HomeBridge:
    """Built and not yet running: ``start``, then ``step`` again and again, then ``stop``."""

    link: MqttLink
    cycle: HomeAssistant
    minutes: Minutes
    task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and listen to what comes."""
        await self.link.start()
        self.task = asyncio.create_task(self.cycle.listen())

    async def step(self) -> None:
        await self.cycle.step()

    def go_by(self, settings: Settings) -> None:
        """The energies are counted by the devices of ``settings`` from now on; what is announced is read at a start."""
        if self.minutes.energies is not None:
            self.minutes.energies.go_by(sources_of(settings.roles), settings.solar is not None)

    async def stop(self) -> None:
        """Say that we are not available, and end the connection."""
        if self.task is not None:
            self.task.cancel()
        await self.link.stop()

    @property
    def counted(self) -> EnergyTotals | None:
        """The energies that the next commit writes."""
        return None if self.minutes.energies is None else self.minutes.energies.totals


def connect_home(
    settings: Settings,
    clock: Clock,
    pending: PendingWrites,
    outlet: Outlet,
    commands: Commands,
    conditions: SiteConditions,
    minutes: Minutes,
) -> HomeBridge:
    """The way to the broker of the section [home_assistant], not yet connected. ``minutes`` count energies from now."""
    section, zone = _section(settings), ZoneInfo(settings.site.timezone)
    home, alarms = household(settings), Alarms(clock, pending)
    minutes.energies = EnergyCount(sources_of(settings.roles), zone, settings.solar is not None)
    heard = (home.birth_topic, f"{home.orders_topic}+") if section.commands else (home.birth_topic,)
    link = _link(settings, lambda word: availability(home, word), heard)
    orders = HomeOrders(clock, home, outlet, alarms, partial(commands.ask, door=Door.SITE), zone)
    cycle = HomeAssistant(clock, link, home, outlet, alarms, orders, conditions.known_at, zone, random)
    return HomeBridge(link, cycle, minutes)


async def remove(settings: Settings) -> str | None:
    """Let Home Assistant forget the device, and the broker every value. Why that failed, or None.

    The agent must not run: it would announce itself again.
    """
    home = household(settings)
    *gone, last = removal(home)
    link = _link(settings, lambda _word: last, ())
    await link.start()
    try:
        async with asyncio.timeout(REMOVE_WITHIN_S):
            while not link.connected:
                if link.trouble is not None:
                    return link.trouble
                await asyncio.sleep(0.05)
            for envelope in (*gone, last):
                await link.publish(envelope)
    except TimeoutError:
        return f"{_section(settings).host} does not answer"
    except LinkFailure as failure:
        return str(failure)
    finally:
        await link.stop()
    return None


def household(settings: Settings) -> Household:
    """What of the site is shown to Home Assistant."""
    section, battery = _section(settings), settings.battery_spec()
    return Household(
        site_id=settings.site.id,
        name=section.device_name or settings.site.name,
        currency=settings.site.currency,
        version=version("enalysis-edge"),
        prefix=section.discovery_prefix,
        has_solar=settings.solar is not None,
        commands=section.commands,
        most_w=max(battery.charge_w, battery.discharge_w),
    )


def _link(settings: Settings, status: Callable[[str], Envelope], topics: tuple[str, ...]) -> MqttLink:
    own = replace(reach(_section(settings), settings.site.id), client_id=f"{settings.site.id}-home-assistant")
    return MqttLink(own, status, topics=topics)


def _section(settings: Settings) -> Section:
    found = settings.home_assistant
    assert found is not None
    return found
