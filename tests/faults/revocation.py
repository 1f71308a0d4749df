"""Revocation lists of the authorities of tests, which trustme does not make."""

from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

DAY = timedelta(days=1)


def revocation_list(authority: trustme.CA, *revoked: trustme.LeafCert, until: datetime | None = None) -> bytes:
    """A list (PEM) of ``authority`` from yesterday that names ``revoked``; in force ``until`` (None: a day more)."""
    now = datetime.now(UTC)
    key = load_pem_private_key(authority.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    made = x509.CertificateRevocationListBuilder(issuer, now - DAY, until or now + DAY)
    for leaf in revoked:
        serial = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()).serial_number
        entry = x509.RevokedCertificateBuilder(serial, now - DAY).build()
        made = made.add_revoked_certificate(entry)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]  # trustme's are EC keys
