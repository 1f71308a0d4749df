"""The seam of the site's own certificate."""

from typing import Protocol

from agent.domain.identity import Certified, IdentityRequest


class RenewalFailure(Exception):
    """There is no new certificate. ``str()`` says why in one sentence."""


class Certifier(Protocol):
    async def renew(self, request: IdentityRequest) -> Certified:
        """A new key and certificate stand beside those in force, which are not touched. Raises RenewalFailure."""
        ...
