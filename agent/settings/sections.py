"""The sections of the site file, one class each: keys, types, ranges and defaults.

Every key has one way to be written, with its unit at the end of its name. What concerns two keys is in ``checks``,
[[device]] in ``device_section``. Editors (config/site.schema.json) and the sentences about mistakes show the words.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

LARGEST_W = 20_000_000.0


class Section(BaseModel):
    """Strict: nothing is converted, nothing unknown is accepted, nothing is changed later."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _none_word(value: Any) -> Any:
    return None if value == "none" else value


def _absolute(value: str, found: ValidationInfo) -> str:
    """Relative paths are relative to the site file's folder, where the reader has said which that is."""
    folder = (found.context or {}).get("folder")
    return value if folder is None else str(Path(folder) / value)


# TOML has no null. A limit that a cut-off file has lost must not become "no limit", so that is written as a word.
Limit = Annotated[
    Annotated[float, Field(ge=0, le=LARGEST_W)] | None,
    BeforeValidator(_none_word),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": LARGEST_W}, {"const": "none"}]}),
]
ModelName = Annotated[
    Annotated[str, Field(pattern=r"^[a-z0-9_\-]{1,64}$")] | None,
    BeforeValidator(_none_word),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9_\-]{1,64}$"}),
]
# Lengths stand beside the patterns: a repetition inside one is unrolled by the engine, which costs megabytes.
FilePath = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]+$"), AfterValidator(_absolute)]
Watts = Annotated[float, Field(ge=100, le=LARGEST_W)]
Percent = Annotated[float, Field(ge=0, le=100)]
Efficiency = Annotated[float, Field(gt=0.5, le=1)]
Price = Annotated[float, Field(ge=-1000, le=1000)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
PRICE_FILE = "CSV file with the columns start,price_per_kwh or start,price_per_mwh"


class Site(Section):
    """Who and where the site is."""

    id: str = Field(
        description="identity towards the platform: 1 to 64 small letters, digits and hyphens",
        pattern=r"^[a-z0-9]([a-z0-9\-]{0,62}[a-z0-9])?$",
        examples=["riverside-12"],
    )
    name: Text = Field(description="name for people", examples=["Riverside 12"])
    latitude: float = Field(description="degrees, north is positive", ge=-90, le=90, examples=[52.2])
    longitude: float = Field(description="degrees, east is positive", ge=-180, le=180, examples=[0.12])
    timezone: Text = Field(description="IANA name of the site's time zone", examples=["Europe/London"])
    currency: str = Field(description="ISO 4217 code of all money", pattern=r"^[A-Z]{3}$", examples=["GBP"])
    holidays: list[date] = Field(default=[], description="public holidays as dates, such as [2026-12-25]")
    clock: Literal["auto", "trust"] = Field(
        default="auto", description='"trust" takes the gateway\'s clock as it is, where nothing can confirm it'
    )


class Connection(Section):
    """Limits at the point where the site meets the grid. Never exceeded by what the battery does."""

    import_limit_w: Limit = Field(description='most power drawn from the grid in watts, or "none"', examples=[17000])
    export_limit_w: Limit = Field(description='most power fed into the grid in watts, or "none"', examples=[5000])
    failsafe_after_s: Annotated[float, Field(ge=30, le=86400)] | None = Field(
        default=None,
        description="silence of the platform's grid limit after which the failsafe limits hold, in seconds",
    )
    failsafe_import_w: Annotated[float, Field(ge=0, le=LARGEST_W)] | None = Field(
        default=None, description="most power drawn from the grid while the platform's grid limit is silent, in watts"
    )
    failsafe_export_w: Annotated[float, Field(ge=0, le=LARGEST_W)] | None = Field(
        default=None, description="most power fed into the grid while the platform's grid limit is silent, in watts"
    )


class FurtherBattery(Section):
    """One more battery, planned as one with the first. Its window, efficiencies and wear are those of [battery]."""

    device: Text = Field(description="name of the [[device]] that steers it", examples=["inverter_2"])
    usable_wh: Watts = Field(description="energy between 0 and 100 % state of charge, in Wh", examples=[10000])
    charge_w: Watts = Field(description="most charging power in watts", examples=[5000])
    discharge_w: Watts = Field(description="most discharging power in watts", examples=[5000])


class Battery(Section):
    """The battery as the planner and the guard see it. Powers are AC watts."""

    device: Text = Field(description="name of the [[device]] that steers it", examples=["inverter"])
    usable_wh: Watts = Field(description="energy between 0 and 100 % state of charge, in Wh", examples=[10000])
    charge_w: Watts = Field(description="most charging power in watts", examples=[5000])
    discharge_w: Watts = Field(description="most discharging power in watts", examples=[5000])
    charge_efficiency: Efficiency = Field(default=0.95, description="one-way efficiency of charging, a fraction")
    discharge_efficiency: Efficiency = Field(default=0.95, description="one-way efficiency of discharging, a fraction")
    loss_above_half: float = Field(
        default=0.0,
        description="of each watt above half power lost besides, a fraction: 2 x (efficiency at half - at full power)",
        ge=0,
        le=0.3,
    )
    soc_min_pct: Percent = Field(description="lowest state of charge that may be used, in percent", examples=[10])
    soc_max_pct: Percent = Field(description="highest state of charge that may be used, in percent", examples=[95])
    reserve_pct: Percent = Field(description="state of charge kept for outages, in percent", examples=[20])
    wear_per_kwh: float = Field(
        default=0.0, description="what a kWh discharged costs in battery life, money", ge=0, le=1000
    )
    wear_above_half_per_kwh: float = Field(
        default=0.0,
        description="what a kWh discharged by the power above half of discharge_w costs besides in battery life, money",
        ge=0,
        le=1000,
    )
    deep_wear_per_kwh: float = Field(
        default=0.0,
        description="what a stored kWh taken out below deep_below_pct costs besides in battery life, money",
        ge=0,
        le=1000,
    )
    deep_below_pct: Percent | None = Field(
        default=None, description="state of charge below which deep_wear_per_kwh counts, in percent", examples=[30]
    )
    ramp_w_per_s: Annotated[float, Field(ge=1, le=LARGEST_W)] | None = Field(
        default=None, description="fastest change of the battery's power in watts per second; no limit when left out"
    )
    persistent_writes_per_day: int = Field(
        default=100, description="most writes a day of a register that the device keeps in flash", ge=10, le=10000
    )
    further: list[FurtherBattery] = Field(default=[], description="one table for each further battery", max_length=15)

    @property
    def steered_by(self) -> tuple[str, ...]:
        """The devices that steer the batteries, the first one first."""
        return (self.device, *(one.device for one in self.further))


class Solar(Section):
    """The solar array, where there is one."""

    rated_w: Watts = Field(description="rated power of all solar together in watts", examples=[8000])


class FlatTariff(Section):
    """One price at all times."""

    kind: Literal["flat"] = Field(description="one price at all times")
    price_per_kwh: Price = Field(description="money per kWh", examples=[0.28])


class ReserveWindow(Section):
    """A reserve of its own in certain hours. A window over midnight belongs to the day it begins on."""

    pct: Percent = Field(description="state of charge kept for outages in these hours, in percent", examples=[60])
    start: ClockTime = Field(alias="from", description='local time "HH:MM" from which it is kept', examples=["16:00"])
    end: ClockTime = Field(
        alias="to", description='local time "HH:MM" until which it is kept; "00:00" is midnight', examples=["21:00"]
    )
    weekdays: list[Weekday] = Field(
        default=[*WEEKDAYS], description="days on which it begins, every day when left out", min_length=1
    )
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        default=list(range(1, 13)), description="months in which it begins, every month when left out", min_length=1
    )


