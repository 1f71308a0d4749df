"""A real HTTPS server of models that can be told to misbehave, and what the platform signs of a model."""

import hashlib
import json
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme

from agent.adapters.mqtt.incoming_messages import parse_incoming
from agent.domain.model_delivery import ModelManifest
from simulator.signer import Signer

SIGNER = Signer("platform-1", bytes(range(32)))
KEYS = f"{SIGNER.key_line('model')}\n"

Send = Callable[[bytes], None]
Answer = Callable[[Send, dict[str, str]], None]


class Served:
    """What stands behind ``url``. ``asked`` are the headers of every request, by lower-case name.

    ``answer`` may be replaced: it gets a function that sends bytes and the headers of the request.
    """

    def __init__(self, content: bytes, tag: str | None = '"one"') -> None:
        self.content, self.tag = content, tag
        self.asked: list[dict[str, str]] = []
        self.answer: Answer = self.well
        self.url = ""

    def well(self, send: Send, headers: dict[str, str]) -> None:
        """As a good server does, with ranges (RFC 9110, 14)."""
        send(self.head(headers) + self.content[self.start(headers) :])

    def half(self, send: Send, headers: dict[str, str]) -> None:
        """It ends half way through what is left."""
        left = self.content[self.start(headers) :]
        send(self.head(headers) + left[: len(left) // 2])

    def slow(self, send: Send, headers: dict[str, str]) -> None:
        """A byte now and then."""
        send(self.head(headers))
        for byte in self.content[self.start(headers) :]:
            send(bytes([byte]))
            time.sleep(0.02)

    def start(self, headers: dict[str, str]) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        unchanged = headers.get("if-range", self.tag) == self.tag
        return int(asked[1]) if asked and unchanged else 0

    def head(self, headers: dict[str, str]) -> bytes:
        start, size = self.start(headers), len(self.content)
        lines = [f"Content-Length: {size - start}"] + ([f"ETag: {self.tag}"] if self.tag else [])
        if start:
            lines.append(f"Content-Range: bytes {start}-{size - 1}/{size}")
        return reply("206 Partial Content" if start else "200 OK", *lines)


def reply(status: str, *lines: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "Connection: close", "", "")).encode()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        with suppress(OSError):  # whoever hangs up, as tests do
            door: socket.socket = self.request
            if server.context is not None:
                door = server.context.wrap_socket(door, server_side=True)
            with door:
                lines = _request(door)
                headers = dict(line.lower().split(": ", 1) for line in lines[1:])
                headers["path"] = lines[0].split(" ")[1]
                server.served.asked.append(headers)
                server.served.answer(door.sendall, headers)


def _request(door: socket.socket) -> list[str]:
    heard = b""
    while b"\r\n\r\n" not in heard:
        piece = door.recv(4096)
        if not piece:
            raise OSError("hung up")
        heard += piece
        if heard.startswith(b"\x16"):  # the greeting of TLS at a door without it
            door.sendall(reply("400 Bad Request"))
            raise OSError("no HTTP")
    return heard.decode().split("\r\n\r\n")[0].split("\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, served: Served, leaf: trustme.LeafCert | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served, self.context = served, None
        if leaf is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf.configure_cert(self.context)


@contextmanager
def serve(content: bytes, leaf: trustme.LeafCert | None, tag: str | None = '"one"') -> Iterator[Served]:
    """A server with the certificate ``leaf``, without TLS for None."""
    served = Served(content, tag)
    with _Server(served, leaf) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        scheme = "http" if leaf is None else "https"
        served.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/models/own?token=secret"
        yield served
        server.shutdown()


def packed(folder: Path) -> tuple[bytes, int]:
    """The file of the model in ``folder``, and the size of its card."""
    card, model = ((folder / file).read_bytes() for file in ("card.json", "model.onnx"))
    return card + model, len(card)


def members_of(content: bytes, card_size: int, url: str, **changes: Any) -> dict[str, Any]:
    """The members of a manifest, signed, some of them changed before that."""
    members = {
        "schema": "model/1.0", "ts": "2026-06-01T12:00:00.000Z", "name": "own", "version": 1, "url": url,
        "size": len(content), "card_size": card_size, "sha256": hashlib.sha256(content).hexdigest(),
        "min_agent": "0.1.0", "model_schema": 1, "key": SIGNER.key_id,
    } | changes  # fmt: skip
    return SIGNER.signed(members)


def manifest_of(content: bytes, card_size: int, url: str, **changes: Any) -> ModelManifest:
    """As it comes in."""
    text = json.dumps(members_of(content, card_size, url, **changes))
    manifest = parse_incoming("down/model", text.encode(), 65536, "EUR")
    assert isinstance(manifest, ModelManifest)
    return manifest
