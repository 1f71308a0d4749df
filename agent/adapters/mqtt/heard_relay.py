"""What a relay on the household's broker has said since the connection was made, and what of that counts.

A state that the broker has kept may be years old. It counts where the relay's availability topic says that it is there,
for a broker takes that back when the relay goes; without such a topic only what comes while we listen counts.
"""

import json
from dataclasses import dataclass

from agent.domain.sentences import relays as say
from agent.domain.topic_relay import TopicRelay, Words

MOST_BYTES = 16 * 1024
SHOWN = 40  # characters of what was said


@dataclass(frozen=True, slots=True)
class Unclear:
    """What came says neither yes nor no. With ``beside_it`` it speaks of something else, and what was known stands."""

    why: str
    beside_it: bool = False


def read(words: Words, payload: bytes) -> bool | Unclear:
    """What ``payload`` says. Exactly the words count, without white space around them."""
    topic = words.topic
    if len(payload) > MOST_BYTES:
        return Unclear(say.relay_says_too_much(topic=topic))
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return Unclear(say.relay_says_no_text(topic=topic))
    said = text.strip() if words.key is None else _under(words.key, topic, text)
    if isinstance(said, Unclear):
        return said
    if said in (words.yes, words.no):
        return said == words.yes
    shown = "".join(one if one.isprintable() else "?" for one in said[:SHOWN]) or "nothing"
    return Unclear(say.relay_says_neither(topic=topic, said=shown, words=f"{words.yes}, {words.no}"))


def _under(key: str, topic: str, text: str) -> str | Unclear:
    """The value of ``key``, as JSON writes it; a string without its quotes."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Unclear(say.relay_says_no_json(topic=topic, key=key))
    if not isinstance(found, dict):
        return Unclear(say.relay_says_no_json(topic=topic, key=key))
    for name in key.split("."):
        if not isinstance(found, dict) or name not in found:
            return Unclear(say.relay_says_nothing_of(topic=topic, key=key), beside_it=True)
        found = found[name]
    return found if isinstance(found, str) else json.dumps(found)


class HeardRelay:
    """Times are those of one monotonic clock, s."""

    def __init__(self, relay: TopicRelay) -> None:
        self._relay = relay
        self.forget()

    def forget(self) -> None:
        """A new connection: what was said before it may have changed since."""
        self._on: bool | None = None
        self._at_s, self._is_kept = 0.0, False
        self._is_there: bool | None = None
        self._why: str = say.relay_silent(topic=self._relay.state.topic)

    def hear(self, topic: str, payload: bytes, retained: bool, now_s: float) -> None:
        """Take in a message of any topic."""
        there, state = self._relay.availability, self._relay.state
        if there is not None and topic == there.topic:
            found = read(there, payload)
            self._is_there = None if isinstance(found, Unclear) else found
        if topic != state.topic:
            return
        match read(state, payload):
            case Unclear(why, beside_it):
                self._why = why
                self._on = self._on if beside_it else None
            case on:
                self._on, self._at_s, self._is_kept = on, now_s, retained

    @property
    def is_gone(self) -> bool:
        """True while its availability topic says that it is not there."""
        return self._is_there is False

    def on(self, now_s: float) -> bool | None:
        """What it is; None while that is not known."""
        return None if self.trouble(now_s) is not None else self._on

    def trouble(self, now_s: float) -> str | None:
        """Why it is not known what it is."""
        topic, expire_s = self._relay.state.topic, self._relay.expire_after_s
        if self._relay.availability is not None and self.is_gone:
            return say.relay_not_there(topic=self._relay.availability.topic)
        if self._on is None:
            return self._why
        if self._is_kept and not self._is_there:
            return say.relay_state_kept(topic=topic)
        if expire_s is not None and now_s - self._at_s > expire_s:
            return say.relay_state_old(topic=topic, after_s=expire_s)
        return None
