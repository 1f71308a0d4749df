"""Adds the way to the platform to the agent."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from agent.adapters.mqtt.certificates import validity
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.cycles.link_watch import LinkWatch
from agent.cycles.sync import Sync
from agent.daemon import SYNC_EVERY_S, App
from agent.domain.envelope import Envelope
from agent.settings.sections import Cloud

DRAIN_SHARE, LEAST_DRAIN_S = 0.35, 0.15  # of a control step: the half before the next one, less a batch


def connect_platform(app: App, cloud: Cloud) -> None:
    """Add the way to the platform."""
    site_id = app.settings.site.id
    reach = MqttSettings(
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
    app.link = MqttLink(reach, lambda word: _status(app, word))
    app.sync = Sync(
        store=app.store,
        link=app.link,
        payloads=app.payloads,
        clock=app.clock,
        outlet=app.outlet,
        facts=lambda: _facts(app),
        take_input=app.inputs.take,
        alarms=app.alarms,
        keep=app.pending.keep,
        acknowledged_by=cloud.acknowledged_by,
    )
    app.sync.take_request = app.advice.ask
    app.sync.drain_s = max(LEAST_DRAIN_S, DRAIN_SHARE * min(app.settings.control.step_s, SYNC_EVERY_S))
    app.link_watch = LinkWatch(
        app.clock,
        app.outlet,
        app.alarms,
        lambda: None if app.link is None else app.link.rival,
        lambda: validity(reach.ca_file, reach.cert_file),
    )
    app.record.acknowledged = lambda: () if app.sync is None else app.sync.acknowledged


def _status(app: App, word: str) -> Envelope:
    return app.payloads.status(word, app.clock.now(), app.pending.alarms if word == "online" else ())


def _facts(app: App) -> dict[str, object]:
    """What the platform is told about us, once a connection."""
    return {
        "version": version("enalysis-edge"),
        "devices": {device.name: device.family for device in app.settings.devices},
        "load_model": app.settings.planning.load_model,
        "solar_model": app.settings.planning.solar_model,
        "reversion_timer": app.devices.reverts,
        "persistent_writes": {name: asdict(made) for name, made in app.devices.steering().writes.items()},
    }


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
