"""Which models forecast: the one in charge, the installed one behind it, and persistence."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.adapters.models.candidates import enrol
from agent.adapters.models.model_archive import fingerprint_of
from agent.adapters.models.model_card import read_card
from agent.adapters.models.model_registry import change_registry
from agent.adapters.models.site_models import members
from agent.domain.horizon import Horizon
from agent.domain.model_registry import Deployment
from agent.domain.request import PlanRequest
from agent.domain.wire import to_json
from tests.adapters.models.model_folders import SHIPPED, candidate
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W
from tests.planning.days import request


def asked(store: Path) -> PlanRequest:
    return request(
        steps=24,
        now=NOW + timedelta(seconds=20),
        horizon=Horizon(NOW, 3600, 24),
        place=CAMBRIDGE,
        solar_rated_w=RATED_W,
        store=str(store),
        models=str(SHIPPED),
        load_model="consumption",
        solar_model="solar",
    )


def test_the_promoted_model_forecasts_and_the_installed_one_stands_behind_it(tmp_path: Path) -> None:
    wish = asked(tmp_path / "site.db")
    installed = f"consumption {read_card(SHIPPED / 'consumption').version}"
    assert [member.name for member in members(wish, "load_w")[0]] == [installed, "persistence"]
    (tmp_path / "models").mkdir()
    own = candidate(tmp_path / "models", "consumption-own", version="2.0.0")
    enrol(tmp_path / "models", datetime(2025, 6, 1, tzinfo=UTC))
    seat = Deployment("consumption-own", "2.0.0", fingerprint_of(own) or "", NOW, "better")
    change_registry(tmp_path / "models", lambda old: old.with_post(old.post("load_w").promoted(seat)))
    found, notes = members(wish, "load_w")
    assert ([member.name for member in found], notes) == (["consumption-own 2.0.0", installed, "persistence"], ())


def test_a_champion_that_is_gone_is_a_note_and_the_installed_model_forecasts(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    seat = Deployment("consumption-own", "2.0.0", "0" * 64, NOW, "better")
    change_registry(tmp_path / "models", lambda old: old.with_post(old.post("load_w").promoted(seat)))
    found, (note,) = members(asked(tmp_path / "site.db"), "load_w")
    assert [member.name for member in found][1:] == ["persistence"]
    assert note.endswith("; the installed model consumption forecasts load_w")


def test_a_registry_that_cannot_be_looked_for_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    found, (note,) = members(asked(tmp_path / "site.db"), "load_w")
    assert len(found) == 2
    assert note.endswith(
        "champions.json cannot be read (Not a directory); the installed model consumption forecasts load_w"
    )


def test_where_nobody_was_promoted_neither_the_registry_nor_openssl_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys; from agent.domain.request import PlanRequest; from agent.domain.wire import from_json; "
        "from agent.adapters.models.onnx_detector import open_detector; "
        "from agent.adapters.models.site_models import members; "
        "assert len(members(from_json(PlanRequest, sys.stdin.read()), 'load_w')[0]) == 2; "
        "sys.exit(' '.join({'_hashlib', 'agent.adapters.models.model_registry'} & set(sys.modules)) or 0)"
    )
    wish = to_json(asked(tmp_path / "site.db"))
    done = subprocess.run([sys.executable, "-c", script], input=wish, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
