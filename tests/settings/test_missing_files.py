"""A good file that names what is not there is good, and says so."""

from pathlib import Path

import pytest

from agent.settings import store_path
from agent.settings.check import report
from tests.site_files import RIVERSIDE, site_text, written

PLACE = '[store]\npath = "site.sqlite3"\n'
CLOUD = '[cloud]\nhost = "mqtt.example.org"\n'
INVERTER = {"name": "inverter", "family": "sunspec_hybrid", "roles": ["battery", "grid"], "host": "192.168.1.20"}
SITE = site_text(
    {
        **{name: RIVERSIDE[name] for name in ("site", "connection", "battery")},
        "tariff.import": {"kind": "flat", "price_per_kwh": 0.28},
        "device": [INVERTER],
    }
)
FIRST = len(SITE.splitlines()) + 1
CASES = [
    (PLACE + CLOUD + 'ca_file = "ca.pem"\n', "[cloud] ca_file is {folder}/ca.pem, which is not there; ", 4),
    (
        PLACE + CLOUD + 'username = "me"\npassword_file = "secret"\n',
        "[cloud] password_file is {folder}/secret, which is not there; ",
        5,
    ),
    (
        PLACE + CLOUD + 'enrol_url = "https://platform.example/enrol"\n',
        "[cloud] enrol_url gives the site its certificate, and {folder}/site.identity.pem is not there; run ",
        4,
    ),
    (PLACE + '[planning]\nmodels = "mine"\n', "[planning] models is {folder}/mine, which is not there; ", 3),
    (PLACE + '[planning]\nload_model = "mine"\n', "[planning] load_model is mine, and there is no ", 3),
    ('[store]\npath = "absent/site.sqlite3"\n', "[store] path is in {folder}/absent, which is not there; ", 1),
    ('[store]\npath = "."\n', "[store] path is {folder}, which is a folder; ", 1),
    ('[store]\npath = "site.toml/site.sqlite3"\n', "[store] path is in {folder}/site.toml, which is no folder; ", 1),
]


@pytest.mark.parametrize(("more", "sentence", "line"), CASES, ids=[case[1].split(" is")[0] for case in CASES])
def test_what_is_absent_is_told_with_its_line(tmp_path: Path, more: str, sentence: str, line: int) -> None:
    path = written(tmp_path, SITE + more)
    text, code = report(path)
    assert code == 0
    *_, head, told = text.splitlines()
    assert text.startswith(f"good: {path}\n")
    assert head == "not on this machine, or closed to this user:"
    assert told.startswith(f"{path}:{FIRST + line}: {sentence.format(folder=tmp_path)}")


def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_path, "free_bytes", lambda _: 5_300_000)
    text, code = report(written(tmp_path, SITE + PLACE))
    assert code == 0
    assert f"[store] path is in {tmp_path}, whose disk has only 5.3 MB left; make room on it" in text


def test_what_is_there_is_not_told(tmp_path: Path) -> None:
    for name in ("ca.pem", "secret"):
        (tmp_path / name).touch()
    cloud = CLOUD + 'ca_file = "ca.pem"\nusername = "me"\npassword_file = "secret"\n'
    text, code = report(written(tmp_path, SITE + PLACE + cloud))
    assert code == 0
    assert "not on this machine" not in text


def test_a_missing_price_list_is_a_mistake(tmp_path: Path) -> None:
    changed = SITE.replace('kind = "flat"\nprice_per_kwh = 0.28', 'kind = "list"\nfile = "prices.csv"')
    text, code = report(written(tmp_path, changed + PLACE))
    assert code == 2
    assert "prices.csv cannot be read: No such file or directory" in text


def test_models_in_charge_do_not_lie_among_the_candidates(tmp_path: Path) -> None:
    text, code = report(written(tmp_path, SITE + PLACE + '[planning]\nmodels = "models"\n'))
    assert code == 2
    assert "[planning] models is the folder beside the store, into which candidates are dropped; " in text
