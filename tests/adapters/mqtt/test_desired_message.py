"""``down/desired`` is read only when it is signed for configuration, and for this site."""

import json
from pathlib import Path

import pytest

from agent.adapters.mqtt.desired_message import read_desired
from agent.domain.desired import Desired
from agent.ports import PayloadRefused
from tests.desired import desired, keys_file
from tests.site_files import HOME_ID

CONFIG = {"carbon.kg_per_kwh": 0.2}


def test_a_signed_one_is_read(tmp_path: Path) -> None:
    found = read_desired(desired(7, CONFIG), HOME_ID, keys_file(tmp_path))
    assert found == Desired(7, (("carbon.kg_per_kwh", "0.2"),))


def test_what_is_signed_and_not_allowed_is_read_with_its_refusal(tmp_path: Path) -> None:
    found = read_desired(desired(7, {"site.id": "x"}), HOME_ID, keys_file(tmp_path))
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
        (desired(7, CONFIG, schema="desired/2.0"), "the schema is not desired/1.x"),
        (desired(7, CONFIG, key="b"), "no key of that name may sign a config"),
        (desired(7.5, CONFIG), "version is a whole number"),
        (desired(0, CONFIG), "from 1 on"),
        (desired(7, [1]), "config an object"),
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 60_000, "it is not JSON"),
        (b" " * 65_537, "65537 bytes"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(payload: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(PayloadRefused, match=why):
        read_desired(payload, HOME_ID, keys_file(tmp_path))


def test_a_key_for_commands_signs_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(PayloadRefused, match="no key of that name may sign a config"):
        read_desired(desired(7, CONFIG), HOME_ID, keys_file(tmp_path, "command"))


def test_without_keys_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(PayloadRefused, match="there is no keys_file"):
        read_desired(desired(7, CONFIG), HOME_ID, None)
    with pytest.raises(PayloadRefused, match="cannot be read"):
        read_desired(desired(7, CONFIG), HOME_ID, tmp_path / "none")
