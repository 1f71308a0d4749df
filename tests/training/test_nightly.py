"""The platform's night: what is deployed, what stays, and that there is a whole model in charge at every instant."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.models.model_archive import fingerprint, fingerprint_of, folder_of
from agent.adapters.models.model_card import ModelCard, read_card
from agent.adapters.models.model_file import ModelFiles, read_files
from agent.domain.wire import to_json
from tests.training.site_folder import DESCRIBED, table_of, workshop, write_folder
from training.__main__ import main
from training.fit import fit
from training.fit.command import FitOptions
from training.fit.trees import Growth
from training.nightly import command, deployment
from training.nightly.deployment import HISTORY, KEPT, AtWork, Night, alone, deploy, note

SMALL = Growth(trees=(8, 8, 8, 8, 8), leaves=6, learning_rate=0.2, fewest_rows=20)
NAMES = ("consumption", "solar")
SHIPPED = Path(__file__).parents[2] / "exported_models"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sites = ("ucam_b1", "ucam_b2")
    tables = {name: table_of(workshop(24, seed)) for seed, name in enumerate(sites)}
    return write_folder(tmp_path_factory.mktemp("data"), dict.fromkeys(sites, DESCRIBED), tables)


def night(monkeypatch: pytest.MonkeyPatch, data: Path, deployed: Path, *more: str) -> int:
    words = ["nightly", "--data", str(data), "--deployed", str(deployed), *more]
    monkeypatch.setattr(sys, "argv", ["training", *words])
    return main()


def with_losses(card: ModelCard, factor: float) -> ModelCard:
    ours = f"{card.name} {card.version}"
    metrics = tuple(
        replace(each, pinball=each.pinball * factor) if each.forecaster.startswith(ours) else each
        for each in card.metrics
    )
    return replace(card, metrics=metrics)


def put(folder: Path, files: ModelFiles) -> None:
    (folder / files.name).mkdir(parents=True)
    (folder / files.name / "card.json").write_bytes(files.card)
    (folder / files.name / "model.onnx").write_bytes(files.model)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Nights whose fit is the shipped models, scored with a factor: the real one takes its time in the first test."""

    def with_factor(factor: float) -> None:
        def fit_all(data: Path, out: Path, options: FitOptions, console: Any) -> list[ModelCard]:
            cards = []
            for name in NAMES:
                made = with_losses(read_card(SHIPPED / name), factor)
                version = options.versions.get(name, made.version)
                renamed = [replace(m, forecaster=m.forecaster.replace(made.version, version)) for m in made.metrics]
                model = (SHIPPED / name / "model.onnx").read_bytes()
                cards.append(replace(made, version=version, metrics=tuple(renamed)))
                put(out, ModelFiles(name, to_json(cards[-1]).encode(), model))
            return [replace(card, sha256=f"fitted {card.sha256}") for card in cards]  # another fit than the shipped one

        monkeypatch.setattr(command, "fit_all", fit_all)

    return with_factor


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]


def test_a_whole_night_fits_and_deploys_and_the_next_one_keeps(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit, "_GROWTH", {"load_w": SMALL, "pv_w": SMALL})
    models = tmp_path / "models"
    models.mkdir()
    assert night(monkeypatch, data, models) == 0
    said = capsys.readouterr().out
    assert "solar 1.2.0 is deployed: nothing was deployed, and its loss is " in said
    assert "consumption is not deployed: nothing is deployed, and the new fit's loss is " in said  # too few trees
    first = fingerprint_of(models / "solar")
    assert night(monkeypatch, data, models) == 3
    said = capsys.readouterr().out
    assert "solar 1.2.0 stays: the new fit is the same, byte for byte" in said
    assert fingerprint_of(models / "solar") == first
    assert not (models / "consumption").exists()
    assert [line["deployed"] for line in history(models) if line["name"] == "solar"] == [True, False]


