"""What became of a fleet, as tables."""

from rich import box
from rich.console import Console
from rich.table import Table

from demo.fleet.asked import Asked
from demo.fleet.conductor import BACK_S, Outcome

DAY_S, WIDTH = 86400.0, 76
SELDOM = ("up/status", "up/info", "up/event")


def print_outcome(console: Console, asked: Asked, outcome: Outcome) -> None:
    """The phases, the messages and bytes of a site and day by topic, and the count of the rows."""
    console.print(_phases(outcome))
    console.print(_traffic(asked, outcome))
    if asked.speed != 1.0:
        console.print("at another --speed than 1 live values and acknowledgements are fewer than in life", style="dim")
    totals, slowest_s = outcome.totals, max(outcome.back_s)
    console.print(
        f"{totals['made']} rows: {totals['lost']} lost, {totals['strange']} twice or never made; "
        f"{totals['again']} came again and were recognised, {totals['gaps']} gaps were seen and filled",
        f"all were back after {slowest_s:.0f} s at most (to be {BACK_S:.0f}); "
        f"the broker took {outcome.broker_mib:.0f} MiB",
        sep="\n",
        highlight=False,
    )


def _phases(outcome: Outcome) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("phase")
    table.add_column("seconds", justify="right")
    table.add_column("broker, % core", justify="right")
    table.add_column("")
    for phase in outcome.phases:
        used = "" if phase.broker_cores is None else f"{100 * phase.broker_cores:.1f}"
        table.add_row(phase.name, f"{phase.took_s:.1f}", used, phase.note)
    return table


def _traffic(asked: Asked, outcome: Outcome) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title="a site and day, by the steady phase; MQTT without TCP and TLS", width=WIDTH
    )
    table.add_column("topic")
    for heading in ("messages", "kB", "bytes a message"):
        table.add_column(heading, justify="right")
    sums = [0.0, 0.0]
    for topic, seen in sorted(outcome.messages.items()):
        if topic in SELDOM:
            continue
        days = outcome.fleet_s / DAY_S
        messages, octets = seen / days / asked.sites, outcome.octets[topic] / days / asked.sites
        sums = [sums[0] + messages, sums[1] + octets]
        table.add_row(topic, f"{messages:.0f}", f"{octets / 1000:.0f}", f"{octets / messages:.0f}")
    table.add_section()
    table.add_row("all", f"{sums[0]:.0f}", f"{sums[1] / 1000:.0f}", "")
    return table
