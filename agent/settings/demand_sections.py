"""The sections of the site file on demand charges."""

from typing import Annotated, Literal

from pydantic import Field

from agent.settings.sections import WEEKDAYS, ClockTime, Section, Weekday


class DemandWindow(Section):
    """Hours whose import counts for a demand charge. A window over midnight belongs to the day it begins on."""

    start: ClockTime = Field(
        alias="from", description='local time "HH:MM" from which import counts', examples=["16:00"]
    )
    end: ClockTime = Field(
        alias="to", description='local time "HH:MM" until which import counts; "00:00" is midnight', examples=["21:00"]
    )
    weekdays: list[Weekday] = Field(
        default=[*WEEKDAYS], description="days on which it begins, every day when left out", min_length=1
    )


class PeakCharge(Section):
    """What a kW of a month's peak costs, and when import counts for it."""

    per_kw: float = Field(
        description="money per kW of the month's highest mean import", gt=0, le=100_000, examples=[15.0]
    )
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        default=list(range(1, 13)), description="months that are charged, every month when left out", min_length=1
    )
    ratchet_pct: float = Field(
        default=0.0,
        description="part of the highest of the last eleven months that is paid at least, percent",
        ge=0,
        le=100,
    )
    windows: list[DemandWindow] = Field(
        default=[], alias="window", description="hours that count, all when left out", max_length=50
    )


class FurtherCharge(PeakCharge):
    """A charge that is asked besides, over the same intervals: for the dear hours, say."""

    name: str = Field(description="what it is called", min_length=1, max_length=40, examples=["on-peak"])


class DemandCharge(PeakCharge):
    """What the highest import of a billing month costs, by the mean over an interval. Left out where it costs nothing.

    Months and hours are those of the site's clock.
    """

    interval_minutes: Literal[15, 30, 60] = Field(
        description="minutes over which import is averaged: 15, 30 or 60", examples=[15]
    )
    also: list[FurtherCharge] = Field(default=[], description="charges that are asked besides", max_length=4)
