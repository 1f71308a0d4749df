"""A stretch of measurements that should not be believed, or that is only strange."""

from dataclasses import dataclass
from datetime import datetime

DATA_FAULT = "data_fault"
UNUSUAL = "unusual"


@dataclass(frozen=True, slots=True)
class Suspect:
    """``quantity`` (``load_w`` or ``pv_w``) from ``start`` to ``end``. ``kind`` is ``data_fault`` or ``unusual``.

    A data fault is kept out of forecasts and of what is learnt from them. What is unusual stays in: the site did it.
    ``reason`` is one sentence for a person.
    """

    quantity: str
    start: datetime
    end: datetime
    kind: str
    reason: str
