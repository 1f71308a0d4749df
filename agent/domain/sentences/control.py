"""Why the battery does what it does: the reasons of setpoints."""

from datetime import datetime

from agent.domain.in_words import kw, price
from agent.domain.sentence import Sentence, Template

_QUANTITIES = {"grid_w": "grid power", "soc_pct": "state of charge", "battery_w": "battery power"}
Paid = float | Sentence  # money per kWh, or the sentence of a price with carbon on top

# --- by the plan ------------------------------------------------------------------------------------------------------


@Template
def with_carbon(*, import_per_kwh: float, carbon_per_kwh: float) -> str:
    return f"{price(import_per_kwh)}/kWh + {price(carbon_per_kwh)} for carbon"


@Template
def discharging_at_peak(*, power_w: float, import_w: float, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    held = f"holding the demand peak with an import of {kw(import_w)}"
    return f"discharging {kw(power_w)}, {held}: the grid costs {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


@Template
def holding(*, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    return f"holding: the grid costs {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


@Template
def resting(*, value_per_kwh: float) -> str:
    return f"resting: {_worth(value_per_kwh)}"


@Template
def charging_from_grid(*, power_w: float, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    return f"charging {kw(power_w)} from the grid at {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


@Template
def charging_from_sun(*, power_w: float, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    return f"charging {kw(power_w)} from the sun at {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


@Template
def charging_from_sun_and_grid(*, power_w: float, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    return f"charging {kw(power_w)} from sun and grid at {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


@Template
def discharging_into_grid(*, power_w: float, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    return f"discharging {kw(power_w)} into the grid at {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


@Template
def discharging_for_load(*, power_w: float, paid_per_kwh: Paid, value_per_kwh: float) -> str:
    return f"discharging {kw(power_w)} for the load at {_paid(paid_per_kwh)}, {_worth(value_per_kwh)}"


# --- by our own rule --------------------------------------------------------------------------------------------------


@Template
def self_consumption(*, why: str) -> str:
    return f"self-consumption: {why}"


@Template
def rules_turn() -> str:
    return "it is the rule's turn in the comparison"


@Template
def no_plan_yet() -> str:
    return "there is no plan yet"


@Template
def plan_expired() -> str:
    return "the last plan has expired"


@Template
def self_consumption_earned(*, days: int) -> str:
    return f"the self-consumption rule: {_earned(days)}"


@Template
def time_of_use_earned(*, days: int) -> str:
    return f"the time-of-use rule: {_earned(days)}"


def _earned(days: int) -> str:
    return f"it has earned more here than the plan over the last {days} {'day' if days == 1 else 'days'}"


# --- by a person, or to see something ---------------------------------------------------------------------------------


@Template
def by_hand(*, order: str, until_at: datetime) -> str:
    return f"{order} until {until_at:%H:%M}: a person has asked for it"


@Template
def by_platform(*, order: str, until_at: datetime) -> str:
    return f"{order} until {until_at:%H:%M}: the platform has asked for it"


@Template
def order_hold() -> str:
    return "hold"


@Template
def order_charge() -> str:
    return "charge"


@Template
def order_discharge() -> str:
    return "discharge"


@Template
def order_charge_with(*, power_w: float) -> str:
    return f"charge with {kw(power_w)}"


@Template
def order_discharge_with(*, power_w: float) -> str:
    return f"discharge with {kw(power_w)}"


@Template
def looking_for_a_swing() -> str:
    return "the battery goes to and fro, and for some minutes it is seen whether it rests when it is left to itself"


@Template
def battery_swings() -> str:
    return "the battery goes to and fro by its own orders"


@Template
def probing_meter() -> str:
    return "held at 0 W for a minute, to see whether the grid's meter follows the battery"


@Template
def only_observed(*, would: str, said: str) -> str:
    return f"only observed; it would {would}: {said}"


@Template
def would_be_left() -> str:
    return "be left to itself"


@Template
def would_rest() -> str:
    return "rest"


# --- left to the device -----------------------------------------------------------------------------------------------


@Template
def released(*, why: str) -> str:
    return f"released: {why}"


@Template
def battery_does_not_follow() -> str:
    return "the battery does not follow its setpoints"


@Template
def quantity_unusable(*, quantity: str, quality: str) -> str:
    """``quantity`` is a field of SiteState, ``quality`` a word of Quality."""
    return f"the {_QUANTITIES[quantity]} is {quality}"


@Template
def setpoint_no_number() -> str:
    return "the setpoint asked for is not a number"


@Template
def agent_starts() -> str:
    return "the agent starts"


@Template
def agent_told_to_stop() -> str:
    return "the agent was told to stop"


@Template
def left_alone(*, why: str) -> str:
    return f"left alone for ten minutes: {why}"


# --- what the guard adds ----------------------------------------------------------------------------------------------


@Template
def bound_by(*, said: str, limit: str) -> str:
    return f"{said}; {limit} binds"


@Template
def limit_of_rating() -> str:
    return "the battery's rating"


@Template
def limit_of_ramp() -> str:
    return "the ramp"


@Template
def limit_of_connection() -> str:
    return "the connection point's limit"


@Template
def limit_of_soc() -> str:
    return "the SoC window"


@Template
def limit_of_load_alone() -> str:
    return "a battery that serves the load alone"


# --- why nothing may be written ---------------------------------------------------------------------------------------

_COMMAND = "`enalysis-edge commission` tests the devices and lets the agent steer"


@Template
def mode_is_observe() -> str:
    return 'the site file says [control] mode = "observe"'


@Template
def never_commissioned() -> str:
    return f"it has not been commissioned: {_COMMAND}"


@Template
def commissioned_other(*, device: str) -> str:
    return f"{device} is not what was commissioned: {_COMMAND}"


@Template
def permit_unusable(*, path: str, cause: str) -> str:
    return f"{path} cannot be used: {cause}"


def _paid(paid: Paid) -> str:
    return paid if isinstance(paid, Sentence) else f"{price(paid)}/kWh"


def _worth(value_per_kwh: float) -> str:
    return f"stored energy is worth {price(value_per_kwh)}/kWh"
