"""What commissioning prints: what was seen, what is about to be done, and the report with its traces."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.commissioning.phases import PHASE_S, phases
from agent.commissioning.sighting import DeviceSeen, SiteSeen
from agent.commissioning.trace_rows import rows, time_row
from agent.commissioning.words import step_cells, summary, verdict
from agent.domain.commissioning import BatteryTest, Commissioning, Finding
from drivers.reading import Quantity

WIDTH = 80
PANEL_ROWS = 5
SHOWN = (Quantity.GRID_W, Quantity.LOAD_W, Quantity.PV_W, Quantity.BATTERY_W, Quantity.AC_W, Quantity.SOC_PCT)


def show_seen(console: Console, seen: SiteSeen, found: Sequence[Finding]) -> None:
    """The devices with what they give now, and the findings."""
    for device in seen.devices:
        said = " ".join(part for part in (device.said.maker, device.said.model, device.said.serial) if part)
        console.print(f"[bold]{escape(device.name)}[/] {escape(device.brand)}, {escape(device.place)}")
        console.print(f"  {escape(said or 'it does not name itself')}")
        console.print(f"  {escape(_values(device))}")
    show_findings(console, found)


def _values(device: DeviceSeen) -> str:
    pairs = [(quantity, device.value(quantity)) for quantity in SHOWN]
    told = [
        f"{quantity.value.rpartition('_')[0]} {value:z.0f} {'%' if quantity is Quantity.SOC_PCT else 'W'}"
        for quantity, value in pairs
        if value is not None
    ]
    return ", ".join(told) or device.trouble or "it gives no power"


def show_findings(console: Console, found: Sequence[Finding]) -> None:
    for finding in found:
        mark = "[red]stops[/]" if finding.stops else "[yellow]note[/] "
        console.print(f"{mark} {escape(finding.text)}")


def intention(seen: SiteSeen) -> list[str]:
    """What will be written to which battery and for how long, a line each."""
    lines = []
    for unit in seen.batteries:
        device = seen.device(unit.device)
        orders = phases(device.actions, unit.test_w, unit.phase_s)
        what = ", ".join(f"{order.what} {order.for_s:z.0f} s" for order in orders)
        lines.append(f"{unit.device}: {what}, each with {unit.test_w:z.0f} W (hold: 0 W)")
        if unit.free_within_s is not None:
            text = f"up to {unit.free_within_s:z.0f} s until it is free by itself"
            lines.append(f"  then one order that is not refreshed: {text}")
        lines.append("  then it is released, and its settings are compared with what they are now")
    return lines


def show_report(console: Console, report: Commissioning) -> None:
    """The whole report, 80 columns wide."""
    colour = "green" if report.passed else "red"
    console.print(
        f"[bold]commissioning of {escape(report.site)}[/] {report.at:%Y-%m-%d %H:%M} UTC by {escape(report.by)}"
    )
    console.print(f"[{colour}]{escape(verdict(report))}[/]")
    show_findings(console, report.findings)
    for line in summary(report):
        console.print(f"  {escape(line)}")
    for test in report.tests:
        _show_test(console, test)


def _show_test(console: Console, test: BatteryTest) -> None:
    console.print()
    table = Table(
        title=f"{escape(test.device)}, tested with {test.test_w:z.0f} W", box=box.SIMPLE, title_justify="left"
    )
    for name in ("order", "taken", "measured", "off", "began after", "ramp"):
        table.add_column(name, justify="left" if name == "order" else "right")
    for step in test.steps:
        table.add_row(*step_cells(step))
    if test.steps:
        console.print(table)
    if test.battery and not console.options.ascii_only:  # the curves are of Braille dots
        last_s = max(test.battery[-1][0], test.grid[-1][0] if test.grid else 0.0, PHASE_S)
        for name, trace in (("battery, kW (discharge is +)", test.battery), ("grid, kW (import is +)", test.grid)):
            for row in rows(trace, last_s, min(WIDTH, console.width), PANEL_ROWS, name) if trace else ():
                console.print(row, markup=False, highlight=False)
        console.print(time_row(last_s, min(WIDTH, console.width)), markup=False, highlight=False)
    if test.reversion is not None:
        console.print(f"without refreshing: {escape(test.reversion.text)}")
    if test.released:
        console.print(escape(test.released))
