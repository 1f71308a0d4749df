"""Models in competition: who is tried, put in charge, taken back or refused, and what a comparison has shown.

``model`` is its name with its version, ``quantity`` what it forecasts; ``why`` and ``cause`` are sentences or words.
"""

from datetime import datetime

from agent.domain.sentence import Sentence, Template

# --- what became of one -----------------------------------------------------------------------------------------------


@Template
def model_on_trial(*, model: str, quantity: str) -> str:
    return f"model {model} is on trial for {quantity}"


@Template
def candidate_refused(*, model: str, cause: str) -> str:
    return f"model {model} is refused: {cause}"


@Template
def model_promoted(*, model: str, quantity: str, why: str) -> str:
    return f"model {model} now forecasts {quantity}: {why}"


@Template
def model_replaced(*, model: str, quantity: str, why: str) -> str:
    return f"model {model} no longer forecasts {quantity}: {why}"


@Template
def rolled_back(*, back_at: datetime, cause: str) -> str:
    return f"rolled back on {back_at:%Y-%m-%d}: {cause}"


@Template
def rolled_back_by_hand(*, back_at: datetime) -> str:
    return f"rolled back by hand on {back_at:%Y-%m-%d}"


@Template
def promoted_by_hand() -> str:
    return "promoted by hand"


@Template
def model_before_better(*, why: str) -> str:
    return f"the model before it was better, {why}"


@Template
def trial_ended_early(*, times: int) -> str:
    return f"its trial ended {times} times before a day was compared"


@Template
def model_installed() -> str:
    return "installed"


@Template
def no_model_wanted() -> str:
    return "the site file asks for no model: what was before repeats"


# --- what a comparison has shown --------------------------------------------------------------------------------------


@Template
def nothing_compared() -> str:
    return "nothing was compared yet"


@Template
def too_few_days_compared(*, days: int, fewest: int, live: int, fewest_live: int) -> str:
    return f"{days} of {fewest} days and {live} of {fewest_live} live ones have been compared"


@Template
def models_compared(*, days: int, error: str, worst_error: str, cost: str, worst_cost: str) -> str:
    """``error`` and ``worst_error`` are of ``error_against``, ``cost`` and ``worst_cost`` of ``cost_against``."""
    errors, costs = f"was {error} ({worst_error} at worst, 90 % sure)", f"cost {cost} ({worst_cost} at worst)"
    return f"over {days} days its pinball loss {errors} and its plans {costs}"


@Template
def error_lower(*, by_pct: float) -> str:
    return f"{by_pct:.1f}% lower"


@Template
def error_higher(*, by_pct: float) -> str:
    return f"{by_pct:.1f}% higher"


@Template
def cost_lower(*, by_pct: float) -> str:
    return f"{by_pct:.2f}% lower"


@Template
def cost_higher(*, by_pct: float) -> str:
    return f"{by_pct:.2f}% higher"


def error_against(gain: float) -> Sentence:
    """``gain`` is a share of 1, > 0 where the loss is lower than that of the other."""
    return (error_lower if gain >= 0 else error_higher)(by_pct=abs(100.0 * gain))


def cost_against(gain: float) -> Sentence:
    """As ``error_against``, of the bill."""
    return (cost_lower if gain >= 0 else cost_higher)(by_pct=abs(100.0 * gain))
