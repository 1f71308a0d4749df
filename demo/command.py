"""`make demo`: days in a minute or two. Ends with a table and a picture."""

import argparse
import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.adapters.host import logs
from agent.adapters.host.picture_file import refused
from agent.cli.ending import FAILED, INTERRUPTED, WRONG
from agent.cli.terminal import terminal
from agent.planning.highs import SolverFailure
from demo.accounts import compare, money_table
from demo.picture import draw
from demo.play import START_SOC_PCT, Played, Stage
from demo.scene import HOME_DAYS, Scene, SceneError, file_scene, home_scene, synthetic_scene
from demo.store_folder import FolderTaken, commands_to_try, fresh_folder
from simulator.traces import TraceError
from site_data.unreadable import SitesUnreadable

if TYPE_CHECKING:
    from demo.console import DemoConsole

FEW_FAIL = 0.05  # of the plans: more are worth a word


def main() -> int:
    asked = _parser().parse_args()
    console = terminal()
    logs.configure("error")  # what the agent would log is what the live view shows
    try:
        scene = _scene(asked)
        folder = fresh_folder(asked.out.parent)
    except (SceneError, SitesUnreadable, TraceError, FolderTaken) as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False)
        return WRONG
    for sentence in scene.assumed:
        console.print(f"[yellow]{sentence}[/]", highlight=False)
    page = _page(folder) if asked.console else None
    try:
        code = _play(scene, folder, asked, console, page)
        if page is not None and code != INTERRUPTED:
            _stay(console, page)
    except TraceError as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False)
        return WRONG
    finally:
        if page is not None:
            page.end()
    return code


def _scene(asked: argparse.Namespace) -> Scene:
    """Raises SceneError, SitesUnreadable and TraceError."""
    if asked.site is not None:
        return file_scene(asked.site, asked.days or 1, asked.start)
    if asked.seed is not None:
        return synthetic_scene(asked.seed, asked.days or 1)
    return home_scene(asked.days or HOME_DAYS, asked.start)


def _page(folder: Path) -> "DemoConsole":
    from demo.console import DemoConsole

    return DemoConsole(folder)


def _stay(console: Console, page: "DemoConsole") -> None:
    """The console goes on, on what was played."""
    words = f"the console stays up: [bold]{page.where}[/] password [bold]{page.password}[/] (Ctrl-C ends it)"
    console.print(words, highlight=False)
    with suppress(KeyboardInterrupt):
        page.wait()


def _play(scene: Scene, folder: Path, asked: argparse.Namespace, console: Console, page: "DemoConsole | None") -> int:
    """The exit code. Raises TraceError."""
    played = _cancellable(Stage(scene, folder, asked.step, console, asked.speed, page).play())
    if played is None or not played.track.moments:
        console.print("stopped before the first step; nothing was played")
        return INTERRUPTED
    _curtain(console, scene, played, asked.out)
    console.print(commands_to_try(folder, played.track.moments[-1].at, scene.timezone), highlight=False, soft_wrap=True)
    planning = played.app.planning
    planned, said = judged(planning.made, planning.failed, played.app.outlet.view.plan_failure)
    if said is not None:
        console.print(said, highlight=False)
    return INTERRUPTED if not played.finished else 0 if planned else FAILED


def judged(made: int, failed: int, trouble: str | None) -> tuple[bool, str | None]:
    """Whether anything was planned, and what is to be said of plans that failed, as markup."""
    if not made:
        return False, f"[bold red]nothing was planned: {escape(trouble or 'no plan was asked for')}[/]"
    if failed > FEW_FAIL * (made + failed):
        return True, f"[yellow]{failed} of {made + failed} plans failed; the last plan or our own rule took over[/]"
    return True, None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Plays a site's days with the whole agent.")
    parser.add_argument(
        "--site", type=Path, metavar="CSV", help="play another measured site than the repository's own home"
    )
    parser.add_argument("--start", type=_day, metavar="DATE", help="first day of a measured site, YYYY-MM-DD")
    parser.add_argument("--days", type=_positive(int), help="how many days (3 of the home, else 1)")
    parser.add_argument("--seed", type=int, help="play synthetic days, drawn from this number")
    parser.add_argument("--speed", type=_positive(float), metavar="X", help="at most X times real time")
    parser.add_argument(
        "--step", type=_positive(float, 60.0), default=60.0, help="control step in s of site time, up to 60"
    )
    parser.add_argument("--console", action="store_true", help="show the local web page beside it, until Ctrl-C")
    parser.add_argument("--out", type=_picture, default=Path("demo-out/day.png"), help="where the picture goes")
    return parser


