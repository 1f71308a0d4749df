"""What came of sending an alert, and why a receiver is not taken up. ``host`` is where it is sent."""

from agent.domain.sentence import Template

# --- what came of it --------------------------------------------------------------------------------------------------


@Template
def receiver_answered(*, host: str, answer: str) -> str:
    """``answer`` is the status of HTTP with its phrase."""
    return f"{host} answered {answer}"


@Template
def receiver_redirects(*, host: str, answer: str) -> str:
    return f"{host} answered {answer}, and no redirect is followed: give the address that it leads to"


@Template
def mail_taken(*, host: str, count: int, most: int) -> str:
    return f"{host} took the mail for {count} of {most} addresses"


@Template
def receiver_late(*, host: str, within_s: float) -> str:
    return f"{host} did not finish within {within_s:g} s"


@Template
def receiver_not_trusted(*, host: str, cause: str) -> str:
    return f"the certificate of {host} is not trusted: {cause}"


@Template
def receiver_no_tls(*, host: str, port: int) -> str:
    return f"{host} port {port} does not speak TLS as we do"


@Template
def receiver_name_unknown(*, host: str) -> str:
    return f"the name {host} is not known"


@Template
def receiver_silent(*, host: str, port: int) -> str:
    return f"{host} port {port} does not answer"


@Template
def receiver_not_reached(*, host: str, port: int, cause: str) -> str:
    return f"{host} port {port} cannot be reached: {cause}"


@Template
def receiver_connection_lost() -> str:
    return "the connection was lost"


@Template
def receiver_no_http(*, host: str, port: int) -> str:
    return f"{host} port {port} does not answer in HTTP"


@Template
def mail_without_tls(*, host: str) -> str:
    return f"{host} offers no TLS, or no way to log in that we know"


@Template
def mail_login_refused(*, host: str, number: int) -> str:
    """``number`` is the code of SMTP."""
    return f"{host} does not accept the user or the password (code {number})"


@Template
def mail_addresses_refused(*, host: str, answer: str) -> str:
    """``answer`` is one code of SMTP or several."""
    return f"{host} takes no mail for these addresses (code {answer})"


@Template
def mail_refused(*, host: str, number: int) -> str:
    return f"{host} does not take the mail (code {number})"


@Template
def mail_broken_off(*, host: str) -> str:
    return f"{host} ended the conversation"


@Template
def receiver_no_answer_in_time() -> str:
    return "there was no answer in time; it may still come"


@Template
def receiver_defect() -> str:
    return "a defect: the journal says more"


@Template
def secret_file_missing(*, file: str, path: str) -> str:
    """``path`` is one folder or two."""
    return f"there is no file {file} in {path}"


@Template
def secret_file_unreadable(*, path: str) -> str:
    return f"the file {path} cannot be read"


@Template
def secret_file_no_secret(*, path: str) -> str:
    return f"the first line of {path} is no secret: it is empty or holds control characters"


@Template
def receiver_certificates_unusable(*, path: str) -> str:
    return f"the certificates in {path} cannot be used"


@Template
def receiver_busy(*, receiver: str) -> str:
    return f"something is being sent to {receiver} already"


@Template
def receiver_tested_just_now(*, receiver: str, after_s: float) -> str:
    return f"a test has just been sent to {receiver}; another may follow after {after_s:.0f} s"


@Template
def receiver_unknown() -> str:
    return "there is no target of this id: save it first"


# --- why one is not taken up ------------------------------------------------------------------------------------------


@Template
def url_without_topic() -> str:
    return "url does not end with the topic of ntfy"


@Template
def token_in_clear() -> str:
    return "url is plain http to another network, and the token would cross it in clear: use https"


@Template
def no_mail_server() -> str:
    return "host is no name or address of a mail server"


@Template
def mail_addresses_count(*, most: int) -> str:
    return f"to names 1 to {most} addresses"


@Template
def no_mail_address() -> str:
    return "sender and to are plain addresses such as house@example.org"


@Template
def receiver_name_letters() -> str:
    return "id has 1 to 30 small letters, digits, - and _"


@Template
def receiver_named_twice() -> str:
    return "two targets have the same id"


@Template
def too_many_receivers(*, most: int) -> str:
    return f"there are at most {most} targets"


@Template
def quiet_hours_empty() -> str:
    return "start and end of the quiet hours are the same"


@Template
def url_letters(*, most: int) -> str:
    return f"url has at most {most} printable ASCII characters and no space"


@Template
def no_url() -> str:
    return "url is no URL"


@Template
def url_without_host() -> str:
    return "url does not begin with https:// or http:// and a host"


@Template
def url_with_user() -> str:
    return "url has a user, a password or a fragment, which would not be sent"


@Template
def url_missing(*, receiver: str) -> str:
    return f"targets: {receiver} has no url"


@Template
def token_again(*, receiver: str) -> str:
    return f"targets: {receiver} goes to another host than before: give its token again"


@Template
def password_again(*, receiver: str) -> str:
    return f"targets: {receiver} goes to another host than before: give its password again"


@Template
def user_without_password(*, receiver: str) -> str:
    return f"targets: {receiver} has a user and no password"


@Template
def token_no_ascii() -> str:
    return "token has characters other than ASCII"
