"""SHA-256 from Python itself: ``hashlib`` loads OpenSSL, 3.5 MiB that a planner has no other use for."""

try:
    from _sha2 import sha256  # type: ignore[import-not-found,unused-ignore]  # from Python 3.12 on
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found,unused-ignore]  # until Python 3.11
    except ImportError:  # built without it
        from hashlib import sha256


def sha256_hex(*parts: bytes) -> str:
    """The digest of ``parts`` laid end to end, 64 hexadecimal digits."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return str(digest.hexdigest())
