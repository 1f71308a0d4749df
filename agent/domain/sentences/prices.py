"""Why prices of a file, or those of a market on a topic of the household's broker, are not taken or do not come."""

from datetime import datetime, timedelta

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


# --- a list of a market: ``number`` is the place of a price in it, from 1 ---------------------------------------------


@Template
def price_too_far_ahead(*, number: int, most_days: float) -> str:
    return f"price {number}: it is for more than {most_days:g} days ahead"


@Template
def prices_all_over(*, until_at: datetime) -> str:
    return f"all of it is over: the last price is until {until_at:%Y-%m-%d %H:%M} UTC"


@Template
def price_not_after(*, number: int) -> str:
    return f"price {number} start: it is not after that of the price before it"


@Template
def price_alone_without_end() -> str:
    return "price 1: it is the only one, and has no end"


@Template
def market_steps_unequal(*, number: int, expected: str) -> str:
    return f"price {number} start: the steps are not equal, {expected} was expected; an end says it"


@Template
def prices_overlap(*, number: int) -> str:
    return f"price {number} start: it is before the end of the price before it"


@Template
def price_holds_oddly(*, number: int, lasts_s: float) -> str:
    return f"price {number}: a price holds for a minute to a day, this one for {timedelta(seconds=lasts_s)}"


@Template
def price_not_on_minute(*, number: int) -> str:
    return f"price {number}: it begins and ends with a minute"


@Template
def price_steps_too_many(*, step_s: float, most: int) -> str:
    return f"its steps of {step_s / 60:.0f} minutes are more than {most}"
