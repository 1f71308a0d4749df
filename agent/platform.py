"""The way to the central platform: the link, what is sent over it, what is heard, and whether it is well."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from agent.adapters.devices.site_devices import Devices
from agent.adapters.host.key_ring import KeyRing
from agent.adapters.models.deployed_models import DeployedModels
from agent.adapters.models.registry_file import models_beside
from agent.adapters.mqtt.certificates import life, validity
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.own_certificate import candidate_of
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.alarms import Alarms
from agent.cycles.command_answers import CommandAnswers
from agent.cycles.commands import Commands
from agent.cycles.inputs import TakeInputs
from agent.cycles.keys_watch import KeysWatch
from agent.cycles.link_watch import LinkWatch
from agent.cycles.listening import Listening, Takers, fetch_no_model
from agent.cycles.model_delivery import ModelDelivery, Recipient
from agent.cycles.notices import Notices
from agent.cycles.remote_config import Read as ReadDesired
from agent.cycles.sync import Sync
from agent.cycles.sync_rules import SyncRules
from agent.domain.desired import Desired
from agent.domain.envelope import Envelope
from agent.domain.identity import IdentityRequest, identity_file
from agent.domain.notice import NoticeAction
from agent.domain.records import Batch
from agent.ports import Clock, Store
from agent.recording.pending_writes import PendingWrites
from agent.settings.cloud_section import Cloud
from agent.settings.schema import Settings
from agent.site_view import Outlet

if TYPE_CHECKING:
    from agent.cycles.renewal import Renewal

SYNC_EVERY_S = 2.0
DRAIN_SHARE, LEAST_DRAIN_S = 0.35, 0.15  # of a control step: the half before the next one, less a batch


@dataclass(slots=True)
class Platform:
    """Built and not yet running: ``start``, then ``step`` again and again, then ``stop``.

    ``read_desired`` reads what the platform wants of the configuration. Raises PayloadRefused.
    """

    link: MqttLink
    sync: Sync
    listening: Listening
    watch: LinkWatch
    answers: CommandAnswers
    notices: Notices
    deployed: DeployedModels
    read_desired: ReadDesired
    keys: KeysWatch | None = None
    models: ModelDelivery | None = None
    renewal: "Renewal | None" = None
    task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and listen to what comes."""
        if self.keys is not None:
            await self.keys.step()
        await self.link.start()
        self.task = asyncio.create_task(self.listening.listen())

    async def step(self) -> None:
        await self.deployed.look(self.link.connected)
        await self.sync.step()
        await self.answers.step()
        self.notices.step()
        if self.keys is not None:
            await self.keys.step()
        await self.watch.step()

    def go_by(self, settings: Settings, devices: Devices) -> None:
        """The site runs this from now on."""
        self.sync.go_by(_facts(settings, devices, self.deployed, self.models))

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
    turn: asyncio.Lock,
) -> Platform | None:
    """The way to the platform of the site file, not yet connected; None where it names none.

    The processes that share ``turn`` wait for each other.
    """
    cloud = settings.cloud
    if cloud is None:
        return None
    alarms, ring = Alarms(clock, pending), None if cloud.keys_file is None else KeyRing(Path(cloud.keys_file))
    payloads = JsonPayloads(settings.site.id, uuid4().hex[:12], settings.site.currency, ring)
    reach = _reach(settings.site.id, cloud, Path(settings.store.path))

    def status(word: str) -> Envelope:
        return payloads.status(word, clock.now(), pending.alarms if word == "online" else ())

    link = MqttLink(reach, status)
    drain_s = max(LEAST_DRAIN_S, DRAIN_SHARE * min(settings.control.step_s, SYNC_EVERY_S))
    rules = SyncRules(cloud.acknowledged_by == "broker", drain_s, history=cloud.protocol == "5")
    deployed = DeployedModels(clock, models_beside(Path(settings.store.path)), _installed(settings))
    models = _model_delivery(settings, cloud, clock, store, alarms, turn, ring)
    sync = Sync(clock, store, link, payloads, pending, outlet, _facts(settings, devices, deployed, models), rules)
    notices = _notices(clock, alarms, link, sync)
    take_model = fetch_no_model if models is None else models.take
    takers = Takers(commands.ask, inputs.take, commands.signed.take, notices.take, take_model)
    listening = Listening(clock, link, payloads, pending, sync, takers)
    certificates = partial(validity, reach.ca_file, reach.cert_file)
    watch = LinkWatch(clock, outlet, alarms, lambda: link.rival, certificates, lambda: link.dropped)
    answers = CommandAnswers(clock, link, payloads, pending, commands.trail)
    keys = None if ring is None else KeysWatch(clock, alarms, ring.look)
    renewal = _renewal(settings, reach, clock, alarms, link)
    desired = _desired_reader(settings.site.id, ring)
    return Platform(link, sync, listening, watch, answers, notices, deployed, desired, keys, models, renewal)


