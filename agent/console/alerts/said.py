"""What the controller says, in the language of the alerts: by code and values, as ``web/sentences.js`` says it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from agent.console.alerts.alert import MORE, Alert, Count
from agent.console.alerts.site import Site
from agent.console.alerts.words import FOLDER, OWN_LANGUAGE, Words, decimals, kind_words
from agent.domain.sentence import coded

_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_FAR = timedelta(days=300)  # a day and a month without a year would soon be those of another
_SMALL = {"EUR": "ct", "GBP": "p", "USD": "¢", "CHF": "Rp.", "AUD": "c", "CAD": "¢", "NZD": "c"}  # a hundredth
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}
_SPANS = (
    (2.0, 1.0, "s", 1),
    (90.0, 1.0, "s", 0),
    (7200.0, 60.0, "min", 0),
    (172_800.0, 3600.0, "h", 1),
    (float("inf"), 86400.0, "d", 1),
)


def body(words: Words, alert: Alert, site: Site) -> str:
    """What it says."""
    if alert.word == MORE:
        return _more(words, alert.more)
    return alert.text if words.language == OWN_LANGUAGE else _teller(words, alert, site).said(alert.text)


def check(words: Words, alert: Alert, site: Site) -> str | None:
    """What a person should check, of an alarm that stands."""
    if alert.check is None or words.language == OWN_LANGUAGE:
        return alert.check
    return _teller(words, alert, site).check(alert.word) or alert.check


def _more(words: Words, more: tuple[Count, ...]) -> str:
    kinds = ", ".join(f"{kind_words(words, one.word)} ({one.count})" for one in more)
    return words["more.text"].format(count=sum(one.count for one in more), kinds=kinds)


def _teller(words: Words, alert: Alert, site: Site) -> "Teller":
    return Teller(words, site.zone, site.currency, alert.at)


@cache
def _sentences(language: str) -> Mapping[str, str]:
    """The words of the pages with their sentences, which go before."""
    files = [FOLDER / f"{name}{language}.json" for name in ("", "sentences.")]
    return {key: text for file in files for key, text in json.loads(file.read_text("utf-8")).items()}


@dataclass(frozen=True, slots=True)
class Teller:
    """``at`` is when the alert was: of a time on that day only the clock is said."""

    words: Words
    zone: tzinfo
    currency: str
    at: datetime

    def said(self, text: str) -> str:
        """``text`` as it stands where it is no sentence, one of an agent of another version, or has odd values."""
        found = coded(text)
        try:
            return text if found is None else self._sentence(found) or text
        except (ValueError, TypeError, LookupError, ArithmeticError):  # no value may keep an alert from being sent
            return text

    def check(self, word: str) -> str | None:
        """What a person should check of the alarm ``word``."""
        return _sentences(self.words.language).get(f"check.{word}")

    def _sentence(self, found: Mapping[str, Any]) -> str | None:
        """None where the sentence, a value of it or a sentence within it is not known here."""
        text, values = _sentences(self.words.language).get(str(found.get("code"))), found.get("values") or {}
        if text is None:
            return None
        shown = {place: self._value(place[0], values.get(place[0]), place[1]) for place in _PLACE.findall(text)}
        if None in shown.values():
            return None
        return _PLACE.sub(lambda place: str(shown[place[1], place[2] or ""]), text)

    def _value(self, name: str, found: Any, form: str) -> str | None:
        if isinstance(found, dict):
            return self._sentence(found)
        if found is None:
            return None
        shows = self._forms()[form] if form else self._unit(name)
        if isinstance(found, str) and not form and not name.endswith("_at"):
            return _sentences(self.words.language).get(f"{name}.{found}", found)
        return shows(found)

    def _forms(self) -> Mapping[str, Callable[[Any], str]]:
        return {
            "clock": self._clock,
            "date": self._date,
            "dateClock": self._date_clock,
            "plain": str,
            "hundredths": lambda value: self._number(value, 2),
        }

    def _unit(self, name: str) -> Callable[[Any], str]:
        """By the unit in which a name ends."""
        for unit, shows in (
            ("_per_kwh", self._price),
            ("_wh", lambda value: self._amount(value, "Wh")),
            ("_w", lambda value: self._amount(value, "W")),
            ("_v", lambda value: f"{self._number(value, 0)}\u00a0V"),
            ("_a", lambda value: f"{self._number(value, 1)}\u00a0A"),
            ("_pct", lambda value: f"{self._number(value, 0)}\u00a0%"),
            ("_money", self._money),
            ("_times", lambda value: self._number(value, 1)),
            ("_days", lambda value: self._span(86400.0 * value)),
            ("_h", lambda value: self._span(3600.0 * value)),
            ("_s", self._span),
            ("_at", self._when),
        ):
            if name.endswith(unit):
                return shows
        return lambda value: self._number(value, 0)

    def _number(self, value: float, places: int) -> str:
        return decimals(self.words, value, places)

    def _amount(self, value: float, base: str) -> str:
        size = abs(value)
        if size < 1000.0:
            return f"{self._number(value, 0)}\u00a0{base}"
        per, prefix = (1000.0, "k") if size < 1e6 else (1e6, "M")
        places = 2 if size / per < 10.0 else 1 if size / per < 100.0 else 0
        return f"{self._number(value / per, places)}\u00a0{prefix}{base}"

    def _price(self, per_kwh: float) -> str:
        small = _SMALL.get(self.currency)
        return f"{self._number(per_kwh * (100.0 if small else 1.0), 1)}\u00a0{small or self.currency}/kWh"

    def _money(self, amount: float) -> str:
        return f"{self._number(amount, 2)}\u00a0{_SIGNS.get(self.currency, self.currency)}"

    def _span(self, seconds: float) -> str:
        size, words = abs(seconds), _sentences(self.words.language)
        if size == 86400.0:
            return words["span.one_day"]
        _, per, key, places = next(step for step in _SPANS if size < step[0])
        number = seconds / per
        return words[f"span.{key}"].replace("{n}", self._number(number, 0 if number.is_integer() else places))

    # --- times, in the site's zone ---

    def _local(self, at: str) -> datetime:
        return datetime.fromisoformat(at).astimezone(self.zone)

    def _clock(self, at: str) -> str:
        return f"{self._local(at):%H:%M}"

    def _day(self, at: datetime) -> str:
        return self.words["date"].format(day=at.day, month=self.words["months"].split()[at.month - 1])

    def _date(self, at: str) -> str:
        local = self._local(at)
        return f"{self._day(local)} {local.year}"

    def _date_clock(self, at: str) -> str:
        local = self._local(at)
        if abs(local - self.at) > _FAR:
            return f"{self._date(at)}, {self._clock(at)}"
        weekday = self.words["weekdays"].split()[local.weekday()]
        return self.words["date_clock"].format(weekday=weekday, date=self._day(local), clock=self._clock(at))

    def _when(self, at: str) -> str:
        is_same_day = self._local(at).date() == self.at.astimezone(self.zone).date()
        return self._clock(at) if is_same_day else self._date_clock(at)
