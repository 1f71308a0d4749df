"""Reads all that the family of a device knows, again and again, and writes it to a file. Nothing is written to the
device, and no serial number, host or MAC address to the file."""

import asyncio
import json
import os
import re
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from agent.adapters.devices.device_lock import DeviceLocks
from agent.adapters.devices.field_bus import connect_device
from agent.adapters.host.clock import SystemClock
from agent.adapters.host.lock import AlreadyRunning
from agent.cli.ending import BAD_SETTINGS, FAILED, GOOD, INTERRUPTED, WRONG
from agent.cli.site_command import SITE_FILE, add_config_again
from agent.settings.device_section import Device
from agent.settings.load import SettingsError, load
from agent.settings.schema import Settings
from drivers.dumps.capture import Capture, Captured
from drivers.dumps.dump_file import written
from drivers.errors import DriverError
from drivers.registry import FAMILIES, check_options

_LONGEST_S = 24 * 3600.0
_ADDRESS = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+)|([^\[\]]*:[^\[\]]*:[^\[\]]*))(?::(\d{1,5}))?")


class NotDumped(Exception):
    """Nothing was written. ``str()`` says why in one sentence, ``code`` is the exit code."""

    def __init__(self, text: str, code: int = FAILED) -> None:
        super().__init__(text)
        self.code = code


def add_arguments(parser: ArgumentParser) -> None:
    """A device of the site file, or one by its address."""
    parser.add_argument(
        "device",
        nargs="?",
        metavar="NAME | HOST[:PORT]",
        help="a device of the site file, or with --family its address",
    )
    add_config_again(parser)
    parser.add_argument("--family", metavar="F", help="which datasheet the device at HOST speaks")
    parser.add_argument("--unit", type=_unit, metavar="N", help="its unit id; the usual one of the family if left out")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the family; may be given again",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="what is written")
    parser.add_argument("--seconds", type=_seconds, default=60.0, metavar="S", help="how long it is read; 60")


def run(asked: Namespace) -> int:
    """0 when the file is written, 130 when that was after Ctrl-C."""
    try:
        with ExitStack() as held:
            device = _by_address(asked) if asked.family is not None else _by_name(asked, held)
            _must_be_writable(asked.out)
            return asyncio.run(_dump(device, asked.out, asked.seconds))
    except NotDumped as error:
        print(error, file=sys.stderr)
        return error.code
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return FAILED


def _unit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 255:
        raise ArgumentTypeError(f"{text!r} is no unit id: it must be 0 to 255")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= _LONGEST_S:
        raise ArgumentTypeError(f"{text!r} is no such time: it must be above 0 and at most {_LONGEST_S:g} s")
    return seconds


def _by_address(asked: Namespace) -> Device:
    """Raises NotDumped."""
    if asked.device is None:
        raise NotDumped("--family goes with the address of the device: HOST or HOST:PORT", WRONG)
    options = _options(asked.family, asked.option)
    link = FAMILIES[asked.family].link
    match = _ADDRESS.fullmatch(asked.device)
    port = link.ports[0] if link.ports else 502
    if match is not None and match[4] is not None:
        port = int(match[4])
    host = None if match is None else match[1] or match[2] or match[3]
    if not host or not 1 <= port <= 65535 or any(letter.isspace() or letter == "/" for letter in host):
        raise NotDumped(f"{asked.device!r} is no address of a device: write HOST or HOST:PORT", WRONG)
    unit_id = link.unit_ids[0] if asked.unit is None else asked.unit
    return Device(
        name="device", family=asked.family, roles=["grid"], host=host, port=port, unit_id=unit_id, options=options
    )


def _options(family: str, given: Sequence[str]) -> dict[str, object]:
    """The options of the command line by name, of the types that the family has. Raises NotDumped."""
    found: dict[str, object] = {}
    try:
        check_options(family, {})
        for text in given:
            name, _, value = text.partition("=")
            option = FAMILIES[family].options.get(name)
            found[name] = value if option is None or option.kind is str else _json(value)
        check_options(family, found)
    except ValueError as error:
        raise NotDumped(str(error), WRONG) from None
    return found


def _json(value: str) -> object:
    """A number or a truth; other texts as they are, which the family refuses."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _by_name(asked: Namespace, held: ExitStack) -> Device:
    """The device of the site file, nobody else's for as long as ``held`` where it serves one client.

    Raises NotDumped, SettingsError and AlreadyRunning.
    """
    if asked.unit is not None or asked.option:
        raise NotDumped(
            "--unit and --option go with --family and an address: the site file has those of its devices", WRONG
        )
    if asked.device is not None and asked.config == SITE_FILE and not SITE_FILE.exists():
        raise NotDumped(f"there is no site file {SITE_FILE}: give --config, or --family with an address", WRONG)
    settings = load(asked.config)
    device = _named(settings, asked.device, asked.config)
    single = FAMILIES[device.family].link.single_client if device.single_client is None else device.single_client
    if single and device.name in settings.battery.steered_by:
        held.enter_context(DeviceLocks(settings))  # a connection of ours would throw out the agent's
    return device


def _named(settings: Settings, name: str | None, config: Path) -> Device:
    names = ", ".join(device.name for device in settings.devices)
    if name is None:
        if len(settings.devices) == 1:
            return settings.devices[0]
        raise NotDumped(f"{config} has several devices: name one of {names}", WRONG)
    for device in settings.devices:
        if device.name == name:
            return device
    raise NotDumped(f"{config} has no device {name!r}: it has {names}", WRONG)


def _must_be_writable(out: Path) -> None:
    """Raises NotDumped now rather than after a minute."""
    if out.is_dir() or not out.absolute().parent.is_dir() or not os.access(out.absolute().parent, os.W_OK):
        raise NotDumped(
            f"{out} cannot be written: it must be a file in a folder that is there and that you may write to"
        )


async def _dump(device: Device, out: Path, seconds: float) -> int:
    """Raises NotDumped."""
    clock = SystemClock()
    link = FAMILIES[device.family].link
    gap_s = max(link.gap_s, device.gap_s or 0.0)
    transport = connect_device(device, clock)
    capture = Capture(device.family, device.options, device.unit_id, transport, clock.monotonic, clock.sleep, gap_s)
    reading = asyncio.create_task(capture.run(seconds, lambda captured: _tell(captured, seconds)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, reading.cancel)
    interrupted = False
    try:
        await reading
    except asyncio.CancelledError:
        interrupted = True
    except DriverError as error:
        raise NotDumped(str(error)) from None
    finally:
        await capture.close()
        _end_of_line()
    if not capture.registers:
        raise NotDumped("interrupted before the device had answered: nothing is written", INTERRUPTED)
    _write(out, written(capture.dump()))
    if capture.trouble is not None:
        print(f"the driver of {device.family} could not read it: {capture.trouble}", file=sys.stderr)
    so_far = ", until it was interrupted" if interrupted else ""
    print(f"{out}: {capture.registers} registers of {device.family}{so_far}; serial numbers are blanked")
    return INTERRUPTED if interrupted else GOOD


def _tell(captured: Captured, seconds: float) -> None:
    """How far it is, on a terminal only."""
    if sys.stderr.isatty():
        text = f"{captured.passed_s:z.0f} of {seconds:g} s: {captured.registers} registers, {captured.rounds} times"
        print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)


def _end_of_line() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def _write(out: Path, text: str) -> None:
    """The whole file or none. Raises NotDumped."""
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(out)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise NotDumped(f"{out} cannot be written: {error.strerror}") from None