def _notices(clock: Clock, alarms: Alarms, link: MqttLink, sync: Sync) -> Notices:
    acts = {
        NoticeAction.RECONNECT: link.reconnect,
        NoticeAction.RESYNC: sync.resync,
        NoticeAction.REPORT_INFO: sync.report_info,
    }
    return Notices(clock, alarms, random.random, acts)


def _model_delivery(
    settings: Settings,
    cloud: Cloud,
    clock: Clock,
    store: Store,
    alarms: Alarms,
    turn: asyncio.Lock,
    ring: KeyRing | None,
) -> ModelDelivery | None:
    """None without keys: nobody could tell who has made a model."""
    if ring is None:
        return None
    from agent.adapters.processes.model_source import Delivered, ModelSourceProcess

    models = models_beside(Path(settings.store.path))
    terms = Delivered(models, cloud.models_ca_file or cloud.ca_file, cloud.models_plain_http)
    return ModelDelivery(
        clock,
        alarms,
        partial(_keep, store),
        ring,
        ModelSourceProcess(terms, turn),
        Recipient(settings.site.id, version("enalysis-edge")),
        random.Random(),
    )


async def _keep(store: Store, name: str, document: str) -> None:
    await store.write(Batch(kept=((name, document),)))


def identity_request(settings: Settings) -> IdentityRequest | None:
    """What the platform is asked for the site's certificate; None where the site file does not say where."""
    cloud = settings.cloud
    if cloud is None or cloud.enrol_url is None:
        return None
    identity = identity_file(Path(settings.store.path))
    return IdentityRequest(cloud.enrol_url, settings.site.id, str(identity), cloud.ca_file)


def _renewal(settings: Settings, reach: MqttSettings, clock: Clock, alarms: Alarms, link: MqttLink) -> "Renewal | None":
    request = identity_request(settings)
    if request is None or reach.cert_file is None:
        return None
    from agent.adapters.processes.renewal_process import RenewalProcess
    from agent.cycles.renewal import NewCertificate, Renewal

    own, new = reach.cert_file, candidate_of(reach.cert_file)
    discard = partial(new.unlink, missing_ok=True)
    files = NewCertificate(partial(life, own), new.is_file, discard, link.reconnect, lambda: link.connected)
    return Renewal(clock, alarms, RenewalProcess(), request, files)


def _desired_reader(site_id: str, ring: KeyRing | None) -> ReadDesired:
    """What that needs is loaded with the first message."""

    def read(payload: bytes) -> Desired:
        from agent.adapters.mqtt.desired_message import read_desired

        return read_desired(payload, site_id, ring)

    return read


def _reach(site_id: str, cloud: Cloud, store: Path) -> MqttSettings:
    own = identity_file(store) if cloud.enrol_url is not None else None
    return MqttSettings(
        host=cloud.host,
        port=cloud.port,
        site_id=site_id,
        protocol=cloud.protocol,
        tls=cloud.tls,
        ca_file=_path(cloud.ca_file),
        crl_file=_path(cloud.crl_file),
        cert_file=_path(cloud.cert_file) or own,
        key_file=_path(cloud.key_file),
        username=cloud.username,
        password_file=_path(cloud.password_file),
    )


def _installed(settings: Settings) -> Mapping[str, Path]:
    """The installed model of each quantity that has one."""
    names = {"load_w": settings.planning.load_model}
    if settings.solar_rated_w > 0:
        names["pv_w"] = settings.planning.solar_model
    try:
        return {quantity: settings.models_folder / name for quantity, name in names.items() if name is not None}
    except FileNotFoundError:  # told by the check of the site file
        return {}


def _facts(
    settings: Settings, devices: Devices, deployed: DeployedModels, models: ModelDelivery | None
) -> Callable[[], Mapping[str, object]]:
    """What the platform is told about us, once a connection."""
    return lambda: {
        "version": version("enalysis-edge"),
        "devices": {device.name: device.family for device in settings.devices},
        "load_model": settings.planning.load_model,
        "solar_model": settings.planning.solar_model,
        "models": deployed.found,
        "model_deliveries": [] if models is None else models.facts(),
        "reversion_timer": devices.reverts,
        "persistent_writes": {name: asdict(made) for name, made in devices.steering().writes.items()},
    }


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
