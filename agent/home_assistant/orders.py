"""What Home Assistant may ask: read from a topic and a payload, which are untrusted. Pure."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.override import AUTO, USUAL, Override, OverrideAction
from agent.domain.printable import printable
from agent.domain.sentence import Sentence
from agent.domain.sentences import home_assistant as say
from agent.home_assistant.entities import LONGEST_MIN, OVERRIDES

LONGEST_PAYLOAD = 64
SHOWN = 24  # characters of a refused value


class OrderRefused(Exception):
    """``sentence`` says what was asked and why it is not done."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Terms:
    """With what the next order is given. ``power_w`` 0 is all that the limits allow."""

    power_w: float = 0.0
    minutes: float = USUAL.total_seconds() / 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """``action`` None: the agent decides again."""

    action: OverrideAction | None

    def override(self, terms: Terms, now: datetime) -> Override | None:
        """With its end, four hours from ``now`` at most."""
        if self.action is None:
            return None
        power_w = None if self.action is OverrideAction.HOLD or terms.power_w <= 0.0 else terms.power_w
        return Override(self.action, now + timedelta(minutes=min(terms.minutes, LONGEST_MIN)), now, power_w)


def read_order(key: str, payload: bytes, terms: Terms, most_w: float) -> Terms | Order:
    """What the entity ``key`` was set to: other terms of the next order, or an order. Raises OrderRefused."""
    text = payload[:LONGEST_PAYLOAD].decode("utf-8", "replace").strip()
    match key:
        case "set_power":
            return Terms(_number(key, text, 0, math.floor(most_w)), terms.minutes)
        case "set_minutes":
            return Terms(terms.power_w, _number(key, text, 1, LONGEST_MIN))
        case "set_override" | "set_auto":
            known = OVERRIDES if key == "set_override" else (AUTO,)
            if text not in known:
                raise _refused(key, text, say.home_one_of(words=", ".join(known)))
            return Order(None if text == AUTO else OverrideAction(text))
    raise _refused(key, text, say.home_one_of(words="set_override, set_power, set_minutes, set_auto"))


def refused(key: str, payload: bytes, why: Sentence) -> Sentence:
    """The sentence about a message that is not obeyed."""
    text = payload[:LONGEST_PAYLOAD].decode("utf-8", "replace")
    return _refused(key, text, why).sentence


def _number(key: str, text: str, least: int, most: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise _refused(key, text, say.home_number_between(least=least, most=most))
    return value


def _refused(key: str, text: str, why: Sentence) -> OrderRefused:
    name = "".join(letter if letter.isalnum() or letter == "_" else "?" for letter in key[:SHOWN])
    return OrderRefused(say.home_value_refused(order=name, value=printable(text, SHOWN) or "-", why=why))
