"""data/aggregate: what the store sums up is what the roll-ups themselves say, waiting minutes among them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from agent.adapters.store.newest_rollups import rolled_until, spans
from agent.console.reading.ranges import asked_range
from agent.console.reading.series import COLUMNS
from tests.console.api_examples import Api
from tests.console.site import MINUTES_FROM, ConsoleSite

PLAIN: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}
KEYS: dict[str, Callable[[Any], Any]] = {
    "hour": lambda at: at.strftime("%Y-%m-%dT%H"),
    "day": lambda at: at.strftime("%Y-%m-%d"),
    "month": lambda at: at.strftime("%Y-%m"),
    "hour_of_day": lambda at: f"{at:%H}",
    "weekday": lambda at: at.weekday(),
    "all": lambda at: "all",
}
CUT = {"hour": 13, "day": 10, "month": 7}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.mark.parametrize("fn", PLAIN)
@pytest.mark.parametrize(
    ("source", "step", "start"),
    [
        ("quarter", "hour", "2026-05-20"), ("quarter", "day", "2026-05-01"), ("quarter", "weekday", "2026-05-01"),
        ("quarter", "hour_of_day", "2026-05-20"), ("hour", "day", "2026-03-20"), ("hour", "month", "2026-01-15"),
        ("hour", "all", "2026-03-20"), ("hour", "hour_of_day", "2026-03-20"), ("day", "month", "2025-06-01"),
        ("hour", "day", "2025-04-20"),
    ],
)  # fmt: skip
def test_the_store_sums_up_what_the_roll_ups_say(
    api: Api, year: ConsoleSite, source: str, step: str, start: str, fn: str
) -> None:
    body = {"source": source, "columns": list(COLUMNS), "fn": fn, "step": step, "start": start, "end": "2026-06-03"}
    series = api.post("/api/v1/data/aggregate", json=body).json()["series"]
    zone = year.source().zone
    asked = asked_range(start, "2026-06-03", None, year.now, zone)
    groups: dict[Any, list[Any]] = {}
    for row in spans(year.store, source, asked.start, asked.end, zone):
        groups.setdefault(KEYS[step](row.at.astimezone(zone)), []).append(row)
    names = [text[: CUT[step]] for text in series["at"]] if step in CUT else series["key"]
    assert len(set(names)) >= len(groups) > 0
    for name, column in COLUMNS.items():
        for place, key in enumerate(names):
            rows = groups.get(WEEKDAYS.index(key) if step == "weekday" else key, [])
            values = [value for row in rows if (value := column.value(row)) is not None]
            if names.count(key) == 1:  # the hour that comes twice has two entries
                assert (
                    series[name][place] == pytest.approx(PLAIN[fn](values), abs=0.6 * 10**-column.digits)
                    if values
                    else (series[name][place] is None)
                ), (name, key)


def test_minutes_that_wait_are_of_the_newest_roll_ups_alone(year: ConsoleSite) -> None:
    zone = year.source().zone
    assert rolled_until(year.store, "quarter", zone) == MINUTES_FROM
    assert rolled_until(year.store, "day", zone) == MINUTES_FROM.replace(hour=0) - timedelta(hours=1)
