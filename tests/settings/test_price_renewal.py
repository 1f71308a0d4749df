"""A price file that is written anew counts from the next plan on; one that is spoilt changes nothing and is told."""

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
