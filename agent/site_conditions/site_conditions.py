"""What the site pays and may do, now and later: tariffs of the site file, overlaid by what the platform sent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.domain.battery import Battery
from agent.domain.completed_prices import Completed, completed_prices
from agent.domain.expected_carbon import expected_carbon
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.inputs import GridLimitInput, Inputs, PlatformInput, WeatherInput
from agent.domain.overlay import Overlay
from agent.domain.request import Objective, Place
from agent.domain.reserve import Reserve
from agent.domain.sentences import plans as say
from agent.domain.site import Connection, Failsafe
from agent.domain.tariff import PriceList, Tariff, mean_prices, on_tariff, price_at, with_heard
from agent.domain.weather import Weather
from agent.domain.weather_raster import HOUR_S, layered

# A message that claims to be issued later than this from now was stamped by a wrong clock and proves nothing.
AHEAD = timedelta(minutes=1)
# Older words than these are left out, whatever time they are about: the weather and the grid's mix have moved on.
WEATHER_LASTS = timedelta(hours=12)
CARBON_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per kWh and kg CO2 per kWh at one instant. ``carbon_price`` is what the objective adds to an import."""

    import_price: float
    export_price: float
    carbon_kg_per_kwh: float
    carbon_price: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Complete price and carbon curves over a horizon, with one sentence for everything that had to be guessed."""

    import_price: tuple[float, ...]
    export_price: tuple[float, ...]
    carbon_kg_per_kwh: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class SiteConditions:
    """Tariffs and inputs. What the platform sends is written by the sync cycle; all others only read."""

    import_tariff: Tariff
    export_tariff: Tariff
    flat_carbon_kg_per_kwh: float
    site_connection: Connection
    objective: Objective
    place: Place
    reserve: Reserve | None = None
    failsafe: Failsafe | None = None
    said: Inputs = field(default_factory=Inputs)  # by the platform, and on price topics
    _weather: Weather | None = None
    time_is_known: bool = True  # while it is not, what holds at some time of day holds at any
    _clock_set_by: timedelta = field(default=timedelta())  # since the limit was heard by a clock that was right
    _is_limit_timed: bool = True  # it was heard by such a clock; else its own time tells its age, once one is found
    _last_import: float | None = field(default=None)
    _assumed: PriceList | None = field(default=None)  # the import prices of the newest curves, guesses among them

    def go_by(self, site: "SiteConditions") -> None:
        """The site file's part is that of ``site`` from now on; what the platform has said stays."""
        self.import_tariff, self.export_tariff = site.import_tariff, site.export_tariff
        self.flat_carbon_kg_per_kwh, self.objective = site.flat_carbon_kg_per_kwh, site.objective
        self.site_connection, self.failsafe = site.site_connection, site.failsafe
        self.place, self.reserve, self._assumed = site.place, site.reserve, None

    def take(self, message: PlatformInput) -> None:
        """Let what the platform sent overlay the site file; of each kind what was issued last counts."""
        self.recall(self.said.joined_by(message))

    def recall(self, said: Inputs) -> None:
        """Let all that the platform has said be ``said``."""
        if said.weather != self.said.weather:
            self._weather = _layered(said.weather)
        if said.limit != self.said.limit:
            self._clock_set_by, self._is_limit_timed = timedelta(), self.time_is_known
        self.said = said

    @property
    def import_prices(self) -> Tariff | None:
        return on_tariff(self.import_tariff, self.said.import_prices)

    @property
    def export_prices(self) -> Tariff | None:
        return on_tariff(self.export_tariff, self.said.export_prices)

    @property
    def own_import(self) -> Tariff:
        """The import tariff without what the platform says of it."""
        return with_heard(self.import_tariff, self.said.heard_on)

    @property
    def own_export(self) -> Tariff:
        return with_heard(self.export_tariff, self.said.heard_on)

    @property
    def carbon(self) -> Overlay | None:
        return self.said.carbon

    def weather_at(self, now: datetime) -> Weather | None:
        """The forecast that counts at ``now``; None where nothing was said for too long."""
        if not self.said.weather or now - self.said.weather[0].issued_at > WEATHER_LASTS:
            return None
        return self._weather

    def _carbon_at(self, now: datetime) -> Overlay | None:
        carbon = self.said.carbon
        return None if carbon is None or not carbon.words or now - carbon.words[0].issued_at > CARBON_LASTS else carbon

    def stale(self, now: datetime) -> tuple[str, ...]:
        """A sentence for everything that is left out at ``now`` because nothing newer was said."""
        old: list[str] = []
        if self.said.weather and self.weather_at(now) is None:
            old.append(say.weather_left_out(after_s=WEATHER_LASTS.total_seconds()))
        if self.said.carbon is not None and self._carbon_at(now) is None:
            old.append(say.carbon_left_out(after_s=CARBON_LASTS.total_seconds()))
        return tuple(old)

    @property
    def limit(self) -> GridLimitInput | None:
        return self.said.limit

    def at(self, at: datetime) -> Prices:
        """Prices at ``at``. A price that is not known is what the curves assume, or else the last one that was."""
        found = self._price(self.import_prices, self.own_import, at)
        if found is None:
            found = self._price(self._assumed, None, at)
        if found is not None:
            self._last_import = found
        import_price = found if found is not None else self._last_import or 0.0
        export_price = self._price(self.export_prices, self.own_export, at) or 0.0
        carbon = self._price(self._carbon_at(at), None, at)
        carbon = self.flat_carbon_kg_per_kwh if carbon is None else carbon
        return Prices(import_price, export_price, carbon, self.objective.carbon_price_per_kg * carbon)

    def known_at(self, at: datetime) -> tuple[float | None, float | None]:
        """The prices of import and export at ``at``, None where nobody has said one."""
        return (
            self._price(self.import_prices, self.own_import, at),
            self._price(self.export_prices, self.own_export, at),
        )

    def paid(self, at: datetime) -> tuple[float, float] | None:
        """The import and export price that was in force at ``at``; None where that is not known any more."""
        bought, sold = self.known_at(at)
        return None if bought is None else (bought, sold or 0.0)

    def curves(self, horizon: Horizon) -> Curves | None:
        """Curves over ``horizon``, or None when not one import price is known."""
        bought = self._completed(self.import_prices, self.own_import, horizon, "import_price")
        if bought is None:
            return None
        sold = self._completed(self.export_prices, self.own_export, horizon, "export_price")
        published = self._carbon_at(horizon.start)
        carbon = published and expected_carbon(mean_prices(published, horizon), horizon, published)
        flat_carbon = (self.flat_carbon_kg_per_kwh,) * horizon.steps
        import_price = _not_cheaper_than_known(bought)
        self._assumed = PriceList(horizon.start, horizon.step_s, import_price)
        return Curves(
            import_price,
            sold.prices if sold is not None else (0.0,) * horizon.steps,
            carbon or flat_carbon,
            (*bought.notes, *(sold.notes if sold is not None else ())),
        )

    def connection(self, at: datetime) -> Connection:
        """The limits in force: the narrowest of the site file's, the platform's and, in its silence, the failsafe's."""
        found, limit = self._without_platform(at), self.limit
        if limit is None or (self.time_is_known and not limit.valid_from <= at < limit.valid_to):
            return found
        return _narrower(found, Connection(limit.import_limit_w, limit.export_limit_w))

    def connections(self, now: datetime, horizon: Horizon) -> tuple[Connection, ...]:
        """The limits of each step as they are known at ``now``: those that hold in any part of it that is to come."""
        found, limit = self._without_platform(now), self.limit
        if limit is None:
            return (found,) * horizon.steps
        both = _narrower(found, Connection(limit.import_limit_w, limit.export_limit_w))
        step = timedelta(seconds=horizon.step_s)
        return tuple(
            both if max(at, now) < limit.valid_to and at + step > limit.valid_from else found for at in horizon.times()
        )

    def limit_is_silent(self, now: datetime) -> bool:
        """Whether a failsafe is asked for and the platform's grid limit has not been heard of for longer than that."""
        if self.failsafe is None:
            return False
        return (
            self.limit is None or not -AHEAD <= now - self._clock_set_by - self.limit.issued_at <= self.failsafe.after
        )

    def clock_was_set(self, by: timedelta) -> None:
        """The wall clock was set: how long the platform has been silent does not change by that."""
        if self._is_limit_timed:
            self._clock_set_by += by

    def with_reserve(self, battery: Battery, at: datetime, for_s: float = 0.0) -> Battery:
        """``battery`` with the reserve of ``at``, or with the highest of the ``for_s`` seconds that follow."""
        if self.reserve is None:
            return battery
        if not self.time_is_known:
            return replace(battery, reserve_pct=self.reserve.highest)
        if for_s <= 0.0:
            return replace(battery, reserve_pct=self.reserve.at(at))
        (highest,) = self.reserve.over(Horizon(at, math.ceil(for_s), 1))
        return replace(battery, reserve_pct=highest)

    def _without_platform(self, now: datetime) -> Connection:
        if self.failsafe is None or not self.limit_is_silent(now):
            return self.site_connection
        return _narrower(self.site_connection, self.failsafe.limits)

    @staticmethod
    def _price(sent: Tariff | None, tariff: Tariff | None, at: datetime) -> float | None:
        price = None if sent is None else price_at(sent, at)
        return price if price is not None or tariff is None else price_at(tariff, at)

    def _completed(self, sent: Tariff | None, tariff: Tariff, horizon: Horizon, what: str) -> Completed | None:
        own = mean_prices(tariff, horizon)
        over = (None,) * horizon.steps if sent is None else mean_prices(sent, horizon)
        known = tuple(b if b is not None else a for a, b in zip(own, over, strict=True))
        earlier = sent if sent is not None else tariff
        return completed_prices(known, horizon, earlier, what, self.place.timezone, self.place.holidays)