def _picture(text: str) -> Path:
    """The folder is made when the demo starts."""
    unfit = refused(Path(Path(text).name))
    if unfit is not None:
        raise argparse.ArgumentTypeError(unfit)
    return Path(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it as 2026-06-01") from None


def _positive(kind: type[float], most: float = 1e6) -> Any:
    def number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {'whole ' if kind is int else ''}number") from None
        if not 0 < value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not above zero and at most {most:g}")
        return value

    return number


def _cancellable(playing: Coroutine[Any, Any, Played]) -> Played | None:
    """Run to the end; Ctrl-C and SIGTERM cancel what is played, and it ends in order, however often they come."""

    async def run() -> Played | None:
        task = asyncio.create_task(playing)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if not task.cancelling():
                task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop)
        try:
            return await task
        except asyncio.CancelledError:
            return None  # before the agent was built

    return asyncio.run(run())


def _curtain(console: Console, scene: Scene, played: Played, out: Path) -> None:
    """The tables and the picture."""
    track = played.track
    first, last = track.moments[0].at, track.moments[-1].at
    if not played.finished:
        console.print("[yellow]stopped: the battery is released; this is what happened so far[/]")
    hours = len(track.moments) * track.step_s / 3600.0
    console.print(
        f"[bold]{scene.name}[/]: {hours:.1f} h of site time in {played.wall_s:.0f} s, "
        f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, "
        f"battery {scene.usable_wh / 1000:g} kWh / {scene.power_w / 1000:g} kW"
    )
    try:
        settings = played.app.settings
        comparison = compare(track, settings.battery_spec(), settings.connection_spec(), START_SOC_PCT)
        console.print(money_table(comparison, scene.currency))
    except SolverFailure as failure:
        console.print(f"[yellow]no comparison: {failure}[/]")
    console.print(_work_table(played))
    plan = played.app.outlet.view.plan
    if plan is not None:
        console.print(f"forecasts by {plan.load.source} (load) and {plan.pv.source} (solar)", highlight=False)
    draw(track, out, f"{scene.name}, {days_in_words(first, last, scene.timezone)}", scene.currency, scene.timezone)
    console.print(f"picture: [bold]{out.resolve()}[/]")


def days_in_words(first: datetime, last: datetime, timezone: str) -> str:
    """The days of the site that were played, as the picture's title has them."""
    begin, end = (f"{at.astimezone(ZoneInfo(timezone)):%d %b %Y}" for at in (first, last))
    return begin if begin == end else f"{begin} to {end}"


def _work_table(played: Played) -> Table:
    counts, planning, messages = played.app.control.counts, played.app.planning, played.messages
    table = Table(title="What the agent did", title_justify="left", show_header=False, box=box.SIMPLE_HEAD)
    table.add_row("control steps", f"{counts.steps}")
    table.add_row("plans", f"{planning.made} made, {planning.failed} failed")
    table.add_row(
        "setpoints",
        f"{counts.written} written and read back, {counts.verified} verified by measured power, "
        f"{counts.refused} refused, {counts.unreachable} unreachable, {counts.missed} not followed",
    )
    table.add_row(
        f"messages ({played.broker_kind})",
        f"{messages.written} rows sent, {messages.acknowledged} acknowledged, {messages.lost} lost, "
        f"{messages.duplicates} duplicates removed, {messages.gaps} gaps",
    )
    return table
