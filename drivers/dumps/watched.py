"""What is read of a device, kept round by round."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

from drivers.device import Span, Table, Transport
from drivers.dumps.dump import Asked, Outcome
from drivers.dumps.series import Series, series_of
from drivers.errors import DriverError, Refused
from drivers.write_gate import GatedTransport, only_reads

Value = TypeVar("Value")

_KEPT_TIMES = 200  # of the answers of one span


class Watched(GatedTransport):
    """A ``Transport`` that only reads. One word a register and one outcome a span is kept of each round.

    A register that is read again in a round counts as it was read last; after ``settle`` those of the round stay.
    ``gap_s`` is what the line waits between two requests, which is no part of the time to an answer.
    """

    def __init__(self, transport: Transport, monotonic: Callable[[], float], gap_s: float = 0.0) -> None:
        super().__init__(transport, only_reads())
        self._monotonic = monotonic
        self._gap_s = gap_s
        self._ended: float | None = None
        self._words: defaultdict[Table, defaultdict[int, list[tuple[int, int]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._outcomes: defaultdict[Span, list[tuple[int, Outcome]]] = defaultdict(list)
        self._times_s: defaultdict[Span, list[float]] = defaultdict(list)
        self._of_round: set[tuple[Table, int]] = set()
        self._settled: frozenset[tuple[Table, int]] = frozenset()
        self.round = 0

    async def read(self, span: Span) -> list[int]:
        began = self._monotonic()
        try:
            words = await super().read(span)
        except Refused as error:
            self._keep(span, error.code, began)
            raise
        except DriverError:
            self._keep(span, "silent", began)
            raise
        self._keep(span, "answered", began)
        there = self._words[span.table]
        for address, word in enumerate(words, start=span.address):
            if (span.table, address) not in self._settled:
                _put(there[address], self.round, word)
                self._of_round.add((span.table, address))
        return words

    def begin(self, number: int) -> None:
        """What is read from now on is of the round ``number``."""
        self.round = number
        self._of_round, self._settled = set(), frozenset()

    def settle(self) -> None:
        """What was read in this round stays."""
        self._settled = frozenset(self._of_round)

    @property
    def words(self) -> Mapping[Table, Mapping[int, Series[int]]]:
        return {
            table: {address: series_of(changes) for address, changes in there.items()}
            for table, there in self._words.items()
        }

    @property
    def asked(self) -> Mapping[Span, Asked]:
        return {
            span: Asked(median(times) if (times := self._times_s[span]) else None, series_of(outcomes))
            for span, outcomes in self._outcomes.items()
        }

    def where(self, first: int, second: int) -> tuple[int, ...]:
        """Where two neighbours of the holding registers began with these words."""
        there = self._words["holding"]
        return tuple(
            address
            for address, changes in there.items()
            if changes[0][1] == first and (after := there.get(address + 1)) and after[0][1] == second
        )

    def is_known(self, span: Span) -> bool:
        """Whether the device has answered for ``span``, or has refused it."""
        return any(outcome != "silent" for _, outcome in self._outcomes.get(span, ()))

    @property
    def registers(self) -> int:
        """How many registers have answered."""
        return sum(map(len, self._words.values()))

    def _keep(self, span: Span, outcome: Outcome, began: float) -> None:
        _put(self._outcomes[span], self.round, outcome)
        ended = self._monotonic()
        if self._ended is not None and outcome != "silent":  # the first one waits for the connection, too
            waited_s = max(0.0, self._gap_s - (began - self._ended))
            self._times_s[span] = [*self._times_s[span][1 - _KEPT_TIMES :], max(0.0, ended - began - waited_s)]
        self._ended = ended


def _put(changes: list[tuple[int, Value]], number: int, value: Value) -> None:
    """Keep ``value`` of the round ``number`` where it is another than before."""
    if changes and changes[-1][0] == number:
        changes[-1] = (number, value)
    elif not changes or changes[-1][1] != value:
        changes.append((number, value))
