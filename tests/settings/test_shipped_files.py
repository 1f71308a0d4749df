"""The site files that come along are good ones."""

from pathlib import Path

import pytest

from agent.settings.check import report

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("name", ["site.example.toml", "try.toml"])
def test_a_shipped_site_file_is_good(name: str) -> None:
    text, code = report(CONFIG / name)
    assert code == 0, text
