"""What is wrong: the texts of standing alarms. ``cause`` is in the words of a driver, the disk or the broker."""

from datetime import datetime

from agent.domain.alarms import AlarmKind
from agent.domain.sentence import Sentence, Template

# --- of any kind ------------------------------------------------------------------------------------------------------


@Template
def over(*, told: str) -> str:
    return f"over: {told}"


@Template
def of_device(*, device: str, said: str) -> str:
    return f"{device}: {said}"


# --- meters and devices -----------------------------------------------------------------------------------------------


@Template
def device_lost(*, device: str, cause: str) -> str:  # noqa: ARG001 - other languages name it
    return cause


@Template
def frozen(*, device: str) -> str:
    return f"{device} answers with frozen values"


@Template
def meter_contradicts(*, moved_w: float, shown_w: float, expected_w: float, times: int) -> str:
    return (
        f"the battery's power changed by {moved_w:z.0f} W and the grid's meter shows {shown_w:z.0f} W instead of "
        f"{expected_w:z.0f} W, {times} times in a row: its sign or its scale may have changed"
    )


@Template
def meter_late(*, late_s: float) -> str:
    return f"the grid meter shows what was {late_s:z.0f} s before: changes of the load are met that late"


@Template
def soc_reads(*, soc_pct: float) -> str:
    return f"the state of charge reads {soc_pct:.0f} %"


@Template
def soc_stays(*, soc_pct: float, moved_pct: float) -> str:
    return f"the state of charge stays at {soc_pct:.0f} % while the battery moved {moved_pct:.0f} % of it"


@Template
def soc_jumped(*, from_pct: float, to_pct: float) -> str:
    jump = f"the state of charge jumped from {from_pct:.0f} to {to_pct:.0f} %"
    return f"{jump}, which the battery's power does not explain"


@Template
def counts_as_full(*, soc_pct: float) -> str:
    return f"the battery takes nothing at {soc_pct:.0f} %, so it counts as full"


@Template
def counts_as_empty(*, soc_pct: float) -> str:
    return f"the battery gives nothing at {soc_pct:.0f} %, so it counts as empty"


# --- steering ---------------------------------------------------------------------------------------------------------


@Template
def no_control() -> str:
    return "the battery does not follow its setpoints; it is left to itself for ten minutes"


@Template
def delivers_less(*, power_w: float, asked_w: float) -> str:
    return f"the battery delivers {power_w:z.0f} W of the {asked_w:z.0f} W asked for"


@Template
def gives_nothing(*, asked_w: float) -> str:
    return f"the battery gives nothing of the {asked_w:z.0f} W asked for; it is held at 0 W"


@Template
def takes_nothing(*, asked_w: float) -> str:
    return f"the battery takes nothing of the {asked_w:z.0f} W asked for; it is held at 0 W"


@Template
def delivers_other(*, asked_w: float, power_w: float) -> str:
    return f"the battery was asked for {asked_w:z.0f} W and delivers {power_w:z.0f} W; it is held at 0 W"


@Template
def foreign_master(*, device: str, holds: str, wrote: str) -> str:
    """``holds`` and ``wrote`` are registers and their values."""
    return f"something else steers this battery: {device} holds {holds}, and what we wrote was {wrote}"


@Template
def writes_used_up(*, device: str, used: int, per_day: int) -> str:
    return (
        f"{used} of the {per_day} writes a day of {device}'s persistent registers "
        "are used up: it is left to itself until tomorrow"
    )


@Template
def setpoint_failed(*, cause: str) -> str:
    return cause


@Template
def steering_not_kept(*, cause: str) -> str:
    return cause


@Template
def grid_limit_lost() -> str:
    return "the platform's grid limit has not been heard of for too long; the failsafe limits hold"


# --- the clock --------------------------------------------------------------------------------------------------------


@Template
def clock_untrusted(*, why: str) -> str:
    return f"{why}: our own rule holds until it is right"


@Template
def the_clock(*, doubt: str) -> str:
    return f"the clock {doubt}"


@Template
def says_impossible(*, says_at: datetime) -> str:
    return f"says {says_at:%Y-%m-%d}, which cannot be"


