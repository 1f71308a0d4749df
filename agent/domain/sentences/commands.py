"""What people and the platform ask, and why it is not done: overrides, the comparison, answers to recommendations."""

from datetime import datetime

from agent.domain.sentence import Template

# --- overrides --------------------------------------------------------------------------------------------------------


@Template
def override_begun(*, order: str, until_at: datetime) -> str:
    return f"{order} until {_minute(until_at)}, asked for by a person"


@Template
def override_over(*, order: str, why: str) -> str:
    return f"{order}: over, {why}; the agent decides again"


@Template
def ended_by_person() -> str:
    return "ended by a person"


@Template
def time_has_passed() -> str:
    return "its time has passed"


@Template
def time_not_known() -> str:
    return "the time is not known"


@Template
def override_refused(*, order: str, why: str) -> str:
    return f"{order}: {why}"


@Template
def site_only_observed(*, why: str) -> str:
    return f"the site is only observed, {why}"


@Template
def no_time_for_until() -> str:
    return "the time is not known, so nothing can be asked for until a time"


@Template
def until_in_past(*, until_at: datetime) -> str:
    return f"until {_minute(until_at)} is in the past"


@Template
def until_too_far(*, until_at: datetime, longest_h: float) -> str:
    return f"until {_minute(until_at)} is more than {longest_h:.0f} hours away"


@Template
def command_expired(*, expired_at: datetime) -> str:
    return f"the command has expired at {expired_at:%Y-%m-%d %H:%M:%S} UTC"


# --- the comparison of optimiser and rule -----------------------------------------------------------------------------


@Template
def compared(*, from_at: datetime, to_at: datetime, block_h: int) -> str:
    return (
        f"optimiser and rule are compared from {_minute(from_at)} UTC to {_minute(to_at)} UTC, in blocks of {block_h} h"
    )


@Template
def not_compared() -> str:
    return "optimiser and rule are not compared"


# --- answers to recommendations ---------------------------------------------------------------------------------------


@Template
def advice_told(*, headline: str, description: str) -> str:
    return f"{headline}: {description}"


@Template
def advice_turned_out(*, headline: str, outcome: str) -> str:
    return f"{headline}: {outcome}"


@Template
def advice_answered(*, headline: str, state: str) -> str:
    """``state`` is a word of AdvisoryState."""
    return f"{headline}: {state}"


@Template
def advice_done(*, key: str) -> str:
    return f"{key} is done"


@Template
def advice_expired(*, key: str, expired_at: datetime) -> str:
    return f"{key} expired at {_minute(expired_at)} UTC"


@Template
def advice_not_then(*, key: str) -> str:
    return f"{key} can be scheduled only before it expires, and not in the past"


@Template
def advice_unknown(*, key: str) -> str:
    return f"there is no recommendation {key!r}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
