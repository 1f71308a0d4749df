"""A disk that is full, or that lets nothing be written any more: real file systems under the real store."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from agent.adapters.store.ballast import BALLAST_BYTES
from agent.domain.setpoint import Rung
from simulator.broker import Broker, find_mosquitto
from tests.app.processes import Inverter, daemon, enalysis_edge, quick_site, simulator, until
from tests.faults.catalogue import Outcome, fault
from tests.faults.small_disk import small_disk
from tests.scenarios.stage import MIDNIGHT, staged
from tests.site_files import HOME_ID, free_ports

needs_broker = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")


@fault(8, injected="ext4 of 32 MB on a loop device, filled to the last byte", rows_lost=0, alarm="disk_full")
async def test_the_ballast_is_given_up_and_recording_goes_on(tmp_path: Path, outcome: Outcome) -> None:
    with small_disk(tmp_path) as disk:
        async with staged(disk.folder) as stage:
            ballast = stage.store.with_name("site.sqlite3.ballast")
            pending = stage.app.pending

            async def fill() -> None:
                assert ballast.stat().st_size == BALLAST_BYTES
                disk.fill()

            async def look() -> None:
                assert not ballast.exists()
                assert [text for text in pending.alarms if "is full: the reserve beside it was given up" in text]

            async def make_room() -> None:
                (disk.folder / "filler").unlink()

            await stage.play(200.0, {10.1: fill, 120.1: look, 130.1: make_room})
            assert {moment.rung for moment in stage.between(1.3, 200.0)} == {Rung.PLAN}
            assert ballast.stat().st_size == BALLAST_BYTES
            assert pending.alarms == ()
            events = await stage.events()
            assert ("disk_full", "alarm") in [event[:2] for event in events]
            outcome.raised("disk_full")
            outcome.lost(_lost(stage.rows("SELECT at FROM minute ORDER BY seq"), 198))


@fault(8, injected="the disk is filled again as soon as the ballast is gone", rows_lost=0, alarm="store_failed")
async def test_what_finds_no_room_at_all_waits_in_memory(tmp_path: Path, outcome: Outcome) -> None:
    with small_disk(tmp_path) as disk:
        async with staged(disk.folder) as stage:

            async def fill() -> None:
                disk.fill()

            async def look() -> None:
                assert [text for text in stage.app.pending.alarms if "is full: nothing was written" in text]
                outcome.raised("store_failed")

            async def make_room() -> None:
                (disk.folder / "filler").unlink()

            full = {minute + 0.01: fill for minute in range(10, 120)}
            await stage.play(200.0, {**full, 120.1: look, 130.1: make_room})
            assert {moment.rung for moment in stage.between(1.3, 120.0)} <= {Rung.PLAN, Rung.RULES}
            assert stage.app.pending.alarms == ()
            outcome.lost(_lost(stage.rows("SELECT at FROM minute ORDER BY seq"), 198))


def _lost(minutes: list[tuple[Any, ...]], least: int) -> int:
    """How many of the minutes from midnight on are missing; none is there twice."""
    found = [row[0] for row in minutes]
    assert len(found) == len(set(found)) >= least
    begin = int(MIDNIGHT.timestamp())
    return len(set(range(begin, max(found) + 60, 60)) - set(found))


class Ear:
    """Hears the site's retained status as the platform does."""

    def __init__(self, port: int) -> None:
        self.alarms: list[str] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(f"ee/1/{HOME_ID}/up/status", qos=1)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        self.alarms = json.loads(message.payload).get("alarms", [])


@needs_broker
@fault(9, injected="ext4 that finds an error of its own and lets nothing be written", alarm="store_failed")
def test_flash_that_goes_read_only_is_told_by_mqtt_and_control_goes_on(
    tmp_path: Path, outcome: Outcome, broker: Broker
) -> None:
    """The daemon goes on, and so does one that is started on that disk."""
    inverter_port, meter_port = free_ports(2)
    cloud = f'\n[cloud]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
    ear = Ear(broker.port)
    with small_disk(tmp_path) as disk, simulator(inverter_port, meter_port):
        inverter = Inverter(inverter_port)
        config = quick_site(tmp_path, inverter_port, meter_port, cloud, store=disk.folder / "site.sqlite3")
        try:
            with daemon(config) as running:
                until(inverter.is_steered, "a setpoint")
                disk.make_error()
                until(lambda: any("site.sqlite3" in text for text in ear.alarms), "the alarm at the platform")
                outcome.raised("store_failed")
                time.sleep(12.0)  # the hold time of a setpoint: the battery is steered only while control goes on
                assert inverter.is_steered()
                assert running.process.poll() is None
                running.kill()
            disk.unmount()
            disk.mount()
            disk.make_read_only()
            ear.alarms = []
            said = enalysis_edge("check", config)
            assert f"{disk.folder}, which is on a read-only file system" in said.stdout
            enalysis_edge("release", "--config", config)
            assert not inverter.is_steered()
            with daemon(config) as running:
                until(inverter.is_steered, "a setpoint without a store")
                until(lambda: any("read-only file system" in text for text in ear.alarms), "the alarm at the platform")
                assert running.stop() == 0
                assert not inverter.is_steered()
                assert "Traceback" not in running.said()
        finally:
            inverter.close()
            ear.close()
