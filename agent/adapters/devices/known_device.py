"""Which device stands at an address, by its serial number alone: what is owed to one is written to no other.

A device that was steered at one address and answers at another is known again, and one that answers where another was
steered is not taken for that. Nothing else tells a device from another one of its make. So what is owed to a device
that does not say which one it is stays owed at its old address, to whatever answers there.
"""

import asyncio

from agent.adapters.devices.steering_terms import SteeringTerms
from drivers.errors import DriverError

TRIES = 3
_SAYS_NONE = "it does not say which device it is any more"


class KnownDevice:
    """Which device stands at the address of ``terms``. It is asked until it has answered, and not for ever.

    ``doubt``: why it is not known yet whether it is the one to which something is owed there. Nothing is to be written
    meanwhile; a device that never said which one it is leaves none.
    """

    def __init__(self, terms: SteeringTerms, within_s: float) -> None:
        self._terms, self._within_s, self._tries = terms, within_s, TRIES
        self.doubt: str | None = None

    def was_silent(self) -> None:
        """What answers next may be another one."""
        self._terms.memory.stands_at(self._terms.address, None)
        self._tries = TRIES

    async def ask(self) -> bool:
        """True where it is another one than the one to which something is owed there, which is set aside now.

        Once it has said which one it is, or that it does not say, nothing is asked any more.
        """
        self.doubt = None
        if self._terms.which is None or self._tries == 0:
            return False
        memory, address = self._terms.memory, self._terms.address
        found, why = None, _SAYS_NONE
        try:
            async with asyncio.timeout(self._within_s):
                found = await self._terms.which()
        except TimeoutError:
            why = f"it did not say within {self._within_s:g} s which device it is"
        except DriverError as error:
            why = str(error)
        is_owed_to_one = memory.owed_device(address) is not None
        if found is None and (is_owed_to_one or why is not _SAYS_NONE):
            self._tries -= 1
            self.doubt = why if is_owed_to_one else None
            return False
        self._tries = 0
        return memory.stands_at(address, found)

    def takes_up(self, elsewhere: tuple[str, ...]) -> bool:
        """True where one of the addresses ``elsewhere`` was its own: what it could not take there is owed here."""
        if not self._terms.memory.moved(elsewhere, self._terms.address):
            return False
        self._terms.memory.fill(self._terms.address, self._terms.budget)
        return True
