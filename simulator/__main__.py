"""``python -m simulator``: a site with a meter, an inverter and a battery that speaks Modbus on this machine."""

import _signal  # type: ignore[import-not-found]  # `signal` would import enum and more first

# Ctrl-C in an import would end in a traceback: until the command listens, it ends the process as it ends any other.
if __name__ == "__main__" and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from simulator.faults import KINDS, FaultScript, FaultScriptError, read_script
from simulator.meters.profiles import METERS, SUNSPEC
from simulator.orders import Ramp
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.server import UNIT_ID, PortTaken, SimulatedSite
from simulator.traces import Trace, TraceError, from_csv, synthetic
from site_data.unreadable import SitesUnreadable

READER_GONE = 141  # as a shell reports SIGPIPE
_WEEK = timedelta(days=7)
_SYNTHETIC_DAYS = 3650


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped. 0 after an orderly stop, 2 with one sentence when it cannot begin or the trace has ended.

    141 when nobody reads its output any more.
    """
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except (PortTaken, SitesUnreadable, TraceError, FaultScriptError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # nobody reads the lines any more; what is left of them would fail again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which synthetic days, or which minutes inside real means")
    parser.add_argument("--kind", choices=("home", "commercial"), default="home", help="of a synthetic site")
    parser.add_argument("--site", metavar="CSV", help="play real measurements instead of synthetic days")
    parser.add_argument("--start", metavar="STAMP", help="begin at this time of the trace (ISO 8601 with offset)")
    parser.add_argument(
        "--profile", choices=("sunspec7xx", "gen24"), default="sunspec7xx", help="the inverter's models"
    )
    parser.add_argument("--meter", choices=METERS, default=SUNSPEC, help="what answers on the meter's port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--inverter-port", type=_port, default=5020)
    parser.add_argument("--meter-port", type=_port, default=5021)
    parser.add_argument("--sdm-port", type=_port, default=5022)
    parser.add_argument("--sdm-framing", choices=("tcp", "rtu"), default="tcp", help="rtu: RTU frames over TCP")
    parser.add_argument("--strict-writes", action="store_true", help="refuse writes to read-only points")
    parser.add_argument("--speed", type=_positive, default=1.0, help="seconds of the site in one real second")
    parser.add_argument("--meter-lag", type=_not_negative, default=0.0, metavar="S", help="age of what the meters show")
    parser.add_argument(
        "--inverter-lag", type=_not_negative, default=1.0, metavar="S", help="from an order to its power"
    )
    parser.add_argument("--faults", metavar="FILE", help=f"a script of faults: {', '.join(KINDS)}")
    parser.add_argument("--print-every", type=_positive, default=5.0, metavar="S", help="real seconds between lines")
    parser.add_argument("--pv-w", type=_positive, default=None, help="rating of the solar inverter, W")
    parser.add_argument("--battery-wh", type=_positive, default=10000.0)
    parser.add_argument("--battery-w", type=_positive, default=5000.0)
    parser.add_argument("--soc", type=float, default=50.0, help="per cent at the beginning")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _positive(text: str) -> float:
    number = float(text)
    if not 0.0 < number < float("inf"):
        raise ValueError(text)
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0.0 <= number < float("inf"):
        raise ValueError(text)
    return number


async def _run(options: argparse.Namespace) -> None:
    trace, beginning = _trace(options)
    clock = fast_clock(beginning, options.speed)
    battery = BatterySpec(options.battery_wh, options.battery_w, options.battery_w)
    pv_w = options.pv_w or max(1000.0, max((value or 0.0 for _, value in _some_solar(trace)), default=0.0))
    ramp = Ramp(dead_time_s=options.inverter_lag)
    plant = Plant(trace, battery, pv_w, clock, soc_pct=options.soc, ramp=ramp)
    script = read_script(options.faults, beginning) if options.faults else FaultScript()
    site = SimulatedSite(
        plant,
        options.profile,
        script,
        host=options.host,
        inverter_port=options.inverter_port,
        meter_profile=options.meter,
        meter_port=options.meter_port,
        sdm_port=options.sdm_port,
        sdm_framing=options.sdm_framing,
        strict_writes=options.strict_writes,
        meter_lag_s=options.meter_lag,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with site:
        print(addresses(site), flush=True)
        while not stopped.is_set():
            site.bring_to_now()
            print(status(plant), flush=True)
            try:
                await asyncio.wait_for(stopped.wait(), options.print_every)
            except TimeoutError:
                continue


def _trace(options: argparse.Namespace) -> tuple[Trace, datetime]:
    """What is played, and the time of the site at which it begins: now, unless another is asked for."""
    asked = _stamp(options.start) if options.start else None
    if options.site is None:
        beginning = asked or datetime.now(UTC)
        days = synthetic(options.seed, beginning - timedelta(days=1), _SYNTHETIC_DAYS, options.kind)
        return days, beginning
    trace = from_csv(options.site, variation=0.2, seed=options.seed)
    if asked is not None:
        return trace, asked
    now = datetime.now(UTC)
    return trace.moved(weeks_between(trace, now)), now


def _stamp(text: str) -> datetime:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--start {text}: not an ISO 8601 time stamp") from None
    if stamp.utcoffset() is None:
        raise ValueError(f"--start {text}: the stamp has no UTC offset")
    return stamp


def weeks_between(trace: Trace, now: datetime) -> timedelta:
    """Whole weeks by which ``trace`` is moved so that ``now`` lies in its longest complete period.

    Weekdays stay weekdays; the season is kept as well as the period allows with four weeks left to play.
    Raises ValueError for a trace without a complete week.
    """
    begin, end = trace.complete_period()
    if end - begin < _WEEK:
        raise ValueError("the site's longest complete period is shorter than a week; choose a --start inside it")
    year = 52 * _WEEK
    same_season = now - year * round((now - (begin + (end - begin) / 2)) / year)
    played = max(begin, min(same_season, end - min(4 * _WEEK, end - begin)))
    return _WEEK * ((now - played) // _WEEK)


def _some_solar(trace: Trace) -> list[tuple[datetime, float | None]]:
    """A few days of solar power, enough to know the size of the roof; all of a file."""
    return trace.series("pv_w", None, trace.start + timedelta(days=3) if trace.step_s == 60 else None)


def fast_clock(beginning: datetime, speed: float) -> Callable[[], datetime]:
    """A clock that shows ``beginning`` now and runs ``speed`` times as fast as the machine's monotonic clock."""
    origin = time.monotonic()
    return lambda: beginning + timedelta(seconds=(time.monotonic() - origin) * speed)


def addresses(site: SimulatedSite) -> str:
    """One line that says where everything answers."""
    return (
        f"inverter ({site.profile}) {site.host}:{site.inverter_port}, meter ({site.meter_profile}) "
        f"{site.host}:{site.meter_port}, "
        f"SDM630 {site.host}:{site.sdm_port}, all unit id {UNIT_ID}"
    )


def status(plant: Plant) -> str:
    """One line about the site as it is."""
    state = plant.state
    return (
        f"{state.at:%Y-%m-%d %H:%M:%S}Z  load {state.load_w:.0f} W  pv {state.pv_w:.0f} W  "
        f"battery {state.battery_w:+.0f} W  grid {state.grid_w:+.0f} W  SoC {state.soc_pct:.1f} %  {plant.mode()}"
    )


if __name__ == "__main__":
    sys.exit(main())
