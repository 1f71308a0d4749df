"""What is said from outside: by the platform (prices, carbon, weather, limits, acknowledgements), by a price topic."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.domain.commands import Request
from agent.domain.model_delivery import ModelManifest
from agent.domain.notice import Notice
from agent.domain.overlay import Overlay, Word
from agent.domain.signed_command import SignedCommand

MOST_FORECASTS = 4
MOST_MARKETS = 2  # one of imports, one of exports
CARBON_LOOK_BACK = timedelta(days=8)  # a week of days makes the usual one
MESSAGES = ("tariff", "carbon", "weather", "gridlimit")  # the last of each is kept as it came, as ``input/<name>``


@dataclass(frozen=True, slots=True)
class TariffInput:
    """Prices in the site's currency per kWh, one a step of ``step_s`` seconds from ``valid_from`` (UTC).

    A price is None where the message says nothing about that step; ``export_price`` where it says nothing at all.
    """

    issued_at: datetime
    valid_from: datetime
    step_s: int
    import_price: tuple[float | None, ...]
    export_price: tuple[float | None, ...] | None


@dataclass(frozen=True, slots=True)
class CarbonInput:
    """Carbon intensity of imported energy, kg CO2 per kWh, one a step; None where nothing is said."""

    issued_at: datetime
    valid_from: datetime
    step_s: int
    kg_per_kwh: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class WeatherInput:
    """A weather forecast. Each column has one entry a step, or is empty when the feed does not have it."""

    issued_at: datetime
    valid_from: datetime
    step_s: int
    temperature_c: tuple[float | None, ...]
    ghi_w_m2: tuple[float | None, ...]
    cloud_pct: tuple[float | None, ...]

    @property
    def steps(self) -> int:
        return max(len(self.temperature_c), len(self.ghi_w_m2), len(self.cloud_pct))

    @property
    def end(self) -> datetime:
        return self.valid_from + timedelta(seconds=self.step_s * self.steps)


@dataclass(frozen=True, slots=True)
class GridLimitInput:
    """Limits at the PCC, positive watts, from ``valid_from`` until before ``valid_to`` (UTC). None is no limit."""

    issued_at: datetime
    valid_from: datetime
    valid_to: datetime
    import_limit_w: float | None
    export_limit_w: float | None


@dataclass(frozen=True, slots=True)
class MarketInput:
    """A market's prices per kWh, heard on a topic of the household's broker; None where it says nothing of a step."""

    topic: str
    issued_at: datetime
    valid_from: datetime
    step_s: int
    prices: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """What was heard on one topic."""

    topic: str
    prices: Overlay


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that the platform has said and that still counts, and what price topics have. None: nothing of that kind.

    ``weather`` holds the newest forecasts, the newest first; ``markets`` the topics, the one heard last first.
    """

    import_prices: Overlay | None = None
    export_prices: Overlay | None = None
    carbon: Overlay | None = None
    weather: tuple[WeatherInput, ...] = ()
    limit: GridLimitInput | None = None
    markets: tuple[Market, ...] = ()

    def joined_by(self, message: "Said") -> "Inputs":
        """With ``message``, by its own time of issue: what was said later stands above it."""
        match message:
            case TariffInput(issued_at, start, step_s, bought, sold):
                joined = replace(self, import_prices=_laid(self.import_prices, Word(issued_at, start, step_s, bought)))
                if sold is None:
                    return joined
                return replace(joined, export_prices=_laid(self.export_prices, Word(issued_at, start, step_s, sold)))
            case CarbonInput(issued_at, start, step_s, kg_per_kwh):
                word = Word(issued_at, start, step_s, kg_per_kwh)
                return replace(self, carbon=(self.carbon or Overlay()).laid(word, CARBON_LOOK_BACK))
            case WeatherInput():
                return replace(self, weather=_newest(self.weather, message))
            case GridLimitInput():
                older = self.limit is not None and message.issued_at < self.limit.issued_at
                return self if older else replace(self, limit=message)
            case MarketInput():
                return replace(self, markets=_heard(self.markets, message))

    def heard_on(self, topic: str | None) -> Overlay | None:
        """The market's prices of ``topic``; None where nothing was heard."""
        return next((one.prices for one in self.markets if one.topic == topic), None)

    def issued_by(self, latest: datetime) -> "Inputs":
        """Without what claims to be issued after ``latest``."""
        import_prices, export_prices, carbon = (
            None if overlay is None else overlay.issued_by(latest)
            for overlay in (self.import_prices, self.export_prices, self.carbon)
        )
        weather = tuple(one for one in self.weather if one.issued_at <= latest)
        limit = None if self.limit is None or self.limit.issued_at > latest else self.limit
        markets = tuple(Market(one.topic, one.prices.issued_by(latest)) for one in self.markets)
        return Inputs(import_prices, export_prices, carbon, weather, limit, markets)


PlatformInput = TariffInput | CarbonInput | WeatherInput | GridLimitInput
Said = PlatformInput | MarketInput


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """``streams``: per stream the highest seq up to which the platform has everything.

    ``resend_from``: per stream the first seq that the platform wants to have again. ``accepts``: content types that it
    reads beside plain JSON.
    """

    issued_at: datetime
    streams: tuple[tuple[str, int], ...]
    resend_from: tuple[tuple[str, int], ...] = ()
    accepts: tuple[str, ...] = ()


Incoming = PlatformInput | Acknowledgement | Request | SignedCommand | Notice | ModelManifest


def _laid(overlay: Overlay | None, word: Word) -> Overlay:
    return (overlay or Overlay()).laid(word)


def _heard(markets: tuple[Market, ...], message: MarketInput) -> tuple[Market, ...]:
    """With ``message``. What says nothing new changes nothing, however often it is said."""
    word = Word(message.issued_at, message.valid_from, message.step_s, message.prices)
    known = next((one.prices for one in markets if one.topic == message.topic), Overlay())
    step = timedelta(seconds=word.step_s)
    if all(price is None or known.at(word.start + step * index) == price for index, price in enumerate(word.values)):
        return markets
    others = tuple(one for one in markets if one.topic != message.topic)
    return (Market(message.topic, known.laid(word)), *others)[:MOST_MARKETS]


def _newest(weather: tuple[WeatherInput, ...], message: WeatherInput) -> tuple[WeatherInput, ...]:
    """The newest forecasts that are not over, ``message`` above those issued at the same time."""
    above = [one for one in weather if one.issued_at > message.issued_at]
    below = [one for one in weather if one.issued_at <= message.issued_at and one != message]
    found = [*above, message, *below]
    return tuple(one for one in found[:MOST_FORECASTS] if one is message or one.end > found[0].issued_at)
