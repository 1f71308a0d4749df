"""A device that was steered at one address and answers at another is known again, by its serial number alone.

Nothing else tells a device that has moved from another one of its make that took its place. So what is owed to a device
that does not say which one it is stays owed at its old address.
"""

from agent.adapters.devices.steering_terms import SteeringTerms
from drivers.errors import DriverError

TRIES = 3


class KnownDevice:
    """Which device stands at the address of ``terms``. It is asked until it has answered, and not for ever."""

    def __init__(self, terms: SteeringTerms) -> None:
        self._terms, self._tries = terms, TRIES

    async def ask(self) -> None:
        """Once it has said which one it is, or that it does not say, nothing is asked any more."""
        if self._terms.which is None or self._tries == 0:
            return
        try:
            found = await self._terms.which()
        except DriverError:
            self._tries -= 1
            return
        self._tries = 0
        self._terms.memory.stands_at(self._terms.address, found)

    def takes_up(self, elsewhere: tuple[str, ...]) -> bool:
        """True where one of the addresses ``elsewhere`` was its own: what it could not take there is owed here."""
        if not self._terms.memory.moved(elsewhere, self._terms.address):
            return False
        self._terms.memory.fill(self._terms.address, self._terms.budget)
        return True
