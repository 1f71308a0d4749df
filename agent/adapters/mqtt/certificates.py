"""Until when the certificates in a PEM file are valid, read without a library for X.509.

Only the validity is looked for: Certificate -> tbsCertificate -> [version], serialNumber, signature, issuer, validity
(RFC 5280, 4.1). Nothing is verified here; that is TLS's work.
"""

import asyncio
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from agent.domain.sentence import sentence_of
from agent.domain.sentences import link as say
from agent.domain.sentences.files import file_unreadable

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


class NoCertificate(ValueError):
    """The file holds no certificate that can be read. ``str()`` says why."""


def ends(path: Path) -> tuple[datetime, ...]:
    """The end of validity of every certificate in the file, in its order. Raises OSError and NoCertificate."""
    return tuple(end for _, end in lives(path))


def lives(path: Path) -> tuple[tuple[datetime, datetime], ...]:
    """(begin, end) of validity of every certificate in the file (UTC). Raises OSError and NoCertificate."""
    blocks = _PEM.findall(path.read_text("latin-1"))
    if not blocks:
        raise NoCertificate(say.certificate_missing(path=str(path)))
    try:
        return tuple(_validity_of(ssl.PEM_cert_to_DER_cert(block)) for block in blocks)
    except (ValueError, IndexError) as error:
        raise NoCertificate(say.certificate_unreadable(path=str(path))) from error


def _validity_of(der: bytes) -> tuple[datetime, datetime]:
    certificate, _ = _element(der, 0)
    body, _ = _element(certificate, 0)
    at = _skip(body, 0) if body[0] == _VERSION else 0
    for _ in ("serialNumber", "signature", "issuer"):
        at = _skip(body, at)
    validity, _ = _element(body, at)
    return _time(validity, 0), _time(validity, _skip(validity, 0))


def _time(validity: bytes, at: int) -> datetime:
    text, _ = _element(validity, at)
    if validity[at] not in (_UTC_TIME, _GENERALIZED_TIME):
        raise ValueError("an end of validity is no time")
    if validity[at] == _UTC_TIME:  # two digits of the year: 50 to 99 are 1950 to 1999 (RFC 5280, 4.1.2.5.1)
        text = (b"19" if text[:2] >= b"50" else b"20") + text
    return datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _skip(data: bytes, at: int) -> int:
    return _element(data, at)[1]


def _element(data: bytes, at: int) -> tuple[bytes, int]:
    """(content, where the next element begins) of the DER element at ``at``."""
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        digits = length & 0x7F
        length, begin = int.from_bytes(data[begin : begin + digits], "big"), begin + digits
    if begin + length > len(data):
        raise ValueError("the element is cut off")
    return data[begin : begin + length], begin + length


async def validity(ca_file: Path | None, cert_file: Path | None) -> dict[str, datetime | str]:
    """By name of what is configured, when it ends, or a sentence when its file cannot be read.

    Of our own chain the first end counts. Of the authorities the last: while they are changed the old and the new one
    stand in the file, and the old one may end.
    """
    return await asyncio.to_thread(_validity, ca_file, cert_file)


async def life(cert_file: Path) -> tuple[datetime, datetime] | None:
    """(begin, end) of our own certificate, the first of its file; None where there is none that can be read."""
    try:
        return (await asyncio.to_thread(lives, cert_file))[0]
    except (OSError, NoCertificate):
        return None


def _validity(ca_file: Path | None, cert_file: Path | None) -> dict[str, datetime | str]:
    found: dict[str, datetime | str] = {}
    for what, file, which in (("certificate", cert_file, min), ("file of authorities", ca_file, max)):
        if file is None:
            continue
        try:
            found[what] = which(ends(file))
        except NoCertificate as error:
            found[what] = sentence_of(error)
        except OSError as error:
            found[what] = file_unreadable(path=str(file), cause=error.strerror or str(error))
    return found
