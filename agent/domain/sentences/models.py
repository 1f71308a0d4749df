"""What becomes of models that the platform delivers. ``model`` is its name; ``cause`` is in the words of who failed."""

from agent.domain.sentence import Template


@Template
def model_awaited(*, model: str, release: int, delay_s: float) -> str:
    return f"model {model}, delivery {release}, is fetched within {delay_s / 60:.0f} minutes"


@Template
def model_delivered(*, model: str, release: int) -> str:
    return f"model {model}, delivery {release}, is here; the next daily trial looks at it"


@Template
def model_not_fetched(*, model: str, release: int, cause: str) -> str:
    return f"model {model}, delivery {release}, is not here yet and is tried again: {cause}"


@Template
def model_refused(*, model: str, release: int, cause: str) -> str:
    return f"model {model}, delivery {release}, is refused: {cause}"


@Template
def model_keys_unusable(*, cause: str) -> str:
    return f"what the platform says of models waits for the keys that it signs by: {cause}"
