"""The seam to the relays of a site."""

from typing import Protocol


class SwitchFailure(Exception):
    """A relay was not switched. ``str()`` says why in one sentence."""


class Switches(Protocol):
    """The relays of the site, by the names of their devices."""

    def is_on(self, name: str, stale_s: float) -> bool | None:
        """What the relay has read not longer than ``stale_s`` ago; None where that is not known."""
        ...

    def trouble(self, name: str) -> str | None:
        """Why that is not known; None where it is, and of a device, whose troubles are told elsewhere."""
        ...

    def takes_orders(self, name: str) -> bool:
        """Whether it can be switched while it is not known what it reads."""
        ...

    def holds(self, name: str, on: bool) -> bool:
        """Whether it stays ``on`` by us as far as it can be made to end with us; False: it must be told so again."""
        ...

    def is_owed_rest(self, name: str) -> bool:
        """Whether it was put away from its rest and not given back, by us or by a process before us."""
        ...

    async def switch(self, name: str, on: bool) -> None:
        """Put it on or off and read it back. Raises SwitchFailure."""
        ...

    async def renew(self, name: str, on: bool) -> None:
        """Tell it again what it was told, where somebody might forget it. Failures show in ``holds``."""
        ...

    async def let_go(self, name: str) -> None:
        """Somebody else has switched it: it is left as it is, and no longer ours."""
        ...