class DaysOfWindow(Section):
    """The days and months on which a window of a tariff begins."""

    weekdays: list[Weekday | Literal["holiday"]] = Field(
        default=[*WEEKDAYS, "holiday"], description="days on which it begins, every day when left out", min_length=1
    )
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        default=list(range(1, 13)), description="months in which it begins, every month when left out", min_length=1
    )


class TariffWindow(DaysOfWindow):
    """A price in certain hours. A window over midnight belongs to the day it begins on."""

    price_per_kwh: Price = Field(description="money per kWh", examples=[0.09])
    start: ClockTime = Field(alias="from", description='local time "HH:MM" at which it begins', examples=["00:30"])
    end: ClockTime = Field(
        alias="to", description='local time "HH:MM" at which it ends; "00:00" is midnight', examples=["05:30"]
    )


class TimeOfUseTariff(Section):
    """Prices by the clock, the weekday and the season. The first window that holds sets the price."""

    kind: Literal["time_of_use"] = Field(description="prices by the clock, the weekday and the season")
    default_per_kwh: Price = Field(description="money per kWh outside all windows", examples=[0.28])
    holidays_as: Weekday | Literal["holiday", "ordinary"] = Field(
        default="ordinary",
        description='which day a holiday counts as; "holiday" for windows of its own, "ordinary" for no difference',
    )
    windows: list[TariffWindow] = Field(alias="window", description="the windows", min_length=1, max_length=200)


class ListTariff(Section):
    """A list of prices, from the platform or from a file."""

    kind: Literal["list"] = Field(description="prices in a list, from the platform or from a file")
    file: FilePath | None = Field(default=None, description=PRICE_FILE)


class FeeWindow(DaysOfWindow):
    """A fee of the grid in certain hours. A window over midnight belongs to the day it begins on."""

    fee_per_kwh: Price = Field(description="money per kWh", examples=[0.12])
    start: ClockTime = Field(alias="from", description='local time "HH:MM" at which it begins', examples=["17:00"])
    end: ClockTime = Field(
        alias="to", description='local time "HH:MM" at which it ends; "00:00" is midnight', examples=["22:00"]
    )


