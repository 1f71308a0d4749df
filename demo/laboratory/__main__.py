"""``python -m demo.laboratory certificates|platform|sites``: what the services of ``compose.yaml`` run."""

import argparse
import asyncio
import signal
import ssl
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.cli.ending import FAILED, WRONG, ended
from demo.laboratory.certificates import AUTHORITY, PLATFORM, make_certificates, site_names

SITES = 10
MOST_SITES = 100  # of one process
LOOK_EVERY_S = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if not 1 <= asked.sites <= MOST_SITES:
        print(f"laboratory: --sites {asked.sites}: it has 1 to {MOST_SITES} sites", file=sys.stderr)
        return WRONG
    if asked.service != "certificates" and not (asked.folder / f"{AUTHORITY}.pem").is_file():
        print(f"laboratory: {asked.folder} holds no certificates; the command certificates makes them", file=sys.stderr)
        return FAILED
    try:
        if asked.service == "certificates":
            made = make_certificates(asked.folder, asked.sites)
            print(f"{made} certificates made in {asked.folder}" if made else f"all certificates are in {asked.folder}")
        elif asked.service == "platform":
            _platform(asked.folder, asked.host, asked.port)
        else:
            asyncio.run(_sites(asked.folder, asked.host, asked.port, asked.sites))
    except (OSError, TimeoutError) as error:
        place = "" if getattr(error, "filename", None) is None else f"{error.filename}: "
        print(f"laboratory: {place}{getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo.laboratory", description=__doc__)
    parser.add_argument("service", choices=("certificates", "platform", "sites"))
    parser.add_argument("--folder", type=Path, required=True, help="of the certificates")
    parser.add_argument("--host", default="127.0.0.1", help="of the broker")
    parser.add_argument("--port", type=int, default=8883)
    parser.add_argument("--sites", type=int, default=SITES, metavar="N")
    return parser


def _platform(folder: Path, host: str, port: int) -> None:
    """Receive, acknowledge, and say now and then how much has come, until stopped."""
    from demo.fleet.platform_process import FleetPlatform
    from simulator.platform import Address

    context = ssl.create_default_context(cafile=str(folder / f"{AUTHORITY}.pem"))
    context.load_cert_chain(folder / f"{PLATFORM}.pem", folder / f"{PLATFORM}.key")
    platform, stopped = FleetPlatform(port, at=Address(host, context)), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *ignored: stopped.set())
    platform.start()
    said = ""
    while not stopped.is_set():
        sites = {site for site, _ in list(platform.streams)}
        said = _say(f"{platform.counts['rows']} rows of {len(sites)} sites", said)
        stopped.wait(LOOK_EVERY_S)
    platform.stop()


async def _sites(folder: Path, host: str, port: int, sites: int) -> None:
    """Light sites, in the time of this machine, until stopped."""
    from demo.fleet.fast_clock import FastClock, midnight
    from demo.fleet.light_site import LightSite
    from demo.fleet.site_day import MINUTES, play_day

    clock, day, stopped = FastClock(midnight(), 1.0), play_day(midnight(), 1), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    found = [
        LightSite(reach(folder, host, port, name), clock, day, at * MINUTES // sites)
        for at, name in enumerate(site_names(sites))
    ]
    tasks = [asyncio.create_task(site.run(0.0)) for site in found]
    said = ""
    while not stopped.is_set():
        connected, troubles = sum(site.link.connected for site in found), [site.link.trouble for site in found]
        why = next((f": {trouble}" for trouble in troubles if trouble), "")
        said = _say(f"{connected} of {sites} sites are connected{why}", said)
        try:
            await asyncio.wait_for(stopped.wait(), LOOK_EVERY_S)
        except TimeoutError:
            continue
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.gather(*(site.stop() for site in found))


def _say(line: str, before: str) -> str:
    """Print ``line`` where it says something new."""
    if line != before:
        print(line, flush=True)
    return line


def reach(folder: Path, host: str, port: int, site_id: str) -> MqttSettings:
    """How a site reaches the broker: with its own certificate."""
    own, key = folder / f"{site_id}.pem", folder / f"{site_id}.key"
    return MqttSettings(host, port, site_id, ca_file=folder / f"{AUTHORITY}.pem", cert_file=own, key_file=key)


if __name__ == "__main__":
    sys.exit(ended(main))
