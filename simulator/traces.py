"""A site's days: load and available solar power at any time, drawn from a seed or played from real measurements."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from simulator.columns import MINUTE_S, Column, DrawnColumn, MeasuredColumn
from simulator.consumption import commercial_day, home_day
from simulator.short_holes import fill_short_holes
from simulator.sky import solar_power_w
from site_data.site_csv import Wanted, read_site_csv

ColumnName = Literal["load_w", "pv_w", "import_price_per_kwh", "carbon_kg_per_kwh"]
Kind = Literal["home", "commercial"]

_FILE_COLUMNS: Mapping[str, tuple[ColumnName, float]] = {
    "load_kw": ("load_w", 1000.0),
    "pv_kw": ("pv_w", 1000.0),
    "import_price_per_kwh": ("import_price_per_kwh", 1.0),
    "carbon_kg_per_kwh": ("carbon_kg_per_kwh", 1.0),
}
_WANTED = Wanted(tuple(_FILE_COLUMNS), required=("load_kw",), never_negative=("load_kw", "pv_kw"))
_POWERS: tuple[ColumnName, ...] = ("load_w", "pv_w")
_PV_RATED_W: Mapping[Kind, float] = {"home": 6000.0, "commercial": 60000.0}
_PLACE = (52.0, 5.0)  # latitude and longitude of the drawn sun, degrees: Europe/Amsterdam


class TraceError(ValueError):
    """The trace has nothing to play at the time asked for. ``str()`` says why and what could be played."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The site at one time: load and solar power that the roof could give, W; prices per kWh and kg CO2 per kWh."""

    load_w: float
    pv_available_w: float
    import_price_per_kwh: float | None = None
    carbon_kg_per_kwh: float | None = None


