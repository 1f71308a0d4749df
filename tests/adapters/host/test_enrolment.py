"""A certificate from a real HTTPS server that signs requests, first by token and then by the one before."""

import json
import os
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.adapters.host.enrolment import EnrolmentFailure, certify
from agent.adapters.mqtt.certificates import lives
from agent.adapters.mqtt.own_certificate import candidate_of
from agent.domain.identity import IdentityRequest, identity_file, renewal_due
from tests.security.items import security

SITE, TOKEN = "site-1", "token-once-4711"
LIFE = timedelta(days=90)


@dataclass
class Enrolment:
    """The platform's side. ``changed`` may spoil what it answers; ``seen`` are the requests that it let in."""

    authority: trustme.CA
    folder: Path
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    token: str | None = TOKEN
    status: int | None = None
    name: str = SITE
    spoiled: Callable[[bytes], bytes] = lambda chain: chain
    other_key: bool = False
    seen: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, request: dict[str, Any], bearer: str | None, by_certificate: str | None) -> tuple[int, bytes]:
        if self.status is not None:
            return self.status, b"{}"
        if by_certificate == request["id"]:
            self.seen.append("certificate")
        elif self.token is not None and bearer == f"Bearer {self.token}":
            self.token = None
            self.seen.append("token")
        else:
            return 403, b"{}"
        chain = self.spoiled(self.signed(request["csr"]))
        return 201, json.dumps({"certificate": chain.decode("latin-1")}).encode()

    def signed(self, csr: str) -> bytes:
        asked = x509.load_pem_x509_csr(csr.encode())
        assert asked.is_signature_valid
        key = ec.generate_private_key(ec.SECP256R1()).public_key() if self.other_key else asked.public_key()
        issuer_key = serialization.load_pem_private_key(self.authority.private_key_pem.bytes(), None)
        issuer = x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())
        begin = self.now() - timedelta(minutes=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .issuer_name(issuer.subject)
            .public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + LIFE)
            .sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def request(self, **changes: Any) -> IdentityRequest:
        identity = identity_file(self.folder / "site.sqlite3")
        url = f"https://127.0.0.1:{self.port}/enrol"
        terms = {"url": url, "site_id": SITE, "identity": str(identity), "ca_file": str(self.folder / "ca.pem")}
        return IdentityRequest(**{**terms, **changes})


def handler(enrolment: Enrolment) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = self.connection.getpeercert()  # type: ignore[attr-defined]
            names = dict(part[0] for part in found["subject"]) if found else {}
            status, text = enrolment.answer(body, self.headers["Authorization"], names.get("commonName"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class QuietServer(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """A handshake that fails, as it should."""


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Enrolment]:
    """Takes certificates of its authority, and needs none."""
    enrolment = Enrolment(trustme.CA(), tmp_path)
    enrolment.authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    enrolment.authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    enrolment.authority.configure_trust(context)
    server = QuietServer(("127.0.0.1", 0), handler(enrolment))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    enrolment.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield enrolment
    server.shutdown()
    server.server_close()


def now() -> datetime:
    return datetime.now(UTC)


@security(12, shows="the site's key is made on the site, with mode 0600, anew with each certificate, and never sent")
def test_first_by_token_and_then_by_the_certificate(platform: Enrolment) -> None:
    request = platform.request()
    identity = Path(request.identity)
    certified = certify(request, TOKEN, now())
    assert stat.S_IMODE(identity.stat().st_mode) == 0o600
    assert lives(identity)[0][1] == certified.ends_at
    assert b"BEGIN PRIVATE KEY" in identity.read_bytes()
    first = identity.read_bytes()
    with pytest.raises(EnrolmentFailure, match="does not accept the token, which counts once and for a day"):
        certify(request, TOKEN, now())
    certify(request, None, now())
    assert identity.read_bytes() == first, "the old one is in force until a broker has accepted the new"
    new = candidate_of(identity).read_bytes()
    assert new.partition(b"CERTIFICATE")[0] != first.partition(b"CERTIFICATE")[0], "the key is a new one, too"
    assert platform.seen == ["token", "certificate"]
    assert {path.name for path in platform.folder.iterdir()} == {"ca.pem", identity.name, candidate_of(identity).name}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ({"status": 500}, "127.0.0.1 answered with status 500"),
        ({"status": 302}, "127.0.0.1 answered with status 302"),
        ({"name": "site-2"}, "the certificate is not made out to site-1"),
        ({"other_key": True}, "the certificate is for another key than ours"),
        ({"spoiled": lambda chain: chain[:200]}, "what the platform answered with is no certificate"),
        ({"spoiled": lambda chain: b""}, "what the platform answered with is no certificate"),
        ({"spoiled": lambda chain: chain * 200}, "127.0.0.1 answered without a certificate"),
        ({"now": lambda: now() - 2 * LIFE}, "the certificate is not valid at "),
        ({"token": "another"}, "127.0.0.1 does not accept the token"),
    ],
)
def test_what_is_not_right_changes_nothing(platform: Enrolment, spoil: dict[str, Any], sentence: str) -> None:
    for name, value in spoil.items():
        setattr(platform, name, value)
    with pytest.raises(EnrolmentFailure) as failure:
        certify(platform.request(), TOKEN, now())
    assert str(failure.value).startswith(sentence)
    assert TOKEN not in str(failure.value)
    assert [path.name for path in platform.folder.iterdir()] == ["ca.pem"]


