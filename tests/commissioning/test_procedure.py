"""Commissioning of simulated sites over real sockets: good ones pass, distorted ones end with the right sentence.

Whatever happens, the battery follows its own rule afterwards.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.adapters.store.store_reader import kept
from agent.domain.documents import COMMISSIONING
from simulator.chain_unit import ChainOptions
from simulator.plant import Plant
from simulator.server import SimulatedSite
from tests.commissioning.procedure import FAMILIES, NOON, SPEC, Play, codes, must_be_free, played, steady

SERIAL_AT = 40052  # of the common model

NEVER_REVERT = {"sungrow", "goodwe", "deye_3p"}


@pytest.mark.parametrize("profile", FAMILIES)
async def test_a_good_site_passes_and_is_as_it_was_found(tmp_path: Path, profile: str) -> None:
    async with played(tmp_path, profile) as play:
        report = await play.run()
        assert report.passed, report.findings
        await must_be_free(play)
        (test,) = report.tests
        assert test.answer == pytest.approx(1.0, abs=0.05)
        assert report.off_w is not None
        assert report.off_w <= 50.0
        for step in test.steps:
            assert step.settled_w == pytest.approx(step.taken_w, abs=50.0)
            assert 500.0 <= abs(step.asked_w) <= 1000.0 or step.what == "hold"
        assert test.reversion is not None
        assert (test.reversion.seen_s is None) == (profile in NEVER_REVERT)
        names = {step.what for step in test.steps}
        assert names == ({"charge", "hold"} if profile == "deye_3p" else {"charge", "hold", "discharge"})
        assert "not as it was found" not in test.released


async def test_one_that_takes_percent_alone_and_watches_its_controller_passes_too(tmp_path: Path) -> None:
    async with played(tmp_path, ChainOptions(setpoint="percent", heartbeat="715")) as play:
        report = await play.run()
        assert report.passed, report.findings
        await must_be_free(play)
        (test,) = report.tests
        assert {step.what for step in test.steps} == {"charge", "hold", "discharge"}
        assert test.reversion is not None
        assert test.reversion.seen_s is not None


@pytest.mark.parametrize("meter_lag_s", [0.0, 3.0, 8.0])
async def test_the_lag_of_the_meter_and_the_dead_time_are_measured(tmp_path: Path, meter_lag_s: float) -> None:
    async with played(tmp_path, meter_lag_s=meter_lag_s) as play:
        report = await play.run()
        assert report.passed, report.findings
        assert report.meter_lag_s == pytest.approx(meter_lag_s, abs=1.0)
        assert report.dead_time_s is not None
        assert 1.0 <= report.dead_time_s <= 3.0  # 1 s in the plant, seen once a second


async def test_the_report_is_kept(tmp_path: Path) -> None:
    async with played(tmp_path) as play:
        report = await play.run()
        document = kept(tmp_path / "site.sqlite3", COMMISSIONING.name)
        assert document is not None
        found = COMMISSIONING.read(document)
        assert (found.passed, found.devices, found.findings) == (True, report.devices, report.findings)
        assert [device.serial for device in found.devices] == ["SIM-7XX-0001", "SIM-METER-0001"]


Distort = Callable[[Play], None]

BEFORE_ANY_WRITE: dict[str, tuple[Distort, dict[str, object], str]] = {
    "meter and inverter swapped": (lambda play: None, {"swapped": True}, "swapped"),
    "another brand, where a Kostal is": (
        lambda play: None,
        {"profile": "kostal", "family": "huawei_luna"},
        "other_brand",
    ),
    "an inverter that does not answer": (lambda play: play.fault("no_answer", "inverter"), {}, "no_answer"),
    "a meter that does not answer": (lambda play: play.fault("no_answer", "meter"), {}, "no_answer"),
    "a battery at 4 %": (lambda play: None, {"soc_pct": 4.0}, "too_empty"),
    "a battery at 10 %, the floor": (lambda play: None, {"soc_pct": 10.0}, "too_empty"),
    "a full battery": (lambda play: None, {"soc_pct": 100.0}, "too_full"),
    "all values missing": (lambda play: play.fault("sentinel", "inverter"), {}, "value_missing"),
    "a meter that shows a thousandfold": (
        lambda play: play.fault("scaled_power", "meter", factor=1000.0),
        {"load_w": 9000.0, "pv_w": 0.0},
        "over_limit",
    ),
    "a meter that shows a tenfold": (
        lambda play: play.fault("scaled_power", "meter", factor=10.0),
        {"load_w": 9000.0, "pv_w": 0.0},
        "over_limit",
    ),
    "an inverter that shows a hundredfold": (
        lambda play: play.fault("scaled_power", "inverter", factor=100.0),
        {},
        "implausible",
    ),
    "an inverter that shows its power turned": (
        lambda play: play.fault("scaled_power", "inverter", factor=-1.0),
        {"load_w": 3000.0},
        "negative_load",
    ),
    "a meter whose sign is turned": (
        lambda play: play.fault("scaled_power", "meter", factor=-1.0),
        {"load_w": 9500.0, "pv_w": 0.0, "import_limit_w": 5000},
        "negative_load",
    ),
    "no room for the test": (
        lambda play: None,
        {"load_w": 9000.0, "pv_w": 0.0, "import_limit_w": 9100},
        "no_room",
    ),
}


@pytest.mark.parametrize("case", BEFORE_ANY_WRITE)
async def test_a_doubt_ends_it_before_anything_is_written(tmp_path: Path, case: str) -> None:
    distort, words, code = BEFORE_ANY_WRITE[case]
    async with played(tmp_path, **words) as play:  # type: ignore[arg-type]
        distort(play)
        report = await play.run()
        assert not report.passed
        assert code in codes(report), report.findings
        assert not play.was_moved
        assert not report.tests
        await must_be_free(play)


def mid_test(play: Play) -> None:
    play.fault("no_answer", "inverter", after_s=40.0, for_s=30.0)


WHILE_TESTED: dict[str, tuple[Distort, dict[str, object], str]] = {
    "a meter whose sign is turned": (lambda play: play.fault("scaled_power", "meter", factor=-1.0), {}, "meter_turned"),
    "a meter that shows a tenfold": (lambda play: play.fault("scaled_power", "meter", factor=10.0), {}, "meter_scale"),
    "a meter that shows a tenth": (lambda play: play.fault("scaled_power", "meter", factor=0.1), {}, "meter_blind"),
    "a meter that shows one phase": (
        lambda play: play.fault("scaled_power", "meter", factor=0.33),
        {},
        "meter_doubtful",
    ),
    "a frozen meter": (lambda play: play.fault("frozen", "meter"), {}, "meter_blind"),
    "writes that change nothing": (lambda play: play.fault("ignored_write", "inverter"), {}, "aborted"),
    "writes that are refused": (lambda play: play.fault("refused_write", "inverter"), {}, "aborted"),
    "writes that are stored and not obeyed": (
        lambda play: play.fault("unheeded_write", "inverter"),
        {"profile": "kostal"},
        "does_not_follow",
    ),
    "a battery that takes nothing": (lambda play: play.fault("takes_nothing", "inverter"), {}, "does_not_follow"),
    "a battery that gives nothing": (
        lambda play: play.fault("gives_nothing", "inverter", after_s=20.0),
        {},
        "does_not_follow",
    ),
    "an inverter that is gone in the middle": (mid_test, {}, "aborted"),
    "a meter that is gone in the middle": (
        lambda play: play.fault("no_answer", "meter", after_s=40.0, for_s=60.0),
        {},
        "aborted",
    ),
    "an inverter that starts anew in the middle": (
        lambda play: play.fault("reboot", "inverter", after_s=40.0, for_s=10.0),
        {},
        "aborted",
    ),
}


@pytest.mark.parametrize("case", WHILE_TESTED)
async def test_a_doubt_in_the_middle_ends_it_and_the_battery_is_free(tmp_path: Path, case: str) -> None:
    distort, words, code = WHILE_TESTED[case]
    async with played(tmp_path, **words) as play:  # type: ignore[arg-type]
        distort(play)
        report = await play.run()
        assert not report.passed
        assert code in codes(report), report.findings
        await must_be_free(play)


async def test_nobody_agrees_so_nothing_is_written(tmp_path: Path) -> None:
    async with played(tmp_path) as play:
        report = await play.run(agrees=False)
        assert not report.passed
        assert not play.was_moved


async def test_somebody_else_steers(tmp_path: Path) -> None:
    async with played(tmp_path, "huawei") as play:
        await play.session().run()
        unit = next(iter(play.site.units.values()))
        unit.write(16, 47246, [0])
        unit.write(16, 47083, [60])
        unit.write(16, 47247, [0, 1500])
        unit.write(16, 47100, [1])
        play.plant.orders.clear()
        report = await play.run()
        assert codes(report) == {"steered_by_others"}, report.findings
        assert not play.was_moved


SECOND_BATTERY = """
[[battery.further]]
device = "inverter_2"
usable_wh = 10000
charge_w = 5000
discharge_w = 5000
"""
AT_ANOTHER_ADDRESS = """
[[device]]
name = "inverter_2"
family = "sunspec_hybrid"
roles = ["battery"]
host = "127.0.0.2"
port = 1
"""


async def test_two_batteries_that_are_one_inverter(tmp_path: Path) -> None:
    words = {"further": SECOND_BATTERY, "more_devices": AT_ANOTHER_ADDRESS}
    everywhere = "0.0.0.0"  # noqa: S104 one server at two addresses of this machine
    async with played(tmp_path, host=everywhere, **words) as play:  # type: ignore[arg-type]
        port = play.site.inverter_port
        play.path.write_text(play.path.read_text().replace("port = 1\n", f"port = {port}\n"))
        report = await play.run()
        assert "double" in codes(report), report.findings
        assert not play.was_moved


async def test_each_of_two_batteries_is_tested_while_the_other_rests(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    second = Plant(steady(0.0, 0.0), SPEC, 6000.0, clock.true_now, soc_pct=50.0)
    words = {"further": SECOND_BATTERY, "more_devices": AT_ANOTHER_ADDRESS.replace("127.0.0.2", "127.0.0.1")}
    async with (
        SimulatedSite(second) as other,
        played(tmp_path, beside=second, clock=clock, **words) as play,  # type: ignore[arg-type]
    ):
        play.path.write_text(play.path.read_text().replace("port = 1\n", f"port = {other.inverter_port}\n"))
        other.units[1].image.store(SERIAL_AT, [0x5345, 0x434F, 0x4E44, *[0] * 13])  # "SECOND"
        report = await play.run()
        assert report.passed, report.findings
        assert [test.device for test in report.tests] == ["inverter", "inverter_2"]
        for test in report.tests:
            assert test.answer == pytest.approx(1.0, abs=0.05)
        assert play.is_free
        assert second.bring_to_now() is not None
        assert second.band is None


def with_fallback(play: Play, seconds: float) -> None:
    """The site file says that the Kostal falls back after so many seconds; the simulated one does after 30."""
    family = 'family = "kostal_plenticore"\n'
    text = play.path.read_text()
    assert text.count(family) == 1
    play.path.write_text(text.replace(family, f"{family}options = {{ fallback_s = {seconds} }}\n"))


async def test_a_device_that_does_not_end_an_order_as_promised_does_not_pass(tmp_path: Path) -> None:
    async with played(tmp_path, "kostal") as play:
        with_fallback(play, 12.0)
        report = await play.run()
        assert codes(report) == {"does_not_revert"}
        assert not report.passed
        await must_be_free(play)


@pytest.mark.parametrize("even_long", [False, True])
async def test_a_long_reversion_is_timed_only_when_it_is_asked_for(tmp_path: Path, even_long: bool) -> None:
    async with played(tmp_path, "kostal") as play:
        with_fallback(play, 400.0)
        session = play.session()
        session.even_long = even_long
        report = await session.run()
        assert report.passed, report.findings
        (test,) = report.tests
        assert test.reversion is not None
        assert test.reversion.promised_s == 400.0
        assert (test.reversion.seen_s is not None) == even_long
        assert any(finding.code == "reversion_not_timed" for finding in report.findings) != even_long
        await must_be_free(play)
