"""The way to the central platform: the link, what is sent over it, what is heard, and whether it is well."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from agent.adapters.devices.site_devices import Devices
from agent.adapters.mqtt.certificates import validity
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.alarms import Alarms
from agent.cycles.commands import Commands
from agent.cycles.inputs import TakeInputs
from agent.cycles.link_watch import LinkWatch
from agent.cycles.listening import Listening
from agent.cycles.sync import Sync, SyncRules
from agent.domain.desired import Desired
from agent.domain.envelope import Envelope
from agent.ports import Clock, Store
from agent.recording.pending_writes import PendingWrites
from agent.settings.cloud_section import Cloud
from agent.settings.schema import Settings
from agent.site_view import Outlet

SYNC_EVERY_S = 2.0
DRAIN_SHARE, LEAST_DRAIN_S = 0.35, 0.15  # of a control step: the half before the next one, less a batch


@dataclass(slots=True)
class Platform:
    """Built and not yet running: ``start``, then ``step`` again and again, then ``stop``."""

    link: MqttLink
    sync: Sync
    listening: Listening
    watch: LinkWatch
    task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and listen to what comes."""
        await self.link.start()
        self.task = asyncio.create_task(self.listening.listen())

    async def step(self) -> None:
        await self.sync.step()
        await self.watch.step()

    def go_by(self, settings: Settings, devices: Devices) -> None:
        """The site runs this from now on."""
        self.sync.go_by(_facts(settings, devices))

    async def stop(self) -> None:
        """Say goodbye."""
        if self.task is not None:
            self.task.cancel()
        await self.link.stop()


def connect_platform(
    settings: Settings,
    clock: Clock,
    store: Store,
    pending: PendingWrites,
    outlet: Outlet,
    devices: Devices,
    commands: Commands,
    inputs: TakeInputs,
) -> Platform | None:
    """The way to the platform of the site file, not yet connected; None where it names none."""
    cloud = settings.cloud
    if cloud is None:
        return None
    payloads = JsonPayloads(settings.site.id, uuid4().hex[:12], settings.site.currency)
    reach = _reach(settings.site.id, cloud)

    def status(word: str) -> Envelope:
        return payloads.status(word, clock.now(), pending.alarms if word == "online" else ())

    link = MqttLink(reach, status)
    drain_s = max(LEAST_DRAIN_S, DRAIN_SHARE * min(settings.control.step_s, SYNC_EVERY_S))
    rules = SyncRules(cloud.acknowledged_by == "broker", drain_s)
    sync = Sync(clock, store, link, payloads, pending, outlet, _facts(settings, devices), rules)
    listening = Listening(clock, link, payloads, pending, sync, commands.ask, inputs.take)
    alarms = Alarms(clock, pending)
    watch = LinkWatch(clock, outlet, alarms, lambda: link.rival, lambda: validity(reach.ca_file, reach.cert_file))
    return Platform(link, sync, listening, watch)


def desired_reader(settings: Settings) -> Callable[[bytes], Desired]:
    """Reads what the platform wants of the configuration; what that needs is loaded with the first message."""

    def read(payload: bytes) -> Desired:
        from agent.adapters.mqtt.desired_message import read_desired

        keys_file = None if settings.cloud is None else settings.cloud.keys_file
        return read_desired(payload, settings.site.id, _path(keys_file))

    return read


def _reach(site_id: str, cloud: Cloud) -> MqttSettings:
    return MqttSettings(
        host=cloud.host,
        port=cloud.port,
        site_id=site_id,
        protocol=cloud.protocol,
        tls=cloud.tls,
        ca_file=_path(cloud.ca_file),
        cert_file=_path(cloud.cert_file),
        key_file=_path(cloud.key_file),
        username=cloud.username,
        password_file=_path(cloud.password_file),
    )


def _facts(settings: Settings, devices: Devices) -> Callable[[], Mapping[str, object]]:
    """What the platform is told about us, once a connection."""
    return lambda: {
        "version": version("enalysis-edge"),
        "devices": {device.name: device.family for device in settings.devices},
        "load_model": settings.planning.load_model,
        "solar_model": settings.planning.solar_model,
        "reversion_timer": devices.reverts,
        "persistent_writes": {name: asdict(made) for name, made in devices.steering().writes.items()},
    }


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
