"""From the site file's devices to buses: one connection a line, with what site file and family ask for."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.devices import field_bus
from agent.adapters.devices.field_bus import connect_devices
from agent.adapters.host.clock import SystemClock
from agent.settings.device_section import Device
from agent.settings.load import load
from drivers.endpoint import SingleClient
from drivers.family import LinkFacts
from drivers.registry import FAMILIES
from simulator.faults import Fault, FaultScript, Kind
from simulator.server import SimulatedSite
from tests.simulator.sites import BEGINNING, Clock, flat_plant
from tests.site_files import TEXT, written


def on_one_port(port: int, meter: str, more: str = "") -> str:
    """The small site with inverter and meter behind one port, under two names of this machine."""
    head = TEXT[: TEXT.index("[[device]]")]
    device = '[[device]]\nname = "{}"\nfamily = "{}"\nroles = {}\nhost = "{}"\nport = {}\n{}'
    inverter = device.format("inverter", "sunspec_hybrid", '["battery", "solar"]', "127.0.0.1", port, more)
    return head + inverter + device.format("meter", "sunspec_meter", '["grid"]', meter, port, f"unit_id = 200\n{more}")


def always(kind: Kind) -> FaultScript:
    return FaultScript([Fault(kind, "inverter", BEGINNING - timedelta(hours=1), 1e6)])


@pytest.mark.parametrize("meter", ["127.0.0.1", "localhost"])
async def test_two_devices_of_one_place_are_one_client(tmp_path: Path, meter: str) -> None:
    async with SimulatedSite(flat_plant(Clock()), "gen24", always("one_client")) as site:
        settings = load(written(tmp_path, on_one_port(site.inverter_port, meter)))
        devices = connect_devices(settings, SystemClock())
        found = await devices.read(10.0)
        assert devices.troubles() == {}
        assert all(found.values())
        await devices.close()


async def test_a_gateway_that_numbers_its_answers_is_in_trouble_until_the_site_file_says_so(tmp_path: Path) -> None:
    async with SimulatedSite(flat_plant(Clock()), "gen24", always("own_numbers")) as site:
        for more, is_trouble in (("timeout_s = 0.2\n", True), ('transaction_ids = "ignored"\n', False)):
            settings = load(written(tmp_path, on_one_port(site.inverter_port, "127.0.0.1", more)))
            devices = connect_devices(settings, SystemClock())
            found = await devices.read(10.0)
            assert ('transaction_ids = "ignored"' in devices.troubles().get("inverter", "")) is is_trouble
            assert bool(found["inverter"]) is not is_trouble
            await devices.close()


@pytest.mark.parametrize(
    ("family", "asked", "stale_s", "poll_s"),
    [
        ("sunspec_hybrid", "", 15, 1.0),
        ("huawei_luna", "", 15, 5.0),
        ("deye_hybrid", "", 15, 5.0),  # ten would be less than three questions while a reading is used
        ("deye_hybrid", "", 30, 10.0),
        ("deye_hybrid", "poll_s = 2\n", 15, 2.0),
        ("sunspec_hybrid", "poll_s = 4\n", 15, 4.0),
    ],
)
def test_a_device_is_asked_as_often_as_its_family_is_best_asked(
    tmp_path: Path, family: str, asked: str, stale_s: float, poll_s: float
) -> None:
    text = on_one_port(502, "127.0.0.1").replace('family = "sunspec_hybrid"\n', f'family = "{family}"\n{asked}')
    text = text.replace("[[device]]", f"[control]\nstale_s = {stale_s}\n\n[[device]]", 1)
    devices = connect_devices(load(written(tmp_path, text)), SystemClock())
    assert devices.poll_s == {"inverter": poll_s, "meter": 1.0}


def listed(**words: object) -> Device:
    given = {"name": "one", "family": "sdm630", "roles": ["grid"], "host": "192.0.2.1", **words}
    return Device.model_validate(given)


def test_a_maker_who_needs_it_has_it() -> None:
    """What stands in a datasheet reaches the bus, whatever the site file leaves out."""
    (bus,) = field_bus.Lines(SystemClock()).buses([listed(family="huawei_luna")]).values()
    assert (bus._gap_s, bus._settle_s, bus._single_client) == (0.05, 1.5, SingleClient())


@pytest.mark.parametrize(
    ("family", "timeout_s", "waits_s"),
    [
        ("huawei_luna", 1.0, 5.0),
        ("solaredge_storedge", 0.5, 5.0),
        ("carlo_gavazzi_em340", 0.1, 0.5),
        ("carlo_gavazzi_em340", 2.0, 2.0),
        ("sdm630", 0.1, 0.1),
    ],
)
def test_a_slow_device_is_waited_for(family: str, timeout_s: float, waits_s: float) -> None:
    (bus,) = field_bus.Lines(SystemClock()).buses([listed(family=family, timeout_s=timeout_s)]).values()
    assert bus._timeout_s == waits_s


SHY = LinkFacts(single_client=True, settle_after_connect_s=1.5, gap_s=0.05)


@pytest.mark.parametrize(
    ("facts", "words", "gap_s", "settle_s", "place"),
    [
        (LinkFacts(), {}, 0.0, 0.0, None),
        (LinkFacts(), {"framing": "rtu"}, 0.06, 0.0, None),
        (LinkFacts(), {"framing": "rtu", "gap_s": 0.2}, 0.2, 0.0, None),
        (SHY, {}, 0.05, 1.5, SingleClient()),
        (SHY, {"gap_s": 0.01, "settle_s": 1.0}, 0.05, 1.5, SingleClient()),
        (SHY, {"gap_s": 0.1, "settle_s": 2.0}, 0.1, 2.0, SingleClient()),
        (SHY, {"single_client": False}, 0.05, 1.5, None),
        (SHY, {"give_back_s": 5.0}, 0.05, 1.5, SingleClient(5.0)),
        (LinkFacts(), {"single_client": True}, 0.0, 0.0, SingleClient()),
        (LinkFacts(), {"give_back_s": 5.0}, 0.0, 0.0, SingleClient(5.0)),
    ],
)
def test_what_a_family_needs_holds_where_the_site_file_asks_for_less(
    facts: LinkFacts,
    words: dict[str, object],
    gap_s: float,
    settle_s: float,
    place: SingleClient | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(field_bus, "FAMILIES", {"sdm630": replace(FAMILIES["sdm630"], link=facts)})
    (bus,) = field_bus.Lines(SystemClock()).buses([listed(**words)]).values()
    assert (bus._gap_s, bus._settle_s, bus._single_client) == (gap_s, settle_s, place)


def test_devices_of_one_line_share_the_longest_of_their_pauses() -> None:
    one = listed(settle_s=1.0, timeout_s=2.0, retries=0)
    other = listed(name="two", unit_id=2, gap_s=0.5, give_back_s=9.0, host="192.0.2.1")
    buses = field_bus.Lines(SystemClock()).buses([one, other, listed(name="three", port=503)])
    assert buses["one"] is buses["two"] is not buses["three"]
    bus = buses["one"]
    assert (bus._gap_s, bus._settle_s, bus._timeout_s, bus._retries) == (0.5, 1.0, 2.0, 0)
    assert bus._single_client == SingleClient(9.0)
