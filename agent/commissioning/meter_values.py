"""The values of a meter against one another: phases against the total, watts against volts and amps. Pure."""

from collections.abc import Iterator, Mapping

from agent.commissioning.sighting import DeviceSeen, SiteSeen
from agent.domain.commissioning import Finding
from agent.domain.sentence import Sentence
from agent.domain.sentences import commissioning_look as told
from drivers.reading import Quantity, Reading

PHASES = ("L1", "L2", "L3")
SUM_PART, SUM_W = 0.1, 100.0  # phases against their total; they are not of one instant
MAINS_V = (85.0, 280.0)  # between a phase and neutral; 85 is half of a 200 V network with its tolerance
OTHER_V = 0.15  # of the mean: phases of one network are nearer to each other
APPARENT_PART, APPARENT_W = 1.2, 60.0
LOW_FACTOR, LEAST_A = 0.6, 2.0


def meter_findings(seen: SiteSeen) -> Iterator[Finding]:
    """Of every device that measures phases. An inverter shows amps of its own beside watts of its meter."""
    for device in seen.devices:
        yield from _sum(device)
        yield from _voltages(device)
        if not device.roles & {"battery", "solar"}:
            yield from _apparent(device)


def _sum(device: DeviceSeen) -> Iterator[Finding]:
    """In most of the samples."""
    apart = 0
    for sample in device.samples:
        values = {quantity: reading.value for quantity, reading in sample.items()}
        total_w, phases_w = values.get(Quantity.GRID_W), [values.get(Quantity[f"GRID_{one}_W"]) for one in PHASES]
        known = [watts for watts in phases_w if watts is not None]
        if total_w is None or not known:
            return
        apart += abs(sum(known) - total_w) > max(SUM_W, SUM_PART * max(abs(total_w), *map(abs, known)))
    if device.samples and 2 * apart > len(device.samples):
        parts = " + ".join(f"{watts:.0f}" for watts in known)
        text = told.phases_contradict(device=device.name, parts=parts, sum_w=sum(known), total_w=total_w or 0.0)
        yield Finding("phases_contradict", told.with_hint(said=text, hint=_why(sum(known), total_w)), device.name)


def _why(sum_w: float, total_w: float | None) -> Sentence:
    if total_w and abs(sum_w / total_w + 1.0) < SUM_PART:
        return told.hint_sign_turned()
    return told.hint_phases()


def _voltages(device: DeviceSeen) -> Iterator[Finding]:
    found = {one: device.value(Quantity[f"VOLTAGE_{one}_V"]) for one in PHASES}
    live = {one: volts for one, volts in found.items() if volts is not None and volts > 0.0}
    if not live:
        return
    mean_v = sum(live.values()) / len(live)
    for phase, volts in live.items():
        if not MAINS_V[0] <= volts <= MAINS_V[1]:
            text = told.odd_voltage(device=device.name, phase=phase, found_v=volts)
            yield Finding("odd_voltage", text, device.name)
        elif abs(volts - mean_v) > OTHER_V * mean_v:
            text = told.uneven_voltage(device=device.name, phase=phase, found_v=volts, mean_v=mean_v)
            yield Finding("uneven_voltage", text, device.name, stops=False)


def _apparent(device: DeviceSeen) -> Iterator[Finding]:
    """The power of a phase is at most volts times amps, and with a clamp on another phase it is only a half of that.

    In most of the samples, since the three are not read at one instant.
    """
    for phase in PHASES:
        found = [three for sample in device.samples if (three := _phase(sample, phase)) is not None]
        most_w = [volts * amps for _, volts, amps in found]
        more = sum(watts > APPARENT_PART * most + APPARENT_W for (watts, _, _), most in zip(found, most_w, strict=True))
        less = sum(
            amps >= LEAST_A and watts < LOW_FACTOR * most for (watts, _, amps), most in zip(found, most_w, strict=True)
        )
        if not found or 2 * max(more, less) <= len(found):
            continue
        watts, volts, amps = found[-1]
        said = told.more_than_apparent if more > less else told.mixed_phase
        text = said(device=device.name, phase=phase, power_w=watts, found_v=volts, found_a=amps)
        yield Finding(said.code, text, device.name, stops=more > less)


def _phase(sample: Mapping[Quantity, Reading], phase: str) -> tuple[float, float, float] | None:
    """Watts, volts and amps without their signs; None where one of them is missing."""
    names = (f"GRID_{phase}_W", f"VOLTAGE_{phase}_V", f"CURRENT_{phase}_A")
    found = [sample[Quantity[name]].value for name in names if Quantity[name] in sample]
    known = [abs(value) for value in found if value is not None]
    return (known[0], known[1], known[2]) if len(known) == len(names) and known[1] > 0.0 else None
