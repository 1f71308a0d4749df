"""Which model it is, by its files."""

from agent.adapters.models.sha256 import sha256


def fingerprint_of_bytes(card: bytes, model: bytes) -> str:
    """SHA-256 over both files of a model."""
    hashed = sha256(len(card).to_bytes(8, "big"))
    hashed.update(card)
    hashed.update(model)
    return str(hashed.hexdigest())
