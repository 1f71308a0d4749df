"""Commissioning of simulated sites over real sockets: good ones pass, distorted ones end with the right sentence.

Whatever happens, the battery follows its own rule afterwards.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.adapters.store.store_reader import kept
from agent.domain.documents import COMMISSIONING, STEERING
from tests.commissioning.procedure import FAMILIES, Play, codes, played

FALLBACK_S = 60.0  # Kostal's last order is 0 W, which lapses

NEVER_REVERT = {"sungrow", "goodwe", "deye_3p"}


async def must_be_free(play: Play) -> None:
    await play.clock.sleep(FALLBACK_S)
    assert play.is_free, play.plant.mode()
    document = kept(play.folder / "site.sqlite3", STEERING.name)
    assert document is None or '"steering": true' not in document


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
        "implausible",
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


def at_the_word(play: Play, word: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Says a line, and acts at the first one with ``word`` in it."""
    done: list[str] = []

    def say(line: str) -> None:
        play.said.append(line)
        if word in line and not done:
            done.append(line)
            act()

    return say


@pytest.mark.parametrize("word", ["looking", "charge with", "rest at", "discharge with", "silence"])
async def test_ctrl_c_at_any_time_leaves_the_battery_free(tmp_path: Path, word: str) -> None:
    async with played(tmp_path) as play:
        session = play.session()
        session.say = at_the_word(play, word, session.stop.stop)
        report = await session.run()
        assert not report.passed
        assert "stopped" in report.ended
        await must_be_free(play)


async def test_a_terminal_that_has_gone_ends_it(tmp_path: Path) -> None:
    def gone() -> None:
        raise BrokenPipeError("nobody reads")

    async with played(tmp_path) as play:
        session = play.session()
        session.say = at_the_word(play, "rest at", gone)
        report = await session.run()
        assert not report.passed
        assert play.was_moved
        await must_be_free(play)


async def test_a_defect_of_ours_lets_the_battery_go_too(tmp_path: Path) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    async with played(tmp_path) as play:
        session = play.session()
        session.say = at_the_word(play, "rest at", broken)
        with pytest.raises(ZeroDivisionError):
            await session.run()
        assert play.was_moved
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
    async with played(tmp_path, host="0.0.0.0", **words) as play:  # type: ignore[arg-type]
        port = play.site.inverter_port
        play.path.write_text(play.path.read_text().replace("port = 1\n", f"port = {port}\n"))
        report = await play.run()
        assert "double" in codes(report), report.findings
        assert not play.was_moved


async def test_an_inverter_that_stays_away_is_given_back_by_the_next_run(tmp_path: Path) -> None:
    async with played(tmp_path, "sungrow") as play:
        play.fault("no_answer", "inverter", after_s=60.0, for_s=300.0)
        report = await play.run()
        assert {"aborted", "not_released"} <= codes(report), report.findings
        assert not play.is_free, "a Sungrow keeps its order"
        await play.clock.sleep(400.0)
        report = await play.run()
        assert report.passed, report.findings
        assert any("could not give the battery back" in line and "it is now" in line for line in play.said)
        await must_be_free(play)
