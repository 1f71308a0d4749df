"""The pages' own files: read once at the start, each under a name that changes with its content.

A file is ``/static/<version>/<path>``, where the version is a hash over all of them, so that modules import each other
by relative paths and are kept by the browser for a year. What is not in the list that the start made is not there.
In memory they are packed, as browsers take them.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console.problem import Problem
from agent.console.security.access import PAGES, STATIC

INDEX = "index.html"
FIRST_SCRIPT = b"now.js"
FOR_EVER = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
PACKED = frozenset({".png", ".woff2"})  # compressing them again gains nothing
BROTLI = ".br"  # made beforehand, beside its file


@dataclass(frozen=True, slots=True)
class StaticFile:
    """``packed`` are its bytes by the name of their encoding; without any, ``unpacked`` are its bytes."""

    media_type: str
    unpacked: bytes | None
    packed: Mapping[str, bytes]
    tag: str

    def plain(self) -> bytes:
        return gzip.decompress(self.packed["gzip"]) if self.unpacked is None else self.unpacked


class Web:
    """Every file of ``folder`` whose ending is known. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in MEDIA_TYPES)
        self.files: dict[str, StaticFile] = {}
        names = hashlib.sha256()
        for path in paths:
            name, content = path.relative_to(folder).as_posix(), path.read_bytes()
            names.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
            self.files[name] = _static_file(path, content)
        self.version = names.hexdigest()[:12]
        index = folder / INDEX
        if INDEX in self.files:
            named = index.read_bytes().replace(STATIC.encode(), f"{STATIC}{self.version}/".encode())
            self.files[INDEX] = _static_file(index, named)
        self._folder = folder

    def routes(self) -> list[Route]:
        return [
            *(Route(page, partial(self._index, self._page(page)), methods=["GET"]) for page in PAGES),
            Route(STATIC + "{version}/{name:path}", self._file, methods=["GET"]),
        ]

    def elsewhere(self, request: Request) -> Response | None:
        """For a browser that goes where there is no page: the first one, told as not found. None for programmes."""
        index, path = self._page("/now"), request.url.path
        accepted = request.headers.get("accept", "")
        if index is None or "text/html" not in accepted or path.startswith(("/api/", STATIC)):
            return None
        return Response(index.plain(), HTTPStatus.NOT_FOUND, media_type=index.media_type)

    def _page(self, page: str) -> StaticFile | None:
        """The index, which loads the script of ``page`` at once where it has one of its own."""
        index, own = self.files.get(INDEX), f"{page.strip('/')}.js"
        if index is None or own not in self.files:
            return index
        return _static_file(self._folder / INDEX, index.plain().replace(FIRST_SCRIPT, own.encode()))

    async def _index(self, page: StaticFile | None, request: Request) -> Response:
        return self._answer(request, page, ASKED_AGAIN)

    async def _file(self, request: Request) -> Response:
        if request.path_params["version"] != self.version:
            raise Problem("not_found", "these files are of another version: load the page again")
        return self._answer(request, self.files.get(request.path_params["name"]), FOR_EVER)

    def _answer(self, request: Request, found: StaticFile | None, kept: str) -> Response:
        if found is None:
            raise Problem("not_found", "there is no such file")
        headers = {"ETag": found.tag, "Cache-Control": kept, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        taken = _encodings(request.headers.get("accept-encoding", ""))
        for encoding, content in found.packed.items():
            if encoding in taken:
                return Response(content, headers={**headers, "Content-Encoding": encoding}, media_type=found.media_type)
        return Response(found.plain(), headers=headers, media_type=found.media_type)


def _encodings(accepted: str) -> set[str]:
    """Those that may be used; q=0 says of one that it may not."""
    words = [word.lower().replace(" ", "").partition(";q=") for word in accepted.split(",")]
    return {name for name, _, quality in words if not quality or quality.strip("0.")}


def _static_file(path: Path, content: bytes) -> StaticFile:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    if path.suffix in PACKED:
        return StaticFile(MEDIA_TYPES[path.suffix], content, {}, tag)
    packed: dict[str, bytes] = {}
    beside = path.with_name(path.name + BROTLI)
    if path.name != INDEX and beside.is_file():
        packed["br"] = beside.read_bytes()
    packed["gzip"] = gzip.compress(content, 9, mtime=0)
    return StaticFile(MEDIA_TYPES[path.suffix], None, packed, tag)
