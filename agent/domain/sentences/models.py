"""Models of forecasts: what becomes of those that the platform delivers, and why one does not answer.

``model`` is its name, some with its version; ``cause`` is a sentence, or in the words of who failed.
"""

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


# --- one that should forecast and does not ----------------------------------------------------------------------------


@Template
def model_unusable(*, model: str, cause: str) -> str:
    return f"model {model} is not usable: {cause}"


@Template
def model_copy_gone(*, model: str, path: str) -> str:
    return f"the copy of model {model} in {path} is gone or was changed"


@Template
def registry_unreadable(*, path: str, cause: str) -> str:
    return f"{path} cannot be read ({cause})"


@Template
def registry_damaged(*, path: str, cause: str) -> str:
    return f"{path} is damaged ({cause})"


@Template
def earlier_model_forecasts(*, told: str, model: str, quantity: str) -> str:
    """``told`` says why the one after it does not."""
    return f"{told}; {model}, promoted before it, forecasts {quantity}"


@Template
def installed_model_forecasts(*, told: str, model: str, quantity: str) -> str:
    return f"{told}; the installed model {model} forecasts {quantity}"