class DynamicTariff(Section):
    """A market's prices: price = market x market_factor + fee + taxes. The first fee window that holds counts."""

    kind: Literal["dynamic"] = Field(description="a market's prices with fees and taxes on them")
    file: FilePath | None = Field(default=None, description=f"the market's prices: {PRICE_FILE}")
    topic: Text | None = Field(
        default=None, description="in place of file: topic of the household's MQTT broker with the market's prices"
    )
    market_factor: float = Field(
        default=1.0, description="what the market's price is multiplied by, such as 1.25 for VAT", gt=0, le=10
    )
    taxes_per_kwh: Price = Field(default=0.0, description="added at all times; below 0 for what is kept back, money")
    fee_per_kwh: Price = Field(default=0.0, description="fee of the grid outside all windows, money per kWh")
    holidays_as: Weekday | Literal["holiday", "ordinary"] = Field(
        default="ordinary",
        description='which day a holiday counts as; "holiday" for windows of its own, "ordinary" for no difference',
    )
    windows: list[FeeWindow] = Field(default=[], alias="window", description="the fee's windows", max_length=200)


Tariff = Annotated[FlatTariff | TimeOfUseTariff | ListTariff | DynamicTariff, Field(discriminator="kind")]


class Tariffs(Section):
    """What energy costs and what is paid for it."""

    bought: Tariff = Field(alias="import", description="prices of energy drawn from the grid")
    sold: Tariff = Field(
        default=FlatTariff(kind="flat", price_per_kwh=0.0),
        alias="export",
        description="prices paid for energy fed into the grid; nothing when left out",
    )


class Carbon(Section):
    """Carbon intensity of the grid while the platform says nothing better."""

    kg_per_kwh: float = Field(default=0.0, description="kg CO2 per kWh drawn from the grid", ge=0, le=5)


class Objective(Section):
    """What counts, and how much."""

    cost_weight: float = Field(default=0.7, description="weight of money, a fraction", ge=0.01, le=1)
    carbon_weight: float = Field(default=0.3, description="weight of carbon, a fraction", ge=0, le=1)
    carbon_value_per_kg: float = Field(default=0.1, description="what a kg CO2 is worth, in money", ge=0, le=1000)


class Control(Section):
    """The fast loop. Times are seconds."""

    mode: Literal["automatic", "observe"] = Field(default="automatic", description="observe writes to no device")
    step_s: float = Field(default=1.0, description="time between two control steps, in seconds", ge=0.2, le=60)
    hold_s: float = Field(default=60.0, description="how long a setpoint holds, in seconds", ge=10, le=600)
    stale_s: float = Field(
        default=15.0, description="age at which a reading is no longer used, in seconds", ge=2, le=300
    )
    frozen_s: float = Field(default=60.0, description="how long a device may repeat itself, in seconds", ge=10, le=3600)


class Planning(Section):
    """The planner."""

    interval_s: int = Field(default=900, description="time between two plans, in seconds", ge=60, le=7200)
    step_s: Literal[300, 600, 900, 1800, 3600] = Field(default=900, description="step of a plan, in seconds")
    horizon_h: int = Field(default=48, description="how far a plan looks ahead, in hours", ge=2, le=96)
    valid_h: float = Field(default=6.0, description="how long a plan may be followed, in hours", ge=0.25, le=48)
    deadline_s: float = Field(default=20.0, description="time the planner has to answer, in seconds", ge=1, le=600)
    memory_mb: int = Field(default=400, description="memory the planner may use, in MB", ge=100, le=4000)
    models: FilePath | None = Field(
        default=None, description="folder of ONNX models; those that come along when left out"
    )
    load_model: ModelName = Field(default="consumption", description='name of the consumption model, or "none"')
    solar_model: ModelName = Field(default="solar", description='name of the solar model, or "none"')


class PastOutage(Section):
    """A time without the grid."""

    start: AwareDatetime = Field(alias="from", description="when the grid went away, with its time zone")
    end: AwareDatetime = Field(alias="to", description="when it came back, with its time zone")


class Advice(Section):
    """What recommendations to people rest on."""

    worth_it: float = Field(default=0.1, description="smallest saving that is worth a word, money", ge=0, le=100_000)
    critical_load_w: float = Field(default=0.0, description="load that must go on in an outage", ge=0, le=LARGEST_W)
    outage_value_per_kwh: float = Field(
        default=0.0, description="what a kWh of it is worth in an outage, money", ge=0, le=10_000
    )
    outages: list[PastOutage] = Field(
        default=[], alias="outage", description="times without the grid, of a year at most", max_length=200
    )


class Store(Section):
    """Where everything is kept that must last."""

    path: FilePath = Field(default="/var/lib/enalysis-edge/site.sqlite3", description="database file")
    commit_s: float = Field(default=60.0, description="time between two writes, in seconds", ge=1, le=900)
    keep_days: int = Field(default=40, description="days that minutes are kept", ge=8, le=3650)
    max_mb: int = Field(default=500, description="largest size of the database, in MB", ge=20, le=100_000)


class Log(Section):
    """What is written to the journal."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is written"
    )