@dataclass(slots=True)
class Trace:
    """Load, available solar power and, where known, price and carbon. Times are aware.

    Powers are held for ``held_s`` seconds: a minute, or the shortest step of load and sun. ``filled`` counts the
    missing cells of a file that were closed, by column.
    """

    columns: Mapping[ColumnName, Column]
    filled: Mapping[ColumnName, int] = field(default_factory=dict)
    _later_s: int = 0
    _newest: tuple[int, Moment] | None = None
    held_s: int = field(init=False)

    def __post_init__(self) -> None:
        self.held_s = min(MINUTE_S, *(self.columns[name].step_s for name in _POWERS if name in self.columns))

    @property
    def start(self) -> datetime:
        """The first time that can be played."""
        return datetime.fromtimestamp(self.columns["load_w"].start_s + self._later_s, UTC)

    @property
    def end(self) -> datetime:
        """The first time that can no longer be played."""
        load = self.columns["load_w"]
        return self.start + timedelta(seconds=load.step_s * load.count)

    @property
    def step_s(self) -> int:
        """The cadence of the trace's own means, s."""
        return self.columns["load_w"].step_s

    def at(self, when: datetime) -> Moment:
        """The site at ``when``. Raises TraceError outside the trace and in a long gap of load or sun."""
        part = int(when.timestamp()) // self.held_s
        if self._newest is not None and self._newest[0] == part:
            return self._newest[1]
        epoch_s = float(part * self.held_s - self._later_s)
        load = self.columns["load_w"]
        if not load.start_s <= epoch_s < load.start_s + load.step_s * load.count:
            raise TraceError(f"the trace covers {_text(self.start)} to {_text(self.end)}, not {_text(when)}")
        found = {name: column.value(epoch_s) for name, column in self.columns.items()}
        load_w, pv_w = found["load_w"], found.get("pv_w", 0.0)
        if load_w is None or pv_w is None:
            raise TraceError(self._gap_sentence("load_w" if load_w is None else "pv_w", epoch_s))
        moment = Moment(load_w, pv_w, found.get("import_price_per_kwh"), found.get("carbon_kg_per_kwh"))
        self._newest = (part, moment)
        return moment

    def series(
        self, column: ColumnName, start: datetime | None = None, end: datetime | None = None
    ) -> list[tuple[datetime, float | None]]:
        """The interval means of ``column`` from ``start`` to before ``end``, by the start of their interval.

        Powers in W, missing values None. A trace that has no such column gives an empty list.
        """
        found = self.columns.get(column)
        if found is None:
            return []
        origin = found.start_s + self._later_s
        first = 0 if start is None else max(0, -(-(int(start.timestamp()) - origin) // found.step_s))
        last = found.count if end is None else min(found.count, -(-(int(end.timestamp()) - origin) // found.step_s))
        return [
            (datetime.fromtimestamp(origin + index * found.step_s, UTC), found.mean(index))
            for index in range(first, last)
        ]

    def moved(self, by: timedelta) -> "Trace":
        """The same days at another time: what was at t is at t + ``by``, a whole number of minutes."""
        seconds = int(by.total_seconds())
        if seconds % MINUTE_S:
            raise ValueError("a trace can only be moved by whole minutes")
        return replace(self, _later_s=self._later_s + seconds, _newest=None)

    def require_complete(self, start: datetime, end: datetime) -> None:
        """Raise TraceError when load or solar power is missing anywhere from ``start`` to ``end``."""
        if start < self.start or end > self.end:
            raise TraceError(
                f"the trace covers {_text(self.start)} to {_text(self.end)}, not {_text(start)} to {_text(end)}"
            )
        for name in _POWERS:
            column = self.columns.get(name)
            for first, last in () if column is None else column.gaps:
                begin = self.start + timedelta(seconds=self.step_s * first)
                if begin < end and start < self.start + timedelta(seconds=self.step_s * (last + 1)):
                    raise TraceError(self._gap_sentence(name, float(begin.timestamp() - self._later_s)))

    def complete_period(self) -> tuple[datetime, datetime]:
        """The longest stretch in which neither load nor solar power is missing."""
        gaps = sorted(gap for name in _POWERS if name in self.columns for gap in self.columns[name].gaps)
        best, free = (0, 0), 0
        for first, last in [*gaps, (self.columns["load_w"].count, self.columns["load_w"].count)]:
            if first - free > best[1] - best[0]:
                best = (free, first)
            free = max(free, last + 1)
        step = timedelta(seconds=self.step_s)
        return self.start + step * best[0], self.start + step * best[1]

    def peak_load_w(self) -> float:
        """The highest mean load of the trace (of its first two days, where it is drawn), W."""
        load = self.columns["load_w"]
        count = min(load.count, 2880) if isinstance(load, DrawnColumn) else load.count
        return max((load.mean(index) or 0.0 for index in range(count)), default=0.0)

    def _gap_sentence(self, name: str, epoch_s: float) -> str:
        when = datetime.fromtimestamp(epoch_s + self._later_s, UTC)
        begin, end = self.complete_period()
        return f"{name} is missing at {_text(when)}; the longest complete period is {_text(begin)} to {_text(end)}"


def synthetic(
    seed: int,
    start: datetime,
    days: float,
    kind: Kind = "home",
    timezone: str = "Europe/Amsterdam",
    pv_rated_w: float | None = None,
) -> Trace:
    """Plausible days, at 60 s, from ``start`` (aware) on. The same seed draws the same days whatever the start.

    ``pv_rated_w`` is the roof's peak power, W; by default 6 kW on a home, 60 kW on a commercial building.
    """
    if start.utcoffset() is None:
        raise ValueError("the start of a synthetic trace needs a UTC offset")
    zone = ZoneInfo(timezone)
    rated_w = _PV_RATED_W[kind] if pv_rated_w is None else pv_rated_w
    draw_load = home_day if kind == "home" else commercial_day

    def load_day(epoch_day: int) -> list[float]:
        return draw_load(seed, epoch_day, zone)

    def solar_day(epoch_day: int) -> list[float]:
        start_s = 86400 * epoch_day
        return [solar_power_w(seed, start_s + 60.0 * i, *_PLACE, rated_w) for i in range(1440)]

    first = int(start.timestamp()) // MINUTE_S * MINUTE_S
    count = round(days * 1440)
    return Trace({"load_w": DrawnColumn(load_day, first, count), "pv_w": DrawnColumn(solar_day, first, count)})


def from_csv(path: str | Path, variation: float = 0.0, seed: int = 0) -> Trace:
    """Real measurements, in the format of ``site_data.site_csv``, with a load. Raises SitesUnreadable.

    Interval means are played at 60 s. With ``variation`` above 0 (0.2 is lively) the minutes move around the mean and
    the sun leans towards its neighbours; the means are kept and a seed plays the same minutes again.
    Missing runs of at most three hours are closed and counted; longer ones raise TraceError when they are played.
    """
    rows = read_site_csv(Path(path), _WANTED)
    start_s = int(rows.start.timestamp())
    columns: dict[ColumnName, Column] = {}
    filled: dict[ColumnName, int] = {}
    measured = [(name, cells) for name, cells in rows.columns.items() if name in rows.found]
    for number, (file_name, cells) in enumerate(measured):
        name, factor = _FILE_COLUMNS[file_name]
        power = name in _POWERS
        closed = fill_short_holes(cells, rows.step_s, hold=not power)
        values = [None if cell is None else cell * factor for cell in closed.cells]
        columns[name] = MeasuredColumn(
            start_s,
            rows.step_s,
            values,
            variation if power else 0.0,
            slope=name == "pv_w" and variation > 0.0,
            seed=1000 * seed + 10 * number,
            gaps=closed.gaps,
        )
        filled[name] = closed.filled
    return Trace(columns, filled)


def _text(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
