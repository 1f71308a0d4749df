"""The file of a model on its way here: a part that grows, and goes on where it has ended after any interruption.

It lies in ``.incoming`` of the models folder under the hash that was signed, so that the part of one file is never
continued with another. Beside it stands the server's word for the bytes that it is of (a strong ETag, RFC 9110 8.8.3).
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.host.durable_files import give_to_owner, make_folder, write_synced

CHUNK = 256 * 1024
LONGEST_TAG = 200


@dataclass(frozen=True, slots=True)
class PartFile:
    """That of the file with the hash ``sha256`` in the folder ``models``."""

    models: Path
    sha256: str

    @property
    def folder(self) -> Path:
        return self.models / ".incoming"

    @property
    def path(self) -> Path:
        return self.folder / f"{self.sha256[:32]}.part"

    @property
    def staging(self) -> Path:
        """Where the model is unpacked before it takes its place."""
        return self.folder / f"{self.sha256[:32]}.new"

    @property
    def _tag_path(self) -> Path:
        return self.folder / f"{self.sha256[:32]}.etag"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else fetches meanwhile: a killed daemon may leave a process. Raises BlockingIOError, OSError."""
        make_folder(self.folder)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    def tidy(self, awaited: Collection[str]) -> None:
        """Make the folder, and remove from it what is of no file that is ``awaited``. Raises OSError."""
        make_folder(self.folder)
        wanted = {sha256[:32] for sha256 in awaited} | {self.sha256[:32]}
        for entry in self.folder.iterdir():
            if entry.name.split(".")[0] not in wanted:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()

    def size(self) -> int:
        """Bytes that are there. Raises OSError."""
        with suppress(FileNotFoundError):
            return self.path.lstat().st_size
        return 0

    def tag(self) -> str | None:
        """What the server called the bytes that are there."""
        try:
            return self._tag_path.read_text("ascii")[:LONGEST_TAG] or None
        except (OSError, ValueError):
            return None

    def begin(self, tag: str | None) -> None:
        """Empty, and of the bytes that the server calls ``tag``. Raises OSError."""
        self.drop()
        if tag is not None:
            write_synced(self._tag_path, tag.encode("ascii"))
        write_synced(self.path, b"")

    def append(self) -> int:
        """A descriptor that writes at its end; whoever asks closes it. Raises OSError."""
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)

    def drop(self) -> None:
        """Nothing is left of it. Raises OSError."""
        for path in (self.path, self._tag_path):
            path.unlink(missing_ok=True)

    def is_signed(self) -> bool:
        """Whether what lies there has the hash that was signed. Raises OSError."""
        hashed = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                hashed.update(chunk)
        return hashed.hexdigest() == self.sha256

    def give_to_owner(self) -> None:
        """What root fetched belongs to whom the folder belongs to. Raises OSError."""
        give_to_owner(self.path, self.folder)
