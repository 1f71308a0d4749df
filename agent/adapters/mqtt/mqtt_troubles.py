"""What keeps the link from the broker, as one sentence for the person who has to mend it."""

import re
import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

NO_ANSWER = "{place}: takes the connection and then says nothing: is an MQTT broker behind this port?"
NO_BROKER = "{place}: closed the connection before it spoke MQTT: is an MQTT broker behind this port?"
FROZEN = "the broker did not answer within {seconds:g} s"
LOST = "the connection to the broker was lost"
MALFORMED = "the broker answered with what MQTT does not know; mosquitto 2.0 does so to a message that is too large"
TOO_LARGE = "{topic} has {size} bytes, more than the {most} that the broker takes"
RIVAL = "another client has connected with this site's id: another gateway with the same site id runs somewhere"
PERHAPS_RIVAL = (
    "the broker took our connection and ended it within a minute, {times} times in a row: most likely another gateway "
    "with the same site id runs somewhere, or the broker does not let us write"
)
# OpenSSL's X509_V_ERR_ numbers (x509_vfy.h)
_UNTRUSTED = {18, 19, 20, 21}
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
_CREDENTIALS = {0x85, 0x86, 0x87, 0x8C}  # client identifier, user name or password, authorisation, method
_ALERT = re.compile(r"alert ([a-z ]+?)(?: \(|$)", re.IGNORECASE)


class UnusableFile(OSError):
    """A file that the site file names cannot be used. ``str()`` says which and why."""


def why_not(error: Exception, host: str, port: int) -> str:
    """The sentence for what was raised while connecting to ``host`` or serving the connection."""
    place = f"{host}:{port}"
    if isinstance(error, UnusableFile):
        return str(error)
    if isinstance(error, socket.gaierror):
        return _no_address(error, host)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{place}: certificate verify failed: {_distrust(error, host)}"
    if isinstance(error, ssl.SSLError):
        return f"{place}: {_no_tls(error)}"
    if isinstance(error, TimeoutError):
        return f"{place}: does not answer: is the address right, and does a firewall let us through?"
    if isinstance(error, ConnectionRefusedError):
        return f"{place}: Connection refused: no broker listens there"
    if isinstance(error, OSError):
        return f"{place}: {error.strerror or type(error).__name__}"
    return f"{place}: a defect ended the connection: {type(error).__name__}: {error}"


def refusal(reason: ReasonCode) -> str:
    """The sentence for a CONNACK that is none."""
    hint = ": are user name, password and certificate those of this site?" if reason.value in _CREDENTIALS else ""
    return f"the broker refused the connection: {reason}{hint}"


def not_received(text: str) -> str | None:
    """The sentence for an error that paho has only logged: the broker's TLS alert. None for any other."""
    found = _ALERT.search(text)
    return None if found is None else f"the broker does not accept our certificate: {found.group(1).lower()}"


def _no_address(error: socket.gaierror, host: str) -> str:
    if error.errno == socket.EAI_AGAIN:
        return f"the name {host} cannot be looked up: no name server answers"
    return f"the name {host} is not known to the name server: is it spelled right?"


def _distrust(error: ssl.SSLCertVerificationError, host: str) -> str:
    match error.verify_code:
        case code if code in _UNTRUSTED:
            return "no authority that we trust has signed the broker's certificate"
        case code if code in (_OTHER_HOST, _OTHER_ADDRESS):
            return f"the broker's certificate is made out to another name than {host}"
        case code if code == _NOT_YET_VALID:
            return "the broker's certificate is not yet valid by this machine's clock; it is tried again"
        case code if code == _EXPIRED:
            return "the broker's certificate has expired, or this machine's clock is ahead"
    return str(error.verify_message)


def _no_tls(error: ssl.SSLError) -> str:
    reason = error.reason or type(error).__name__
    if reason in _NO_TLS:
        return "what answers there does not speak TLS: a port without TLS, or a captive portal"
    if "EOF" in reason or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the connection was closed while TLS was agreed on"
    return not_received(str(error)) or f"TLS could not be agreed on: {reason.lower().replace('_', ' ')}"
