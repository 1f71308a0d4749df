"""Files that are cut off or damaged: a site file, a model."""

import json
from pathlib import Path
from random import Random

import pytest

from agent.adapters.models import onnx_models
from agent.adapters.models.model_card import read_card
from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_registry import in_charge
from agent.adapters.models.onnx_models import open_model
from agent.adapters.models.registry_file import read_registry
from agent.domain.request import Place
from agent.forecasting.forecaster import ModelUnusable
from agent.settings.load import SettingsError, load
from agent.settings.site_file import LAST_GOOD
from tests.adapters.models.model_folders import SHIPPED, candidate
from tests.app.processes import daemon, enalysis_edge, quick_site, simulator, until
from tests.faults.catalogue import Outcome, fault
from tests.scenarios.stage import staged
from tests.site_files import TEXT, changed, free_ports

PLACE = Place(52.2, 0.12, "Europe/London")
LAST_LINE = "unit_id = 2\n"
NOISE_W = 210.0  # the load moves by so much between two steps


@fault(58, injected="every prefix of a good site file")
def test_every_prefix_of_a_site_file_is_refused_or_means_the_same(tmp_path: Path) -> None:
    """What a cut at the end of a line takes away whole leaves no trace in the file: there the next start tells it."""
    path = tmp_path / "site.toml"
    path.write_text(TEXT)
    whole, taken = load(path), []
    for length in range(len(TEXT)):
        path.write_text(TEXT[:length])
        try:
            if load(path) != whole:
                taken.append(length)
        except SettingsError:
            continue
    at_the_end_of_a_line = {TEXT.index(LAST_LINE) - 1, TEXT.index(LAST_LINE)}
    assert set(taken) <= at_the_end_of_a_line, "a key that may be left out, lost as a whole line"


@fault(58, injected="the site file is cut off under a daemon that runs", alarm="settings_changed")
def test_a_daemon_goes_on_with_the_settings_it_read_and_the_next_start_tells_what_changed(
    tmp_path: Path, outcome: Outcome
) -> None:
    inverter_port, meter_port = free_ports(2)
    config = quick_site(tmp_path, inverter_port, meter_port)
    good = config.read_text("utf-8")
    with simulator(inverter_port, meter_port):
        with daemon(config) as running:
            until(lambda: "\nbattery " in enalysis_edge("status", "--config", config).stdout, "a first commit")
            config.write_text("", "utf-8")
            assert enalysis_edge("status", "--config", config).returncode == 2  # not even the store is named any more
            config.write_text(good[: good.index("[[device]]")], "utf-8")
            assert "running" in enalysis_edge("status", "--config", config).stdout
            assert running.process.poll() is None
        config.write_text(good.replace("charge_w = 3000", "charge_w = 2500"), "utf-8")
        with daemon(config) as again:
            until(lambda: "settings_changed" in again.said(), "a word about the change")
            said = next(line for line in again.said().splitlines() if "settings_changed" in line)
    assert "battery.charge_w 3000.0 to 2500.0" in said
    outcome.raised("settings_changed")


@fault(58, injected="the site file is cut off while a battery is steered, and whole again later", alarm="site_file_bad")
async def test_a_file_that_is_cut_off_changes_nothing_and_is_told_within_seconds(
    tmp_path: Path, outcome: Outcome
) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        path = tmp_path / "site.toml"
        good, before = path.read_text("utf-8"), stage.app.settings

        async def cut() -> None:
            path.write_text(good[: good.index("[[device]]")], "utf-8")

        async def whole() -> None:
            path.write_text(good, "utf-8")

        await stage.play(12.0, {6.0: cut, 9.0: whole})
        told = [severity for kind, severity, _ in await stage.events() if kind == "site_file_bad"]
        assert told == ["alarm", "info"]
        assert stage.app.settings == before
        assert all("setpoint" in moment.mode for moment in stage.between(5.0, 12.0))
        assert (tmp_path / LAST_GOOD).read_text("utf-8") == good
        outcome.raised("site_file_bad")


@fault(59, injected="the import limit of the site file is lowered while the battery charges at it")
async def test_a_limit_that_is_lowered_holds_at_once_and_the_battery_is_not_let_go_of(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        path = tmp_path / "site.toml"

        async def lower() -> None:
            path.write_text(
                changed("import_limit_w = 17000", "import_limit_w = 7000", path.read_text("utf-8")), "utf-8"
            )

        await stage.play(30.0, {20.0: lower})
        assert stage.at(19.5).site.grid_w > 8500.0
        assert max(moment.site.grid_w for moment in stage.between(21.0, 30.0)) <= 7000.0 + NOISE_W
        assert all("setpoint" in moment.mode for moment in stage.between(5.0, 30.0))


@fault(60, injected="each of 64 stretches of a model file damaged, cut at 64 places, and cards that do not agree")
def test_a_damaged_model_is_refused_and_the_one_in_charge_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused before a runtime opens it. Signatures are those of manifests: ``test_delivered_models``."""
    state, models = tmp_path, tmp_path / "models"
    models.mkdir()
    folder = candidate(models, "better", "solar", version="2.0.0")
    content, card = (folder / "model.onnx").read_bytes(), json.loads((folder / "card.json").read_text())
    before = in_charge(state, SHIPPED, "pv_w", "solar")
    chance, step = Random(60), len(content) // 64
    damages = [content[: step * part] for part in range(64)]
    for part in range(64):
        at = step * part + chance.randrange(step)
        damages.append(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :])
    monkeypatch.setattr(onnx_models, "open_session", lambda *_: pytest.fail("a runtime has opened it"))
    for damaged in damages:
        (folder / "model.onnx").write_bytes(damaged)
        with pytest.raises(ModelUnusable, match=r"SHA-256|bytes") as refused:
            open_model(folder, "pv_w", PLACE)
        assert "\n" not in str(refused.value)
    (folder / "model.onnx").write_bytes(content)
    for change in ({"sha256": "0" * 64}, {"size_bytes": 7}, {"format": card["format"] + 1}):
        (folder / "card.json").write_text(json.dumps(card | change))
        with pytest.raises(ModelUnusable):
            open_model(folder, "pv_w", PLACE)
    assert in_charge(state, SHIPPED, "pv_w", "solar") == before
    (folder / "card.json").write_text(json.dumps(card))
    assert check_model(folder) == read_card(folder), "whole again, it is good"
    assert read_registry(models)[1] is None