def test_a_better_fit_takes_the_place_and_the_one_before_is_kept(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fits: Any
) -> None:
    models = tmp_path / "models"
    shutil.copytree(SHIPPED, models, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    before = {name: fingerprint_of(models / name) for name in NAMES}
    fits(0.9)
    assert night(monkeypatch, data, models) == 0
    said = capsys.readouterr().out.splitlines()
    version = read_card(SHIPPED / "consumption").version
    assert said[0].startswith(
        f"consumption {read_card(models / 'consumption').version} is deployed instead of {version}: "
    )
    assert said[0].endswith("its loss is 10.0% lower")
    assert read_card(models / "consumption").version.split(".")[:2] == version.split(".")[:2]
    assert read_card(models / "consumption").version != version
    for name in NAMES:
        kept = folder_of(models, str(before[name]), name)
        assert fingerprint_of(kept) == before[name]
        assert fingerprint_of(models / name) == history(models)[NAMES.index(name)]["now"]
    assert not list(models.glob(".making-*"))


def test_a_worse_fit_changes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fits: Any
) -> None:
    models, other = tmp_path / "models", tmp_path / "other"
    shutil.copytree(SHIPPED, models, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    fits(1.05)
    assert night(monkeypatch, data, models, "--to", str(other)) == 3
    assert "stays: over " in (said := capsys.readouterr().out)
    assert "the loss of the new fit is 5.0% higher" in said
    assert {path.name for path in other.iterdir()} == {HISTORY}
    assert not (models / HISTORY).exists()


@pytest.mark.parametrize("mistyped", ["--data", "--deployed"])
def test_a_folder_that_is_not_there_is_refused_and_not_made(
    mistyped: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere, models = tmp_path / "nowhere", tmp_path / "models"
    models.mkdir()
    named = {"--data": data, "--deployed": models} | {mistyped: nowhere}
    words = [str(word) for pair in named.items() for word in pair]
    monkeypatch.setattr(sys, "argv", ["training", "nightly", *words])
    assert main() == 1
    assert capsys.readouterr().err == f"nothing more is deployed tonight: there is no folder {nowhere}\n"
    assert list(tmp_path.iterdir()) == [models]


@pytest.mark.parametrize("spoilt", ["deployed", "data", "disk", "busy"])
def test_what_fails_is_one_sentence_and_leaves_what_is_deployed(
    spoilt: str,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fits: Any,
) -> None:
    models = tmp_path / "models"
    shutil.copytree(SHIPPED, models, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    wanted = fingerprint_of(models / "consumption")
    said = "consumption"
    if spoilt == "deployed":
        (models / "solar" / "card.json").write_text("{")
        said = "card.json is wrong"
    elif spoilt == "data":
        data, said = tmp_path / "nowhere", "nowhere"
    elif spoilt == "disk":
        fits(0.9)
        (models / "kept").write_text("in the way")
        said = "/models/kept/"
    with alone(models) if spoilt == "busy" else alone(tmp_path / "elsewhere"):
        if spoilt == "busy":
            said = "another nightly run is at work in "
        assert night(monkeypatch, data, models) == 1
    heard = capsys.readouterr().err
    assert heard.startswith("nothing more is deployed tonight: ")
    assert said in heard
    assert heard.count("\n") == 1
    assert fingerprint_of(models / "consumption") == wanted


class Cut(BaseException):
    """The power goes."""


STEPS = ("keep", "make_folder", "write_whole", "_exchange", "sync_folder")


def cut_at(monkeypatch: pytest.MonkeyPatch, step: int, after: bool) -> None:
    """End the run at the ``step``-th call of what changes the disk, before it or when it is done."""
    calls = 0
    for name in STEPS:
        done: Callable[..., Any] = getattr(deployment, name)

        def cut(*arguments: Any, done: Callable[..., Any] = done) -> Any:
            nonlocal calls
            calls += 1
            if calls == step and not after:
                raise Cut
            answer = done(*arguments)
            if calls == step:
                raise Cut
            return answer

        monkeypatch.setattr(deployment, name, cut)


@pytest.mark.parametrize("after", [False, True])
def test_whenever_it_is_cut_there_is_a_whole_model_and_the_next_night_goes_on(after: bool, tmp_path: Path) -> None:
    old, new = (ModelFiles("solar", b"card " + each, b"model " + each) for each in (b"old", b"new"))
    ends: list[str | None] = []
    while True:
        models = tmp_path / str(len(ends))
        put(models, old)
        with pytest.MonkeyPatch.context() as patch:
            cut_at(patch, len(ends) + 1, after)
            try:
                deploy(models, new)
            except Cut:
                ends.append(fingerprint_of(models / "solar"))
            else:
                break
        with alone(models):
            assert deploy(models, new) == fingerprint_of(models / "solar") == fingerprint(new)
        assert not list(models.glob(".making-*"))
    assert len(ends) == 7
    assert set(ends) == {fingerprint(old), fingerprint(new)}


def test_two_do_not_deploy_at_once(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(AtWork, match="another nightly run is at work in"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_the_history_lets_go_of_the_oldest_models_and_of_half_a_line(tmp_path: Path) -> None:
    files = [ModelFiles("solar", f"card {n}".encode(), b"model") for n in range(KEPT + 3)]
    for n, each in enumerate(files):
        now = deploy(tmp_path, each)
        note(tmp_path, Night(f"2026-01-{n + 1:02}", "solar", True, "it is better", None, now))
        with (tmp_path / HISTORY).open("a") as file:
            file.write('{"at": "2026-01')
    kept = [n for n, each in enumerate(files) if folder_of(tmp_path, fingerprint(each), "solar").exists()]
    assert kept == list(range(3, KEPT + 3))
    whole = (tmp_path / HISTORY).read_text().splitlines()[:-1]
    assert [json.loads(line)["at"][-2:] for line in whole] == [f"{n + 1:02}" for n in range(KEPT + 3)]
    assert read_files(tmp_path / "solar") == files[-1]
