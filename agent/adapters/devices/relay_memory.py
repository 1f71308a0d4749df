"""Relays away from their rest, by us or by a process before us: written down before, and until they are seen back.

A relay has no timer, and what else would put it back can fail with us: the will at a broker goes with the broker.
"""

from collections.abc import Mapping

from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import RelayTerms


class RelayMemory:
    """By the names of the relays. ``terms`` are those of all that the site switches; others are not remembered."""

    def __init__(self, memory: SteeringMemory | None = None, terms: Mapping[str, RelayTerms] | None = None) -> None:
        self._memory, self._terms = memory or SteeringMemory(), dict(terms or {})

    @property
    def addresses(self) -> set[str]:
        return {one.address for one in self._terms.values()}

    def go_by(self, terms: Mapping[str, RelayTerms]) -> None:
        """Other terms of the same relays. Nothing tells one that has moved from another one: both are owed then."""
        for name, relay in terms.items():
            if relay.address != self._terms[name].address:
                self._memory.owed_also(self._terms[name].address, relay.address)
            self._terms[name] = relay

    def is_owed(self, name: str) -> bool:
        relay = self._terms.get(name)
        return relay is not None and self._memory.left_behind(relay.address) is not None

    async def told(self, name: str, on: bool) -> None:
        """It is about to be told to be ``on``, or to stay so. Waits a second at the longest."""
        relay = self._terms.get(name)
        if relay is not None and on is not relay.rests_on and not self.is_owed(name):
            self._memory.begun(relay.address, {"rests_on": float(relay.rests_on)})
            await self._memory.keep()

    def seen(self, name: str, on: bool) -> None:
        """It has read so after it was told."""
        if name in self._terms and on is self._terms[name].rests_on:
            self.ended(name)

    def ended(self, name: str) -> None:
        """It is at rest, or somebody else's."""
        if self.is_owed(name):
            self._memory.ended(self._terms[name].address)
            self._memory.keep_soon()
