"""``down/desired`` is read only when it is signed for configuration, and for this site."""

import json
from pathlib import Path

import pytest

from agent.adapters.host.key_ring import KeyRing
from agent.adapters.mqtt.desired_message import read_desired
from agent.domain.desired import Desired
from agent.ports import PayloadRefused
from tests.desired import desired, keys_file
from tests.site_files import HOME_ID

CONFIG = {"carbon.kg_per_kwh": 0.2}


@pytest.fixture
async def ring(tmp_path: Path) -> KeyRing:
    found = KeyRing(keys_file(tmp_path))
    await found.look()
    return found


def test_a_signed_one_is_read(ring: KeyRing) -> None:
    found = read_desired(desired(7, CONFIG), HOME_ID, ring)
    assert found == Desired(7, (("carbon.kg_per_kwh", "0.2"),))


def test_what_is_signed_and_not_allowed_is_read_with_its_refusal(ring: KeyRing) -> None:
    found = read_desired(desired(7, {"site.id": "x"}), HOME_ID, ring)
    assert found == Desired(7, (), "site.id is not for the platform to change")


def unsigned() -> bytes:
    message = json.loads(desired(7, CONFIG))
    del message["signature"]
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (unsigned(), "it is not signed"),
        (desired(7, CONFIG).replace(b"0.2", b"0.3"), "the signature is not that of the key"),
        (desired(7, CONFIG, site="home-2"), "it is for another site"),
        (desired(7, CONFIG, schema="desired/2.0"), "schema version 2 is not known here, only 1"),
        (desired(7, CONFIG, schema="model/1.0"), "the schema is not desired/1.x"),
        (desired(7, CONFIG, key="b"), "no key of that name may sign a config"),
        (desired(7.5, CONFIG), "version is a whole number"),
        (desired(0, CONFIG), "from 1 on"),
        (desired(7, [1]), "config an object"),
        (b"{", "the payload is not JSON"),
        (b"\xff", "the payload is not UTF-8"),
        (b"[" * 60_000, "the payload is nested deeper than 16"),
        (b" " * 65_537, "65537 bytes"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(payload: bytes, why: str, ring: KeyRing) -> None:
    with pytest.raises(PayloadRefused, match=why):
        read_desired(payload, HOME_ID, ring)


async def test_a_key_for_commands_signs_no_configuration(ring: KeyRing, tmp_path: Path) -> None:
    keys_file(tmp_path, "command")
    await ring.look()
    with pytest.raises(PayloadRefused, match="no key of that name may sign a config"):
        read_desired(desired(7, CONFIG), HOME_ID, ring)


async def test_a_key_that_was_revoked_once_signs_no_configuration(ring: KeyRing) -> None:
    ring.recall(["a"])
    with pytest.raises(PayloadRefused, match="its key was revoked"):
        read_desired(desired(7, CONFIG), HOME_ID, ring)


async def test_without_keys_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(PayloadRefused, match="there is no keys_file"):
        read_desired(desired(7, CONFIG), HOME_ID, None)
    ring = KeyRing(tmp_path / "none")
    with pytest.raises(PayloadRefused, match="the keys have not been read yet"):
        read_desired(desired(7, CONFIG), HOME_ID, ring)
    await ring.look()
    with pytest.raises(PayloadRefused, match=r"no configuration is taken: .*none cannot be read"):
        read_desired(desired(7, CONFIG), HOME_ID, ring)
