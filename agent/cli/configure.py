"""`enalysis-edge configure`: makes a site file from what a scan finds and what a person answers."""

import asyncio
import os
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.devices.ratings import ratings_of
from agent.adapters.devices.scan import Findings
from agent.adapters.host.durable_files import READABLE, write_whole
from agent.cli.device_scan import add_places, place_to_scan, scanned
from agent.cli.device_table import show
from agent.cli.ending import FAILED, GOOD, INTERRUPTED, WRONG
from agent.cli.site_command import add_config
from agent.cli.terminal import WIDTH_OF_A_FILE, terminal
from agent.discovery.found import FoundDevice, Scan, endpoint_of
from agent.discovery.networks import NotScanned
from agent.discovery.site_sections import Standing, propose
from agent.domain.wire import WireError, from_json
from agent.settings.answers import Tables
from agent.settings.check import report
from agent.settings.questions import Question, answered, belongs, first_tables, mistakes, questions, sentence
from agent.settings.site_text import site_text
from drivers.registry import FAMILIES

LOCAL_TIME, NO_ZONE = Path("/etc/localtime"), "Europe/Berlin"
_LARGEST_SCAN = 1024 * 1024


class NotConfigured(Exception):
    """There will be no site file. ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """How a person is asked: ``say`` prints a line, ``hear`` returns one that was typed."""

    say: Callable[[str], None]
    hear: Callable[[], str]


def add_arguments(parser: ArgumentParser) -> None:
    """The file to make, and where the devices are: a scan that was kept, or places to look at."""
    add_config(parser)
    add_places(parser)
    parser.add_argument("--from", dest="scan", type=Path, metavar="FILE", help="what `devices scan --json` printed")


def run(asked: Namespace) -> int:
    """0 where the file was written, 1 where it was not, 2 where nobody can be asked; Ctrl-C writes nothing."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("configure asks questions, and this is no terminal: run it in one", file=sys.stderr)
        return WRONG
    dialogue = Dialogue(print, lambda: input("> ").strip())
    try:
        return _configured(asked, dialogue)
    except NotConfigured as error:
        print(f"{error}; nothing was written", file=sys.stderr)
        return FAILED
    except EOFError:
        print("\nno answer; nothing was written", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nnothing was written", file=sys.stderr)
        return INTERRUPTED


def _configured(asked: Namespace, dialogue: Dialogue) -> int:
    path, kept = asked.config, asked.scan
    _check_place(path)
    if path.exists() and not _yes(dialogue, f"{path} is there already. Replace it?"):
        raise NotConfigured(f"{path} is left as it is")
    scan = _scan(asked) if kept is None else _read(kept)
    show(scan, terminal(WIDTH_OF_A_FILE))
    devices = _chosen(scan, dialogue)
    ratings = asyncio.run(ratings_of(devices[0])) if kept is None else {}
    tables, sections = _asked(path, devices, ratings, dialogue)
    text = site_text(tables, sections)
    if wrong := mistakes(tomllib.loads(text), path.absolute().parent):
        raise NotConfigured(sentence(wrong[0], tables))
    try:
        write_whole(path, text.encode(), READABLE)
    except OSError as error:
        raise NotConfigured(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error
    said, code = report(path)
    print(said)
    return GOOD if code == GOOD else FAILED


def _check_place(path: Path) -> None:
    """Before a person has answered anything."""
    if path.exists() and not path.is_file():
        raise NotConfigured(f"{path} is a folder" if path.is_dir() else f"{path} is not a plain file")
    if not path.parent.is_dir():
        raise NotConfigured(f"there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise NotConfigured(f"{path.parent} is closed to this user")


def _scan(asked: Namespace) -> Scan:
    try:
        place = place_to_scan(asked)
    except NotScanned as error:
        raise NotConfigured(str(error)) from error
    print(f"looking for devices at {', '.join(place.asked)}; nothing is written to them")
    scan = scanned(place, Findings())
    if not scan.is_whole:
        raise KeyboardInterrupt
    return scan


def _read(path: Path) -> Scan:
    try:
        with path.open("rb") as file:
            scan = from_json(Scan, file.read(_LARGEST_SCAN))
        for device in scan.devices:
            endpoint_of(device.place)
    except OSError as error:
        raise NotConfigured(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (WireError, ValueError) as error:
        raise NotConfigured(f"{path} is not what `devices scan --json` prints: {error}") from error
    unknown = next((one.family for one in scan.devices if one.family not in (None, *FAMILIES)), None)
    if unknown is not None:
        raise NotConfigured(f"{path} names the family {unknown!r}, which is not known here")
    return scan


def _chosen(scan: Scan, dialogue: Dialogue) -> list[FoundDevice]:
    """The battery's device first, then the meter at the grid connection, then the others."""
    batteries = [one for one in scan.devices if one.has_battery and one.can]
    if not batteries:
        raise NotConfigured(
            "no inverter with a battery that can be steered was found: is it on, and Modbus allowed in it?"
        )
    battery = _choice(dialogue, "Which of them steers the battery?", batteries)
    meters = [one for one in scan.devices if one.family is not None and FAMILIES[one.family].steering is None]
    meter = [_choice(dialogue, "Which meter is at the grid connection?", meters)] if meters else []
    return [battery, *meter, *(one for one in scan.devices if one not in (battery, *meter))]


def _choice(dialogue: Dialogue, words: str, choices: Sequence[FoundDevice]) -> FoundDevice:
    if len(choices) == 1:
        return choices[0]
    dialogue.say(f"\n{words} [1]")
    for number, one in enumerate(choices, start=1):
        dialogue.say(f"  {number}: {one.family} at {one.place.link} unit {one.place.unit_id}")
    while True:
        text = dialogue.hear() or "1"
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(choices):
            return choices[int(text) - 1]
        dialogue.say(f"write a number from 1 to {len(choices)}")


def _asked(
    path: Path, devices: Sequence[FoundDevice], ratings: dict[str, float], dialogue: Dialogue
) -> tuple[Tables, list[str]]:
    """The tables of the file, and the text of its [[device]] sections."""
    sections = [one.text for one in propose(devices, Standing())]
    listed = tomllib.loads("\n".join(sections)).get("device", [])
    tables, folder = first_tables(_zone(), ratings, listed), path.absolute().parent
    asked = questions(ratings)
    dialogue.say("\nEnter takes what stands in [brackets]; Ctrl-C ends and writes nothing.")
    for question in asked:
        if question.applies(tables):
            tables = _answer(question, tables, folder, dialogue)
    for finding in mistakes(tables, folder):
        again = next((question for question in asked if belongs(finding, question)), None)
        if again is None:
            raise NotConfigured(sentence(finding, tables))
        dialogue.say(f"\n{sentence(finding, tables)}")
        tables = _answer(again, tables, folder, dialogue)
    return tables, sections


def _answer(question: Question, tables: Tables, folder: Path, dialogue: Dialogue) -> Tables:
    proposal = question.proposal(tables)
    dialogue.say(f"\n{question.words}" + ("" if proposal is None else f" [{proposal}]"))
    while True:
        text = dialogue.hear() or proposal
        if text is None:
            dialogue.say("nothing can be proposed here: please write it")
            continue
        try:
            return answered(question, tables, text, folder)
        except ValueError as error:
            dialogue.say(str(error))


def _yes(dialogue: Dialogue, words: str) -> bool:
    dialogue.say(f"{words} yes or no [no]")
    return dialogue.hear().lower() in ("y", "yes")


def _zone() -> str:
    """The time zone of this machine."""
    _, _, zone = str(LOCAL_TIME.resolve()).partition("/zoneinfo/")
    return zone if "/" in zone and not zone.startswith("Etc/") else NO_ZONE
