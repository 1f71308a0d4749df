"""What the days cost: as controlled, and as they would have been without a battery, by the rule, and in hindsight."""

from dataclasses import dataclass

import numpy as np
from rich import box
from rich.table import Table

from agent.domain.battery import Battery
from agent.domain.site import Connection
from agent.savings.savings import Account, Period, capture, no_battery, perfect_foresight, self_consumption
from demo.track import Track

HINDSIGHT_LIMIT_S = 60.0
BESIDE_THE_REPORT = "saved counts what is stored; `enalysis-edge report` goes by the bill alone, so its figures differ"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The accounts of one demonstration, all on the raster of the track."""

    idle: Account
    rule: Account
    controlled: Account
    perfect: Account

    @property
    def capture(self) -> float | None:
        """The share of the possible saving that the agent made."""
        return capture(self.idle, self.controlled, self.perfect)


def compare(track: Track, battery: Battery, connection: Connection, start_soc_pct: float) -> Comparison:
    """Replay what was played. Raises SolverFailure when hindsight takes too long."""
    period = Period(
        track.step_s / 3600.0,
        np.array(track.column("load_w")),
        np.array(track.column("pv_w")),
        np.array(track.column("import_price")),
        np.array(track.column("export_price")),
        np.array(track.column("carbon_kg_per_kwh")),
    )
    perfect = perfect_foresight(period, battery, connection, start_soc_pct, HINDSIGHT_LIMIT_S)
    return Comparison(
        no_battery(period, battery),
        self_consumption(period, battery, start_soc_pct),
        _as_controlled(track, period, battery, start_soc_pct),
        perfect,
    )


def _as_controlled(track: Track, period: Period, battery: Battery, start_soc_pct: float) -> Account:
    """From the plant's own counters: what crossed the meter, not what the setpoints asked for."""
    imported = np.array(track.column("import_wh")) / 1000.0
    exported = np.array(track.column("export_wh")) / 1000.0
    battery_kwh = np.array(track.column("battery_w")) * period.step_h / 1000.0
    gained_wh = battery.stored_wh(track.moments[-1].soc_pct - start_soc_pct)
    return Account(
        name="as controlled",
        cost=float(imported @ period.import_price - exported @ period.export_price),
        co2_kg=float(imported @ period.carbon_kg_per_kwh),
        import_kwh=float(imported.sum()),
        export_kwh=float(exported.sum()),
        charge_kwh=float(-battery_kwh[battery_kwh < 0].sum()),
        discharge_kwh=float(battery_kwh[battery_kwh > 0].sum()),
        peak_import_w=float(max(track.column("grid_w"))),
        end_energy_value=battery.discharge_efficiency * float(period.import_price.mean()) * gained_wh / 1000.0,
    )


def money_table(comparison: Comparison, currency: str) -> Table:
    """The table at the end of the demo."""
    table = Table(title="What the days cost", title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD,
                  padding=(0, 0, 0, 1), pad_edge=False, collapse_padding=True)  # fmt: skip
    table.add_column("policy", no_wrap=True)
    for name in ("import\nkWh", "export\nkWh", f"cost\n{currency}", f"stored\n{currency}", f"net\n{currency}",
                 f"saved\n{currency}", "CO₂\nkg", "peak\nkW"):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    idle = comparison.idle.net_cost
    for account in (comparison.idle, comparison.rule, comparison.controlled, comparison.perfect):
        style = "bold green" if account is comparison.controlled else None
        table.add_row(
            account.name,
            short(account.import_kwh),
            short(account.export_kwh),
            short(account.cost),
            short(account.end_energy_value, "+"),
            short(account.net_cost),
            short(idle - account.net_cost),
            short(account.co2_kg),
            short(account.peak_import_w / 1000),
            style=style,
        )
    share = comparison.capture
    if share is not None:
        captured = f"captured {100 * share:z.0f} % of what perfect foresight would have saved"
        table.caption = f"{captured}\n{BESIDE_THE_REPORT}"
    return table


def short(value: float, sign: str = "") -> str:
    """Four digits or so, whatever the size of the site."""
    size = abs(value)
    decimals = 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:{sign}.{decimals}f}"