@Template
def long_unsynced(*, unsynced_s: float) -> str:
    return f"has not been synchronised for {unsynced_s / 3600.0:.0f} h"


@Template
def says_before_measured(*, says_at: datetime) -> str:
    return f"says {says_at:%Y-%m-%d %H:%M} UTC, which is before what was measured last"


@Template
def never_synced() -> str:
    return "has not been synchronised since the start, and there is no other that runs without power"


@Template
def was_set(*, step: str) -> str:
    return f"was set {step}, which nothing confirms"


@Template
def set_ahead(*, by_s: float) -> str:
    return f"{_span(by_s)} ahead"


@Template
def set_back(*, by_s: float) -> str:
    return f"{_span(by_s)} back"


# --- plans ------------------------------------------------------------------------------------------------------------


@Template
def no_plan(*, cause: str) -> str:
    return f"no plan: {cause}"


@Template
def soc_not_known() -> str:
    return "the state of charge is not known"


@Template
def price_not_known() -> str:
    return "no price is known"


@Template
def price_not_known_since(*, cause: str) -> str:
    return f"no price is known: {cause}"


@Template
def plan_refused(*, cause: str) -> str:
    return f"the plan was refused: {cause}"


@Template
def self_test_failed(*, cause: str) -> str:
    return f"self-test: {cause}"


# --- store and link ---------------------------------------------------------------------------------------------------


@Template
def store_failed(*, cause: str) -> str:
    return cause


@Template
def store_not_read(*, path: str, within_s: float) -> str:
    return f"the store {path} was not read within {within_s:g} s: control goes on without it"


@Template
def disk_full(*, cause: str) -> str:
    return cause


@Template
def link_down(*, cause: str) -> str:
    return cause


@Template
def upload_refused(*, topic: str, cause: str) -> str:  # noqa: ARG001 - as above
    return cause


@Template
def same_site_id(*, cause: str) -> str:
    return cause


@Template
def certificate_unusable(*, cause: str) -> str:
    return cause


@Template
def certificate_expired(*, certificate: str, ends_at: datetime) -> str:
    return f"the {certificate} has expired on {ends_at:%Y-%m-%d}: the platform cannot be reached until it is renewed"


@Template
def not_acknowledged() -> str:
    return "the broker takes what this site sends, and for hours the platform has not acknowledged any of it"


@Template
def certificate_ends(*, certificate: str, ends_at: datetime, left_days: int) -> str:
    days = f"{left_days} day{'s' if left_days > 1 else ''}"
    return f"the {certificate} ends on {ends_at:%Y-%m-%d}, in {days}: renew it before"


# --- a cause that others word -----------------------------------------------------------------------------------------

_OF_DEVICE = {AlarmKind.DEVICE_LOST: device_lost}
_OF_SITE = {
    AlarmKind.CERTIFICATE_ENDS: certificate_unusable,
    AlarmKind.DISK_FULL: disk_full,
    AlarmKind.LINK_DOWN: link_down,
    AlarmKind.SAME_SITE_ID: same_site_id,
    AlarmKind.SETPOINT_FAILED: setpoint_failed,
    AlarmKind.STEERING_NOT_KEPT: steering_not_kept,
    AlarmKind.STORE_FAILED: store_failed,
}


def alarm_text(kind: AlarmKind, subject: str, text: str) -> str:
    """``text`` as a sentence of its kind, with the same English words, where others have worded it."""
    if isinstance(text, Sentence):
        return text
    if kind in _OF_DEVICE:
        return _OF_DEVICE[kind](device=subject, cause=text)
    if kind is AlarmKind.UPLOAD_REFUSED:
        return upload_refused(topic=subject, cause=text)
    return _OF_SITE[kind](cause=text) if kind in _OF_SITE else text


def clock_step(by_s: float) -> Sentence:
    """``5.0 h ahead``; a day and more in days."""
    return set_ahead(by_s=by_s) if by_s > 0 else set_back(by_s=-by_s)


def _span(by_s: float) -> str:
    if by_s >= 2 * 86400:
        return f"{by_s / 86400:.1f} days"
    if by_s >= 7200:
        return f"{by_s / 3600:.1f} h"
    return f"{by_s:.0f} s"
