"""What a device answers to an order, as an outcome; the answer of one with a pace holds until it takes orders again."""

from collections.abc import Callable
from dataclasses import replace

from agent.domain.setpoint import Applied, Clamped, Outcome
from drivers import device as driver
from drivers.device import Later, SteerResult


def outcome_of(result: SteerResult | Later) -> Applied | Clamped:
    match result:
        case driver.Applied(held_w):
            return Applied(held_w)
        case driver.Clamped(held_w, reason):
            return Clamped(held_w, reason)
        case Later(stands_w, reason, later_s):
            return Clamped(stands_w, reason, later_s=later_s, unchanged=True)


class TooSoon:
    """The last answer to an order that came too soon: the device need not be asked again before it takes one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._said: Clamped | None = None
        self._until_s = 0.0

    def is_said_by(self, outcome: Outcome) -> bool:
        """Note what the device has answered just now. True: it took nothing, and what stood before stands."""
        later_s = outcome.later_s if isinstance(outcome, Clamped) else 0.0
        self._said = outcome if isinstance(outcome, Clamped) and later_s > 0.0 else None
        self._until_s = self._monotonic() + later_s
        return self._said is not None

    def still_said(self) -> Clamped | None:
        """The answer with the seconds that are left; None where the device is to be asked."""
        left_s = self._until_s - self._monotonic()
        return None if self._said is None or left_s <= 0.0 else replace(self._said, later_s=left_s)
