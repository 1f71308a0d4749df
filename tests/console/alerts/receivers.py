"""Receivers of alerts on loopback: a webhook's server and a mail server, with or without TLS, that can misbehave."""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

NAME = "localhost"


def certificate(authority: trustme.CA, name: str = NAME) -> ssl.SSLContext:
    """Of a server called ``name``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Hook:
    """``answers`` are the statuses of the next requests, 200 after them; ``before`` runs ahead of each answer."""

    port: int
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    headers: dict[str, str] = field(default_factory=dict)
    length: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in/secret-path"


@contextmanager
def hook(context: ssl.SSLContext | None = None) -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(Got(self.path, dict(self.headers), body))
            found.before()
            self.send_response(found.answers.pop(0) if found.answers else 200)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(found.length))
            self.end_headers()
            self.wfile.write(b"x" * found.length)

        def log_request(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes early is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Hook(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class MailServer:
    """``mails`` are the texts that were taken, ``logins`` user and password. ``answers`` replace that of a command."""

    context: ssl.SSLContext | None
    is_implicit: bool = False
    mails: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    in_clear: list[str] = field(default_factory=list)
    port: int = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(
            self._serve,
            "127.0.0.1",
            0,
            ssl=self.context if self.is_implicit else None,
            ssl_handshake_timeout=5 if self.is_implicit else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):  # the client has gone
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        is_safe = self.is_implicit
        say("220 mail ready")
        while line := (await reader.readline()).decode().rstrip():
            word, _, rest = line.partition(" ")
            if not is_safe:
                self.in_clear.append(word)
            if word in self.answers:
                say(self.answers[word])
                continue
            match word.upper():
                case "EHLO":
                    more = ["AUTH PLAIN"] if is_safe else ["STARTTLS"] if self.context is not None else []
                    say("\r\n".join([f"250{'-' if more else ' '}mail", *(f"250 {one}" for one in more)]))
                case "STARTTLS":
                    assert self.context is not None
                    say("220 go ahead")
                    await writer.drain()
                    await writer.start_tls(self.context)
                    is_safe = True
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
                    self.logins.append((user, password))
                    say("235 welcome")
                case "DATA":
                    say("354 go on")
                    text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                    self.mails.append(text)
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")
