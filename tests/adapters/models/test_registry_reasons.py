"""Why a model is in charge, as ``champions.json`` keeps it."""

import json
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.models.model_registry import change_registry
from agent.adapters.models.registry_file import FILE, read_registry
from agent.domain.model_registry import Assignment, Deployment, ModelRegistry
from agent.domain.sentence import coded
from agent.domain.sentences.model_trials import promoted_by_hand

NOW = datetime(2025, 6, 2, 3, 30, tzinfo=UTC)


def reason(models: Path) -> str:
    registry, damage = read_registry(models)
    assert damage is None
    champion = registry.post("load_w").champion
    assert champion is not None
    return champion.reason


def test_a_reason_is_kept_with_its_code_and_one_of_an_older_version_as_it_was(tmp_path: Path) -> None:
    seat = Deployment("own", "2.0.0", "f", NOW, promoted_by_hand())
    change_registry(tmp_path, lambda _: ModelRegistry(posts=(Assignment("load_w", seat),)))
    assert coded(reason(tmp_path)) == {"code": "promoted_by_hand", "values": {}}
    kept = json.loads((tmp_path / FILE).read_text("utf-8"))
    kept["posts"][0]["champion"]["reason"] = "promoted by hand"
    (tmp_path / FILE).write_text(json.dumps(kept), "utf-8")
    assert (reason(tmp_path), coded(reason(tmp_path))) == ("promoted by hand", None)


def test_a_registry_that_a_later_release_has_written_is_read(tmp_path: Path) -> None:
    seat = Deployment("own", "2.0.0", "f", NOW, promoted_by_hand())
    change_registry(tmp_path, lambda _: ModelRegistry(posts=(Assignment("load_w", seat),)))
    kept = json.loads((tmp_path / FILE).read_text("utf-8"))
    kept["posts"][0]["of_a_later_release"] = 1
    (tmp_path / FILE).write_text(json.dumps(kept), "utf-8")
    assert reason(tmp_path) == "promoted by hand"
