"""What keeps the link from the broker."""

from agent.domain.sentence import Template

# --- the connection ---------------------------------------------------------------------------------------------------


@Template
def broker_says_nothing(*, place: str) -> str:
    return f"{place}: takes the connection and then says nothing: is an MQTT broker behind this port?"


@Template
def broker_speaks_no_mqtt(*, place: str) -> str:
    return f"{place}: closed the connection before it spoke MQTT: is an MQTT broker behind this port?"


@Template
def broker_frozen(*, after_s: float) -> str:
    return f"the broker did not answer within {after_s:g} s"


@Template
def broker_lost() -> str:
    return "the connection to the broker was lost"


@Template
def broker_malformed() -> str:
    return "the broker answered with what MQTT does not know; mosquitto 2.0 does so to a message that is too large"


@Template
def other_client() -> str:
    return "another client has connected with this site's id: another gateway with the same site id runs somewhere"


@Template
def perhaps_other_client(*, times: int) -> str:
    return (
        f"the broker took our connection and ended it within a minute, {times} times in a row: most likely another "
        "gateway with the same site id runs somewhere, or the broker does not let us write"
    )


@Template
def broker_does_not_answer(*, place: str) -> str:
    return f"{place}: does not answer: is the address right, and does a firewall let us through?"


@Template
def no_broker_listens(*, place: str) -> str:
    return f"{place}: Connection refused: no broker listens there"


@Template
def no_name_server(*, host: str) -> str:
    return f"the name {host} cannot be looked up: no name server answers"


@Template
def name_not_known(*, host: str) -> str:
    return f"the name {host} is not known to the name server: is it spelled right?"


@Template
def broker_not_reached(*, place: str, cause: str) -> str:
    return f"{place}: {cause}"


@Template
def connection_defect(*, place: str, cause: str) -> str:
    return f"{place}: a defect ended the connection: {cause}"


@Template
def link_file_no_pem(*, file: str, path: str, reason: str) -> str:
    """``file`` is what it holds, ``reason`` in the words of OpenSSL."""
    return f"{file} {path} cannot be used: it is no PEM file that fits ({reason})"


@Template
def link_file_unreadable(*, file: str, path: str, cause: str) -> str:
    return f"{file} {path} cannot be read: {cause}"


@Template
def link_file_no_text(*, file: str, path: str) -> str:
    return f"{file} {path} cannot be read: it is no text"


@Template
def link_file_holds_certificate(*, path: str) -> str:
    return f"the revocation list {path} cannot be used: it holds a certificate, which is for ca_file"


@Template
def certificate_missing(*, path: str) -> str:
    return f"{path} holds no certificate"


@Template
def certificate_unreadable(*, path: str) -> str:
    return f"{path} holds a certificate that cannot be read"


# --- what is sent -----------------------------------------------------------------------------------------------------


@Template
def not_connected() -> str:
    return "there is no connection to the broker"


@Template
def network_thread_replaced() -> str:
    return "the network thread did not answer and is replaced"


@Template
def status_not_published(*, topic: str, cause: str) -> str:
    return f"{topic} could not be published: {cause}"


@Template
def envelope_too_large(*, topic: str, counted: int, most: int) -> str:
    return f"{topic} has {counted} bytes, more than the {most} that the broker takes"


@Template
def envelope_not_sent(*, topic: str, cause: str) -> str:
    return f"{topic} was not sent: {cause}"


@Template
def envelope_refused(*, topic: str, reason: str) -> str:
    """``reason`` is the reason code of MQTT 5, as 0x87."""
    return f"the broker refused {topic} with code {reason}"


@Template
def connection_ends_with(*, topic: str, cause: str) -> str:
    return f"the connection ends whenever {topic} is sent: {cause}"


# --- trust ------------------------------------------------------------------------------------------------------------


@Template
def not_verified(*, place: str, why: str) -> str:
    return f"{place}: certificate verify failed: {why}"


@Template
def signed_by_nobody_trusted() -> str:
    return "no authority that we trust has signed the broker's certificate"


@Template
def made_out_to_another(*, host: str) -> str:
    return f"the broker's certificate is made out to another name than {host}"


@Template
def not_yet_valid() -> str:
    return "the broker's certificate is not yet valid by this machine's clock; it is tried again"


@Template
def broker_certificate_expired() -> str:
    return "the broker's certificate has expired, or this machine's clock is ahead"


@Template
def broker_certificate_revoked() -> str:
    return "the broker's certificate was revoked by its authority"


@Template
def revocation_list_of_another() -> str:
    return "crl_file holds no list of the authority that has signed the broker's certificate"


@Template
def revocation_list_not_yet_valid() -> str:
    return "the list in crl_file is not yet valid by this machine's clock"


@Template
def revocation_list_ended() -> str:
    return "the list in crl_file has ended: put a new one there, unless this machine's clock is ahead"


@Template
def no_tls(*, place: str, why: str) -> str:
    return f"{place}: {why}"


@Template
def speaks_no_tls() -> str:
    return "what answers there does not speak TLS: a port without TLS, or a captive portal"


@Template
def closed_during_tls() -> str:
    return "the connection was closed while TLS was agreed on"


@Template
def tls_not_agreed(*, cause: str) -> str:
    return f"TLS could not be agreed on: {cause}"


@Template
def our_certificate_not_accepted(*, cause: str) -> str:
    return f"the broker does not accept our certificate: {cause}"


@Template
def login_refused(*, cause: str) -> str:
    refused = f"the broker refused the connection: {cause}"
    return f"{refused}: are user name, password and certificate those of this site?"


@Template
def connection_refused(*, cause: str) -> str:
    return f"the broker refused the connection: {cause}"
