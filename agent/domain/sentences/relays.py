"""Why a relay on the household's MQTT broker is not known, or does not obey."""

from agent.domain.sentence import Template


@Template
def relay_unknown(*, load: str, cause: str) -> str:
    return f"the relay of {load} is not known: {cause}"


@Template
def relay_broker_away(*, cause: str) -> str:
    return f"the household's broker is not reached: {cause}"


@Template
def relay_not_connected() -> str:
    return "no connection has been made yet"


@Template
def relay_not_there(*, topic: str) -> str:
    return f"{topic} says that the relay is not there"


@Template
def relay_silent(*, topic: str) -> str:
    return f"nothing has come on {topic} since we connected: is it the topic of its state?"


@Template
def relay_state_kept(*, topic: str) -> str:
    return f"what the broker has kept of {topic} may be old, and nothing has come since we connected"


@Template
def relay_state_old(*, topic: str, after_s: float) -> str:
    return f"nothing has come on {topic} for {after_s:g} s"


@Template
def relay_says_too_much(*, topic: str) -> str:
    return f"what came on {topic} is too large for a state"


@Template
def relay_says_no_text(*, topic: str) -> str:
    return f"what came on {topic} is no text in UTF-8"


@Template
def relay_says_no_json(*, topic: str, key: str) -> str:
    return f"what came on {topic} is no JSON object, in which {key} would stand"


@Template
def relay_says_nothing_of(*, topic: str, key: str) -> str:
    return f"what came on {topic} says nothing of {key}"


@Template
def relay_says_neither(*, topic: str, said: str, words: str) -> str:
    """``words`` are those that it could say."""
    return f"{topic} says {said}, which is none of {words}"


@Template
def relay_did_not_go_on(*, topic: str, within_s: float) -> str:
    return f"it was told to go on, and {topic} did not say so within {within_s:g} s"


@Template
def relay_did_not_go_off(*, topic: str, within_s: float) -> str:
    return f"it was told to go off, and {topic} did not say so within {within_s:g} s"


@Template
def relay_lease_lost() -> str:
    return "the connection that held it was lost, so the broker leaves it at rest; it is told again"
