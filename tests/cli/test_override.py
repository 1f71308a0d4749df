"""`enalysis-edge hold|charge|discharge|auto`: what is asked, until when, and what is refused in one sentence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.inbox import inbox_of, look
from agent.adapters.host.lock import SiteLock
from agent.cli.commands import obey, parser_for
from agent.cli.override import NotAsked, wanted
from agent.domain.commands import OverrideBattery
from agent.domain.override import Override, OverrideAction
from agent.settings.permit import permit_file
from tests.site_files import changed, write_home

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")


def meant(*words: str) -> Override | None:
    return wanted(parser_for(words).parse_args(words), NOW, ZONE)


def test_every_way_to_say_it() -> None:
    assert meant("auto") is None
    assert meant("hold") == Override(OverrideAction.HOLD, NOW + timedelta(hours=2), NOW)
    assert meant("charge", "--kw", "2.5", "--for", "90min") == Override(
        OverrideAction.CHARGE, NOW + timedelta(minutes=90), NOW, 2500.0
    )
    assert meant("discharge", "--until", "18:00") == Override(
        OverrideAction.DISCHARGE, datetime(2026, 6, 1, 17, tzinfo=UTC), NOW
    )
    assert meant("hold", "--until", "06:00") == Override(
        OverrideAction.HOLD, datetime(2026, 6, 2, 5, tzinfo=UTC), NOW
    ), "a time of day that has passed is tomorrow's"


def test_tomorrow_is_by_the_clock_also_where_the_night_has_another_length() -> None:
    words = ("hold", "--until", "06:00")
    for evening, morning in (
        (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 5, tzinfo=UTC)),
    ):
        override = wanted(parser_for(words).parse_args(words), evening, ZONE)
        assert override is not None
        assert override.until == morning


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("charge", "--kw", "-1"), "--kw is -1, not a power from 0.001 to 20,000 kW"),
        (("charge", "--kw", "-0"), "--kw is 0, not a power from 0.001 to 20,000 kW"),
        (("charge", "--kw", "1e-9"), "--kw is 1e-09, not a power from 0.001 to 20,000 kW"),
        (("charge", "--kw", "nan"), "--kw is nan, not a power from 0.001 to 20,000 kW"),
        (("discharge", "--kw", "1e300"), r"--kw is 1e\+300, not a power from 0.001 to 20,000 kW"),
        (("discharge", "--kw", "1e308"), r"--kw is 1e\+308, not a power from 0.001 to 20,000 kW"),
        (("hold", "--for", "2 days"), "'2 days' is no time span: write 90min or 2h"),
        (("hold", "--for", "xh"), "'xh' is no time span"),
        (("hold", "--for", "nanh"), "'nanh' is no time span: write 90min or 2h"),
        (("hold", "--for", "1e9h"), "it must end within 24 hours from now"),
        (("hold", "--for", "1e300h"), "it must end within 24 hours from now"),
        (("hold", "--for", "infh"), "it must end within 24 hours from now"),
        (("hold", "--for", "25h"), "it must end within 24 hours from now"),
        (("hold", "--for=-1h"), "it must end within 24 hours from now, and not in the past"),
        (("hold", "--until", "2026-05-01T10:00"), "not in the past"),
        (("hold", "--until", "soon"), "'soon' is no time"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(NotAsked, match=sentence):
        meant(*words)


def test_it_is_left_for_an_agent_that_runs_and_for_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    store = tmp_path / "site.sqlite3"
    assert obey(["charge", "--kw", "2", "--config", str(config)]) == 1
    assert capsys.readouterr().err == "the agent does not run, so nobody would obey\n"
    assert look(inbox_of(store)).names == ()
    with SiteLock(store):
        assert obey(["charge", "--kw", "2", "--config", str(config)]) == 0
        assert obey(["auto", "--config", str(config)]) == 0
    assert "charge with 2.00 kW until " in capsys.readouterr().out
    first, second = (request.command for request in look(inbox_of(store)).requests)
    assert isinstance(first, OverrideBattery)
    assert first.override is not None
    assert (first.override.action, first.override.power_w) == (OverrideAction.CHARGE, 2000.0)
    assert second == OverrideBattery(None)


def test_what_a_site_that_is_only_observed_would_refuse_is_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    config.write_text(changed("[control]\n", '[control]\nmode = "observe"\n', config.read_text()))
    with SiteLock(tmp_path / "site.sqlite3"):
        assert obey(["hold", "--config", str(config)]) == 1
        assert capsys.readouterr().err == 'the site is only observed, the site file says [control] mode = "observe"\n'
        assert obey(["auto", "--config", str(config)]) == 0
    assert [request.command for request in look(inbox_of(tmp_path / "site.sqlite3")).requests] == [
        OverrideBattery(None)
    ]


def test_where_the_agent_alone_can_read_the_permit_it_is_asked(tmp_path: Path) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    permit_file(config).write_text("spoilt")
    with SiteLock(tmp_path / "site.sqlite3"):
        assert obey(["hold", "--config", str(config)]) == 0


def test_watts_are_asked_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    with SiteLock(tmp_path / "site.sqlite3"):
        assert obey(["charge", "--kw", "2000", "--config", str(config)]) == 1
        assert capsys.readouterr().err == (
            "--kw 2000 is far beyond the 3 kW of this battery; power is written in kW here: did you mean 2?\n"
        )
        assert obey(["charge", "--kw", "5", "--config", str(config)]) == 0, "more than it can do is all that it can"
    assert len(look(inbox_of(tmp_path / "site.sqlite3")).requests) == 1


def test_a_hold_has_no_power(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser_for(["hold"]).parse_args(["hold", "--kw", "2"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --kw 2" in capsys.readouterr().err
