"""Commissioning from the first look to the report: nothing is written before the look, and all is given back after."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agent.adapters.devices.field_bus import connect_devices, transports
from agent.adapters.devices.site_devices import Devices
from agent.adapters.store.inputs_reader import inputs_of
from agent.app import keep_steering, store_of
from agent.cli.commission_look import Eyes, look
from agent.cli.commission_release import Released, give_back, settings_of
from agent.cli.commission_test import Aborted, BatteryUnderTest, Say
from agent.cli.commission_unplug import unplug
from agent.commissioning.phases import phases
from agent.commissioning.plausibility import findings
from agent.commissioning.sighting import BatterySeen, SiteSeen
from agent.domain.commissioning import BatteryTest, CommissionedDevice, Commissioning, Finding
from agent.domain.documents import COMMISSIONING, STEERING
from agent.domain.records import Batch
from agent.domain.sentence import Sentence
from agent.domain.sentences import commissioning_test as told
from agent.domain.sentences.joined import joined
from agent.domain.wire import to_json
from agent.plan_request import conditions_of
from agent.ports import Clock, StoreFailure
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from drivers.device import Steerable
from drivers.write_gate import WriteGate

ONLY_LOOKING = "commissioning is only looking"
Answer = TypeVar("Answer")


class Interrupted(Exception):
    """A person, or the end of the terminal, has stopped it."""


@dataclass(slots=True)
class Interruptible:
    """Work that Ctrl-C ends; what follows it, as the release, is not touched."""

    is_wanted: bool = False
    _running: asyncio.Task[Any] | None = None

    def stop(self) -> None:
        """End the running work, once; afterwards it is too late."""
        self.is_wanted = True
        if self._running is not None:
            self._running.cancel()

    async def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Raises Interrupted, and what ``work`` raises."""
        if self.is_wanted:
            work.close()
            raise Interrupted
        self._running = task = asyncio.create_task(work)
        await asyncio.wait([task])
        self._running = None
        if task.cancelled():
            raise Interrupted
        return task.result()


@dataclass(slots=True)
class Session:
    """One run. ``confirm`` asks a person before the first write; ``say`` tells what goes on."""

    settings: Settings
    clock: Clock
    by: str
    say: Say
    confirm: Callable[[SiteSeen], Awaitable[bool]]
    even_long: bool = False
    stop: Interruptible = field(default_factory=Interruptible)
    show: Callable[[SiteSeen, list[Finding]], None] | None = None

    async def run(self) -> Commissioning:
        """The report, kept in the store as far as that can be written. Raises StoreFailure where there is none."""
        store = store_of(self.settings, self.clock)
        conditions = self._conditions()
        for sentence in await store.open():
            self.say(sentence)
        gate = WriteGate(ONLY_LOOKING)
        ways = transports(self.settings, self.clock, gate)
        devices = connect_devices(self.settings, self.clock, lambda document: keep_steering(store, document), ways=ways)
        try:
            devices.recall(await store.kept(STEERING.name))
            eyes = Eyes(self.clock, self.settings, devices, conditions)
            report = await self._run(eyes, gate, ways)
            with suppress(StoreFailure):
                await store.write(Batch(kept=((COMMISSIONING.name, to_json(report, digits=6)),)))
            return report
        finally:
            await devices.close()
            await store.close()

    def _conditions(self) -> SiteConditions:
        """With what the platform has said: its grid limit holds here too."""
        conditions, path = conditions_of(self.settings), Path(self.settings.store.path)
        conditions.time_is_known = self.clock.trusted()
        if path.exists():
            with suppress(StoreFailure):
                conditions.recall(inputs_of(path, self.settings.site.currency))
        return conditions

    async def _run(self, eyes: Eyes, gate: WriteGate, ways: Mapping[str, Any]) -> Commissioning:
        outcome = Outcome(self.settings.site.name, self.by, eyes.clock)
        if eyes.devices.left_behind:
            with gate.opened():
                await give_back(eyes.devices, self.clock, {})
            left = eyes.devices.left_behind
            self.say("an earlier run could not give the battery back: " + ("it cannot be" if left else "it is now"))
        try:
            self.say("looking at all devices, nothing is written ...")
            seen = await self.stop.run(look(eyes, ways))
            outcome.look(seen)
            if self.show is not None:
                self.show(seen, outcome.findings)
            if outcome.stops:
                return outcome.report(told.ended_in_contradiction())
            if not await self.stop.run(self._asked(seen)):
                return outcome.report(told.ended_without_consent())
        except Interrupted:
            return outcome.report(told.ended_before_writing())
        with gate.opened():
            return await self._test(eyes, seen, outcome)

    async def _asked(self, seen: SiteSeen) -> bool:
        return await self.confirm(seen)

    async def _test(self, eyes: Eyes, seen: SiteSeen, outcome: "Outcome") -> Commissioning:
        """One battery after the other, each released before the next; the first doubt ends it."""
        ended = told.ended_well()
        for unit in seen.batteries:
            found = {one.device: await settings_of(_steerable(eyes.devices, one.device)) for one in seen.batteries}
            others = [one.device for one in seen.batteries if one is not unit]
            test = BatteryUnderTest(eyes, unit, seen.device(unit.device).family, others, self.say)
            stopped: Sentence | None = None
            try:
                finding = await self.stop.run(self._one(test))
                outcome.note(finding)
            except Interrupted:
                stopped = told.ended_by_hand()
            except Aborted as why:
                stopped = told.ended_aborted(cause=why.text)
                outcome.note(Finding(why.code, why.text, unit.device))
            except OSError as why:  # nobody reads what is said any more
                stopped = told.ended_aborted(cause=str(why))
                outcome.note(Finding("aborted", str(why), unit.device))
            finally:
                released = await give_back(eyes.devices, self.clock, found)
            if stopped is None:
                await test.see_it_free()
            outcome.take(test, unit, released)
            if stopped is not None or outcome.stops:
                return outcome.report(stopped or told.not_passed())
        return outcome.report(ended)

    async def _one(self, test: BatteryUnderTest) -> Finding | None:
        await test.run()
        return await unplug(test, self.even_long, self.say)


