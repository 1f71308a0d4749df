"""What has happened: the texts of events. ``cause`` is in the words of who failed."""

from datetime import datetime

from agent.domain.in_words import kw, kwh
from agent.domain.sentence import Template

# --- the agent --------------------------------------------------------------------------------------------------------


@Template
def started() -> str:
    return "the agent has started"


@Template
def no_reversion_timer() -> str:
    return "the battery's device does not go back by itself if we die"


@Template
def steered_before() -> str:
    return "it was steered before commissioning was asked for, and goes on so: run `enalysis-edge commission`"


@Template
def settings_changed(*, keys: str) -> str:
    """``keys`` are those of the site file, with commas."""
    return f"since the last start the site file has changed: {keys}"


@Template
def settings_changed_and_more(*, keys: str, more: int) -> str:
    return f"since the last start the site file has changed: {keys} and {more} more"


@Template
def clock_was_set(*, step: str) -> str:
    return f"the clock was set {step}"


@Template
def clock_was_set_and_dates(*, step: str) -> str:
    return f"the clock was set {step}; what was measured without the time moves with it"


@Template
def numbers_known_already(*, stream: str, row: int, rows: int) -> str:
    """``rows`` are those that are sent under other numbers."""
    return (
        f"the platform has {stream} up to {row}, and this store was never there: it was restored from an older copy, "
        f"made anew by a wrong clock, or another gateway has this site's id; it goes on above that, with {rows} rows"
    )


# --- what was kept, and cannot be used --------------------------------------------------------------------------------


@Template
def kept_unusable(*, kept: str, cause: str) -> str:
    """``kept`` is what the document holds: alarms, override, observation, comparison, policies, energies."""
    return f"the kept {kept} cannot be used: {cause}"


@Template
def kept_state_unusable(*, cause: str) -> str:
    return f"the kept state of the site cannot be used: {cause}"


@Template
def kept_advice_unreadable(*, cause: str) -> str:
    return f"the kept recommendations cannot be read: {cause}"


@Template
def kept_counters_unusable() -> str:
    return "the kept readings of the energy counters cannot be used"


@Template
def rows_lost(*, rows: int) -> str:
    return f"{rows} rows were lost while the store could not be written"


@Template
def row_skipped(*, row: int, stream: str) -> str:
    return f"Row {row} of the stream {stream} was refused time and again and is parked: not sent, kept."


# --- measurements -----------------------------------------------------------------------------------------------------


@Template
def meter_lags(*, least_s: float, most_s: float) -> str:
    return f"the grid meter's values are {least_s:.0f} to {most_s:.0f} s older than the battery's"


@Template
def counter_rolled_over(*, counter: str, before_wh: float, after_wh: float) -> str:
    return f"{counter} has rolled over: it stood at {kwh(before_wh)} and goes on from {kwh(after_wh)}"


@Template
def counter_reset(*, counter: str, before_wh: float, after_wh: float) -> str:
    return f"{counter} was reset: it stood at {kwh(before_wh)} and goes on from {kwh(after_wh)}"


@Template
def doubted(*, from_at: datetime, to_at: datetime, cause: str) -> str:
    return f"{from_at:%d %b %H:%M} to {to_at:%d %b %H:%M} UTC: {cause}"


@Template
def older_not_believed(*, stretches: int) -> str:
    return f"older measurements that are not believed: {stretches}"


@Template
def older_unusual(*, stretches: int) -> str:
    return f"older measurements that are unusual: {stretches}"


@Template
def peak_unknown(*, counted: int, intervals: int, interval_s: int, import_w: float) -> str:
    return (
        f"the month's highest import is not known, since {counted} of its {intervals} intervals of "
        f"{interval_s // 60} minutes were measured: for the demand charge it counts as {kw(import_w, 1)}"
    )


@Template
def persistent_writes(*, device: str, used: int, day: str, budget: int) -> str:
    told = f"{device}: its most written persistent register was written {used} times on {day}"
    return f"{told}, of {budget} that are allowed"


# --- slow work --------------------------------------------------------------------------------------------------------


@Template
def rule_steers(*, why: str) -> str:
    return f"a rule steers from now on; {why}"


@Template
def plan_steers_again() -> str:
    return "the plan steers again: no rule would have earned more here in the last weeks"


@Template
def ledger_anew(*, cause: str) -> str:
    return f"the savings ledger is settled anew: {cause}"


@Template
def ledger_not_settled(*, cause: str) -> str:
    return f"the savings ledger was not settled: {cause}"


@Template
def certificate_renewed(*, ends_at: datetime) -> str:
    return f"the broker has accepted the new certificate, which ends on {ends_at:%Y-%m-%d}"


@Template
def certificate_not_renewed(*, cause: str) -> str:
    return f"the certificate was not renewed: {cause}"


@Template
def new_certificate_not_accepted() -> str:
    return "the certificate was not renewed: the broker does not accept the new one"


@Template
def no_trial(*, cause: str) -> str:
    return f"no trial of models: {cause}"
