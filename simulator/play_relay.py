"""``python -m simulator relay``: a relay on an MQTT broker, to try a machine of [[flexible_load]] by hand."""

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from simulator.broker import start_broker
from simulator.topic_relay import DIALECTS, Played, TopicRelay


def main(arguments: Sequence[str]) -> int:
    """Run until stopped; 2 with one sentence when it cannot begin."""
    asked = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with _place(asked.broker) as (host, port):
            relay = TopicRelay(port, asked.name, asked.kind, asked.on, host, Played(asked.deaf, asked.mute))
            _begin(relay)
            try:
                print(
                    f"{asked.kind} {asked.name} at {host}:{port}; a site file names it so:\n\n{relay.lines()}",
                    flush=True,
                )
                _follow(relay, stopped)
            finally:
                relay.stop()
    except (RuntimeError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m simulator relay", description=__doc__.replace("``", "`"))
    parser.add_argument("--broker", metavar="HOST:PORT", help="one of its own on this machine when left out")
    parser.add_argument("--kind", choices=tuple(DIALECTS), default="tasmota", help="whose topics and payloads it has")
    parser.add_argument("--name", default="heatpump", help="its name in the topics")
    parser.add_argument("--on", action=argparse.BooleanOptionalAction, default=True, help="how it is at the beginning")
    parser.add_argument("--deaf", action="store_true", help="it obeys nothing")
    parser.add_argument("--mute", action="store_true", help="it never says what it is")
    return parser


@contextmanager
def _place(asked: str | None) -> Iterator[tuple[str, int]]:
    """Where the broker is. Raises ValueError."""
    if asked is not None:
        host, _, port = asked.rpartition(":")
        if not port.isdecimal() or not 0 < int(port) <= 65535:
            raise ValueError(f"{asked!r} is no address of a broker: write HOST:PORT")
        yield host or "127.0.0.1", int(port)
        return
    with tempfile.TemporaryDirectory() as folder:
        broker = start_broker(Path(folder))
        try:
            yield "127.0.0.1", broker.port
        finally:
            broker.stop()


def _begin(relay: TopicRelay) -> None:
    """Raises RuntimeError with the place where the broker is not, or does not answer."""
    try:
        relay.start()
    except OSError as error:
        raise RuntimeError(f"no broker at {relay.host}:{relay.port}: {error.strerror or error}") from error


def _follow(relay: TopicRelay, stopped: threading.Event) -> None:
    """Print every order and every change of state."""
    shown, told = None, 0
    while not stopped.wait(0.1):
        for order in relay.orders[told:]:
            timer = "" if order.timer_s is None else f", back after {order.timer_s:g} s"
            print(f"told to go {'on' if order.on else 'off'}{timer}", flush=True)
        told = len(relay.orders)
        if relay.on is not shown:
            shown = relay.on
            print("on" if shown else "off", flush=True)