def _not_cheaper_than_known(bought: Completed) -> tuple[float, ...]:
    """Guessed prices are lifted to the middle of the known ones: nobody charges from the grid on a guess."""
    known = [price for price, guessed in zip(bought.prices, bought.guessed, strict=True) if not guessed]
    if not known or len(known) == len(bought.prices):
        return bought.prices
    middle = sorted(known)[len(known) // 2]
    return tuple(
        max(price, middle) if guessed else price for price, guessed in zip(bought.prices, bought.guessed, strict=True)
    )


def _layered(forecasts: Sequence[WeatherInput]) -> Weather | None:
    """The newest forecast, and the others where it is silent, from the hour of its issue on."""
    if not forecasts:
        return None
    return layered(
        [
            Weather(Horizon(one.valid_from, one.step_s, one.steps), one.temperature_c, one.ghi_w_m2, one.cloud_pct)
            for one in forecasts
        ],
        floor_to_step(forecasts[0].issued_at, HOUR_S),
    )


def _narrower(one: Connection, other: Connection) -> Connection:
    return Connection(
        _least(one.import_limit_w, other.import_limit_w), _least(one.export_limit_w, other.export_limit_w)
    )


def _least(one: float | None, other: float | None) -> float | None:
    limits = [limit for limit in (one, other) if limit is not None]
    return min(limits) if limits else None
