"""The first line of `status`: OK, or what needs the attention of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.cli.standing_alarms import span


@dataclass(frozen=True, slots=True)
class Health:
    """``alarms`` stand, or None where they cannot be read; ``state_at`` is when the newest picture was taken (UTC).

    An agent that runs takes one at least every ``picture_every_s`` seconds; what is older by far is stale.
    """

    alarms: int | None
    runs: bool
    observes: bool
    state_at: datetime | None
    picture_every_s: float


def headline(health: Health, now: datetime) -> tuple[str, bool]:
    """The line, and whether all is well."""
    found = attention(health, now)
    return (f"attention: {', '.join(found)}", False) if found else ("OK", True)


def attention(health: Health, now: datetime) -> Sequence[str]:
    """What is not well, in a few words each."""
    found = []
    if not health.runs:
        found.append("the agent does not run")
    if health.observes:
        found.append("only observing")
    if health.alarms is None:
        found.append("the alarms cannot be read")
    elif health.alarms:
        found.append("1 alarm stands" if health.alarms == 1 else f"{health.alarms} alarms stand")
    if health.runs and health.state_at is None:
        found.append("nothing was measured yet")
    elif health.runs and health.state_at is not None:
        age_s = (now - health.state_at).total_seconds()
        if age_s > 3.0 * health.picture_every_s:
            found.append(f"the newest measurement is {span(age_s)} old")
    return found
