"""A machine with a relay, as the agent shows it."""

from datetime import datetime, timedelta

from agent.domain.sentences.loads import load_waits
from agent.domain.switched_load import SwitchedLoadState


def switched(now: datetime) -> tuple[SwitchedLoadState, ...]:
    waits = load_waits(load="Car", best_at=now + timedelta(hours=14))
    return (SwitchedLoadState("Car", 7400.0, False, False, waits, 0.0, now + timedelta(hours=19)),)
