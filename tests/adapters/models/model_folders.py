"""Candidates made of the shipped models: the same trees under another name, better or worse by their leaves."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import exported_models

SHIPPED = Path(exported_models.__file__).parent


def candidate(models: Path, name: str, base: str = "consumption", **changes: Any) -> Path:
    """A copy of the installed model ``base`` as the candidate ``name``, with fields of its card changed."""
    folder = Path(shutil.copytree(SHIPPED / base, models / name))
    change_card(folder, name=name, **changes)
    return folder


def change_card(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes))


def replace_model(folder: Path, content: bytes) -> None:
    """Another file, with a card that agrees to it."""
    (folder / "model.onnx").write_bytes(content)
    change_card(folder, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
