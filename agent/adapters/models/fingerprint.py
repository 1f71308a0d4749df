"""Which model it is, by its files."""

import hashlib


def fingerprint_of_bytes(card: bytes, model: bytes) -> str:
    """SHA-256 over both files of a model."""
    hashed = hashlib.sha256(len(card).to_bytes(8, "big"))
    hashed.update(card)
    hashed.update(model)
    return hashed.hexdigest()
