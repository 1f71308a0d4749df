"""`enalysis-edge models`: what it shows and changes, and one sentence for whatever is missing or wrong."""

import asyncio
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.__main__ import main
from agent.adapters.host.key_ring import KeyRing
from agent.adapters.models.admission import admit
from agent.adapters.models.model_archive import fingerprint_of
from agent.adapters.models.model_card import read_card
from agent.adapters.models.model_registry import in_charge
from agent.adapters.models.part_file import PartFile
from agent.adapters.mqtt.incoming_messages import parse_incoming
from agent.adapters.store.retention import Retention
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.documents import MODEL_DELIVERIES
from agent.domain.model_delivery import Deliveries, Delivery, DeliveryState, ModelManifest
from agent.domain.records import Batch
from agent.domain.wire import to_json
from tests import site_files
from tests.adapters.models.model_folders import SHIPPED, candidate, replace_model
from tests.adapters.models.onnx_files import endless_loop

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
VERSION = read_card(SHIPPED / "consumption").version


class Site:
    """A site file, its models folder, and the command run on them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = site_files.write_home(folder, inverter_port=1, meter_port=2, load_model="consumption")
        self.models = folder / "models"
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, and standard output and error with their spaces made single."""
        code = main(["models", *arguments, "--config", str(self.config)])
        said = self._capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, " ".join(said.out.split()), " ".join(said.err.split())

    def charged(self) -> str:
        return in_charge(self.models.parent, SHIPPED, "load_w", "consumption").folder.name


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("COLUMNS", "300")
    return Site(tmp_path, capsys)


def test_without_candidates_the_installed_models_are_listed(site: Site) -> None:
    code, said, _ = site.run("list")
    assert code == 0
    assert f"load_w consumption {VERSION} in charge" in said
    assert "below persistence on" in said
    assert not site.models.exists()


def test_a_narrow_terminal_breaks_no_name_into_letters(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["models", "list", "--config", str(site.config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 60] == []
    assert any("load_w" in line and "consumpt" in line for line in lines)


def test_from_a_dropped_folder_to_the_seat_and_back(site: Site) -> None:
    site.models.mkdir()
    candidate(site.models, "own", version="3.1.4")
    code, said, _ = site.run("list")
    assert code == 0
    assert "load_w own 3.1.4 candidate" in said
    assert "the next daily trial looks at it" in said
    assert site.run("promote", "own") == (0, "model own 3.1.4 is in charge from the next plan on", "")
    assert site.charged() == "own"
    _, said, _ = site.run("list")
    assert "load_w own 3.1.4 in charge" in said
    assert "promoted by hand" in said
    assert f"load_w consumption {VERSION} installed" in said
    code, _, said = site.run("promote", "own")
    assert (code, said) == (1, "model own 3.1.4 forecasts load_w already")
    code, said, _ = site.run("rollback", "load_w")
    assert code == 0
    assert said == "model own 3.1.4 is out; the installed consumption forecasts load_w from the next plan on"
    assert site.charged() == "consumption"
    _, said, _ = site.run("list")
    assert "own 3.1.4 refused" in said
    assert "rolled back by hand on" in said
    assert site.run("rollback", "load_w")[::2] == (1, "the installed model forecasts load_w; there is none before it")
    assert site.run("promote", "own")[0] == 0
    assert site.charged() == "own"


def test_rollback_goes_to_the_model_before(site: Site) -> None:
    site.models.mkdir()
    for name in ("first", "second"):
        candidate(site.models, name)
        assert site.run("promote", name)[0] == 0
    assert site.run("rollback", "load_w")[0] == 0
    assert site.charged() == "first"


def endless(folder: Path) -> None:
    replace_model(folder, endless_loop())


def lying_hash(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"sha256": "0" * 64}))


