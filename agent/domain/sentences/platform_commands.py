"""What becomes of a command of the platform, and what it asks of all sites."""

from datetime import datetime

from agent.domain.sentence import Template


@Template
def signing_keys(*, cause: str) -> str:
    return f"no command, configuration or model of the platform is believed: {cause}"


# --- judged -----------------------------------------------------------------------------------------------------------


@Template
def command_accepted() -> str:
    return "it is signed, in time and new"


@Template
def command_superseded(*, number: int, spent: int) -> str:
    return f"its counter {number} is not above {spent}, the last one of this key"


@Template
def command_times_unknown() -> str:
    return "the time is not known here, so nobody can tell whether it still holds"


@Template
def command_too_early(*, valid_from_at: datetime) -> str:
    return f"it holds only from {valid_from_at:%Y-%m-%d %H:%M:%S} UTC"


@Template
def command_valid_too_long(*, longest_s: float) -> str:
    return f"it must hold for a while, and no longer than {longest_s / 60:.0f} minutes"


@Template
def command_before_start() -> str:
    return "it was signed before the agent started, which knows no counter of this key: send a new one"


# --- done, or not -----------------------------------------------------------------------------------------------------


@Template
def command_done() -> str:
    return "done"


@Template
def command_cut_off() -> str:
    return "the agent stopped before it was done; it is not done again"


@Template
def override_begun_by_platform(*, order: str, until_at: datetime) -> str:
    return f"{order} until {until_at:%Y-%m-%d %H:%M}, asked for by the platform"


@Template
def person_has_asked(*, order: str, until_at: datetime) -> str:
    return f"a person at the site has asked for another thing: {order} until {until_at:%Y-%m-%d %H:%M}"


@Template
def battery_not_there(*, why: str) -> str:
    return f"the battery cannot be steered now: {why}"


@Template
def not_followed(*, after_s: float, why: str) -> str:
    return f"for {after_s:.0f} s the battery was not steered by it: {why}"


@Template
def ended_by_platform() -> str:
    return "ended by the platform"


@Template
def replaced_by(*, order: str) -> str:
    return f"replaced by another word: {order}"


@Template
def passed_while_stopped() -> str:
    return "its time passed while the agent did not run"


# --- of all sites -----------------------------------------------------------------------------------------------------


@Template
def notice_reconnect() -> str:
    return "the platform has asked all sites to connect anew: done"


@Template
def notice_resync() -> str:
    return "the platform has asked all sites to send again what it has not acknowledged: done"


@Template
def notice_report_info() -> str:
    return "the platform has asked all sites what they run: said"
