"""The table of what Home Assistant shows of a site: one row an entity.

A key never changes: it is part of ``unique_id``, under which Home Assistant keeps history and settings. The words of
``options`` are its own, as in https://www.home-assistant.io/integrations/mqtt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from agent.domain.override import AUTO, OverrideAction
from agent.domain.setpoint import Rung

OVERRIDES = (AUTO, *(action.value for action in OverrideAction))
LONGEST_MIN = 240  # of an order
CURRENCY = "{currency}"  # in a unit: the site's


class Platform(Enum):
    """Of an entity in Home Assistant."""

    SENSOR = "sensor"
    BINARY_SENSOR = "binary_sensor"
    SELECT = "select"
    NUMBER = "number"
    BUTTON = "button"


class Needs(Enum):
    """Without which a site does not have the entity."""

    NOTHING = "always"
    SOLAR = "with [solar]"
    COMMANDS = "with commands = true"


@dataclass(frozen=True, slots=True)
class Entity:
    """``about`` says what the value is. It is told where it has changed, ``every_s`` seconds at most.

    ``options`` go into the discovery as they stand. ``state_of`` is the entity whose topic it shows, its own when None.
    """

    key: str
    platform: Platform
    name: str
    about: str
    options: Mapping[str, object] = field(default_factory=dict)
    needs: Needs = Needs.NOTHING
    every_s: float = 10.0
    has_attributes: bool = False
    state_of: str | None = None

    @property
    def state_key(self) -> str | None:
        """The last part of the topic of its state; None for one that has none."""
        return None if self.platform is Platform.BUTTON else self.state_of or self.key

    @property
    def is_commanded(self) -> bool:
        return self.platform in (Platform.SELECT, Platform.NUMBER, Platform.BUTTON)


def _power(key: str, name: str, about: str, needs: Needs = Needs.NOTHING) -> Entity:
    options = {"device_class": "power", "unit_of_measurement": "W", "state_class": "measurement"}
    return Entity(key, Platform.SENSOR, name, about, options, needs)


def _price(key: str, name: str, about: str) -> Entity:
    unit = {"unit_of_measurement": f"{CURRENCY}/kWh", "suggested_display_precision": 3}
    return Entity(key, Platform.SENSOR, name, about, {**unit, "state_class": "measurement"})


def _energy(key: str, name: str, about: str, needs: Needs = Needs.NOTHING) -> Entity:
    unit = {"unit_of_measurement": "kWh", "suggested_display_precision": 2}
    options = {"device_class": "energy", "state_class": "total_increasing", **unit}
    return Entity(key, Platform.SENSOR, name, about, options, needs)


def _next(key: str, name: str, about: str) -> Entity:
    return Entity(key, Platform.SENSOR, name, about, {"device_class": "timestamp"}, every_s=30.0, has_attributes=True)


ENTITIES = (
    _power("grid_power", "Grid power", "positive is import"),
    _power("solar_power", "Solar power", "of all arrays", Needs.SOLAR),
    _power("battery_power", "Battery power", "positive is discharge"),
    _power("load_power", "Load power", "what the site consumes"),
    Entity(
        "battery_soc", Platform.SENSOR, "Battery state of charge", "of all batteries as one",
        {"device_class": "battery", "unit_of_measurement": "%", "state_class": "measurement"},
    ),
    _price("import_price", "Import price", "what a kWh costs now; unknown where nobody has said"),
    _price("export_price", "Export price", "what a kWh fed in brings now"),
    _price("stored_energy_value", "Value of stored energy", "what one more stored kWh is worth by the plan"),
    Entity(
        "saved_today", Platform.SENSOR, "Saved today",
        "against no battery since the site's midnight; what is still stored is not counted",
        {
            "device_class": "monetary", "unit_of_measurement": CURRENCY, "state_class": "total",
            "suggested_display_precision": 2,
            "value_template": "{{ value_json.saved }}", "last_reset_value_template": "{{ value_json.since }}",
        },
        every_s=60.0,
    ),
    Entity(
        "mode", Platform.SENSOR, "Mode", "by what the battery is steered",
        {"device_class": "enum", "options": [rung.value for rung in Rung]},
    ),
    Entity("reason", Platform.SENSOR, "Reason", "why, in one sentence of at most 255 characters", every_s=30.0),
    _next("next_charge", "Next charge", "when the plan charges next; attributes `until`, `power_w`"),
    _next("next_discharge", "Next discharge", "when the plan discharges next; attributes `until`, `power_w`"),
    Entity(
        "override", Platform.SENSOR, "Override", "what a person has told the battery; attributes `until`, `power_w`",
        {"device_class": "enum", "options": list(OVERRIDES)}, every_s=0.0, has_attributes=True,
    ),
    Entity(
        "problem", Platform.BINARY_SENSOR, "Problem", "on while an alarm stands; attributes `count`, `alarms`",
        {"device_class": "problem"}, every_s=0.0, has_attributes=True,
    ),
    _energy("grid_import_energy", "Grid import energy", "Energy dashboard: grid consumption"),
    _energy("grid_export_energy", "Grid export energy", "Energy dashboard: return to grid"),
    _energy("solar_energy", "Solar energy", "Energy dashboard: solar production", Needs.SOLAR),
    _energy("battery_charge_energy", "Battery charge energy", "Energy dashboard: energy going in to the battery"),
    _energy("battery_discharge_energy", "Battery discharge energy", "Energy dashboard: energy coming out of it"),
    Entity(
        "set_override", Platform.SELECT, "Battery order", "hold, charge, discharge, or auto: the agent decides",
        {"options": list(OVERRIDES)}, Needs.COMMANDS, state_of="override",
    ),
    Entity(
        "set_power", Platform.NUMBER, "Order power", "of the next order; 0 is all that the limits allow",
        {"device_class": "power", "unit_of_measurement": "W", "min": 0, "step": 10, "mode": "box",
         "entity_category": "config"},
        Needs.COMMANDS, every_s=0.0,
    ),
    Entity(
        "set_minutes", Platform.NUMBER, "Order duration", "of the next order; it ends by itself",
        {"device_class": "duration", "unit_of_measurement": "min", "min": 1, "max": LONGEST_MIN, "step": 1,
         "mode": "box", "entity_category": "config"},
        Needs.COMMANDS, every_s=0.0,
    ),
    Entity(
        "set_auto", Platform.BUTTON, "Let the agent decide", "ends an order", {"payload_press": AUTO}, Needs.COMMANDS
    ),
    Entity(
        "order_result", Platform.SENSOR, "Last order", "what became of it, or why it was refused",
        {"entity_category": "diagnostic"}, Needs.COMMANDS, every_s=0.0,
    ),
)  # fmt: skip


def entities_of(has_solar: bool, commands: bool) -> tuple[Entity, ...]:
    """Those that a site has."""
    there = {Needs.NOTHING: True, Needs.SOLAR: has_solar, Needs.COMMANDS: commands}
    return tuple(entity for entity in ENTITIES if there[entity.needs])
