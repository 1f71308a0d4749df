"""The files of a backtest: they are taken up again, and nothing else is touched."""

from pathlib import Path

import pytest

from agent.backtest.figures import COLUMNS
from tests.backtest import folder as data
from tests.backtest.test_command import rows, run


def test_what_no_backtest_has_written_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.write(tmp_path, days=4)
    described = (folder / "sites.json").read_text()
    assert "\n" not in described
    assert run(folder, folder / "sites.json") == 2
    assert "sites.json is no file of a backtest; choose another file" in capsys.readouterr().err
    assert (folder / "sites.json").read_text() == described
    store, content = tmp_path / "site.sqlite3", b"SQLite format 3\0\n\xff\0 and no end of line"
    store.write_bytes(content)
    assert run(folder, store) == 2
    assert store.read_bytes() == content
    assert not list(tmp_path.rglob("*.made.json"))
    assert run(folder, Path("/dev/full")) == 2
    assert "/dev/full is no plain file" in capsys.readouterr().err


@pytest.mark.parametrize("left", [1, len(",".join(COLUMNS)), -20])
def test_a_file_that_a_power_cut_left_short_is_taken_up(left: int, tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, days=4), tmp_path / "figures.csv"
    assert run(folder, out, "--policies", "no_battery,perfect") == 0
    whole = out.read_bytes()
    out.write_bytes(whole[:left])
    assert run(folder, out, "--policies", "no_battery,perfect") == 0
    assert [row["policy"] for row in rows(out)] == ["no_battery", "perfect"]


def test_a_play_by_other_prices_or_settlement_has_a_picture_of_its_own(tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, days=2, row=lambda i: data.hour(i // 4), cadence_min=15), tmp_path / "f.csv"
    plays = {
        "": (),
        "-export-0.05-demand-2.5-settle-900": ("--export-price", "0.05", "--demand-charge", "2.5", "--settle", "900"),
    }
    for more in plays.values():
        assert run(folder, out, "--days", "0.25", "--policies", "no_battery", *more, picture=True) == 0
    assert {path.name for path in tmp_path.glob("*.png")} == {f"f-house{name}.png" for name in plays}
