"""A real Home Assistant core with its MQTT integration, run by an interpreter that has the package `homeassistant`.

``python core_process.py FOLDER BROKER_PORT HTTP_PORT`` answers each line of standard input by one line of JSON:
``states`` (by unique id: entity, state, attributes), ``energy`` (what the Energy dashboard finds wrong with our
sensors as its sources, once statistics have been made of them), ``set ENTITY VALUE`` and ``press ENTITY``, whose names
are the ends of unique ids, and ``automation FILE``, which runs its actions once.
It imports nothing of this project.
"""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from homeassistant import auth, bootstrap, config_entries, core, loader
from homeassistant.helpers import entity_registry, recorder
from homeassistant.setup import async_setup_component

QUARTER = timedelta(minutes=15)
SERVICES = {"select": ("select_option", "option"), "number": ("set_value", "value")}


async def started(folder: Path, broker_port: int, http_port: int) -> core.HomeAssistant:
    """It has connected to the broker, and keeps statistics in ``folder``."""
    (folder / "configuration.yaml").touch()  # the integration reads it for entities of its own
    hass = core.HomeAssistant(str(folder))
    hass.config.skip_pip = True
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    loader.async_setup(hass)
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(hass, [], [])
    await hass.config.async_update(currency="GBP", time_zone="Europe/London")
    recorder.async_initialize_recorder(hass)
    for domain, settings in (
        ("homeassistant", {}),
        ("http", {"server_host": "127.0.0.1", "server_port": http_port}),
        ("recorder", {"db_url": f"sqlite:///{folder}/history.db", "commit_interval": 0}),
        ("energy", {}),
        ("sensor", {}),
    ):
        if not await async_setup_component(hass, domain, {domain: settings}):
            print(f"no {domain}", file=sys.stderr)
    entry = config_entries.ConfigEntry(
        domain="mqtt", title="broker", data={"broker": "127.0.0.1", "port": broker_port, "protocol": "5"}, options={},
        source="user", version=1, minor_version=2, unique_id=None, discovery_keys={}, subentries_data=(),
    )  # fmt: skip
    if hass.config_entries.async_entries("mqtt"):
        await async_setup_component(hass, "mqtt", {})  # as it was set up in an earlier run
    else:
        await hass.config_entries.async_add(entry)
    await hass.async_start()
    return hass


def states(hass: core.HomeAssistant) -> dict[str, Any]:
    found = {}
    for one in entity_registry.async_get(hass).entities.values():
        state = hass.states.get(one.entity_id)
        if one.platform == "mqtt" and state is not None:
            found[one.unique_id] = {
                "entity": one.entity_id, "state": state.state, "attributes": dict(state.attributes)
            }  # fmt: skip
    return found


def _entity(hass: core.HomeAssistant, key: str) -> str:
    return next(one["entity"] for unique_id, one in states(hass).items() if unique_id.endswith(key))


async def energy(hass: core.HomeAssistant) -> Any:
    """What the dashboard says of our sensors as its sources: lists of issues, empty where all is well."""
    from homeassistant.components.energy import data, validate
    from homeassistant.components.recorder.tasks import StatisticsTask
    from homeassistant.util import dt

    instance, now = recorder.get_instance(hass), dt.utcnow()
    await hass.async_add_executor_job(instance.block_till_done)
    instance.queue_task(StatisticsTask(now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0), False))
    await hass.async_add_executor_job(instance.block_till_done)

    def named(key: str) -> str:
        return _entity(hass, key)

    cost = {"stat_cost": None, "entity_energy_price": named("_import_price"), "number_energy_price": None}
    paid = {"stat_compensation": None, "entity_energy_price": named("_export_price"), "number_energy_price": None}
    manager = await data.async_get_manager(hass)
    await manager.async_update({
        "energy_sources": [
            {
                "type": "grid", "cost_adjustment_day": 0,
                "flow_from": [{"stat_energy_from": named("_grid_import_energy"), **cost}],
                "flow_to": [{"stat_energy_to": named("_grid_export_energy"), **paid}],
            },
            {"type": "solar", "stat_energy_from": named("_solar_energy"), "config_entry_solar_forecast": None},
            {
                "type": "battery", "stat_energy_from": named("_battery_discharge_energy"),
                "stat_energy_to": named("_battery_charge_energy"),
            },
        ],
        "device_consumption": [],
    })  # fmt: skip
    return (await validate.async_validate(hass)).as_dict()["energy_sources"]


class Exchange:
    """In the place of Nord Pool's: each quarter of the UTC day costs 100 and its number, per MWh."""

    async def async_get_delivery_period(self, day: datetime, currency: str, areas: list[str]) -> Any:
        begin = datetime.combine(day.date(), time(), UTC)
        starts = [begin + number * QUARTER for number in range(96)]
        entries = [
            SimpleNamespace(start=at, end=at + QUARTER, entry=dict.fromkeys(areas, 100.0 + number))
            for number, at in enumerate(starts)
        ]
        return SimpleNamespace(entries=entries)


async def run_automation(hass: core.HomeAssistant, file: Path) -> None:
    """Its actions, once. The Nord Pool integration's own action answers, from ``Exchange``."""
    from homeassistant.components.nordpool import services
    from homeassistant.helpers import config_validation, script
    from homeassistant.util.yaml import parse_yaml

    steps = config_validation.SCRIPT_SCHEMA(parse_yaml(file.read_text("utf-8"))["actions"])
    entry = config_entries.ConfigEntry(
        domain="nordpool", title="exchange", data={"areas": ["SE3"], "currency": "SEK"}, options={}, source="user",
        version=1, minor_version=1, unique_id=None, discovery_keys={}, subentries_data=(),
        entry_id=steps[0]["data"]["config_entry"], state=config_entries.ConfigEntryState.LOADED,
    )  # fmt: skip
    entry.runtime_data = SimpleNamespace(client=Exchange())
    hass.config_entries._entries[entry.entry_id] = entry
    services.async_setup_services(hass)
    steps = await script.async_validate_actions_config(hass, steps)
    await script.Script(hass, steps, "automation", "automation").async_run(context=core.Context())


async def obey(hass: core.HomeAssistant, line: str) -> Any:
    match line.split(maxsplit=2):
        case ["states"]:
            await hass.async_block_till_done()
            return states(hass)
        case ["energy"]:
            return await energy(hass)
        case ["automation", file]:
            await run_automation(hass, Path(file))
        case ["set", key, value]:
            entity = _entity(hass, key)
            service, field = SERVICES[entity.partition(".")[0]]
            domain = entity.partition(".")[0]
            await hass.services.async_call(domain, service, {"entity_id": entity, field: value}, blocking=True)
        case ["press", key]:
            await hass.services.async_call("button", "press", {"entity_id": _entity(hass, key)}, blocking=True)
    return None


async def main(folder: Path, broker_port: int, http_port: int) -> None:
    hass = await started(folder, broker_port, http_port)
    print(json.dumps("ready"), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await obey(hass, line.strip()), default=str), flush=True)
    await hass.async_stop(force=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
