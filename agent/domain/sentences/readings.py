"""What must be known of figures from the store: where they end, what is left out of them, what is only approximate."""

from datetime import datetime

from agent.domain.sentence import Template

KEPT = {"minute": "minutes", "quarter": "quarters of an hour"}

# --- what was measured ------------------------------------------------------------------------------------------------


@Template
def nothing_measured() -> str:
    return "nothing was measured yet"


@Template
def nothing_measured_before(*, first_at: datetime) -> str:
    return f"nothing was measured before {first_at:%Y-%m-%d}"


@Template
def nothing_in_range() -> str:
    return "nothing was measured in this range, or it is not kept any more"


@Template
def kept_since(*, kept_span: str, first_at: datetime) -> str:
    """``kept_span`` is a key of KEPT."""
    return f"{KEPT[kept_span]} are kept since {first_at:%Y-%m-%d %H:%M} only: ask for hours to see what was before"


@Template
def steps_coarser(*, span: str, wanted_span: str) -> str:
    return f"in steps of a {span}: in those of a {wanted_span} the range has too many points"


@Template
def breakdown_of_three_years() -> str:
    return "the breakdown is of the last three years of the range"


@Template
def newest_minute() -> str:
    return "means of the newest minute that is stored"


@Template
def nothing_stored_since(*, last_at: datetime) -> str:
    return f"nothing was stored since {last_at:%Y-%m-%d %H:%M}"


# --- conventions ------------------------------------------------------------------------------------------------------


@Template
def split_convention() -> str:
    return (
        "which source covered what is a convention: solar charges the battery before it feeds the grid, and solar, "
        "then the battery, then the grid cover the home"
    )


@Template
def without_battery_approximate() -> str:
    return (
        "what it would have been without a battery is approximate: what the home took beyond the sun in each hour, "
        "at that hour's carbon intensity"
    )


@Template
def measured_too_little_to_compare(*, measured_pct: float) -> str:
    return f"no change is told: only {measured_pct:z.0f} % of the time that it is compared with was measured"


@Template
def peaks_from_quarters() -> str:
    return "months that are over are worked out from the quarters of an hour that are still kept"


# --- the ledger -------------------------------------------------------------------------------------------------------


@Template
def nothing_settled() -> str:
    return "nothing is settled yet: a day enters the ledger two days after it has ended"


@Template
def not_settled_since(*, since_at: datetime) -> str:
    return f"not settled yet since {since_at:%Y-%m-%d}: a day enters the ledger two days after it has ended"


@Template
def hours_not_counted(*, missing: int, hours: int) -> str:
    return f"{missing} of {hours} hours were not wholly measured and do not count"


@Template
def hindsight_missing(*, hours: int) -> str:
    return f"for {hours} hours no hindsight was found; what was done stands for it"


@Template
def too_few_pairs(*, count: int, fewest: int) -> str:
    return f"{count} pairs of blocks are complete, and {fewest} are needed to say anything"


# --- plans and forecasts ----------------------------------------------------------------------------------------------


@Template
def plan_has_expired(*, expired_at: datetime) -> str:
    return f"the plan has expired at {expired_at:%Y-%m-%d %H:%M}"


@Template
def forecast_reaches(*, end_at: datetime) -> str:
    return f"the forecast reaches to {end_at:%Y-%m-%d %H:%M}"


@Template
def forecast_of_expired_plan(*, expired_at: datetime) -> str:
    return f"it is of a plan that has expired at {expired_at:%Y-%m-%d %H:%M}"


@Template
def only_what_if() -> str:
    return "a what-if: the plan in force is not changed"


@Template
def agent_stopped() -> str:
    return "the agent does not run"


@Template
def agent_stopped_since(*, last_at: datetime) -> str:
    return f"the agent does not run since {last_at:%Y-%m-%d %H:%M}"
