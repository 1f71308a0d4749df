"""The words of the alerts, from the files that the pages read, too."""

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from agent.console.alerts.alert import MORE, TEST, Alert
from agent.console.alerts.thresholds import Passed

FOLDER = Path(__file__).parents[1] / "web" / "words"
# In which a threshold's number is said: what it is divided by, and its decimal places.
_FORM = {"soc_below": (1.0, 0), "import_above": (1000.0, 1), "price_above": (1.0, 3), "data_older": (60.0, 0)}

OWN_LANGUAGE = "en"  # of the controller's sentences as they are written


class Words(dict[str, str]):
    """The words of ``language`` by their keys."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        super().__init__(words)
        self.language = language


@cache
def read_words(language: str) -> Words:
    return Words(language, json.loads((FOLDER / f"alerts.{language}.json").read_text("utf-8")))


def decimals(words: Words, number: float, places: int) -> str:
    """``number`` with its thousands apart and so many decimal places, a half rounded up as on the pages.

    What rounds to nothing has no sign.
    """
    rounded = Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text, mark = f"{rounded or abs(rounded):,.{places}f}", words["decimal"]
    return text if mark == "." else text.translate({ord(","): ".", ord("."): mark})


def kind_words(words: Words, word: str) -> str:
    """A word that is not known, of an agent of another version, speaks for itself."""
    return words.get(f"kind.{word}", word.replace("_", " "))


def title(words: Words, site_name: str, alert: Alert) -> str:
    """``Home 1: alarm: device does not answer (meter)``."""
    kind = kind_words(words, alert.word) + (f" ({alert.subject})" if alert.subject else "")
    form = "title.over" if alert.is_over else "title.plain" if alert.word in (MORE, TEST) else "title"
    return words[form].format(site=site_name, severity=words[f"severity.{alert.severity}"], kind=kind)


def threshold_text(words: Words, passed: Passed, currency: str) -> str:
    """In the unit that people read: %, kW, money a kWh, minutes."""
    divisor, digits = _FORM[passed.rule.word]

    def said(number: float) -> str:
        return f"{number / divisor:.{digits}f}".replace(".", words["decimal"])

    form = words[f"{passed.rule.word}.{'over' if passed.is_over else 'text'}"]
    return form.format(value=said(passed.value), limit=said(passed.limit), currency=currency)
