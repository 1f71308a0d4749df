"""A name that does not resolve, a closed port and a silent device are three sentences; a serial port has its own."""

import errno
import os
import socket
import termios
import time
from pathlib import Path

import pytest

from drivers import sentence
from drivers import sentences as say
from drivers.device import Span
from drivers.endpoint import SerialEndpoint, TcpEndpoint
from drivers.errors import LinkDown, NoAnswer
from drivers.link_failure import failure_words
from drivers.modbus import Bus
from simulator.null_modem import NullModem
from tests.drivers.wire import SILENT, serving
from tests.site_files import free_ports


async def sentence_of(endpoint: TcpEndpoint | SerialEndpoint, timeout_s: float = 2.0) -> str:
    transport = Bus(endpoint, timeout_s=timeout_s, retries=0).transport(1)
    with pytest.raises((LinkDown, NoAnswer)) as met:
        await transport.read(Span("holding", 0, 1))
    await transport.close()
    return str(met.value)


async def test_a_name_that_does_not_resolve() -> None:
    found = await sentence_of(TcpEndpoint("no-such-inverter.invalid", 502), 5.0)
    names = ("this name is not known", "no name server tells the address of this name")
    assert found.startswith(
        "unit 1: reading 1 holding registers from 0: no connection to no-such-inverter.invalid:502: "
    )
    assert found.endswith(names)


async def test_a_name_server_that_is_silent_is_not_a_silent_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.3))
    found = await sentence_of(TcpEndpoint("inverter.lan", 502), 0.1)
    assert found.endswith("no name server tells the address of this name")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_port_on_which_nobody_listens(host: str) -> None:
    found = await sentence_of(TcpEndpoint(host, free_ports(1)[0]))
    assert found.endswith(": the device is there, but nothing listens on this port")


async def test_what_is_told_can_be_said_in_another_language() -> None:
    port = free_ports(1)[0]
    transport = Bus(TcpEndpoint("127.0.0.1", port), retries=0).transport(7)
    with pytest.raises(LinkDown) as met:
        await transport.read(Span("input", 40, 2))
    await transport.close()
    asked = say.reading_input_registers(unit=7, count=2, address=40)
    expected = say.no_connection(asked=asked, place=f"127.0.0.1:{port}", why=say.nothing_listens())
    said = sentence.sentence_of(met.value)
    assert isinstance(said, sentence.Sentence)
    assert (said, said.code, said.values) == (str(met.value), expected.code, expected.values)


async def test_a_device_that_accepts_and_never_answers() -> None:
    async with serving(lambda request: SILENT) as server:
        found = await sentence_of(TcpEndpoint("127.0.0.1", server.port), 0.05)
        assert found.endswith(f"no answer from 127.0.0.1:{server.port} within 0.05 s")


async def test_an_address_at_which_nothing_comes_back() -> None:
    """A listener whose queue is full drops what asks for a connection, as a black hole does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        found = await sentence_of(TcpEndpoint("127.0.0.1", port), 0.2)
        for one in waiting:
            one.close()
    assert found.endswith(f"no connection to 127.0.0.1:{port}: nothing came back within 0.2 s")


async def test_the_reason_stands_in_the_sentence_of_the_pause_too() -> None:
    transport = Bus(TcpEndpoint("127.0.0.1", free_ports(1)[0]), retries=0).transport(1)
    for _ in range(2):
        with pytest.raises(LinkDown, match=r"nothing listens on this port$") as met:
            await transport.read(Span("holding", 0, 1))
    assert "next attempt in" in str(met.value)


async def test_a_serial_port_that_is_not_there_and_one_that_is_no_serial_port(tmp_path: Path) -> None:
    assert (await sentence_of(SerialEndpoint("/dev/no-such-port"))).endswith("there is no such serial port")
    (tmp_path / "file").touch()
    found = await sentence_of(SerialEndpoint(str(tmp_path / "file")))
    assert found.endswith(": it is not a serial port")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "opening it is not permitted"),
        (errno.EBUSY, "another program has it open"),
        (errno.EHOSTUNREACH, "no device answers at this address"),
        (errno.ENETUNREACH, "this network cannot be reached from here"),
        (errno.EPIPE, "broken pipe"),
    ],
)
def test_what_the_system_says_in_words(number: int, words: str) -> None:
    wrapped = ValueError("could not open port")
    wrapped.__cause__ = OSError(number, os.strerror(number))
    assert failure_words(SerialEndpoint("/dev/ttyUSB0"), wrapped, 1.0) == words


def test_what_was_met_at_several_addresses() -> None:
    joined = OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1, 0, 0), [Errno 111] Connect call")
    assert "nothing listens" in failure_words(TcpEndpoint("inverter.lan"), joined, 1.0)


async def test_a_port_that_does_not_take_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel answers it; its error is no OSError."""

    def refuse(*_: object) -> None:
        raise termios.error(errno.EINVAL, "Invalid argument")

    async with NullModem() as modem:
        monkeypatch.setattr(termios, "tcsetattr", refuse)
        found = await sentence_of(SerialEndpoint(modem.near))
        assert found.endswith(f"no connection to {modem.near}: it does not take these settings")
