"""How to reach the broker, and a paho client that is set up for it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.adapters.mqtt.mqtt_troubles import UnusableFile
from agent.domain.envelope import Envelope
from agent.domain.sentences import link as say

SESSION_EXPIRY_S = 7 * 86400
RECEIVE_MAXIMUM = 16
WILL_DELAY_S = 30
CONNECT_TIMEOUT_S = 5.0
ROOT, ALL_SITES = "ee/1/", "_all/"
CERTIFICATE = b"CERTIFICATE-----"  # also of "TRUSTED CERTIFICATE" and "X509 CERTIFICATE" (OpenSSL, pem.h)


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """One broker. ``protocol`` 3.1.1 is for brokers that do not speak MQTT 5.

    The client id is the site's id, and all topics are below ``ee/1/<site>/``, unless ``client_id`` and ``root`` say
    otherwise. The broker keeps our session for ``session_expiry_s`` seconds; with 0 every connection begins anew.

    ``tls`` checks the broker's certificate against ``ca_file``, or the system's authorities where it is None,
    and against ``crl_file``, a revocation list of the authority that has signed it, where there is one.
    ``cert_file`` and ``key_file`` are ours, where the broker wants one. The password is the first line of its file.
    ``longest_pause_s`` is the longest upper end of a pause, ``apart_s`` the least pause after a refusal or a take-over.
    A broker of MQTT 5 sends no packet above ``most_bytes``; None: of any size.
    """

    host: str
    port: int
    site_id: str
    protocol: Literal["5", "3.1.1"] = "5"
    tls: bool = True
    ca_file: Path | None = None
    crl_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    keepalive_s: int = 30
    longest_pause_s: float = 120.0
    apart_s: float = 60.0
    client_id: str | None = None
    root: str | None = None
    session_expiry_s: int = SESSION_EXPIRY_S
    most_bytes: int | None = None

    @property
    def name(self) -> str:
        """The client id."""
        return self.client_id or self.site_id

    @property
    def topics_below(self) -> str:
        """What begins all our topics."""
        return f"{ROOT}{self.site_id}/" if self.root is None else self.root

    @property
    def is_sites_own(self) -> bool:
        """Whether we speak as the site, to its platform: nobody else may have our id then."""
        return self.root is None

    @property
    def has_session(self) -> bool:
        return self.session_expiry_s > 0

    def full_topic(self, topic: str) -> str:
        """``topic`` is below our own root, or one of all sites (``_all/...``)."""
        return f"{ROOT}{topic}" if topic.startswith(ALL_SITES) else f"{self.topics_below}{topic}"

    def own_topic(self, full: str) -> str:
        """The topic below our own root; of any other place below the root of all."""
        own = self.topics_below
        return full.removeprefix(own) if full.startswith(own) else full.removeprefix(ROOT)


def new_client(settings: MqttSettings, will: Envelope | None) -> mqtt.Client:
    """A client that has not connected yet. Raises OSError or ssl.SSLError for a file that cannot be used."""
    modern = settings.protocol == "5"
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.name,
        protocol=MQTTProtocolVersion.MQTTv5 if modern else MQTTProtocolVersion.MQTTv311,
        clean_session=None if modern else not settings.has_session,
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    if will is not None:
        more = _will_properties(settings) if modern else None
        client.will_set(settings.full_topic(will.topic), will.payload, qos=1, retain=will.retain, properties=more)
    if settings.tls:
        client.tls_set_context(_tls_context(settings))
    if settings.username is not None:
        client.username_pw_set(settings.username, _password(settings.password_file))
    # With these two set, paho leaves all writing to the thread that runs loop(). Otherwise publish() would write from
    # the caller's thread as well, and two half-written packets could be mixed.
    client.on_socket_register_write = lambda client, userdata, sock: None
    client.on_socket_unregister_write = lambda client, userdata, sock: None
    client.on_socket_open = lambda client, userdata, sock: _send_at_once(sock)
    return client


def _send_at_once(sock: object) -> None:
    """No small packet waits for the acknowledgement of the one before (J. Nagle, RFC 896).

    Our acknowledgement of a message would hold back what we publish next for as long as the broker delays its own
    (RFC 1122, 4.2.3.2), which Linux does by 40 ms.
    """
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def connect_arguments(settings: MqttSettings) -> dict[str, Any]:
    """The arguments of ``Client.connect``."""
    # paho looks at its times once a second: with a second less, a broker that is silent is left within two keepalives.
    keepalive_s = max(1, settings.keepalive_s - 1)
    arguments: dict[str, Any] = {"host": settings.host, "port": settings.port, "keepalive": keepalive_s}
    if settings.protocol == "5":
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = settings.session_expiry_s
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        if settings.most_bytes is not None:
            properties.MaximumPacketSize = settings.most_bytes
        arguments |= {"clean_start": not settings.has_session, "properties": properties}
    return arguments


def publish_properties(settings: MqttSettings, envelope: Envelope) -> Properties | None:
    """That a payload is not plain JSON, and what it is an answer to, where the protocol can say so; else None."""
    if settings.protocol != "5" or (envelope.content_type is None and envelope.correlation is None):
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if envelope.content_type is not None:
        properties.ContentType = envelope.content_type
    if envelope.correlation is not None:
        properties.CorrelationData = envelope.correlation
    return properties


def _will_properties(settings: MqttSettings) -> Properties:
    properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    properties.WillDelayInterval = min(WILL_DELAY_S, settings.session_expiry_s)
    return properties


def _tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """With the files as they are now, so that one that was replaced counts from the next connection on."""
    with _told(settings.ca_file or Path(ssl.get_default_verify_paths().openssl_cafile), "the file of authorities"):
        context = ssl.create_default_context(cafile=None if settings.ca_file is None else str(settings.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.crl_file is not None:
        _revoke(context, settings.crl_file)
    if settings.cert_file is not None:
        with _told(settings.cert_file, "our certificate or its key"):
            context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def _revoke(context: ssl.SSLContext, file: Path) -> None:
    """From now on the other side's certificate must be one that the list in ``file`` could name, and does not."""
    with _told(file, "the revocation list"):
        holds_certificate = CERTIFICATE in file.read_bytes()  # which would be trusted
        if not holds_certificate:
            context.load_verify_locations(file)
    if holds_certificate:
        raise UnusableFile(say.link_file_holds_certificate(path=str(file)))
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    with _told(file, "the password file"):
        return file.read_text("utf-8").partition("\n")[0].strip()


@contextmanager
def _told(file: Path, what: str) -> Iterator[None]:
    """Name the file in whatever goes wrong with it."""
    try:
        yield
    except ssl.SSLError as error:
        raise UnusableFile(say.link_file_no_pem(file=what, path=str(file), reason=error.reason or "")) from error
    except OSError as error:
        raise UnusableFile(say.link_file_unreadable(file=what, path=str(file), cause=error.strerror or "")) from error
    except UnicodeDecodeError as error:
        raise UnusableFile(say.link_file_no_text(file=what, path=str(file))) from error
