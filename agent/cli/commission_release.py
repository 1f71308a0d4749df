"""The end of commissioning, in every case: the battery back to its own device, and whether all is as it was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import KEEP_WITHIN_S
from agent.domain.commissioning import Finding
from agent.domain.sentence import Sentence
from agent.domain.sentences import commissioning_test as told
from agent.domain.setpoint import Applied, Refused, Rung, Setpoint, Unreachable
from agent.ports import Clock
from drivers.device import Steerable
from drivers.errors import DriverError

TRY_FOR_S = 60.0
EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Released:
    """``text`` is one sentence about a device; ``finding`` stands where it is not as it was."""

    text: str
    finding: Finding | None = None


async def settings_of(device: Steerable) -> Mapping[str, float] | None:
    """What its owner has set, of all that steering writes; None where that cannot be read."""
    try:
        return dict(await device.as_found())
    except DriverError:
        return None


async def give_back(
    devices: Devices, clock: Clock, found: Mapping[str, Mapping[str, float] | None]
) -> dict[str, Released]:
    """Release all batteries, tried for some seconds, and compare with what was ``found``. Never raises."""
    setpoint = Setpoint(clock.now(), None, 0.0, Rung.RELEASE, "commissioning ends")
    give_up_s = clock.monotonic() + TRY_FOR_S
    while True:
        outcome = await devices.steer(setpoint)
        if isinstance(outcome, Applied) or clock.monotonic() >= give_up_s:
            break
        await clock.sleep(EVERY_S)
    await devices.settle(KEEP_WITHIN_S)
    if isinstance(outcome, Refused | Unreachable):
        return {name: _not_released(name, outcome.reason) for name in found}
    return {name: await _verified(name, devices.device(name), before) for name, before in found.items()}


def _not_released(name: str, why: str) -> Released:
    text = told.not_given_back(device=name, why=why)
    return Released(text, Finding("not_released", text, name))


async def _verified(name: str, device: object, before: Mapping[str, float] | None) -> Released:
    assert isinstance(device, Steerable)
    try:
        order = (await device.in_force()).order
    except DriverError as error:
        return _not_released(name, told.registers_unread(cause=str(error)))
    if order:
        return _not_released(
            name, _all([told.still_reads(point=at, value=f"{value:g}") for at, value in order.items()])
        )
    after = await settings_of(device)
    if before is None or after is None:
        return Released(told.given_back(device=name))
    differing = [point for point, value in before.items() if after.get(point) != value]
    if differing:
        all_of_them = [
            told.was_and_is(point=point, value=f"{before[point]:g}", now=_value(after.get(point)))
            for point in differing
        ]
        text = told.given_back_otherwise(device=name, told=_all(all_of_them))
        return Released(text, Finding("not_as_found", text, name))
    if not before:
        return Released(told.given_back_untouched(device=name))
    return Released(told.given_back_as_found(device=name, settings=len(before)))


def _all(sentences: list[Sentence]) -> Sentence:
    return reduce(lambda said, then: told.and_also(said=said, then=then), sentences)


def _value(value: float | None) -> str:
    return told.value_unknown() if value is None else f"{value:g}"
