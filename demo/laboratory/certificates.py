"""An authority, and a certificate for everybody in the laboratory. The authority's key is not kept."""

import os
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=365)
AUTHORITY, BROKER, PLATFORM = "ca", "broker", "platform"
BROKER_USER = 1883  # of the image eclipse-mosquitto, which reads its key as this user


def site_names(sites: int) -> list[str]:
    """What the sites are called."""
    return [f"site-{number:04}" for number in range(sites)]


def make_certificates(folder: Path, sites: int) -> int:
    """Make what ``folder`` lacks: ``NAME.pem`` and ``NAME.key`` for all, ``ca.pem``. Returns how many were made.

    All are made anew where one is missing, because the authority has forgotten its key.
    """
    names = [BROKER, PLATFORM, *site_names(sites)]
    files = [folder / f"{AUTHORITY}.pem", *(folder / f"{name}.{end}" for name in names for end in ("pem", "key"))]
    if all(file.exists() for file in files):
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(key)
    for name in names:
        own = ec.generate_private_key(ec.SECP256R1())
        _write(folder / f"{name}.pem", _pem(_certificate(name, own, authority, key)))
        _write(folder / f"{name}.key", _key_pem(own))
    if os.geteuid() == 0:
        os.chown(folder / f"{BROKER}.key", BROKER_USER, BROKER_USER)
    _write(folder / f"{AUTHORITY}.pem", _pem(authority))
    return len(names)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("the laboratory's authority")
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    name: str, own: ec.EllipticCurvePrivateKey, authority: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if name == BROKER else ExtendedKeyUsageOID.CLIENT_AUTH
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == BROKER:
        names += [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    return (
        _builder(_name(name), authority.subject, own)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFE)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, bare)


def _write(path: Path, text: bytes) -> None:
    """Whole or not at all; a key is for its owner."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    if path.suffix == ".pem":
        part.chmod(0o644)
    part.replace(path)