def _steerable(devices: Devices, name: str) -> Steerable:
    device = devices.device(name)
    assert isinstance(device, Steerable)
    return device


@dataclass(slots=True)
class Outcome:
    """What the report is made of, while it grows."""

    site: str
    by: str
    clock: Clock
    findings: list[Finding] = field(default_factory=list)
    devices: tuple[CommissionedDevice, ...] = ()
    tests: list[BatteryTest] = field(default_factory=list)

    @property
    def stops(self) -> bool:
        return any(finding.stops for finding in self.findings)

    def look(self, seen: SiteSeen) -> None:
        self.findings += findings(seen)
        self.devices = tuple(
            CommissionedDevice(
                one.name, one.brand, one.family, one.place, one.said.model, one.said.serial, one.said.firmware
            )
            for one in seen.devices
        )

    def note(self, finding: Finding | None) -> None:
        if finding is not None:
            self.findings.append(finding)

    def take(self, test: BatteryUnderTest, unit: BatterySeen, released: Mapping[str, Released]) -> None:
        """The result of a battery, whatever became of it."""
        result = test.result(joined([one.text for one in released.values()]))
        self.tests.append(result)
        is_whole = len(result.steps) == len(phases(test.device.actions, unit.test_w, unit.phase_s))
        known = {finding.text for finding in self.findings}
        for finding in test.findings(result) if is_whole else ():
            if finding.text not in known:
                self.findings.append(finding)
        self.findings += [one.finding for one in released.values() if one.finding is not None]
        self.findings.append(_over_a_power_cut(test))

    def report(self, ended: str) -> Commissioning:
        passed = bool(self.tests) and not self.stops and all(test.reversion is not None for test in self.tests)
        return Commissioning(
            self.clock.now(),
            self.by,
            self.site,
            passed,
            ended,
            self.devices,
            tuple(sorted(self.findings, key=lambda finding: not finding.stops)),
            tuple(self.tests),
        )


def _over_a_power_cut(test: BatteryUnderTest) -> Finding:
    """What this test cannot see."""
    writes, name = dict(test.device.persistent_writes), test.unit.device
    text = told.power_cut_untested(device=name)
    if writes:
        text = told.power_cut_untested_flash(device=name, times=sum(writes.values()))
    return Finding("power_cut_untested", text, name, stops=False)
