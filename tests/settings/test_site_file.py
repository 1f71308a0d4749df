"""When an edit of the site file is read: once it has settled, or at once where somebody asks."""

import os
import stat
from pathlib import Path

import pytest

from agent.settings.load import SettingsError, load
from agent.settings.schema import Settings
from agent.settings.site_file import LAST_GOOD, SiteFile
from tests.site_files import TEXT, changed, written

DEARER = changed("default_per_kwh = 0.28", "default_per_kwh = 0.29")


@pytest.fixture
def settled(tmp_path: Path) -> SiteFile:
    """A file that was read, and has not been touched since."""
    site_file = SiteFile(written(tmp_path, TEXT))
    assert site_file.look() is None
    assert isinstance(site_file.look(), Settings), "what a start has read may be older"
    assert site_file.look() is None
    return site_file


def test_an_edit_is_read_when_two_looks_see_the_same(settled: SiteFile) -> None:
    settled.path.write_text(DEARER)
    assert settled.look() is None
    assert settled.look() == load(settled.path)
    assert settled.look() is None


def test_a_file_that_goes_on_changing_is_waited_for(settled: SiteFile) -> None:
    for length in range(0, len(DEARER), 97):
        settled.path.write_text(DEARER[:length])
        assert settled.look() is None
    settled.path.write_text(DEARER)
    assert settled.look() is None
    assert settled.look() == load(settled.path)


def test_who_asks_gets_the_file_as_it_is(settled: SiteFile) -> None:
    settled.path.write_text(DEARER)
    assert settled.look(at_once=True) == load(settled.path)
    assert settled.look() is None
    assert settled.look(at_once=True) == load(settled.path)


@pytest.mark.parametrize("content", [b"", b"[site]\n", b"\x00\xff", None])
def test_what_stays_bad_is_said_once_until_it_is_another_file(content: bytes | None, settled: SiteFile) -> None:
    if content is None:
        settled.path.unlink()
    else:
        settled.path.write_bytes(content)
    assert settled.look() is None
    assert isinstance(settled.look(), SettingsError)
    assert settled.look() is None
    settled.path.write_text(TEXT)
    assert settled.look() is None
    assert isinstance(settled.look(), Settings)


def test_a_file_put_in_its_place_with_the_same_size_and_time_is_seen(settled: SiteFile) -> None:
    before = settled.path.stat()
    other = settled.path.with_name("other")
    other.write_text(DEARER)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(settled.path)
    assert settled.path.stat().st_size == before.st_size
    settled.look()
    assert settled.look() == load(settled.path)


def test_the_last_good_copy_is_the_owners_alone_and_keeps_the_comments(settled: SiteFile, tmp_path: Path) -> None:
    settled.path.write_text("# night tariff since May\n" + TEXT)
    state = tmp_path / "state"
    state.mkdir()
    settled.keep_copy(state)
    copy = state / LAST_GOOD
    assert copy.read_bytes() == settled.path.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
