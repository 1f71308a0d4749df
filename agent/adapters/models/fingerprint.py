"""Which model it is, by its files."""

from agent.adapters.models.sha256 import sha256_hex


def fingerprint_of_bytes(card: bytes, model: bytes) -> str:
    """SHA-256 over both files of a model."""
    return sha256_hex(len(card).to_bytes(8, "big"), card, model)
