"""What a demo leaves behind goes with the next one; what somebody else put there does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.scene import HOME_DAYS, HOME_FIRST_DAY, PAST_DAYS, home_scene
from demo.store_folder import OURS, SITE_FILE, FolderTaken, commands_to_try, fresh_folder


def test_an_earlier_demo_makes_room(tmp_path: Path) -> None:
    folder = fresh_folder(tmp_path)
    (folder / SITE_FILE).write_text(f"{OURS} More words.\n")
    (folder / "site.sqlite3").write_text("rows")
    assert fresh_folder(tmp_path) == folder
    assert list(folder.iterdir()) == []


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "site" / "index.html"
    theirs.parent.mkdir()
    theirs.write_text("<html>")
    with pytest.raises(FolderTaken, match="is left alone"):
        fresh_folder(tmp_path)
    assert theirs.is_file()


def test_what_to_try_is_about_the_days_that_were_played() -> None:
    said = commands_to_try(Path("demo-out/site"), datetime(2017, 1, 30, 7, 59, tzinfo=UTC), "Etc/GMT+8")
    assert "report --config demo-out/site/site.toml --by hour --to 2017-01-29" in said
    assert "--at 2017-01-29T18:00" in said


def test_the_home_has_its_history_and_two_known_days_after_it() -> None:
    scene = home_scene(HOME_DAYS)
    assert scene.start.astimezone(UTC) == datetime(2017, 1, 27, 8, tzinfo=UTC)
    assert scene.start.date() == HOME_FIRST_DAY
    assert (scene.start - scene.trace.start).days == PAST_DAYS
    assert (scene.trace.end - scene.end).days == 2
    assert (scene.usable_wh, scene.power_w, scene.export_price) == (6400.0, 5000.0, 0.0)
    assert scene.assumed == ()
