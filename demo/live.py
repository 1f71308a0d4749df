"""The live view: what the site does and why, while the days go by."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from demo.track import Moment, Track

BARS = "▁▂▃▄▅▆▇█"


class LiveView:
    """A progress bar, four bars of power, three sparklines and one sentence. Use as a context manager."""

    def __init__(self, console: Console, start: datetime, end: datetime, timezone: str, currency: str) -> None:
        self._start, self._zone, self._currency = start, ZoneInfo(timezone), currency
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            expand=True,
        )
        self._task = self._progress.add_task("site time", total=(end - start) / timedelta(seconds=1))
        self._live = Live(self._progress, console=console, refresh_per_second=4, transient=True)
        self._biggest_w = 1.0

    def __enter__(self) -> "LiveView":
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, track: Track, counts: str) -> None:
        """Redraw with the newest moment of ``track``; ``counts`` is one line about setpoints and messages."""
        if not track.moments:
            return
        now = track.moments[-1]
        local = now.at.astimezone(self._zone)
        done_s = (now.at - self._start).total_seconds() + track.step_s
        self._progress.update(self._task, completed=done_s, description=f"{local:%a %d %b %H:%M}")
        self._biggest_w = max(self._biggest_w, now.load_w, now.pv_w, abs(now.battery_w), abs(now.grid_w))
        body = Group(self._powers(now), self._sparks(track), self._why(now), Text(counts, style="dim"))
        self._live.update(Group(Panel(body, title="Enalysis Edge · demo site", border_style="cyan"), self._progress))

    def _powers(self, now: Moment) -> Table:
        table = Table.grid(padding=(0, 1))
        battery = "battery → site" if now.battery_w >= 0 else "battery ← charging"
        grid = "grid → site" if now.grid_w >= 0 else "grid ← export"
        rows = (
            ("load", now.load_w, "white"),
            ("solar", now.pv_w, "yellow"),
            (battery, abs(now.battery_w), "green"),
            (grid, abs(now.grid_w), "red" if now.grid_w >= 0 else "magenta"),
        )
        for name, watts, colour in rows:
            filled = round(30 * watts / self._biggest_w)
            bar = Text("█" * filled, style=colour) + Text("·" * (30 - filled), style="dim")
            table.add_row(f"{name:<19}", f"{watts / 1000:8.2f} kW", bar)
        soc = round(30 * now.soc_pct / 100)
        table.add_row(
            "state of charge", f"{now.soc_pct:8.1f} % ", Text("█" * soc, style="cyan") + Text("·" * (30 - soc))
        )
        price = f"{now.import_price:8.3f}   "
        table.add_row("import price", price, Text(f"{self._currency}/kWh, export {now.export_price:z.3f}", style="dim"))
        return table

    def _sparks(self, track: Track) -> Table:
        table = Table.grid(padding=(0, 1))
        for name, column, colour in (
            ("load", "load_w", "white"),
            ("solar", "pv_w", "yellow"),
            ("charge", "soc_pct", "cyan"),
            ("price", "import_price", "red"),
        ):
            table.add_row(f"{name:<8}", Text(spark(track.column(column), 64), style=colour))
        return table

    @staticmethod
    def _why(now: Moment) -> Text:
        return Text.assemble((f"{now.rung}: ", "bold green"), now.reason)


def spark(values: list[float], width: int) -> str:
    """``values`` as a line of ``width`` little bars, each the mean of its share, lowest to highest."""
    if not values:
        return ""
    share = max(1, -(-len(values) // width))
    means = [sum(part) / len(part) for part in (values[i : i + share] for i in range(0, len(values), share))]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(BARS[min(7, int(8 * (mean - low) / span))] for mean in means)
