"""Why a message of the platform is not taken. ``topic`` is where it came, ``cause`` one of the sentences below."""

from agent.domain.sentence import Template

# --- told -------------------------------------------------------------------------------------------------------------


@Template
def message_refused(*, topic: str, cause: str) -> str:
    return f"{topic}: {cause}"


@Template
def others_before_it(*, said: str, more: int) -> str:
    return f"{said} (and {more} more before it)"


@Template
def messages_dropped(*, count: int) -> str:
    return f"{count} messages came faster than they can be taken in, and were dropped"


# --- what it is -------------------------------------------------------------------------------------------------------


@Template
def topic_unknown() -> str:
    return "no such topic is known"


@Template
def command_retained() -> str:
    return "a command must not be retained"


@Template
def notice_retained() -> str:
    return "a notice must not be retained"


@Template
def payload_too_large(*, counted: int, most: int) -> str:
    return f"{counted} bytes are more than the {most} that are allowed"


@Template
def payload_no_utf8(*, number: int) -> str:
    """``number`` is that of the byte."""
    return f"the payload is not UTF-8 (byte {number})"


@Template
def payload_too_deep(*, most: int) -> str:
    return f"the payload is nested deeper than {most}"


@Template
def payload_no_json(*, cause: str) -> str:
    return f"the payload is not JSON ({cause})"


@Template
def schema_other(*, wanted: str) -> str:
    return f"the schema is not {wanted}"


@Template
def schema_version_unknown(*, found: str, newest: int) -> str:
    return f"schema version {found} is not known here, only {newest}"


@Template
def no_input(*, kept: str) -> str:
    return f"input/{kept}: it is no input"


# --- whom it is for, and who has sent it ------------------------------------------------------------------------------


@Template
def for_site(*, site: str) -> str:
    return f"it is for the site {site!r} and not for this one"


@Template
def for_another_site() -> str:
    return "it is for another site"


@Template
def only_signed() -> str:
    return "it is obeyed only signed, and [cloud] keys_file names no keys to check it by"


@Template
def signed_without_keys() -> str:
    return "it is signed, and [cloud] keys_file names no keys to check it by"


@Template
def config_without_keys() -> str:
    return "a configuration is refused: there is no keys_file in [cloud]"


@Template
def models_without_keys() -> str:
    return "no models are fetched, since [cloud] keys_file is not set"


@Template
def no_config_taken(*, cause: str) -> str:
    return f"no configuration is taken: {cause}"


@Template
def nobody_takes_config() -> str:
    return "nobody takes a configuration here"


@Template
def no_command_obeyed(*, cause: str) -> str:
    return f"no command is obeyed: {cause}"


@Template
def config_malformed() -> str:
    return "version is a whole number, config an object"


@Template
def too_many_commands_wait() -> str:
    return "too many commands wait to be written down already"


@Template
def request_unreadable(*, file: str, cause: str) -> str:
    return f"the request {file} cannot be read: {cause}"


@Template
def request_unusable(*, file: str, cause: str) -> str:
    return f"the request {file} cannot be used: {cause}"


# --- what it says -----------------------------------------------------------------------------------------------------


@Template
def issued_in_future(*, ahead_s: float) -> str:
    ahead = f"{_span(ahead_s)} from now"
    return f"issued_at: it claims to be issued {ahead}; the clock of its sender or of this site is wrong"


@Template
def acknowledged_beyond(*, stream: str, row: int, highest: int) -> str:
    return f"it acknowledges {stream} up to {row}, and nothing above {highest} was sent"


def _span(seconds: float) -> str:
    for unit_s, unit in ((86400.0, "days"), (3600.0, "hours")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds / 60.0:.0f} minutes"
