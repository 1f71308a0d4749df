"""What a scan found, as a table for 80 columns."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.cli.device_list import CONFIDENCE
from agent.discovery.found import FoundDevice, Scan


def show(scan: Scan, console: Console) -> None:
    """Three lines a device: where it is, what it is, what can be done with it."""
    where = ", ".join(scan.asked)
    if not scan.is_whole:
        console.print("[yellow]ended early; this was found so far[/]")
    if scan.devices:
        table = Table(title=escape(f"devices at {where}"), title_justify="left")
        table.add_column("where", no_wrap=True)
        table.add_column("device", overflow="fold")
        table.add_column("family and what it can do", overflow="fold")
        for device in scan.devices:
            table.add_row(*_row(device))
        console.print(table)
    else:
        console.print(f"no device was found at {escape(where)}")
    for remark in scan.remarks:
        console.print(f"- {escape(remark)}", highlight=False)
    for letter in sorted({device.confidence for device in scan.devices if device.confidence not in (None, "A")}):
        console.print(f"confidence {letter}: {CONFIDENCE[letter]}", highlight=False)


def _row(device: FoundDevice) -> tuple[str, str, str]:
    said = device.said
    what = (said.maker, said.model) if said.maker else (device.brand, None)
    lines = [f"[bold]{escape(' '.join(word for word in what if word) or '-')}[/]"]
    more = (("model", None if said.maker else said.model), ("serial", said.serial), ("firmware", said.firmware))
    lines += [f"{word} {escape(text)}" for word, text in more if text]
    where = f"{escape(device.place.link)}\nunit {device.place.unit_id}"
    if device.place.baud is not None:
        where += f"\n{device.place.baud} 8{device.place.parity}{device.place.stop_bits}"
    return where, "\n".join(lines), "\n".join(_abilities(device))


def _abilities(device: FoundDevice) -> list[str]:
    lines = []
    if device.family is not None:
        lines.append(f"[bold]{escape(device.family)}[/]")
        lines.append(f"reads; steers: {', '.join(device.can)}" if device.can else "reads")
        if device.confidence != "A":
            lines.append(f"[yellow]confidence {device.confidence}[/]")
    if device.remark:
        lines.append(f"[yellow]{escape(device.remark)}[/]")
    return lines
