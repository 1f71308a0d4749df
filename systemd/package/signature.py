"""Signed releases: an Ed25519 signature (RFC 8032) beside SHA256SUMS, which names every file of the release.

Both are what everybody's tools read: ``sha256sum -c SHA256SUMS``, and ``openssl pkeyutl -verify -rawin``.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from systemd.package.wheels import sha256_of

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
ENDINGS = (".deb", ".cdx.json")


class NotGenuine(Exception):
    """A release is not what the key has signed. ``str()`` says which file and why."""


def make_key(private: Path) -> Path:
    """A new key in ``private``, which nobody else may read, and its public half beside it. Raises FileExistsError."""
    key = Ed25519PrivateKey.generate()
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encoded)
    public = private.with_name(f"{private.name}.pub")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return public


def sign(folder: Path, private: Path) -> list[Path]:
    """Sign all packages and bills of ``folder``. Raises ValueError where there are none, or for another kind of key."""
    files = sorted(path for path in folder.iterdir() if path.name.endswith(ENDINGS))
    if not files:
        raise ValueError(f"{folder} holds no package: `make deb` makes one")
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{private} is no Ed25519 key")
    sums = "".join(f"{sha256_of(path)}  {path.name}\n" for path in files).encode()
    (folder / SUMS).write_bytes(sums)
    (folder / SIGNATURE).write_bytes(key.sign(sums))
    return files


def verify(folder: Path, public: Path) -> list[Path]:
    """The files of ``folder``, each as the release has it. Raises NotGenuine, ValueError and OSError."""
    key = serialization.load_pem_public_key(public.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{public} is no Ed25519 key")
    sums = (folder / SUMS).read_bytes()
    try:
        key.verify((folder / SIGNATURE).read_bytes(), sums)
    except InvalidSignature:
        raise NotGenuine(f"{folder / SUMS} is not signed by {public}") from None
    named = {name: digest for digest, _, name in (line.partition("  ") for line in sums.decode().splitlines())}
    files = sorted(path for path in folder.iterdir() if path.name.endswith(ENDINGS))
    for path in files:
        if path.name not in named:
            raise NotGenuine(f"{path} is not in the release")
        if sha256_of(path) != named[path.name]:
            raise NotGenuine(f"{path} is not the file that was signed")
    if not files:
        raise NotGenuine(f"{folder} holds no package")
    return files