def test_who_is_not_the_platform_hears_no_token(platform: Enrolment) -> None:
    trustme.CA().cert_pem.write_to_path(platform.folder / "ca.pem")
    with pytest.raises(EnrolmentFailure, match=r"the certificate of 127\.0\.0\.1 cannot be trusted: "):
        certify(platform.request(), TOKEN, now())
    with pytest.raises(EnrolmentFailure, match=r"127\.0\.0\.1: Connection refused"):
        certify(platform.request(url="https://127.0.0.1:1/enrol"), TOKEN, now())
    assert platform.seen == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/enrol", "https://", "https://a.example:x/", "https://[::1/", "ftp://a"]
)
def test_what_is_no_address_is_not_asked(platform: Enrolment, url: str) -> None:
    with pytest.raises(EnrolmentFailure, match="is no address"):
        certify(platform.request(url=url), TOKEN, now())


def test_a_certificate_that_has_ended_or_is_missing_asks_for_a_token(platform: Enrolment) -> None:
    with pytest.raises(EnrolmentFailure, match="is not there: the first certificate needs the platform's token"):
        certify(platform.request(), None, now())
    certify(platform.request(), TOKEN, now())
    with pytest.raises(EnrolmentFailure, match=r"our certificate has ended on .*: a new one needs the"):
        certify(platform.request(), None, now() + LIFE)
    Path(platform.request().identity).write_text("nothing")
    with pytest.raises(EnrolmentFailure, match="holds no certificate: a new one needs the platform's token"):
        certify(platform.request(), None, now())


@pytest.mark.parametrize("name", ["{}", "{}.new"])
def test_a_key_that_a_power_cut_left_half_written_is_removed(platform: Enrolment, name: str) -> None:
    request = platform.request()
    identity = Path(request.identity)
    old, young, other = (identity.with_name(f".{name.format(identity.name)}.{end}") for end in ("4711", "4712", "kept"))
    for path in (old, young, other):
        path.write_text("-----BEGIN PRIVATE KEY-----")
    for path in (old, other):
        os.utime(path, (0.0, 0.0))
    platform.status = 500
    with pytest.raises(EnrolmentFailure):
        certify(request, TOKEN, now())
    assert [path.exists() for path in (old, young, other)] == [False, True, True], "another may be at work just now"


def test_two_thirds_of_a_life() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    ends = begin + timedelta(days=90)
    due = [day for day in range(-1, 95) if renewal_due(begin, ends, begin + timedelta(days=day))]
    assert due == list(range(60, 90))
