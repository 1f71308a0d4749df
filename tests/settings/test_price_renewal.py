"""A price file that is written anew counts from the next plan on; one that is spoilt changes nothing and is told."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.domain.sentence import coded
from agent.domain.tariff import Tariff, price_at
from agent.plan_request import PlanRequests, conditions_of
from agent.settings.load import load
from agent.settings.price_renewal import PriceFiles
from agent.site_view import Outlet
from tests.site_files import changed, written

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def prices(folder: Path, first: object) -> None:
    rows = "".join(f"2026-01-01T{hour:02d}:00:00Z,0.2\n" for hour in range(1, 24))
    (folder / "prices.csv").write_text(f"start,price_per_kwh\n2026-01-01T00:00:00Z,{first}\n{rows}")


def requests(folder: Path) -> PlanRequests:
    prices(folder, 0.1)
    text = changed('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "dynamic"\nfile = "prices.csv"\ntaxes_per_kwh = 0.01')
    settings = load(written(folder, text))
    return PlanRequests(
        settings, conditions_of(settings), Outlet(), None, lambda now, until: (), lambda: None, PriceFiles(settings)
    )


def export_price(asked: PlanRequests) -> float | None:
    tariff: Tariff = asked.conditions.export_tariff
    return price_at(tariff, NOW)


async def test_a_new_file_counts_from_the_next_plan_on(tmp_path: Path) -> None:
    asked = requests(tmp_path)
    assert export_price(asked) == pytest.approx(0.11)
    prices(tmp_path, 0.3333)
    await asked.look_at_files()
    found = asked.at(NOW, 50.0)
    assert found is not None
    assert found.export_price[0] == pytest.approx(0.3433)
    assert export_price(asked) == pytest.approx(0.3433)


@pytest.mark.parametrize("spoilt", ["cut", None])
async def test_a_spoilt_file_is_told_and_the_old_prices_go_on(spoilt: str | None, tmp_path: Path) -> None:
    asked = requests(tmp_path)
    if spoilt is None:
        (tmp_path / "prices.csv").unlink()
    else:
        prices(tmp_path, spoilt)
    for _ in range(2):  # it is told as long as it stands
        await asked.look_at_files()
        found = asked.at(NOW, 50.0)
        assert found is not None
        assert found.export_price[0] == pytest.approx(0.11)
        (told,) = (coded(note) for note in found.notes if "the prices read before go on" in note)
        assert told is not None
        assert told["values"]["cause"]["code"] == ("price_file_unreadable" if spoilt is None else "price_no_number")
    prices(tmp_path, 0.25)
    await asked.look_at_files()
    mended = asked.at(NOW, 50.0)
    assert mended is not None
    assert not any("go on" in note for note in mended.notes)
    assert mended.export_price[0] == pytest.approx(0.26)


def write_without_end(folder: Path, last: str, age_s: float) -> None:
    """A file whose last line has no line end, changed ``age_s`` ago."""
    rows = "\n".join(f"2026-01-01T{hour:02d}:00:00Z,0.3" for hour in range(23))
    path = folder / "prices.csv"
    path.write_text(f"start,price_per_kwh\n{rows}\n2026-01-01T23:00:00Z,{last}")
    os.utime(path, (time.time() - age_s,) * 2)


async def test_a_file_that_may_be_half_way_in_its_last_number_is_read_when_it_has_settled(tmp_path: Path) -> None:
    asked = requests(tmp_path)
    write_without_end(tmp_path, "0.", 1.0)
    await asked.look_at_files()
    assert export_price(asked) == pytest.approx(0.11)
    assert asked.price_troubles() == ()
    write_without_end(tmp_path, "0.25", 3600.0)
    await asked.look_at_files()
    assert export_price(asked) == pytest.approx(0.31)


@pytest.mark.parametrize("age_s", [60.0, -60.0])
async def test_a_file_may_end_without_a_line_end_once_it_rests(age_s: float, tmp_path: Path) -> None:
    """Also one that is dated ahead: a clock that was set back makes nobody wait."""
    asked = requests(tmp_path)
    write_without_end(tmp_path, "0.25", age_s)
    await asked.look_at_files()
    assert export_price(asked) == pytest.approx(0.31)


async def test_what_was_cut_off_when_the_agent_began_is_read_again(tmp_path: Path) -> None:
    """It is whole by the time that the files are first looked at, and never changes again."""
    prices(tmp_path, 0.1)
    text = changed('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "dynamic"\nfile = "prices.csv"')
    settings = load(written(tmp_path, text))
    conditions = conditions_of(settings)
    prices(tmp_path, 0.19)
    files = PriceFiles(settings)
    asked = PlanRequests(settings, conditions, Outlet(), None, lambda now, until: (), lambda: None, files)
    await asked.look_at_files()
    assert export_price(asked) == pytest.approx(0.19)
