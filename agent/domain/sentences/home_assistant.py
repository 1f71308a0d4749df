"""What Home Assistant asks and is not done, and why it is not reached."""

from datetime import datetime

from agent.domain.sentence import Template


@Template
def home_assistant_away(*, cause: str) -> str:
    return f"Home Assistant is not reached: {cause}"


@Template
def home_value_refused(*, order: str, value: str, why: str) -> str:
    """``order`` is the entity that was set, ``value`` what it was set to."""
    return f"Home Assistant asked for {order} {value}: {why}"


@Template
def home_number_between(*, least: int, most: int) -> str:
    return f"it is a number from {least} to {most}"


@Template
def home_one_of(*, words: str) -> str:
    return f"it is one of {words}"


@Template
def home_order_retained() -> str:
    return "an order must not be retained, or it would come again with every connection"


@Template
def home_order_taken(*, order: str, until_at: datetime) -> str:
    return f"{order} until {until_at:%Y-%m-%d %H:%M}"


@Template
def home_order_ended() -> str:
    return "the agent decides"


@Template
def home_order_waits() -> str:
    return "taken up within some seconds"


@Template
def home_order_not_taken() -> str:
    return "it was not taken up; the events say why"
