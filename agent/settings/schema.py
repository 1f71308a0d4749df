"""The site file as one frozen object, and what the other rooms take from it."""

from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from pydantic import Field

from agent.domain.advisory import AdviceQuestion
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.demand_charge import DemandCharge
from agent.domain.ledger import LedgerCheckpoint, SettlementRequest
from agent.domain.request import Objective, Place
from agent.domain.reserve import Reserve
from agent.domain.site import Connection, Failsafe
from agent.domain.switched_load import SwitchedLoad
from agent.domain.tariff import Tariff
from agent.settings import cloud_section, demand_sections, flexible_load_section, sections, to_domain
from agent.settings.broker_section import LocalBroker
from agent.settings.console_section import Console
from agent.settings.device_section import Device
from agent.settings.home_assistant_section import HomeAssistant
from drivers.registry import FAMILIES


class Settings(sections.Section):
    """The site file of Enalysis Edge. ``agent.settings.load`` makes one that has passed all checks."""

    site: sections.Site = Field(description="who and where the site is")
    connection: sections.Connection = Field(description="limits at the point where the site meets the grid")
    battery: sections.Battery = Field(description="the battery")
    reserve: list[sections.ReserveWindow] = Field(
        default=[], description="reserves by the clock; the first window that holds counts", max_length=200
    )
    solar: sections.Solar | None = Field(default=None, description="the solar array; without it the site has none")
    tariff: sections.Tariffs = Field(description="what energy costs and what is paid for it")
    demand_charge: demand_sections.DemandCharge | None = Field(
        default=None, description="what the highest import of a month costs; nothing when left out"
    )
    carbon: sections.Carbon = Field(default_factory=sections.Carbon, description="carbon intensity of the grid")
    objective: sections.Objective = Field(default_factory=sections.Objective, description="what counts, and how much")
    control: sections.Control = Field(default_factory=sections.Control, description="the fast loop")
    planning: sections.Planning = Field(default_factory=sections.Planning, description="the planner")
    advice: sections.Advice = Field(default_factory=sections.Advice, description="recommendations to people")
    flexible_loads: list[flexible_load_section.FlexibleLoad] = Field(
        default=[], alias="flexible_load", description="machines that may run at another time", max_length=20
    )
    store: sections.Store = Field(default_factory=sections.Store, description="where everything is kept that must last")
    cloud: cloud_section.Cloud | None = Field(
        default=None, description="the central platform; without it the site stands alone"
    )
    home_assistant: HomeAssistant | None = Field(
        default=None, description="Home Assistant, by its own MQTT broker; without it it is told nothing"
    )
    local_broker: LocalBroker | None = Field(
        default=None,
        description="the household's MQTT broker, for relays and prices; that of [home_assistant] when left out",
    )
    console: Console | None = Field(default=None, description="the local web page and API; without it nothing listens")
    log: sections.Log = Field(default_factory=sections.Log, description="what is written to the journal")
    devices: list[Device] = Field(
        alias="device", description="the devices, one [[device]] each", min_length=1, max_length=64
    )

    def battery_spec(self) -> Battery:
        """All batteries as one; what one of their devices cannot do, none does."""
        steered = [FAMILIES[device.family] for device in self.devices if device.name in self.battery.steered_by]
        feeds_grid = all(family.feeds_grid for family in steered)
        return replace(to_domain.battery(self.battery), feeds_grid=feeds_grid)

    def battery_units(self) -> tuple[BatteryUnit, ...]:
        """Each battery by the device that steers it."""
        families = {device.name: FAMILIES[device.family] for device in self.devices}
        return tuple(
            replace(unit, battery=replace(unit.battery, feeds_grid=families[unit.device].feeds_grid))
            for unit in to_domain.battery_units(self.battery)
        )

    def connection_spec(self) -> Connection:
        return to_domain.connection(self.connection)

    def reserve_spec(self) -> Reserve | None:
        """What is kept for outages by the clock; None where it is the same at all hours."""
        return to_domain.reserve(self.reserve, self.battery.reserve_pct, self.site) if self.reserve else None

    def failsafe_spec(self) -> Failsafe | None:
        """The limits while the platform's grid limit is silent; None where there are none."""
        return to_domain.failsafe(self.connection)

    def place(self) -> Place:
        return to_domain.place(self.site)

    def objective_spec(self) -> Objective:
        return to_domain.objective(self.objective)

    def advice_spec(self) -> AdviceQuestion:
        """The site's part of it; what is due is added by the advice cycle."""
        return to_domain.advice(self.advice, self.flexible_loads)

    def switched_loads(self) -> tuple[SwitchedLoad, ...]:
        """The machines that have a relay."""
        return to_domain.switched_loads(self.flexible_loads)

    @property
    def household_broker(self) -> LocalBroker | None:
        """Where relays and prices by topic are."""
        return self.local_broker or self.home_assistant

    @property
    def has_topic_relays(self) -> bool:
        return any(load.mqtt_relay is not None for load in self.flexible_loads)

    @property
    def price_topics(self) -> tuple[str, ...]:
        """On which a market's prices come, each once."""
        tariffs = (self.tariff.bought, self.tariff.sold)
        found = (one.topic for one in tariffs if isinstance(one, sections.DynamicTariff))
        return tuple(dict.fromkeys(topic for topic in found if topic is not None))

    def import_tariff(self) -> Tariff:
        """Reads the file of a price list again. Raises PriceFileError when that has become unusable."""
        return to_domain.tariff(self.tariff.bought, self.site)

    def export_tariff(self) -> Tariff:
        """As ``import_tariff``, for energy fed into the grid."""
        return to_domain.tariff(self.tariff.sold, self.site)

    def demand_charges(self) -> tuple[DemandCharge, ...]:
        """Those that are asked, the first of the section itself; none without one."""
        return () if self.demand_charge is None else to_domain.demand_charges(self.demand_charge, self.site)

    def demand_charge_spec(self) -> DemandCharge | None:
        """The first of them."""
        return next(iter(self.demand_charges()), None)

    @property
    def solar_rated_w(self) -> float:
        """Rated solar power in watts, 0 where there is none."""
        return 0.0 if self.solar is None else self.solar.rated_w

    @property
    def roles(self) -> dict[str, frozenset[str]]:
        """What each device measures, by its name."""
        return {device.name: frozenset(device.roles) for device in self.devices}

    @property
    def models_folder(self) -> Path:
        """The folder of ONNX models: the site file's, or the one that is installed with the program."""
        if self.planning.models is not None:
            return Path(self.planning.models)
        installed = find_spec("exported_models")
        if installed is None or not installed.submodule_search_locations:
            raise FileNotFoundError("the exported_models package is not installed; set planning.models to a folder")
        return Path(installed.submodule_search_locations[0])

    def settlement_request(self, now: datetime, checkpoint: LedgerCheckpoint | None) -> SettlementRequest:
        """What is asked at ``now`` of a ledger that ends with ``checkpoint``."""
        return SettlementRequest(
            now=now,
            store=self.store.path,
            timezone=self.site.timezone,
            battery=self.battery_spec(),
            connection=self.connection_spec(),
            has_solar=self.solar is not None,
            carbon_price_per_kwh=self.objective_spec().carbon_price_per_kg * self.carbon.kg_per_kwh,
            carry=checkpoint,
            charges=self.demand_charges(),
        )
