"""Asks the platform for the site's certificate: a key that never leaves this machine, a signed request, HTTPS.

``POST url`` with ``{"id": ..., "csr": PEM}`` is answered with ``{"certificate": PEM}``, the chain from ours on. The
first request is let in by a one-time token (``Authorization: Bearer``), a later one by the certificate that we have.
"""

import http.client
import json
import os
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.adapters.host.durable_files import sync_folder
from agent.adapters.mqtt.certificates import NoCertificate, lives
from agent.adapters.mqtt.own_certificate import candidate_of
from agent.domain.identity import Certified, IdentityRequest

PATIENCE_S = 20.0
CUT_OFF_S = 60.0  # writing takes less than a second
LARGEST_ANSWER = 64 * 1024
GOOD, NOT_LET_IN = (200, 201), (401, 403)


class EnrolmentFailure(Exception):
    """There is no new certificate, and nothing has changed. ``str()`` says why in one sentence."""


def certify(request: IdentityRequest, token: str | None, now: datetime) -> Certified:
    """Ask, check, and write the file: the identity's own where there is none yet, else the one beside it.

    With a ``token`` in place of the old certificate. Raises EnrolmentFailure.
    """
    identity = Path(request.identity)
    _remove_cut_off(identity)
    if token is None:
        _can_prove(identity, now)
    key, csr = _new_key(request.site_id)
    chain = _asked(request, {"id": request.site_id, "csr": csr}, token)
    ends_at = _checked(chain, key, request.site_id, now)
    try:
        _write_whole(candidate_of(identity) if identity.exists() else identity, _key_pem(key) + chain)
    except OSError as error:
        raise EnrolmentFailure(f"{error.filename or identity} cannot be written: {error.strerror}") from error
    return Certified(ends_at)


def _remove_cut_off(identity: Path) -> None:
    """A key that a power cut has left half written, under a name of ``_write_whole``. It proves nothing."""
    for path in (identity, candidate_of(identity)):
        for left in path.parent.glob(f".{path.name}.*"):
            with suppress(OSError):  # it has gone, or is somebody else's
                if left.name.rpartition(".")[2].isdigit() and time.time() - left.stat().st_mtime > CUT_OFF_S:
                    left.unlink()


def _can_prove(identity: Path, now: datetime) -> None:
    """Raises EnrolmentFailure where what we have cannot stand for a token."""
    try:
        ends_at = lives(identity)[0][1]
    except FileNotFoundError:
        raise EnrolmentFailure(f"{identity} is not there: the first certificate needs the platform's token") from None
    except OSError as error:
        raise EnrolmentFailure(f"{identity} cannot be read: {error.strerror}") from error
    except NoCertificate as error:
        raise EnrolmentFailure(f"{error}: a new one needs the platform's token") from error
    if ends_at <= now:
        raise EnrolmentFailure(f"our certificate has ended on {ends_at:%Y-%m-%d}: a new one needs the platform's token")


def _new_key(site_id: str) -> tuple[Any, str]:
    """(an ECDSA key on P-256, the request that it signs)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, site_id)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return key, csr.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _key_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as to

    pem: bytes = key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption())
    return pem


def _asked(request: IdentityRequest, body: dict[str, str], token: str | None) -> bytes:
    """The chain that the platform has answered with, PEM."""
    place, port, path = _parts(request.url)
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    try:
        context = _context(request, with_ours=token is None)
        line = http.client.HTTPSConnection(place, port, timeout=PATIENCE_S, context=context)
        try:
            line.request("POST", path, json.dumps(body), headers)
            answer = line.getresponse()
            text = answer.read(LARGEST_ANSWER + 1)
        finally:
            line.close()
    except ssl.SSLCertVerificationError as error:
        raise EnrolmentFailure(f"the certificate of {place} cannot be trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise EnrolmentFailure(f"{place}: TLS was not agreed on ({error.reason or 'it was ended'})") from error
    except OSError as error:
        raise EnrolmentFailure(f"{place}: {error.strerror or 'it does not answer'}") from error
    except (http.client.HTTPException, ValueError) as error:
        raise EnrolmentFailure(f"{place} did not answer as HTTP does: {type(error).__name__}") from error
    return _certificate_in(place, answer.status, text, token is not None)


def _parts(url: str) -> tuple[str, int | None, str]:
    """(name, port, what is asked of it) of an https address. Raises EnrolmentFailure."""
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError as error:
        raise EnrolmentFailure(f"{url} is no address: {error}") from error
    if found.scheme != "https" or not found.hostname:
        raise EnrolmentFailure(f"{url} is no address that begins with https:// and a name")
    return found.hostname, port, (found.path or "/") + (f"?{found.query}" if found.query else "")


def _context(request: IdentityRequest, with_ours: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=request.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if with_ours:
        context.load_cert_chain(request.identity)
    return context


def _certificate_in(place: str, status: int, text: bytes, by_token: bool) -> bytes:
    if status in NOT_LET_IN:
        proof = "the token, which counts once and for a day" if by_token else "our certificate"
        raise EnrolmentFailure(f"{place} does not accept {proof} (status {status})")
    if status not in GOOD:
        raise EnrolmentFailure(f"{place} answered with status {status}")
    with suppress(ValueError, RecursionError):
        found = json.loads(text) if len(text) <= LARGEST_ANSWER else None
        chain = found.get("certificate") if isinstance(found, dict) else None
        if isinstance(chain, str):
            return chain.encode()
    raise EnrolmentFailure(f"{place} answered without a certificate")


def _checked(chain: bytes, key: Any, site_id: str, now: datetime) -> datetime:
    """When the certificate ends (UTC): it is for our key and our id, and valid now."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        ours = x509.load_pem_x509_certificates(chain)[0]
        names = [str(one.value) for one in ours.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        fits = ours.public_key() == key.public_key()
    except ValueError as error:
        raise EnrolmentFailure("what the platform answered with is no certificate") from error
    if not fits:
        raise EnrolmentFailure("the certificate is for another key than ours")
    if names != [site_id]:
        raise EnrolmentFailure(f"the certificate is not made out to {site_id}")
    if not ours.not_valid_before_utc <= now < ours.not_valid_after_utc:
        raise EnrolmentFailure(f"the certificate is not valid at {now:%Y-%m-%d %H:%M} UTC, the time of this machine")
    return ours.not_valid_after_utc.astimezone(UTC)


def _write_whole(path: Path, content: bytes) -> None:
    """For this user alone; made by root, for the owner of the folder. A power cut leaves the old file or the new."""
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if os.geteuid() == 0:
                owner = path.parent.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        hidden.replace(path)
    except OSError:
        hidden.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
