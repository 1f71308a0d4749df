"""What the machines do that the agent switches, and why. ``load`` is the machine's name in the site file."""

from datetime import datetime

from agent.domain.sentence import Template


@Template
def load_until(*, load: str, opens_at: datetime) -> str:
    return f"{load} is left to itself until {opens_at:%H:%M}"


@Template
def load_done(*, load: str) -> str:
    return f"{load} has run for as long as it must and is left to itself"


@Template
def load_begun(*, load: str) -> str:
    return f"{load} has begun and is not interrupted"


@Template
def load_must_run(*, load: str, done_at: datetime) -> str:
    return f"{load} must run now to be done by {done_at:%H:%M}"


@Template
def load_in_plan(*, load: str) -> str:
    return f"{load} runs in hours that cost least by the plan"


@Template
def load_not_in_plan(*, load: str) -> str:
    return f"{load} is not in the plan and runs at once"


@Template
def load_waits(*, load: str, best_at: datetime) -> str:
    return f"{load} waits until {best_at:%H:%M}, when it costs less"


@Template
def load_as_usual(*, load: str) -> str:
    return f"{load} runs as usual, for there is no plan"


@Template
def load_waits_as_usual(*, load: str, usual_at: datetime) -> str:
    return f"{load} waits for its usual time, {usual_at:%H:%M}, for there is no plan"


@Template
def load_without_time(*, load: str) -> str:
    return f"{load} is left to itself while the time is not known"


@Template
def load_waits_for_plan(*, load: str) -> str:
    return f"{load} waits for the first plan"


@Template
def load_not_read(*, load: str) -> str:
    return f"the relay of {load} is not read"


@Template
def load_shed(*, load: str) -> str:
    return f"{load} is off: the connection carries more than it may"


@Template
def load_switched_by_others_on(*, load: str) -> str:
    return f"somebody else has switched {load} on: its relay is left alone for half an hour"


@Template
def load_switched_by_others_off(*, load: str) -> str:
    return f"somebody else has switched {load} off: its relay is left alone for half an hour"


@Template
def load_switched_on(*, why: str) -> str:
    return f"switched on: {why}"


@Template
def load_switched_off(*, why: str) -> str:
    return f"switched off: {why}"


@Template
def switch_failed(*, device: str, cause: str) -> str:
    return f"{device}: {cause}"


@Template
def kept_loads_unusable(*, cause: str) -> str:
    return f"how long the switched loads have run cannot be used: {cause}"
