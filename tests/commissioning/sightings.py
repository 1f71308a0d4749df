"""Sites as they are seen before anything is written, made of values."""

from collections.abc import Mapping

from agent.commissioning.sighting import BatterySeen, DeviceSeen, SiteSeen
from agent.dispatch.estimate import Source, estimate
from agent.domain.battery import Battery
from agent.domain.site import Connection
from drivers.device import Action
from drivers.identity import Found
from drivers.plausible import is_plausible
from drivers.reading import Quality, Quantity, Reading
from tests.commissioning.procedure import NOON

Q = Quantity
ALL = frozenset(Action)
Values = Mapping[Quantity, float]
SAMPLES = 6

# A house of 3.4 kW: 1.2 kW of sun, 0.8 kW of battery, 1.4 kW of grid on three phases.
INVERTER: Values = {
    Q.AC_W: 2000.0,
    Q.PV_W: 1200.0,
    Q.BATTERY_W: 800.0,
    Q.SOC_PCT: 55.0,
    Q.RATED_W: 6000.0,
    Q.RATED_WH: 10_000.0,
    Q.RATED_CHARGE_W: 5000.0,
    Q.RATED_DISCHARGE_W: 5000.0,
    Q.STATE: 4.0,
}
METER: Values = {
    Q.GRID_W: 1400.0,
    Q.GRID_L1_W: 700.0,
    Q.GRID_L2_W: 500.0,
    Q.GRID_L3_W: 200.0,
    Q.VOLTAGE_L1_V: 231.0,
    Q.VOLTAGE_L2_V: 229.0,
    Q.VOLTAGE_L3_V: 230.0,
    Q.CURRENT_L1_A: 3.1,
    Q.CURRENT_L2_A: 2.3,
    Q.CURRENT_L3_A: 1.0,
}
BATTERY = Battery(10_000.0, 5000.0, 5000.0, soc_min_pct=5.0, soc_max_pct=95.0, reserve_pct=10.0)
UNFIT = {7.0: "in fault", 2.0: "asleep", 5.0: "taking a firmware update"}


def device(name: str, roles: set[str], values: Values, **more: object) -> DeviceSeen:
    readings = tuple(_readings(values, i) for i in range(SAMPLES))
    family = "some_hybrid" if "battery" in roles else "some_meter"
    own: dict[str, object] = {
        "fits": True,
        "samples": readings,
        "said": Found("Maker", f"model of {name}", f"serial of {name}", None),
        "actions": ALL if "battery" in roles else frozenset(),
        "unfit": UNFIT,
    }
    place = f"10.0.0.{len(name)}:502"
    return DeviceSeen(name, family, f"A {family}", frozenset(roles), place, place, 1, **{**own, **more})  # type: ignore[arg-type]


def _readings(values: Values, i: int) -> dict[Quantity, Reading]:
    """A device marks what it cannot be by its own rating."""
    ratings = {Q.RATED_W: values[Q.RATED_W]} if Q.RATED_W in values else {}
    return {
        quantity: Reading(
            quantity,
            value,
            float(i),
            Quality.GOOD if is_plausible(quantity, value, ratings) else Quality.IMPLAUSIBLE,
        )
        for quantity, value in values.items()
    }


def inverter(values: Values | None = None, **more: object) -> DeviceSeen:
    return device("inverter", {"battery", "solar"}, {**INVERTER, **(values or {})}, **more)


def meter(values: Values | None = None, **more: object) -> DeviceSeen:
    return device("meter", {"grid"}, {**METER, **(values or {})}, **more)


def site(*devices: DeviceSeen, connection: Connection | None = None, test_w: float = 750.0) -> SiteSeen:
    """The site as the agent estimates it from these devices."""
    samples = max(len(one.samples) for one in devices)
    states = tuple(
        estimate(
            NOON,
            float(i),
            [Source(one.name, one.roles, one.samples[i] if i < len(one.samples) else {}) for one in devices],
            15.0,
        )
        for i in range(samples)
    )
    batteries = tuple(BatterySeen(one.name, BATTERY, test_w, 30.0) for one in devices if one.steers)
    return SiteSeen(devices, batteries, states, connection or Connection(17_000.0, 5000.0), 8000.0)
