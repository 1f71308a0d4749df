"""One device that is asked again and again: what it read last, what is the matter, and when it is asked next."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf

from agent.domain.sentences.devices import not_read_by_defect
from drivers.device import Readable
from drivers.errors import DriverError, Refused
from drivers.reading import Quantity, Reading
from drivers.sentence import sentence_of

_REFUSALS_ALLOWED = 3  # in a row; a device that is busy once is not in trouble
_IS_DUE = 0.9  # of the time between two reads: who asks at every step is never on the dot


@dataclass(slots=True)
class PolledDevice:
    """``running`` is under way or was begun last: a read, at ``began_s`` (monotonic), or a heartbeat between two reads.

    ``refusals`` are exceptions in a row, ``is_silent`` is True when the last read was answered by no exception either.
    """

    device: Readable
    readings: Mapping[Quantity, Reading] = field(default_factory=dict)
    trouble: str | None = None
    is_silent: bool = False
    refusals: int = 0
    running: asyncio.Task[None] | None = None
    began_s: float = -inf

    @property
    def is_idle(self) -> bool:
        """True where nothing that was begun is under way."""
        return self.running is None or self.running.done()

    def is_due(self, now_s: float, poll_s: float) -> bool:
        """True where it is to be asked now: the last read has ended, and began long enough ago."""
        return self.is_idle and now_s - self.began_s >= _IS_DUE * poll_s

    async def ask(self) -> bool:
        """Take in what it answers, or what is the matter; True where it has read."""
        self.is_silent = False
        try:
            readings = await self.device.read()
        except Refused as error:
            self.refusals += 1
            if self.refusals >= _REFUSALS_ALLOWED:
                self.trouble = sentence_of(error)
            return False
        except DriverError as error:
            self.trouble, self.is_silent = sentence_of(error), True
            return False
        except Exception as error:  # noqa: BLE001 a defect in one family is that device's trouble and nobody else's
            cause = f"{type(error).__name__}: {error}"
            self.trouble = not_read_by_defect(device=self.device.name, cause=cause)
            return False
        self.trouble, self.refusals = None, 0
        self.readings = {reading.quantity: reading for reading in readings}
        return True


async def closed(devices: Collection[PolledDevice]) -> None:
    """Stop the reads under way and close every connection."""
    running = [polled.running for polled in devices if polled.running is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for polled in devices:
        await polled.device.close()
