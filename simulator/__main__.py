"""``python -m simulator``: a site with a meter, an inverter and a battery that speaks Modbus on this machine.

``python -m simulator fleet`` plays many sites at one broker instead, ``python -m simulator relay`` a relay there; their
own ``--help`` says how.
"""

import _signal  # type: ignore[import-not-found]  # `signal` would import enum and more first

# Ctrl-C in an import would end in a traceback: until the command listens, it ends the process as it ends any other.
if __name__ == "__main__" and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import asyncio
import errno
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from simulator.chain_unit import ChainOptions, Profile
from simulator.faults import DEVICES, WHAT, FaultScript, FaultScriptError, read_script
from simulator.listening import PortTaken
from simulator.meters.profiles import METERS, SUNSPEC
from simulator.null_modem import NullModem
from simulator.numbers_asked import not_negative, port, positive
from simulator.orders import Ramp
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.profiles import PROFILES, UNIT_ID
from simulator.replay import AT_END, replay
from simulator.server import SERIAL_UNIT_IDS, SimulatedSite
from simulator.traces import Trace, TraceError, from_csv, synthetic
from site_data.unreadable import SitesUnreadable

PTY, FLEET, RELAY = "pty", "fleet", "relay"
READER_GONE = 141  # as a shell reports SIGPIPE
_WEEK = timedelta(days=7)
_SYNTHETIC_DAYS = 3650
YEARS = range(1970, 2101)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped. 0 after an orderly stop, 2 with one sentence when it cannot begin or the trace has ended.

    141 when nobody reads its output any more.
    """
    asked = sys.argv[1:] if arguments is None else arguments
    if asked[:1] == [FLEET]:
        return _play_fleet(asked[1:])
    try:
        if asked[:1] == [RELAY]:
            from simulator import play_relay

            return play_relay.main(asked[1:])
        return _play_site(_parser().parse_args(asked))
    except BrokenPipeError:
        _print_nowhere()
        return READER_GONE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _print_nowhere()
        print(f"simulator: its lines cannot be written: {error.strerror}", file=sys.stderr)
        return 2


def _play_site(options: argparse.Namespace) -> int:
    try:
        asyncio.run(_run(options) if options.dump is None else _replay(options))
    except (PortTaken, SitesUnreadable, TraceError, FaultScriptError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    return 0


def _print_nowhere() -> None:
    """What is left of the lines would fail again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _play_fleet(arguments: Sequence[str]) -> int:
    """Become the fleet's own command: its sites are the agent's, which nothing here knows."""
    if find_spec("demo") is None:
        print("simulator: the fleet is played from the source tree, where the folder demo is", file=sys.stderr)
        return 2
    return os.execv(sys.executable, [sys.executable, "-m", "demo.fleet", *arguments])  # noqa: S606 - our own words


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    about = __doc__.replace("``", "`")
    parser = argparse.ArgumentParser("python -m simulator", description=about, epilog=_faults(), formatter_class=raw)
    parser.add_argument("--seed", type=int, default=1, help="which synthetic days, or which minutes inside real means")
    parser.add_argument("--kind", choices=("home", "commercial"), default="home", help="of a synthetic site")
    parser.add_argument("--site", metavar="CSV", help="play real measurements instead of synthetic days")
    parser.add_argument("--start", metavar="STAMP", help="begin at this time of the trace (ISO 8601 with offset)")
    parser.add_argument("--profile", choices=tuple(PROFILES), default="sunspec7xx", help="which inverter it is")
    chain = parser.add_argument_group("the chain of models of the profiles sunspec7xx and gen24")
    chain.add_argument("--numbers", choices=("int", "float"), default="int", help="of it and of the meter's models")
    chain.add_argument("--common-length", type=int, metavar="L", help="what its common model declares, right or wrong")
    chain.add_argument("--split-models", action="store_true", help="two models 160 or 802 in place of one")
    chain.add_argument("--chain-base", type=int, choices=(0, 40000, 50000), default=40000, help="where it is")
    chain.add_argument("--decoy-base", type=int, choices=(0, 40000, 50000), help="a second chain, of no use, is here")
    chain.add_argument("--setpoint", choices=("watts", "percent"), default="watts", help="what its model 704 takes")
    chain.add_argument("--heartbeat", choices=("715", "802"), default="", help="without it it takes no setpoint")
    parser.add_argument("--meter", choices=METERS, default=SUNSPEC, help="what answers on the meter's port")
    dump = parser.add_argument_group("a captured device in place of a site, by `enalysis-edge devices dump`")
    dump.add_argument("--dump", type=Path, metavar="FILE", help="serve what it answered, at --port")
    dump.add_argument("--port", type=port, default=5020)
    dump.add_argument("--at-end", choices=AT_END, default="loop", help="begin again, or hold what was read last")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--inverter-port", type=port, default=5020)
    parser.add_argument("--meter-port", type=port, default=5021)
    parser.add_argument("--sdm-port", type=port, default=5022)
    parser.add_argument("--sdm-framing", choices=("tcp", "rtu"), default="tcp", help="rtu: RTU frames over TCP")
    parser.add_argument(
        "--serial",
        metavar="PATH",
        help="also one serial line, 9600 8N1, with all units; pty: a pseudo-terminal is made",
    )
    parser.add_argument("--strict-writes", action="store_true", help="refuse writes to read-only points")
    parser.add_argument("--speed", type=positive, default=1.0, help="seconds of the site in one real second")
    parser.add_argument("--meter-lag", type=not_negative, default=0.0, metavar="S", help="age of what the meters show")
    parser.add_argument(
        "--inverter-lag", type=not_negative, default=1.0, metavar="S", help="from an order to its power"
    )
    parser.add_argument("--faults", metavar="FILE", help="a script of faults; the kinds are listed below")
    parser.add_argument("--print-every", type=positive, default=5.0, metavar="S", help="real seconds between lines")
    parser.add_argument("--pv-w", type=positive, default=None, help="rating of the solar inverter, W")
    parser.add_argument("--battery-wh", type=positive, default=10000.0)
    parser.add_argument("--battery-w", type=positive, default=5000.0)
    parser.add_argument("--soc", type=float, default=50.0, help="per cent at the beginning")
    return parser


