import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.adapters.host.signing_keys import KeysRefused, NotSigned, Purpose, SigningKeys, read_signing_keys
from agent.domain.canonical_json import canonical

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
MESSAGE = {"schema": "override/1.0", "id": "home-1", "key": "a", "params": {"power_w": 1500.0}}


def signed(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "signature": base64.b64encode(PRIVATE.sign(canonical(message))).decode()}


def otherwise(message: dict[str, Any]) -> str:
    """The same bytes of the signature with other bits behind them."""
    signature = str(message["signature"])
    assert signature[-3] in "AQgw"
    return signature[:-3] + chr(ord(signature[-3]) + 1) + "=="


def keys_of(folder: Path, text: str) -> SigningKeys:
    file = folder / "keys"
    file.write_text(text)
    return read_signing_keys(file)


def test_a_signed_message_is_known_by_its_key(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f"# of the platform\n\ncommand a {PUBLIC}\n")
    assert keys.verify(Purpose.COMMAND, signed(MESSAGE)) == "a"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (MESSAGE, "it is not signed: it has no key and signature"),
        ({**signed(MESSAGE), "id": "home-2"}, "the signature is not that of the key"),
        ({**signed(MESSAGE), "more": 1}, "the signature is not that of the key"),
        ({**signed(MESSAGE), "signature": "AAAA"}, "the signature is not that of the key"),
        ({**signed(MESSAGE), "signature": "no base64!"}, "the signature is not that of the key"),
        ({**signed(MESSAGE), "signature": otherwise(signed(MESSAGE))}, "the signature is not that of the key"),
        (signed({**MESSAGE, "key": "b"}), "no key of that name may sign a command"),
        (
            {**signed(MESSAGE), "id": float("nan")},
            "what is signed is not canonical: a number is too small, too large or none",
        ),
    ],
)
def test_another_message_is_not_signed(tmp_path: Path, message: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSigned) as raised:
        keys_of(tmp_path, f"command a {PUBLIC}").verify(Purpose.COMMAND, message)
    assert str(raised.value) == why


def test_a_key_signs_what_it_is_for_and_nothing_else(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f"model a {PUBLIC}")
    with pytest.raises(NotSigned):
        keys.verify(Purpose.COMMAND, signed(MESSAGE))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ": it holds no key"),
        ("command a", ", line 1: a line is purpose, key id and key"),
        (f"\nfirmware a {PUBLIC}", ", line 2: the purpose is command, config or model"),
        (f"command A {PUBLIC}", ", line 1: a key id has 1 to 40 of a-z, 0-9, '.', '_' and '-'"),
        (f"command a {PUBLIC[:-4]}", ", line 1: the key is not 32 bytes in base64"),
        (f"command a {PUBLIC}\ncommand a {PUBLIC}", ", line 2: the key a of command was named before"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(KeysRefused) as raised:
        keys_of(tmp_path, text)
    assert str(raised.value) == f"{tmp_path / 'keys'}{why}"


@pytest.mark.parametrize("text", ["revoked a\ncommand a {key}", "command a {key}\nrevoked a\n"])
def test_a_revoked_key_signs_nothing_wherever_the_line_stands(tmp_path: Path, text: str) -> None:
    keys = keys_of(tmp_path, text.format(key=PUBLIC))
    assert keys.revoked == {"a"}
    with pytest.raises(NotSigned, match="its key was revoked"):
        keys.verify(Purpose.COMMAND, signed(MESSAGE))


def test_what_an_earlier_file_has_revoked_stays_revoked(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f"command a {PUBLIC}")
    keys.verify(Purpose.COMMAND, signed(MESSAGE))
    with pytest.raises(NotSigned, match="its key was revoked"):
        keys.without(["a"]).verify(Purpose.COMMAND, signed(MESSAGE))


@pytest.mark.parametrize("line", ["revoked", "revoked a b", "revoked A"])
def test_a_line_of_a_revoked_key_has_its_id(tmp_path: Path, line: str) -> None:
    with pytest.raises(KeysRefused, match="line 2: a line of a revoked key is revoked and key id"):
        keys_of(tmp_path, f"command a {PUBLIC}\n{line}")
