"""Fetches a file by HTTPS into a part file: bounded in bytes and time, resumed by Range, and never elsewhere.

Nothing of the file is read here but its length. Redirects are followed only on the same server.
"""

import http.client
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from agent.adapters.models.part_file import LONGEST_TAG, PartFile
from agent.domain.printable import printable
from agent.domain.sentences import downloads as say

SILENCE_S = 15.0
"""A server that says nothing for so long is gone."""

MOST_REDIRECTS = 3
READ_BYTES = 64 * 1024
SHOWN = 80  # characters of what a server says
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]*"')
_REDIRECTS = {301, 302, 303, 307, 308}


class DownloadFailure(Exception):
    """It is not here; another time it may be. ``str()`` says where and why, and never the path of the URL."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How it may be fetched: ``size`` bytes, until ``until_s`` of the monotonic clock.

    ``ca_file`` None: the authorities of the system. ``plain_http``: a URL may be without TLS.
    """

    size: int
    until_s: float
    ca_file: Path | None = None
    plain_http: bool = False


def download(url: str, part: PartFile, terms: Terms) -> bool:
    """Complete ``part``, on the disk on return; whether bytes of an earlier time are in it.

    Raises DownloadFailure, and OSError where the disk does not take it.
    """
    had = part.size()
    if had > terms.size:
        part.drop()
        had = 0
    if had == terms.size:
        return True
    where = urlsplit(url)
    if where.scheme != "https" and not (where.scheme == "http" and terms.plain_http):
        raise DownloadFailure(say.download_without_tls(host=where.hostname or ""))
    with _answer(where, part, had, terms) as response:
        had = _begin(where, part, had, response, terms)
        _receive(where, part, had, response, terms)
    return had > 0


@contextmanager
def _answer(where: SplitResult, part: PartFile, had: int, terms: Terms) -> Iterator[http.client.HTTPResponse]:
    """The server's answer, redirects on it followed. Raises DownloadFailure."""
    connection = _connection(where, terms)
    try:
        response = _asked(connection, where, part, had)
        for _ in range(MOST_REDIRECTS):
            if response.status not in _REDIRECTS:
                break
            where = _redirected(where, response)
            connection.close()
            response = _asked(connection, where, part, had)
        yield response
    finally:
        connection.close()


@contextmanager
def _said_of(where: SplitResult) -> Iterator[None]:
    """Raises DownloadFailure in the place of what the network raises."""
    place = f"{where.hostname}:{_port(where)}"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise DownloadFailure(say.download_not_trusted(place=place, cause=error.verify_message)) from error
    except ssl.SSLError as error:
        raise DownloadFailure(
            say.download_tls_failed(place=place, cause=error.reason or type(error).__name__)
        ) from error
    except socket.gaierror as error:
        raise DownloadFailure(say.download_name_unknown(place=place)) from error
    except TimeoutError as error:
        raise DownloadFailure(say.download_silent(place=place, after_s=SILENCE_S)) from error
    except http.client.HTTPException as error:
        raise DownloadFailure(say.download_no_http(place=place, cause=type(error).__name__)) from error
    except OSError as error:
        cause = error.strerror or say.download_closed()
        raise DownloadFailure(say.download_broken_off(place=place, cause=cause)) from error


def _connection(where: SplitResult, terms: Terms) -> http.client.HTTPConnection:
    """Raises DownloadFailure for authorities that cannot be read."""
    assert where.hostname is not None
    if where.scheme == "http":
        return http.client.HTTPConnection(where.hostname, _port(where), timeout=SILENCE_S)
    try:
        context = ssl.create_default_context(cafile=None if terms.ca_file is None else str(terms.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise DownloadFailure(say.download_no_authority(path=str(terms.ca_file))) from error
    return http.client.HTTPSConnection(where.hostname, _port(where), timeout=SILENCE_S, context=context)


def _asked(
    connection: http.client.HTTPConnection, where: SplitResult, part: PartFile, had: int
) -> http.client.HTTPResponse:
    headers = {"Accept-Encoding": "identity", "User-Agent": "enalysis-edge", "Connection": "close"}
    if had:
        headers["Range"] = f"bytes={had}-"
        tag = part.tag()
        if tag is not None:
            headers["If-Range"] = tag
    with _said_of(where):
        connection.request("GET", (where.path or "/") + (f"?{where.query}" if where.query else ""), headers=headers)
        return connection.getresponse()


def _redirected(where: SplitResult, response: http.client.HTTPResponse) -> SplitResult:
    """Where it leads, on the same server. Raises DownloadFailure."""
    try:
        to = urlsplit(urljoin(where.geturl(), response.headers.get("Location", "")))
        same = (to.scheme, to.hostname, _port(to)) == (where.scheme, where.hostname, _port(where))
    except ValueError:
        same = False
    if not same or not re.fullmatch(r"[!-~]+", to.path + to.query + "/"):
        raise DownloadFailure(say.download_elsewhere(host=where.hostname or ""))
    return to


def _begin(where: SplitResult, part: PartFile, had: int, response: http.client.HTTPResponse, terms: Terms) -> int:
    """How many bytes are there that the answer goes on from. Raises DownloadFailure for an answer of another length."""
    host, size = where.hostname or "", terms.size
    if response.status == http.client.PARTIAL_CONTENT and had:
        expected, named = f"bytes {had}-{size - 1}/{size}", response.headers.get("Content-Range", "")
    elif response.status == http.client.OK:
        expected, named = str(size), response.headers.get("Content-Length", str(size))
    else:
        if response.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.drop()
        answer = f"{response.status} {printable(response.reason, SHOWN)}"
        raise DownloadFailure(say.download_answered(host=host, answer=answer))
    if named.strip() != expected:
        part.drop()
        found = printable(named, SHOWN)
        raise DownloadFailure(say.download_of_other_size(host=host, found=found, wanted=expected))
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadFailure(say.download_encoded(host=host))
    if response.status == http.client.PARTIAL_CONTENT:
        return had
    tag = response.headers.get("ETag", "")
    part.begin(tag if len(tag) <= LONGEST_TAG and _STRONG_TAG.fullmatch(tag) else None)
    return 0


def _receive(where: SplitResult, part: PartFile, had: int, response: http.client.HTTPResponse, terms: Terms) -> None:
    descriptor = part.append()
    try:
        while chunk := _read(where, response):
            had += len(chunk)
            if had > terms.size:
                part.drop()
                raise DownloadFailure(say.download_too_large(host=where.hostname or "", most=terms.size))
            _write(descriptor, chunk)
            if time.monotonic() > terms.until_s and had < terms.size:
                raise DownloadFailure(say.download_too_slow(host=where.hostname or "", counted=had, most=terms.size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if had < terms.size:
        raise DownloadFailure(say.download_ended_early(host=where.hostname or "", counted=had, most=terms.size))


def _read(where: SplitResult, response: http.client.HTTPResponse) -> bytes:
    """What has come by now; waits for one piece and not for a full buffer. Empty at the end, or where it breaks off."""
    with _said_of(where), suppress(http.client.IncompleteRead):
        return response.read1(READ_BYTES)
    return b""


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _port(where: SplitResult) -> int:
    return where.port or (443 if where.scheme == "https" else 80)
