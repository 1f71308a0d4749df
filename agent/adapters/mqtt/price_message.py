"""A market's prices as something in the home publishes them: a JSON list with an object for each price.

``start`` and, where it is given, ``end`` are ISO 8601 with their offset from UTC; the price is ``price_per_kwh``,
``price_per_mwh``, or ``value`` per kWh, as the lists ``raw_today`` and ``raw_tomorrow`` of the community's Nord Pool
integration for Home Assistant have it (github.com/custom-components/nordpool; its unit is kWh unless it is set
otherwise). A price that is null is not known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import FailFast, Field, TypeAdapter, ValidationError, model_validator

from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD, loggable, said
from agent.adapters.mqtt.input_messages import LONGEST_LIST, Message, Utc
from agent.domain.inputs import MarketInput
from agent.domain.money import beyond_spikes, unlikely_list
from agent.domain.overlay import LOOK_BACK
from agent.domain.sentences import prices as say
from agent.domain.sentences.messages import payload_too_large
from agent.ports import PayloadRefused

MOST_AHEAD = timedelta(days=7)
LONGEST_STEP = timedelta(days=1)
MINUTE = timedelta(minutes=1)
LARGEST_PRICE = 1000.0  # per kWh, of a currency that is not known; as in a price file
PRICES = {"price_per_kwh": 1.0, "price_per_mwh": 1000.0, "value": 1.0}  # key to the kWh that it is for
Number = Annotated[float, Field(ge=-1e9, le=1e9)]


class _Entry(Message):
    start: Utc
    end: Utc | None = None
    price_per_kwh: Number | None = None
    price_per_mwh: Number | None = None
    value: Number | None = None

    @model_validator(mode="after")
    def _has_one_price(self) -> "_Entry":
        given = [key for key in PRICES if key in self.model_fields_set]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"there is one price for each start, price_per_kwh or price_per_mwh, not {found}")
        return self

    @property
    def per_kwh(self) -> float | None:
        key, kwh = next((key, kwh) for key, kwh in PRICES.items() if key in self.model_fields_set)
        price: float | None = getattr(self, key)
        return None if price is None else price / kwh


@dataclass(frozen=True, slots=True)
class _Priced:
    """One entry. ``number`` counts from 1."""

    number: int
    start: datetime
    end: datetime
    price: float | None


_LIST: TypeAdapter[list[_Entry]] = TypeAdapter(Annotated[list[_Entry], Field(min_length=1), FailFast()])


def read_market(topic: str, payload: bytes, now: datetime, currency: str) -> MarketInput:
    """The prices of ``payload``, heard ``now`` (UTC), in ``currency``. What has long been over is left out.

    Raises PayloadRefused with the place and the reason.
    """
    if len(payload) > LARGEST_PAYLOAD:
        raise PayloadRefused(payload_too_large(counted=len(payload), most=LARGEST_PAYLOAD))
    try:
        entries = _LIST.validate_json(payload)
    except ValidationError as error:
        raise PayloadRefused(loggable(_said(error))) from error
    priced = _in_order(entries)
    if priced[-1].end > now + MOST_AHEAD:
        raise PayloadRefused(say.price_too_far_ahead(number=priced[-1].number, most_days=MOST_AHEAD.days))
    _check_prices(priced, currency)
    known = [one for one in priced if one.end > now - LOOK_BACK]
    if not known or known[-1].end <= now:
        raise PayloadRefused(say.prices_all_over(until_at=priced[-1].end))
    return _on_raster(topic, now, known)


def _said(error: ValidationError) -> str:
    """The place in the list, counted from 1, and the reason."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = first["loc"][0] if first["loc"] else None
    if not isinstance(place, int):
        return said(error).removeprefix("message: ")
    key = "".join(f" {part}" for part in first["loc"][1:])
    return f"price {place + 1}{key}: {first['msg']}"


def _in_order(entries: Sequence[_Entry]) -> list[_Priced]:
    """With the end of each: where none is given, the start of the next one, at equal steps. Raises PayloadRefused."""
    steps = [after.start - before.start for before, after in pairwise(entries)]
    for number, step in enumerate(steps, 2):
        if step <= timedelta(0):
            raise PayloadRefused(say.price_not_after(number=number))
    shortest = min(steps, default=None)
    found: list[_Priced] = []
    for number, one in enumerate(entries, 1):
        if one.end is None and shortest is None:
            raise PayloadRefused(say.price_alone_without_end())
        end = one.end or one.start + (shortest or MINUTE)
        priced = _Priced(number, one.start, end, one.per_kwh)
        _check_times(priced, found[-1] if found else None)
        if one.end is None and number < len(entries) and entries[number].start != end:
            raise PayloadRefused(say.market_steps_unequal(number=number + 1, expected=end.isoformat()))
        found.append(priced)
    return found


def _check_times(one: _Priced, before: _Priced | None) -> None:
    """Raises PayloadRefused."""
    if before is not None and one.start < before.end:
        raise PayloadRefused(say.prices_overlap(number=one.number))
    if not MINUTE <= one.end - one.start <= LONGEST_STEP:
        lasts_s = (one.end - one.start).total_seconds()
        raise PayloadRefused(say.price_holds_oddly(number=one.number, lasts_s=lasts_s))
    if any(at.second or at.microsecond for at in (one.start, one.end)):
        raise PayloadRefused(say.price_not_on_minute(number=one.number))


def _check_prices(priced: Sequence[_Priced], currency: str) -> None:
    """Raises PayloadRefused for a price that no market has let happen, and for prices that cannot be meant."""
    for one in priced:
        if one.price is None:
            continue
        wrong = beyond_spikes(one.price, currency)
        if wrong is None and abs(one.price) > LARGEST_PRICE:
            wrong = f"{one.price:.10g} is not a possible price per kWh"
        if wrong is not None:
            raise PayloadRefused(f"price {one.number}: {wrong}")
    shortest_s = min((one.end - one.start).total_seconds() for one in priced)
    doubt = unlikely_list([one.price for one in priced], int(shortest_s), currency)
    if doubt is not None:
        raise PayloadRefused(doubt)


def _on_raster(topic: str, now: datetime, priced: Sequence[_Priced]) -> MarketInput:
    """On the longest step in which all begin and end. Raises PayloadRefused where that is too many."""
    first = priced[0].start
    ends = [(at - first) // MINUTE for one in priced for at in (one.start, one.end)]
    step = math.gcd(*ends) * MINUTE
    steps = (priced[-1].end - first) // step
    if steps > LONGEST_LIST:
        raise PayloadRefused(say.price_steps_too_many(step_s=step.total_seconds(), most=LONGEST_LIST))
    values: list[float | None] = [None] * steps
    for one in priced:
        for index in range((one.start - first) // step, (one.end - first) // step):
            values[index] = one.price
    return MarketInput(topic, now, first, int(step.total_seconds()), tuple(values))