def _faults() -> str:
    """Every kind of fault with what it does, at 80 columns."""
    lines = [
        "A script of faults has one a line: START DURATION DEVICE KIND [key=value ...],",
        "as in `10m 60s meter late_answer seconds=1.5`.",
        f"Devices: {', '.join(DEVICES)}. Keys: seconds, code, share, factor. Kinds:",
    ]
    widest = max(map(len, WHAT))
    for kind, what in WHAT.items():
        first, *more = textwrap.wrap(what, 79 - 4 - widest)
        lines += [f"  {kind:{widest}}  {first}", *(" " * (widest + 4) + line for line in more)]
    return "\n".join(lines)


async def _replay(options: argparse.Namespace) -> None:
    await replay(options.dump, options.host, options.port, options.at_end)


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
        _profile(options),
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
    async with site, _serial_line(site, options.serial) as line:
        print(addresses(site) + line, flush=True)
        while not stopped.is_set():
            site.bring_to_now()
            print(status(plant), flush=True)
            try:
                await asyncio.wait_for(stopped.wait(), options.print_every)
            except TimeoutError:
                continue


def _profile(options: argparse.Namespace) -> str | ChainOptions:
    if options.profile not in get_args(Profile):
        return str(options.profile)
    length, split = options.common_length, options.split_models
    told = {"setpoint": options.setpoint, "heartbeat": options.heartbeat}
    return ChainOptions(options.profile, options.chain_base, length, options.numbers, split, options.decoy_base, **told)


@asynccontextmanager
async def _serial_line(site: SimulatedSite, asked: str | None) -> AsyncIterator[str]:
    """Yields what is to be said of the serial line that is asked for; nothing where there is none."""
    if asked is None:
        yield ""
        return
    async with NullModem() as modem:
        await site.join_line(modem.far if asked == PTY else asked)
        inverter = ", ".join(map(str, site.units))
        others = ", ".join(f"{name} {unit_id}" for name, unit_id in SERIAL_UNIT_IDS.items())
        yield f"; serial line {modem.near if asked == PTY else asked}, unit ids: inverter {inverter}, {others}"


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
    if stamp.year not in YEARS:
        raise ValueError(f"--start {text}: not a year from {YEARS[0]} to {YEARS[-1]}")
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
    where = f"inverter ({site.profile}) {site.host}:{site.inverter_port}"
    others = f"meter ({site.meter_profile}) {site.host}:{site.meter_port}, SDM630 {site.host}:{site.sdm_port}"
    if list(site.units) == [UNIT_ID]:
        return f"{where}, {others}, all unit id {UNIT_ID}"
    return f"{where} unit id {', '.join(map(str, site.units))}, {others}, unit id {UNIT_ID}"


def status(plant: Plant) -> str:
    """One line about the site as it is."""
    state = plant.state
    return (
        f"{state.at:%Y-%m-%d %H:%M:%S}Z  load {state.load_w:z.0f} W  pv {state.pv_w:z.0f} W  "
        f"battery {state.battery_w:+z.0f} W  grid {state.grid_w:+z.0f} W  SoC {state.soc_pct:z.1f} %  {plant.mode()}"
    )


if __name__ == "__main__":
    sys.exit(main())
