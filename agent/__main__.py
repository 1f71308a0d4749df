"""The command line: run, check, status, explain, advice, release, models, backtest, frontier, report, ab."""

import _signal  # type: ignore[import-not-found]  # `signal` would import enum and more first
import sys

# Ctrl-C in an import would end in a traceback: until ``main`` listens, it ends the process as it ends any other.
if (__name__ == "__main__" or sys.argv[0].endswith("enalysis-edge")) and _signal.getsignal(
    _signal.SIGINT
) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import gc
import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.ending import ended, ending_at_once

if TYPE_CHECKING:
    from agent.settings.schema import Settings

# Before pydantic is imported: no other package's plugin has any business in here, and looking for them takes time.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

BAD_SETTINGS = 2
NEED_A_GOOD_FILE = ("run", "backtest")  # the others can do with what the agent last started with
LEAVES_NOTHING_HALF_DONE = ("status", "explain", "advice", "models", "report", "ab")  # Ctrl-C may end it anywhere
ALREADY_RUNNING = 75  # EX_TEMPFAIL of sysexits.h


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 good, 1 failed, 2 bad site file or command line, 75 another instance runs.

    130 after Ctrl-C, before the daemon listens to signals or in a command that does not; 141 when nobody reads.
    """
    return ended(lambda: _obey(_parser().parse_args(arguments)))


def _obey(asked: argparse.Namespace) -> int:
    if asked.command == "check":
        return _check(asked.file, asked.self_test)
    if asked.command == "models" and asked.action == "verify":
        return _verify_model(Path(asked.folder))
    if asked.command == "backtest" and asked.config is None:
        return _backtest(None, asked)
    if asked.command == "frontier":
        return _frontier(asked)
    from agent.settings.load import SettingsError, load

    good = True
    try:
        with ending_at_once():
            if asked.command in NEED_A_GOOD_FILE:
                settings = load(asked.config)
            else:
                from agent.cli.settings_at_hand import settings_at_hand

                settings, good = settings_at_hand(asked.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    commands = {
        "run": _run,
        "status": _status,
        "explain": _explain,
        "advice": _advice,
        "release": _release,
        "models": _models,
        "backtest": _backtest,
        "report": _report,
        "ab": _compare,
    }
    with ending_at_once() if asked.command in LEAVES_NOTHING_HALF_DONE else nullcontext():
        code = commands[asked.command](settings, asked)
    # Of a release the exit code says whether the battery was released, whatever is wrong with the file.
    return code if good or code != 0 or asked.command == "release" else BAD_SETTINGS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="enalysis-edge", description="Edge agent for on-site battery controllers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="say what is wrong with a site file, and where")
    check.add_argument("file", type=Path)
    tried = "also make a plan on made-up data, try the store, the models and what is kept; safe beside a running daemon"
    check.add_argument("--self-test", action="store_true", help=tried)
    for name, what in (
        ("run", "run the daemon"),
        ("status", "show what the running agent knows and does"),
        ("explain", "say why the battery does what it does"),
        ("release", "give the battery back to its own device, once"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--config", type=Path, default=Path("/etc/enalysis-edge/site.toml"), metavar="FILE")
        if name == "status":
            command.add_argument("--rows", type=int, default=16, help="how many steps of the plan to show")
        if name == "explain":
            command.add_argument("--at", metavar="TIME", help="18:00, or 2026-06-01T18:00; now when left out")
    _add_backtest(commands.add_parser("backtest", help="play measured sites and say what the battery would have saved"))
    _add_frontier(
        commands.add_parser("frontier", help="play a measured site at several weights of carbon, and draw it")
    )
    _add_report(commands.add_parser("report", help="say what the battery saved, and what it could have saved"))
    _add_models(commands)
    _add_comparison(commands)
    _add_advice(commands)
    return parser


def _add_comparison(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compared = commands.add_parser("ab", help="let optimiser and rule take turns, to see what the optimiser is worth")
    actions = compared.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (
        ("start", "from the next midnight on, by blocks drawn at random"),
        ("stop", "the optimiser decides again"),
        ("status", "who decides now, and how far it is"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("--config", type=Path, default=Path("/etc/enalysis-edge/site.toml"), metavar="FILE")
        if name == "start":
            action.add_argument("--blocks-h", type=int, choices=(6, 8, 12, 24), default=24, help="hours of a turn")
            action.add_argument("--days", type=int, default=28, metavar="N", help="an even number; 28 when left out")


def _add_advice(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    advice = commands.add_parser("advice", help="what the agent recommends, and what you say to it")
    actions = advice.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (
        ("list", "show the recommendations"),
        ("acknowledge", "say that KEY is known and acted on"),
        ("dismiss", "say that KEY is not wanted"),
        ("schedule", "say when KEY will be done"),
    ):
        action = actions.add_parser(name, help=what)
        if name == "list":
            action.add_argument("--all", action="store_true", help="those that are over, too")
        else:
            action.add_argument("key", metavar="KEY", help="as the list shows it")
        if name == "schedule":
            action.add_argument("--at", metavar="TIME", help="18:00, or 2026-06-01T18:00; its own time when left out")
        action.add_argument("--config", type=Path, default=Path("/etc/enalysis-edge/site.toml"), metavar="FILE")


def _add_models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = commands.add_parser("models", help="which models are in charge, on trial or refused; change it by hand")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, argument, what in (
        ("list", None, "show the models of this site"),
        ("verify", "folder", "check the model in FOLDER without using it"),
        ("promote", "name", "put the candidate NAME of the models folder in charge"),
        ("rollback", "quantity", "put the model before back in charge"),
    ):
        action = actions.add_parser(name, help=what)
        if argument == "quantity":
            action.add_argument(argument, choices=("load_w", "pv_w"))
        elif argument is not None:
            action.add_argument(argument, metavar=argument.upper())
        action.add_argument("--config", type=Path, default=Path("/etc/enalysis-edge/site.toml"), metavar="FILE")


def _add_backtest(command: argparse.ArgumentParser) -> None:
    played = command.add_mutually_exclusive_group(required=True)
    played.add_argument("--data", type=Path, metavar="DIR", help="folder with sites.json and sites/*.csv.gz")
    played.add_argument("--config", type=Path, metavar="FILE", help="site file: play the history of its store")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="figures; taken up where they end")
    command.add_argument("--sites", metavar="A,B", help="only these sites of the folder")
    command.add_argument("--policies", metavar="P,Q", help="only these policies")
    command.add_argument("--export-price", type=float, metavar="X", help="per kWh; without it 0 or the site's own")
    command.add_argument("--demand-charge", type=float, default=0.0, metavar="X", help="per kW of a month's peak")
    minutes = "minutes over which its import is averaged"
    command.add_argument("--demand-interval", type=int, choices=(15, 30, 60), default=60, help=minutes)
    command.add_argument("--carbon-weight", type=float, metavar="W", help="0 to below 1; money weighs the rest of 1")
    command.add_argument("--carbon-value", type=float, metavar="V", help="what a kg CO2 is worth, with the weight")
    command.add_argument("--days", type=float, metavar="N", help="only the last N days of the test period")
    command.add_argument("--step", type=int, choices=(3600, 900), default=3600, help="seconds a step")
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="sites played at the same time")
    command.add_argument("--models", type=Path, metavar="DIR", help="folder of exported models")
    command.add_argument("--no-pictures", action="store_true", help="figures alone")


def _add_frontier(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with sites.json and sites")
    command.add_argument("--site", required=True, metavar="S", help="one site of the folder")
    command.add_argument("--out", type=Path, required=True, metavar="PICTURE.png", help="cost over CO2")
    command.add_argument("--weights", default="0,0.3,0.5,0.7,0.8,0.9", metavar="W,...", help="of carbon, 0 to below 1")
    command.add_argument("--carbon-value", type=float, default=0.1, metavar="V", help="what a kg CO2 is worth")
    command.add_argument("--days", type=float, default=30.0, metavar="N", help="the last N days of the test period")
    command.add_argument("--models", type=Path, metavar="DIR", help="folder of exported models")


def _add_report(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, default=Path("/etc/enalysis-edge/site.toml"), metavar="FILE")
    command.add_argument("--by", choices=("hour", "day", "month", "year"), default="day", help="a row each")
    command.add_argument("--from", dest="since", metavar="D", help="first day, 2026-06-01")
    command.add_argument("--to", dest="until", metavar="D", help="last day")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the rows, to a millionth")
    command.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the rows")
    command.add_argument("--ab", action="store_true", help="what the trial of optimiser against rule says")


def _check(file: Path, tries: bool) -> int:
    from agent.settings.check import report

    with ending_at_once():
        text, code = report(file)
    print(text, file=sys.stdout if code == 0 else sys.stderr)
    if code or not tries:
        return code
    from agent.cli.self_test import self_test
    from agent.settings.load import load

    return self_test(load(file), print)


def _verify_model(folder: Path) -> int:
    """It needs no site: a model is good or bad anywhere."""
    from agent.cli import models

    try:
        print(models.verify(folder))
    except models.NotDone as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def _run(settings: "Settings", _: argparse.Namespace) -> int:
    from agent.adapters.devices.device_lock import DeviceLocks
    from agent.adapters.host import logs
    from agent.adapters.host.lock import AlreadyRunning, SiteLock

    logs.configure(settings.log.level)
    gc.disable()  # until everything is built: nothing of it is garbage
    import asyncio

    from agent.cli.run import serve
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings):
            return asyncio.run(serve(settings))
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return ALREADY_RUNNING
    except StoreFailure as error:
        print(error, file=sys.stderr)
        return 1


def _status(settings: "Settings", asked: argparse.Namespace) -> int:
    from agent.cli.status import show
    from agent.cli.terminal import terminal

    return show(settings, terminal(), asked.rows)


def _explain(settings: "Settings", asked: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from agent.cli.explain import NotExplained, explain
    from agent.ports import StoreFailure

    try:
        print("\n".join(explain(settings, asked.at, datetime.now(UTC))))
    except (StoreFailure, NotExplained) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _advice(settings: "Settings", asked: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from agent.adapters.host.inbox import InboxFailure
    from agent.advice.book import NotPossible
    from agent.cli import advice
    from agent.cli.explain import NotExplained
    from agent.cli.terminal import terminal
    from agent.domain.advisory import Verb
    from agent.ports import StoreFailure

    now = datetime.now(UTC)
    try:
        if asked.action == "list":
            return advice.show(settings, terminal(), now, asked.all)
        print(advice.request(settings, Verb(asked.action), asked.key, getattr(asked, "at", None), now))
    except (StoreFailure, NotPossible, NotExplained, InboxFailure) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _report(settings: "Settings", asked: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from agent.cli.report import NoReport, report
    from agent.cli.terminal import terminal
    from agent.ports import StoreFailure

    try:
        report(settings, asked, datetime.now(UTC), terminal(140))
    except (StoreFailure, NoReport) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _compare(settings: "Settings", asked: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from agent.cli import paired_trial as comparison
    from agent.ports import StoreFailure

    now = datetime.now(UTC)
    try:
        if asked.action == "start":
            sentence = comparison.start(settings, asked.days, asked.blocks_h, now)
        elif asked.action == "stop":
            sentence = comparison.stop(settings, now)
        else:
            sentence = comparison.status(settings, now)
    except (StoreFailure, comparison.NotCompared) as error:
        print(error, file=sys.stderr)
        return 1
    print(sentence)
    return 0


def _models(settings: "Settings", asked: argparse.Namespace) -> int:
    from agent.cli import models
    from agent.cli.terminal import terminal
    from agent.ports import StoreFailure

    try:
        if asked.action == "list":
            return models.show(settings, terminal())
        if asked.action == "promote":
            sentence = models.promote(settings, asked.name)
        else:
            sentence = models.roll_back(settings, asked.quantity)
    except (StoreFailure, models.NotDone) as error:
        print(error, file=sys.stderr)
        return 1
    print(sentence)
    return 0


def _backtest(settings: "Settings | None", asked: argparse.Namespace) -> int:
    from agent.cli.terminal import terminal

    try:
        from agent.cli.backtest import backtest
    except ImportError as error:  # numpy, HiGHS or onnxruntime: what is installed does not fit this machine
        print(f"nothing can be planned: a library cannot be loaded: {error}", file=sys.stderr)
        return 1
    return backtest(asked, settings, terminal(120))


def _frontier(asked: argparse.Namespace) -> int:
    from agent.cli.frontier import show
    from agent.cli.terminal import terminal

    return show(asked, terminal(120))


def _release(settings: "Settings", _: argparse.Namespace) -> int:
    import asyncio

    from agent.adapters.devices.device_lock import DeviceLocks
    from agent.adapters.host.lock import AlreadyRunning, SiteLock
    from agent.cli.release import release
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings):
            code, sentence = asyncio.run(release(settings))
    except (AlreadyRunning, StoreFailure) as error:
        # The daemon that runs steers the battery; taking it away would only start a quarrel.
        print(f"the battery is left alone: {error}", file=sys.stderr)
        return ALREADY_RUNNING if isinstance(error, AlreadyRunning) else 1
    print(sentence, file=sys.stdout if code == 0 else sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
