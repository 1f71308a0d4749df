"""What keeps the link from the broker, as one sentence for the person who has to mend it."""

import re
import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from agent.domain.sentence import sentence_of
from agent.domain.sentences import link as say

# OpenSSL's X509_V_ERR_ numbers (x509_vfy.h)
_UNTRUSTED = {18, 19, 20, 21}
_NO_CRL, _CRL_FORGED, _CRL_NOT_YET_VALID, _CRL_ENDED, _REVOKED = 3, 8, 11, 12, 23
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
        return sentence_of(error)
    if isinstance(error, socket.gaierror):
        return _no_address(error, host)
    if isinstance(error, ssl.SSLCertVerificationError):
        return say.not_verified(place=place, why=_distrust(error, host))
    if isinstance(error, ssl.SSLError):
        return say.no_tls(place=place, why=_no_tls(error))
    if isinstance(error, TimeoutError):
        return say.broker_does_not_answer(place=place)
    if isinstance(error, ConnectionRefusedError):
        return say.no_broker_listens(place=place)
    if isinstance(error, OSError):
        return say.broker_not_reached(place=place, cause=error.strerror or type(error).__name__)
    return say.connection_defect(place=place, cause=f"{type(error).__name__}: {error}")


def refusal(reason: ReasonCode) -> str:
    """The sentence for a CONNACK that is none."""
    refused = say.login_refused if reason.value in _CREDENTIALS else say.connection_refused
    return refused(cause=str(reason))


def not_received(text: str) -> str | None:
    """The sentence for an error that paho has only logged: the broker's TLS alert. None for any other."""
    found = _ALERT.search(text)
    return None if found is None else say.our_certificate_not_accepted(cause=found.group(1).lower())


def _no_address(error: socket.gaierror, host: str) -> str:
    if error.errno == socket.EAI_AGAIN:
        return say.no_name_server(host=host)
    return say.name_not_known(host=host)


def _distrust(error: ssl.SSLCertVerificationError, host: str) -> str:
    match error.verify_code:
        case code if code in _UNTRUSTED:
            return say.signed_by_nobody_trusted()
        case code if code in (_OTHER_HOST, _OTHER_ADDRESS):
            return say.made_out_to_another(host=host)
        case code if code == _NOT_YET_VALID:
            return say.not_yet_valid()
        case code if code == _EXPIRED:
            return say.broker_certificate_expired()
        case code if code == _REVOKED:
            return say.broker_certificate_revoked()
        case code if code in (_NO_CRL, _CRL_FORGED):
            return say.revocation_list_of_another()
        case code if code == _CRL_NOT_YET_VALID:
            return say.revocation_list_not_yet_valid()
        case code if code == _CRL_ENDED:
            return say.revocation_list_ended()
    return str(error.verify_message)


def _no_tls(error: ssl.SSLError) -> str:
    reason = error.reason or type(error).__name__
    if reason in _NO_TLS:
        return say.speaks_no_tls()
    if "EOF" in reason or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return say.closed_during_tls()
    return not_received(str(error)) or say.tls_not_agreed(cause=reason.lower().replace("_", " "))
