"""A manifest: what is let in, that it is what was signed, and that no changed byte of it is believed."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.host.key_ring import KeyRing
from agent.adapters.mqtt.incoming_messages import parse_incoming
from agent.domain.model_delivery import ModelManifest
from agent.ports import PayloadRefused
from tests.adapters.models.model_server import KEYS, members_of
from tests.security.items import security

URL = "https://models.example.org:8443/own?a=b"
GOOD = members_of(bytes(1000), 100, URL)


def parsed(payload: bytes) -> ModelManifest:
    manifest = parse_incoming("down/model", payload, 65536, "EUR")
    assert isinstance(manifest, ModelManifest)
    return manifest


def refusal(members: dict[str, Any] | bytes) -> str:
    payload = members if isinstance(members, bytes) else json.dumps(members).encode()
    with pytest.raises(PayloadRefused) as raised:
        parsed(payload)
    return str(raised.value)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    (tmp_path / "keys").write_text(KEYS)
    return KeyRing(tmp_path / "keys")


async def test_a_good_one_is_taken_in_and_its_signature_holds(keys: KeyRing) -> None:
    manifest = parsed(json.dumps(GOOD).encode())
    assert (manifest.name, manifest.version, manifest.size, manifest.card_size) == ("own", 1, 1000, 100)
    assert manifest.audience is None
    assert await keys.refusal(manifest) is None
    more = parsed(json.dumps(members_of(bytes(1000), 100, URL, id="home-1", later={"a": [1, 2.5]}), indent=3).encode())
    assert more.audience == "home-1"
    assert await keys.refusal(more) is None, "what is not known here is signed all the same"


async def test_a_key_signs_models_only_if_it_may(keys: KeyRing, tmp_path: Path) -> None:
    manifest = parsed(json.dumps(GOOD).encode())
    (tmp_path / "keys").write_text(KEYS.replace("model ", "command "))
    assert await keys.refusal(manifest) == "no key of that name may sign a model"
    (tmp_path / "keys").write_text(KEYS + "revoked platform-1\n")
    assert await keys.refusal(manifest) == "its key was revoked"
    (tmp_path / "keys").write_text(KEYS)
    assert await keys.refusal(manifest) == "its key was revoked", "an older file does not bring it back"
    again = KeyRing(tmp_path / "keys")
    assert await again.refusal(manifest) is None
    again.recall(["platform-1"])
    assert await again.refusal(manifest) == "its key was revoked"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"schema": "model/2.0"}, "schema version 2"),
        ({"schema": "command/1.0"}, "the schema is not model/1.x"),
        ({"name": "../own"}, "name"),
        ({"name": "kept"}, "a model cannot be named kept"),
        ({"name": ".own"}, "name"),
        ({"name": "own\n"}, "name"),
        ({"version": 0}, "version"),
        ({"version": 1.5}, "version"),
        ({"version": True}, "version"),
        ({"version": 2**53 + 1}, "version"),
        ({"url": "ftp://models.example.org/own"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://user:word@models.example.org/own"}, "url"),
        ({"url": "https://models.example.org:99999/own"}, "url"),
        ({"url": "https://models.example.org/own\r\nX: y"}, "url"),
        ({"url": "https://models.example.org/ö"}, "url"),
        ({"url": "https://models.example.org/" + "x" * 1001}, "url"),
        ({"size": 20_000_001}, "size"),
        ({"size": 8 << 30}, "size"),
        ({"size": "1000"}, "size"),
        ({"card_size": 1000}, "card_size is not less than size"),
        ({"card_size": 0}, "card_size"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
        ({"min_agent": "latest"}, "min_agent"),
        ({"key": ""}, "key"),
        ({"later": "x" * 8192}, "more than the 8192 that are allowed"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_its_place(changes: dict[str, Any], place: str) -> None:
    assert place in refusal(GOOD | changes)


@pytest.mark.parametrize("missing", [name for name in GOOD if name not in ("ts", "schema")])
def test_a_missing_member_is_named(missing: str) -> None:
    assert f"down/model: {missing}: " in refusal({name: value for name, value in GOOD.items() if name != missing})


def test_a_member_that_stands_twice_could_be_read_in_two_ways() -> None:
    text = json.dumps(GOOD)
    assert refusal((text[:-1] + ', "version": 9}').encode()) == "down/model: a member stands there twice"


def is_believed(payload: bytes, keys: KeyRing) -> ModelManifest | None:
    try:
        manifest = parsed(payload)
    except PayloadRefused:
        return None
    return manifest if asyncio.run(keys.refusal(manifest)) is None else None


@security(7, shows="no manifest with a changed byte is believed")
def test_no_changed_byte_is_believed(keys: KeyRing) -> None:
    payload, chance = json.dumps(GOOD).encode(), random.Random(5)
    good = json.loads(payload)
    assert is_believed(payload, keys)
    for at in range(len(payload)):
        changed = bytearray(payload)
        changed[at] ^= 1 << chance.randrange(8)
        found = is_believed(bytes(changed), keys)
        assert found is None or json.loads(bytes(changed)) == good, "white space may change, and nothing else"
    for cut in range(0, len(payload), 7):
        assert is_believed(payload[:cut], keys) is None


@given(st.binary(max_size=200) | st.dictionaries(st.sampled_from(sorted(GOOD)), st.none() | st.integers() | st.text()))
def test_whatever_comes_is_refused_in_one_sentence(sent: bytes | dict[str, Any]) -> None:
    said = refusal(sent if isinstance(sent, bytes) else GOOD | {"size": 0} | sent | {"sha256": "short"})
    assert said.startswith("down/model: ")
    assert "\n" not in said
