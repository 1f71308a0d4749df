"""Why prices of a file, or those of a market on a topic of the household's broker, are not taken or do not come."""

from agent.domain.sentence import Template


@Template
def market_prices_refused(*, topic: str, cause: str) -> str:
    return f"the prices on {topic} are not taken: {cause}"


@Template
def too_many_price_messages(*, topic: str, within_s: float) -> str:
    return f"so many messages come on {topic} that only the newest of each {within_s:g} s is read"


@Template
def market_prices_silent(*, topic: str) -> str:
    return f"nothing has come on {topic} since the start"


@Template
def market_prices_away(*, topic: str, cause: str) -> str:
    return f"no prices come on {topic}: {cause}"


@Template
def price_file_unusable(*, cause: str) -> str:
    return f"the prices read before go on, because of what is there now: {cause}"