def lying_answers(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["self_test"]["answers"][0][2] += 1.0
    (folder / "card.json").write_text(json.dumps(card))


def another_file(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(b"0")


BAD = {
    "an endless loop": (endless, "it uses the operator 'Loop', which is not allowed"),
    "a hash that lies": (lying_hash, "the SHA-256 of model.onnx is not the one in its card"),
    "a self-test that lies": (lying_answers, "its self-test is off by"),
    "another file": (another_file, "its folder also holds 'weights.bin'"),
    "gone": (shutil.rmtree, "its folder cannot be read: No such file or directory"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_model_is_neither_verified_nor_promoted(site: Site, fault: str) -> None:
    break_it, sentence = BAD[fault]
    site.models.mkdir()
    folder = candidate(site.models, "own")
    break_it(folder)
    code, said, complaint = site.run("verify", str(folder))
    assert (code, said) == (1, "")
    assert complaint.startswith("model own is not usable: ")
    assert sentence in complaint
    code, said, complaint = site.run("promote", "own")
    assert (code, said) == (1, "")
    assert sentence in complaint or "there is no candidate 'own'" in complaint
    assert site.charged() == "consumption"


@pytest.mark.parametrize("name", ["consumption", "solar"])
def test_what_is_shipped_is_verified(site: Site, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    card = read_card(SHIPPED / name)
    good = f"good: {name} {card.version} forecasts {card.quantity}, {card.size_bytes} bytes, SHA-256 {card.sha256}"
    assert site.run("verify", str(SHIPPED / name)) == (0, good, "")
    monkeypatch.chdir(SHIPPED / name)
    assert site.run("verify", ".") == (0, good, "")


def test_a_model_that_this_site_does_not_use_is_not_promoted(site: Site) -> None:
    site.models.mkdir()
    candidate(site.models, "sun", base="solar")
    code, _, said = site.run("promote", "sun")
    assert (code, said) == (1, "model sun forecasts pv_w, for which this site uses no model")


@pytest.mark.parametrize("name", ["absent", "../consumption", "kept", "", "champions.json"])
def test_a_name_that_is_no_candidate_is_said(site: Site, name: str) -> None:
    site.models.mkdir()
    (site.models / "kept").mkdir()
    assert site.run("promote", name)[::2] == (1, f"there is no candidate {name!r} in {site.models}")


def test_a_damaged_record_is_said_and_does_not_stop_the_list(site: Site) -> None:
    site.models.mkdir()
    (site.models / "champions.json").write_text("{")
    code, said, _ = site.run("list")
    assert code == 1
    assert "champions.json is damaged" in said
    assert "the installed model consumption forecasts load_w" in said


def test_before_the_first_run_there_may_be_no_folder(site: Site, tmp_path: Path) -> None:
    text = site.config.read_text()
    line = next(line for line in text.splitlines() if line.startswith("path = "))
    site.config.write_text(text.replace(line, f'path = "{tmp_path}/absent/site.sqlite3"'))
    for arguments in (["list"], ["promote", "own"], ["rollback", "load_w"]):
        code, said, complaint = site.run(*arguments)
        assert (code, said) == (1, "")
        assert complaint == f"there is no folder {tmp_path}/absent: the agent has not run with this site file yet"


def test_a_models_folder_that_is_a_file_is_said(site: Site) -> None:
    site.models.write_text("no folder")
    for arguments in (["list"], ["promote", "own"]):
        code, _, complaint = site.run(*arguments)
        assert (code, complaint) == (1, f"the models folder {site.models} cannot be read: Not a directory")


@pytest.mark.parametrize("arguments", [[], ["fly"], ["verify"], ["promote"], ["rollback"], ["rollback", "soc_pct"]])
def test_a_wrong_command_line_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["models", *arguments])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: enalysis-edge models")


@pytest.mark.parametrize("arguments", [["list"], ["promote", "own"], ["rollback", "load_w"]])
def test_without_a_site_file_it_is_exit_2(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments, "--config", str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml" in capsys.readouterr().err


def deliver(store: Path, *deliveries: Delivery) -> None:
    async def write() -> None:
        opened = SqliteStore(store, UTC, lambda: NOON, Retention(30, 10_000_000))
        await opened.open()
        await opened.write(Batch(kept=((MODEL_DELIVERIES.name, to_json(Deliveries(deliveries))),)))
        await opened.close()

    asyncio.run(write())


def test_what_the_platform_delivers_is_listed_with_its_reason(site: Site) -> None:
    first = ModelManifest("own", 3, "https://x/y", 850_000, 9, "a" * 64, "0.1.0", 1, "k", None, "{}")
    others = [replace(first, name=name) for name in ("sun", "late")]
    deliver(
        site.models.parent / "site.sqlite3",
        Delivery(first, DeliveryState.DELIVERED, NOON),
        Delivery(others[0], DeliveryState.REFUSED, NOON, "model.onnx is refused"),
        Delivery(others[1], DeliveryState.AWAITED, NOON, "x:443: Connection refused"),
    )
    code, said, _ = site.run("list")
    assert code == 0
    assert "from the platform: own, delivery 3 (850 kB), came on 2026-06-01" in said
    assert "sun, delivery 3 (850 kB), refused on 2026-06-01: model.onnx is refused" in said
    assert "late, delivery 3 (850 kB), awaited since 2026-06-01: x:443: Connection refused" in said


def packing(folder: Path, *more: str) -> list[str]:
    """The command with a key that is there."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    terms = ["--version", "3", "--url", "https://x.example/own", "--key", str(folder / "key.pem"), "--key-id", "k-1"]
    return ["models", "pack", str(folder / "own"), *terms, "--out", str(folder), *more]


def test_what_is_packed_is_what_a_site_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = candidate(tmp_path, "own")
    assert main(packing(tmp_path, "--site", "home-1")) == 0
    line = capsys.readouterr().out.splitlines()[-1].removeprefix("line of the sites' keys file: ")
    (tmp_path / "keys").write_text(line)
    manifest = parse_incoming("down/model", (tmp_path / "own-3.json").read_bytes(), 65536, "EUR")
    assert isinstance(manifest, ModelManifest)
    assert asyncio.run(KeyRing(tmp_path / "keys").refusal(manifest)) is None
    assert (manifest.name, manifest.version, manifest.audience) == ("own", 3, "home-1")
    part = PartFile(tmp_path / "models", manifest.sha256)
    part.tidy(())
    shutil.copy(tmp_path / "own-3.model", part.path)
    admit(manifest, tmp_path / "models")
    assert fingerprint_of(tmp_path / "models" / "own") == fingerprint_of(made)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--key", "/no/key"], "/no/key cannot be read: No such file or directory"),
        (["--key", __file__], f"{__file__} is no private key in PEM without a password"),
        (["--url", "ftp://x"], "down/model: url: "),
        (["--version", "0"], "down/model: version: "),
        (["--out", "/no/folder"], "/no/folder cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_packed_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    candidate(tmp_path, "own")
    assert main(packing(tmp_path, *more)) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("own-*"))


def test_a_bad_model_is_not_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_model(candidate(tmp_path, "own"), endless_loop())
    assert main(packing(tmp_path)) == 1
    assert "'Loop', which is not allowed" in capsys.readouterr().err
