"""The site's own certificate: what is asked of the platform for it, and when it is due again."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

RENEWED_AFTER = 2 / 3  # of its life


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    """``url`` is the platform's, https. ``identity`` is the file with our key and certificate, there or not yet.

    ``ca_file`` holds the authorities that the platform's certificate is checked against; None: the system's.
    """

    url: str
    site_id: str
    identity: str
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Certified:
    """A new key and certificate stand in a file; the certificate is valid until ``ends_at`` (UTC)."""

    ends_at: datetime


def identity_file(store: Path) -> Path:
    """The file with key and certificate of the site whose store this is, where the site file names no other."""
    return store.with_name(f"{store.stem}.identity.pem")


def renewal_due(begins_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """True once two thirds of the certificate's life are over, and until it has ended: then it proves nothing."""
    return begins_at + RENEWED_AFTER * (ends_at - begins_at) <= now < ends_at
