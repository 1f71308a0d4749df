"""Room that is kept for a full disk."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.store import ballast as edge
from agent.adapters.store.ballast import BALLAST_BYTES, Ballast
from tests.adapters.store.store_rows import new_store


def test_it_is_made_once_and_given_up_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "site.db")
    assert ballast.lay()
    assert ballast.lay()
    assert ballast.path.stat().st_blocks * 512 >= BALLAST_BYTES
    assert ballast.release()
    assert not ballast.release()


def test_there_is_none_where_it_would_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free: Callable[[Path], int] = lambda _: 10_000_000  # noqa: E731
    monkeypatch.setattr(edge, "free_bytes", free)
    ballast = Ballast(tmp_path / "site.db")
    assert not ballast.lay()
    assert not ballast.path.exists()


async def test_a_store_on_a_disk_that_fills_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "free_bytes", lambda _: 10_000_000)
    store = new_store(tmp_path / "site.db")
    await store.open()
    assert store.shortage is not None
    assert store.shortage.endswith("is nearly full: make room on it")
    monkeypatch.undo()
    await store.tidy(datetime(2026, 6, 1, tzinfo=UTC))
    assert store.shortage is None
    await store.close()
