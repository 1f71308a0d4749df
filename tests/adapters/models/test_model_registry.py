"""Who is in charge: a whole model at any moment, whatever is damaged, removed or cut off."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.models.candidates import FAIR_TRIAL, MOST_TRIALS, enrol
from agent.adapters.models.model_archive import fingerprint, fingerprint_of, folder_of, keep
from agent.adapters.models.model_card import read_card
from agent.adapters.models.model_file import ModelFiles, read_files
from agent.adapters.models.model_registry import Choice, change_registry, in_charge
from agent.adapters.models.registry_file import read_registry
from agent.domain.model_comparison import DayScore
from agent.domain.model_registry import Assignment, Deployment, ModelRegistry, Trial
from agent.ports import StoreFailure
from tests.adapters.models.model_folders import SHIPPED, candidate
from tests.adapters.models.onnx_files import endless_loop

NOW = datetime(2025, 6, 2, 3, 30, tzinfo=UTC)
FACTORY = SHIPPED / "consumption"
VERSION = read_card(FACTORY).version


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path


def promote(state: Path, name: str, version: str = "2.0.0") -> Deployment:
    """A candidate made, kept and put in charge."""
    folder = candidate(state / "models", name, version=version)
    files = read_files(folder)
    seat = Deployment(name, version, fingerprint(files), NOW, "better")

    def put(registry: ModelRegistry) -> ModelRegistry:
        keep(state / "models", files)
        return registry.with_post(registry.post("load_w").promoted(seat))

    change_registry(state / "models", put)
    return seat


def copy_of(state: Path, seat: Deployment) -> Path:
    return folder_of(state / "models", seat.fingerprint, seat.name)


def chosen(state: Path) -> Choice:
    return in_charge(state, SHIPPED, "load_w", "consumption")


def test_without_a_word_the_installed_model_is_in_charge(tmp_path: Path) -> None:
    assert chosen(tmp_path) == Choice(FACTORY)
    assert in_charge(tmp_path, SHIPPED, "pv_w", None) == Choice(SHIPPED / "solar")
    assert in_charge(tmp_path, SHIPPED, "load_w", "other") == Choice(SHIPPED / "other")
    assert list(tmp_path.iterdir()) == []


def test_a_promoted_model_is_in_charge_whatever_happens_to_its_candidate(state: Path) -> None:
    seat = promote(state, "own")
    assert chosen(state) == Choice(copy_of(state, seat))
    shutil.rmtree(state / "models" / "own")
    assert chosen(state) == Choice(copy_of(state, seat))
    assert in_charge(state, SHIPPED, "pv_w", "solar") == Choice(SHIPPED / "solar")


def gone(copy: Path) -> None:
    shutil.rmtree(copy)


def changed(copy: Path) -> None:
    content = bytearray((copy / "model.onnx").read_bytes())
    content[1000] ^= 1
    (copy / "model.onnx").write_bytes(bytes(content))


def other_card(copy: Path) -> None:
    (copy / "card.json").write_text((copy / "card.json").read_text() + " ")


@pytest.mark.parametrize("damage", [gone, changed, other_card])
def test_a_damaged_copy_gives_way_to_the_one_before_and_then_to_the_installed_one(
    state: Path, damage: Callable[[Path], None]
) -> None:
    first, second = promote(state, "first"), promote(state, "second", "3.0.0")
    assert chosen(state) == Choice(copy_of(state, second))
    damage(copy_of(state, second))
    choice = chosen(state)
    assert choice.folder == copy_of(state, first)
    assert choice.note is not None
    assert "the copy of model second 3.0.0" in choice.note
    assert choice.note.endswith("is gone or was changed; first 2.0.0, promoted before it, forecasts load_w")
    damage(copy_of(state, first))
    choice = chosen(state)
    assert choice.folder == FACTORY
    assert choice.note is not None
    assert choice.note.endswith("the installed model consumption forecasts load_w")
    assert "\n" not in choice.note


def test_a_model_that_this_version_cannot_use_gives_way(state: Path) -> None:
    folder = candidate(state / "models", "old", features=["of another version"])
    files = read_files(folder)
    keep(state / "models", files)
    seat = Deployment("old", "1.0.0", fingerprint(files), NOW, "better")
    change_registry(state / "models", lambda old: old.with_post(Assignment("load_w", seat)))
    choice = chosen(state)
    assert choice.folder == FACTORY
    assert choice.note is not None
    assert "its features are not among those that this version computes" in choice.note


DAMAGED = {
    "empty": b"",
    "cut off": b'{"format":1,"posts":[{"quantity":"load_w","champion":{"name":"ow',
    "no JSON": b"\xff\xfe\x00garbage",
    "zeros": b"\0" * 4096,
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "another format": b'{"format":2,"posts":[],"refused":[]}',
    "a score that is no number": b'{"format":1,"posts":[{"quantity":"load_w","champion":null,"previous":null,'
    b'"trials":[{"name":"a",'
    b'"version":"1","fingerprint":"f","against":"","since":"2025-01-01T00:00:00+00:00","attempts":0,"said":"","days":'
    b'[{"day":"2025-01-01","pinball_champion":NaN,"pinball_candidate":1.0,"cost_champion":1.0,"cost_candidate":1.0}]}],'
    b'"watch":null}],"refused":[]}',
    "endless": b" " * 1_000_001,
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_record_puts_the_installed_model_in_charge_and_says_so(state: Path, kind: str) -> None:
    path = state / "models" / "champions.json"
    path.write_bytes(DAMAGED[kind])
    choice = chosen(state)
    assert choice.folder == FACTORY
    assert choice.note is not None
    assert choice.note.startswith(f"{path} is damaged (")
    assert "\n" not in choice.note
    seat = promote(state, "own")
    assert chosen(state) == Choice(copy_of(state, seat))
    assert path.with_name("champions.damaged.json").read_bytes() == DAMAGED[kind]


def test_a_folder_where_the_record_should_be_is_said(state: Path) -> None:
    (state / "models" / "champions.json").mkdir()
    choice = chosen(state)
    assert choice.folder == FACTORY
    assert choice.note is not None
    assert "cannot be read (Is a directory)" in choice.note


def test_what_is_written_is_read_again_and_only_what_is_needed_is_kept(state: Path) -> None:
    first, second, third = (promote(state, name) for name in ("first", "second", "third"))
    post = read_registry(state / "models")[0].post("load_w")
    assert (post.champion, post.previous) == (third, second)
    change_registry(state / "models", lambda old: old)
    assert not copy_of(state, first).exists()
    assert copy_of(state, second).exists()
    change_registry(state / "models", lambda old: old.with_post(post.rolled_back()))
    assert chosen(state) == Choice(copy_of(state, second))
    change_registry(state / "models", lambda old: old.with_post(old.post("load_w").rolled_back()))
    assert chosen(state) == Choice(FACTORY)


def test_scores_survive(state: Path) -> None:
    scores = tuple(DayScore(date(2025, 5, 1) + timedelta(days=day), 1.5, 1.25, -0.5, 0.25) for day in range(3))
    trial = Trial("own", "1.0.0", "f" * 64, "", NOW, 1, "early", scores)
    change_registry(state / "models", lambda old: old.with_post(Assignment("load_w").with_trial(trial)))
    assert read_registry(state / "models")[0].post("load_w").trials == (trial,)


def write_on_and_on(models: Path, names: tuple[str, ...], done: int) -> None:
    """Two models put in charge in turn, for ever; a byte into ``done`` after each."""
    while True:
        for name in names:
            files = read_files(models / name)
            seat = Deployment(name, VERSION, fingerprint(files), NOW, "its turn")

            def put(registry: ModelRegistry, files: ModelFiles = files, seat: Deployment = seat) -> ModelRegistry:
                keep(models, files)
                return registry.with_post(registry.post("load_w").promoted(seat))

            change_registry(models, put)
            os.write(done, b".")


def test_a_whole_model_is_in_charge_after_any_kill(state: Path) -> None:
    wholes = {fingerprint_of(candidate(state / "models", name)) for name in ("even", "odd")}
    seen = set()
    reading, done = os.pipe()
    for kill in range(40):
        writer = os.fork()
        if writer == 0:
            try:
                write_on_and_on(state / "models", ("even", "odd") if kill % 2 else ("odd", "even"), done)
            finally:
                os._exit(1)
        os.read(reading, 1)  # what an earlier writer left unread counts too: some are killed before their first change
        time.sleep(0.0005 * kill)
        os.kill(writer, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
        choice = chosen(state)
        assert choice.note is None
        assert fingerprint_of(choice.folder) in wholes
        seen.add(choice.folder)
    os.close(reading)
    os.close(done)
    assert len(seen) == 2


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(StoreFailure, match=r"champions.json cannot be written: Not a directory"):
        change_registry(tmp_path / "models", lambda old: old.with_post(Assignment("load_w")))
    assert chosen(tmp_path).folder == FACTORY


def trials(state: Path) -> tuple[Trial, ...]:
    return read_registry(state / "models")[0].post("load_w").trials


def test_a_candidate_goes_on_trial_once(state: Path) -> None:
    folder = candidate(state / "models", "own", version="1.2.3")
    assert enrol(state / "models", NOW) == ["model own 1.2.3 is on trial for load_w"]
    assert enrol(state / "models", NOW + timedelta(days=1)) == []
    (trial,) = trials(state)
    assert (trial.name, trial.version, trial.since) == ("own", "1.2.3", NOW)
    copy = folder_of(state / "models", trial.fingerprint, "own")
    assert fingerprint_of(copy) == fingerprint_of(folder)


def test_a_trial_is_fair_before_a_newer_model_of_its_name_takes_the_place(state: Path) -> None:
    candidate(state / "models", "own", version="1.0.0")
    enrol(state / "models", NOW)
    shutil.rmtree(state / "models" / "own")
    candidate(state / "models", "own", version="1.0.1")
    assert enrol(state / "models", NOW + timedelta(days=1)) == []
    assert [trial.version for trial in trials(state)] == ["1.0.0"]
    assert enrol(state / "models", NOW + FAIR_TRIAL) == ["model own 1.0.1 is on trial for load_w"]
    assert [trial.version for trial in trials(state)] == ["1.0.1"]
    change_registry(state / "models", lambda old: old)
    assert len(list((state / "models" / "kept").iterdir())) == 1


def test_a_trial_ends_with_its_candidate(state: Path) -> None:
    folder = candidate(state / "models", "own")
    enrol(state / "models", NOW)
    shutil.rmtree(folder)
    assert enrol(state / "models", NOW) == []
    assert trials(state) == ()


def test_a_bad_candidate_is_refused_once_and_looked_at_again_when_it_has_changed(state: Path) -> None:
    folder = candidate(state / "models", "own")
    (folder / "model.onnx").write_bytes(endless_loop())
    (sentence,) = enrol(state / "models", NOW)
    assert sentence.startswith("model own is refused: ")
    assert enrol(state / "models", NOW) == []
    (folder / "notes.txt").write_text("half way through a copy")
    (sentence,) = enrol(state / "models", NOW)
    assert sentence == "model own is refused: its folder also holds 'notes.txt'"
    shutil.rmtree(folder)
    candidate(state / "models", "own")
    assert enrol(state / "models", NOW) == [f"model own {VERSION} is on trial for load_w"]


def test_places_are_few(state: Path) -> None:
    for number in range(MOST_TRIALS + 1):
        candidate(state / "models", f"own-{number}")
    assert len(enrol(state / "models", NOW)) == MOST_TRIALS
    shutil.rmtree(state / "models" / "own-1")
    assert enrol(state / "models", NOW) == [f"model own-{MOST_TRIALS} {VERSION} is on trial for load_w"]


def test_nothing_is_written_where_nobody_has_dropped_a_model(tmp_path: Path) -> None:
    assert enrol(tmp_path / "models", NOW) == []
    assert not (tmp_path / "models").exists()
