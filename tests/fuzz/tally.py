"""What became of the cases of one part."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_SHOWN = 5
Tick = Callable[[int], None]


@dataclass(slots=True)
class Tally:
    """``refused`` in a sentence, ``taken`` as good; ``uncaught`` should not happen, the first few are in words."""

    name: str
    cases: int = 0
    refused: int = 0
    taken: int = 0
    uncaught: int = 0
    shown: list[str] = field(default_factory=list)

    def fault(self, what: str, case: object) -> None:
        self.uncaught += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(f"{self.name}: {what}; case: {str(case)[:600]!r}")

    @contextmanager
    def watched(self, case: object) -> Iterator[None]:
        """What escapes from inside is counted and not raised: the next case is tried."""
        self.cases += 1
        try:
            yield
        except Exception:  # noqa: BLE001 whatever escapes is what is looked for
            self.fault(traceback.format_exc(limit=-4), case)

    def refusal(self, sentence: str, case: object) -> None:
        """A refusal is one sentence that can be written to a log."""
        self.refused += 1
        if "\n" in sentence or len(sentence) > 1000 or not sentence.isprintable():
            self.fault(f"a refusal is no sentence: {sentence[:200]!r}", case)
