"""A fetched file becomes a candidate when it is what was signed and passes every check, and else leaves no trace.

What the checks themselves refuse is tried out in ``test_model_file``.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.adapters.host import durable_files
from agent.adapters.models import admission, model_archive
from agent.adapters.models.admission import FileGone, admit
from agent.adapters.models.candidates import enrol
from agent.adapters.models.model_archive import fingerprint_of
from agent.adapters.models.part_file import PartFile
from agent.domain.model_delivery import MODEL_SCHEMA, Fetch, Fetched, FetchState, ModelManifest
from agent.forecasting.forecaster import ModelUnusable
from agent.workers.model_admission import admitted
from tests.adapters.models import onnx_files
from tests.adapters.models.model_folders import candidate, replace_model
from tests.adapters.models.model_server import manifest_of, packed
from tests.adapters.models.test_model_registry import NOW
from tests.security.items import security

URL = "https://models.example.org/own"


def arrive(models: Path, content: bytes, card_size: int, signed: bytes | None = None) -> ModelManifest:
    """``content`` lies where a download leaves it, as the file of ``signed``."""
    manifest = manifest_of(content if signed is None else signed, card_size, URL)
    part = PartFile(models, manifest.sha256)
    part.tidy(())
    part.path.write_bytes(content)
    return manifest


def left(models: Path) -> list[str]:
    """What lies there besides the file of champions."""
    return sorted(str(path.relative_to(models)) for path in models.rglob("*") if path.is_file())


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    return candidate(tmp_path / "made", "own", version="3.1.4")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_a_manifest_speaks_of_the_card_that_this_version_reads() -> None:
    from agent.adapters.models.model_card import CARD_FORMAT

    assert MODEL_SCHEMA == CARD_FORMAT


def test_a_good_model_is_a_candidate_like_any_other(made: Path, models: Path) -> None:
    manifest = arrive(models, *packed(made))
    admit(manifest, models)
    assert left(models) == ["own/card.json", "own/model.onnx"]
    assert fingerprint_of(models / "own") == fingerprint_of(made)
    assert enrol(models, NOW) == ["model own 3.1.4 is on trial for load_w"]
    admit(arrive(models, *packed(made)), models)  # fetched and asked again after a kill: it is there
    assert not list((models / ".incoming").iterdir())


def test_it_takes_the_place_of_the_one_of_its_name(made: Path, models: Path) -> None:
    candidate(models, "own", version="3.0.0")
    admit(arrive(models, *packed(made)), models)
    assert fingerprint_of(models / "own") == fingerprint_of(made)
    assert left(models) == ["own/card.json", "own/model.onnx"]


def test_a_link_in_its_place_is_replaced_and_not_followed(made: Path, models: Path, tmp_path: Path) -> None:
    elsewhere = candidate(tmp_path, "elsewhere")
    (models / "own").symlink_to(elsewhere)
    admit(arrive(models, *packed(made)), models)
    assert not (models / "own").is_symlink()
    assert fingerprint_of(models / "own") == fingerprint_of(made)
    assert elsewhere.is_dir()


@security(7, shows="a changed byte of a model is seen before anything is parsed")
def test_a_changed_byte_is_seen_before_anything_is_parsed(made: Path, models: Path) -> None:
    content, card_size = packed(made)
    chance = random.Random(3)
    for at in [0, card_size - 1, card_size, len(content) - 1, *chance.sample(range(len(content)), 100)]:
        changed = bytearray(content)
        changed[at] ^= 1 << chance.randrange(8)
        with pytest.raises(FileGone):
            admit(arrive(models, bytes(changed), card_size, content), models)
    for cut in (0, 1, card_size, len(content) - 1):
        with pytest.raises(FileGone):
            admit(arrive(models, content[:cut], card_size, content), models)
    assert left(models) == []


def split_elsewhere(made: Path) -> tuple[bytes, int]:
    content, card_size = packed(made)
    return content, card_size + 1


Change = Callable[[Path], tuple[bytes, int]]


def with_model(onnx: bytes) -> Change:
    def changed(made: Path) -> tuple[bytes, int]:
        replace_model(made, onnx)
        return packed(made)

    return changed


SIGNED_AND_BAD: dict[str, tuple[Change, str]] = {
    "a loop": (with_model(onnx_files.endless_loop()), "'Loop', which is not allowed"),
    "8 GiB": (with_model(onnx_files.eight_gib()), "is refused"),
    "values in another file": (with_model(onnx_files.external("/etc/passwd")), "keeps values in another file"),
    "no number": (with_model(onnx_files.not_a_number()), ""),
    "no model": (with_model(b"no model"), "model.onnx is refused"),
    "split elsewhere": (split_elsewhere, "card.json is wrong"),
}


@security(8, shows="what is signed and bad all the same is refused")
@pytest.mark.parametrize("kind", SIGNED_AND_BAD)
def test_what_is_signed_and_bad_is_refused_and_the_candidate_stays(made: Path, models: Path, kind: str) -> None:
    before = fingerprint_of(candidate(models, "own", version="3.0.0"))
    change, why = SIGNED_AND_BAD[kind]
    manifest = arrive(models, *change(made))
    answer = admitted(Fetch(manifest, str(models)), 20.0)
    assert answer.state is FetchState.REFUSED
    assert why in answer.reason
    assert "\n" not in answer.reason
    assert fingerprint_of(models / "own") == before
    assert not list((models / ".incoming").iterdir())


def test_a_card_of_another_name_is_refused(made: Path, models: Path) -> None:
    manifest = arrive(models, *packed(candidate(made.parent, "other")))
    with pytest.raises(ModelUnusable, match=r"card\.json is that of other"):
        admit(manifest, models)


def test_what_is_gone_or_cannot_be_written_is_tried_again(made: Path, models: Path) -> None:
    manifest = manifest_of(*packed(made), URL)
    gone = "what was fetched is not there any more; it is fetched anew"
    assert admitted(Fetch(manifest, str(models)), 20.0) == Fetched(FetchState.FAILED, gone)
    arrive(models, *packed(made))
    PartFile(models, manifest.sha256).staging.write_text("a file where the folder should be")
    assert admitted(Fetch(manifest, str(models)), 20.0).state is FetchState.FAILED


STEPS = ("write_synced", "sync_folder", "check_model", "rename", "rmtree", "unlink")
"""What an admission does to the disk; the power may go before each time that it does it."""


def admit_until(manifest: ModelManifest, models: Path, last: int) -> bool:
    """In a process of its own, which ends before the step number ``last``; whether it came to its end before that."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    done = 0

    def ends(work: Callable[..., object]) -> Callable[..., object]:
        def counted(*given: object, **named: object) -> object:
            nonlocal done
            done += 1
            if done == last:
                os._exit(1)
            return work(*given, **named)

        return counted

    admission.check_model = lambda *_: None  # type: ignore[assignment,return-value]  # its own test is above
    for step in STEPS:
        for place in (admission, model_archive, durable_files, Path, shutil):
            if hasattr(place, step):
                setattr(place, step, ends(getattr(place, step)))
    admit(manifest, models)
    os._exit(0)


def test_after_any_kill_a_whole_model_or_none_is_there_and_the_next_time_it_is(made: Path, models: Path) -> None:
    content, card_size = packed(made)
    old, new = candidate(made.parent, "old"), fingerprint_of(made)
    seen = set()
    for last in range(1, 60):
        shutil.rmtree(models / "own", ignore_errors=True)
        shutil.copytree(old, models / "own")
        before = fingerprint_of(models / "own")
        is_done = admit_until(arrive(models, content, card_size), models, last)
        found = fingerprint_of(models / "own")
        assert found in {before, new} or not (models / "own").exists()
        seen.add(found)
        assert admit_until(arrive(models, content, card_size), models, 1000)
        assert (left(models), fingerprint_of(models / "own")) == (["own/card.json", "own/model.onnx"], new)
        if is_done:
            break
    assert is_done
    assert seen == {before, new, None}
