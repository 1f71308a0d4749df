"""The simulated central platform: receives what sites send, removes duplicates, finds gaps, acknowledges, sends inputs.

It promises what a real one must: every row counted once by (site, stream, seq), one cumulative acknowledgement per
stream, and a request for a replay where something is missing. A batch says in ``prev`` which seq came before it, so a
hole in the numbers that the site itself declares is no gap.
"""

import json
import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulator import contract
from simulator.history import CONTENT_TYPE, unpack

SESSION_EXPIRY_S = 7 * 86400
UP_TOPIC = "ee/1/+/up/#"
LIVES = 20
MOST_FAULTS = 20


@dataclass(slots=True)
class ReceivedStream:
    """One stream of one site. ``contiguous`` is the seq up to which nothing is missing, None before the first batch.

    Where it begins the site says: what it knew to be acknowledged when it connected. An older site's first batch does.
    ``gaps`` counts batches that came with something missing before them, ``declared_lost`` holes that the site said
    will never be filled, ``duplicates`` rows that were here already.
    """

    contiguous: int | None = None
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    duplicates: int = 0
    gaps: int = 0
    declared_lost: int = 0
    first: int | None = None  # where ``contiguous`` began

    @property
    def last(self) -> int:
        """The highest seq that is here."""
        return max(self.rows, default=0)

    def take(self, batch: Mapping[str, Any]) -> None:
        """Take in one batch."""
        if self.contiguous is None:
            self.contiguous = self.first = int(batch["prev"])
        points = [f"points.{name}" for name in batch["points"]]
        for values in batch["rows"]:
            row = dict(zip([*batch["columns"], *points], values, strict=True))
            self.duplicates += row["seq"] in self.rows
            self.rows.setdefault(row["seq"], row)
        if batch["prev"] > self.contiguous:
            self.gaps += 1
            return
        expected = max(self.contiguous, int(batch["prev"])) + 1
        self.declared_lost += batch["seq_from"] > expected
        self.contiguous = max(self.contiguous, int(batch["seq_to"]))

    def begin_at(self, acknowledged: int) -> None:
        """No more than this was acknowledged when the site connected, so batches before the first may lack."""
        if self.first is None or acknowledged < self.first:
            self.contiguous = self.first = acknowledged


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is, and how the platform shows who it is; ``tls`` None: it does not."""

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None


HERE = Address()


class Platform:
    """A platform on a broker, of this machine where nothing else is said.

    ``acknowledges`` may be turned off and on at any time. Its acknowledgements say that it takes a compressed backlog;
    without ``reads_history`` it is one of before that.

    ``lives`` are the last (session, connection) that came online, of each site. A session that comes again after
    another one is a second gateway with the same site id: ``rivals`` names such sites. ``answers`` are what became of
    commands, by (site, id of the command), in the order in which it came. ``faults`` are sentences about what was heard
    or said against the contract (``simulator.contract``), the first of them.
    """

    def __init__(self, port: int, protocol: str = "5", at: Address = HERE) -> None:
        self.acknowledges = True
        self.reads_history = True
        self.streams: dict[tuple[str, str], ReceivedStream] = {}
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.answers: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.lives: dict[str, list[tuple[object, object]]] = {}
        self.rivals: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._address = (at.host, port)
        self._modern = protocol == "5"
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id="platform",
            protocol=MQTTProtocolVersion.MQTTv5 if self._modern else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._modern else False,
        )
        if at.tls is not None:
            self._client.tls_set_context(at.tls)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *ignored: self._subscribed.set()
        self._client.on_message = self._on_message

    def start(self, timeout_s: float = 10.0) -> None:
        """Connect and return when subscribed. Raises TimeoutError when that does not come about."""
        host, port = self._address
        if self._modern:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            self._client.connect_async(host, port, keepalive=30, clean_start=False, properties=properties)
        else:
            self._client.connect_async(host, port, keepalive=30)
        self._client.loop_start()
        if not self._subscribed.wait(timeout_s):
            self.stop()
            raise TimeoutError(f"the platform did not get a subscription at {host}:{port}")

    def stop(self) -> None:
        """Disconnect. What was received stays."""
        self._client.disconnect()
        self._client.loop_stop()

    def stream(self, site_id: str, name: str) -> ReceivedStream:
        """What has been received of one stream."""
        with self._lock:
            return self.streams.setdefault((site_id, name), ReceivedStream())

    def document(self, site_id: str, name: str) -> dict[str, Any] | None:
        """The latest ``status``, ``info``, ``plan``, ``advice`` or ``reported`` of a site, or None."""
        with self._lock:
            return self.documents.get((site_id, name))

    def send_input(self, site_id: str, name: str, body: Mapping[str, object]) -> None:
        """Publish ``tariff``, ``carbon``, ``weather`` or ``gridlimit``, retained. Issued now where not said."""
        full = {"schema": f"{name}/1.0", "id": site_id, "ts": _now(), "issued_at": _now(), **body}
        self._publish(f"ee/1/{site_id}/down/input/{name}", full)

    def send_command(self, site_id: str, name: str, signed: Mapping[str, object]) -> None:
        """Publish a signed command (``Signer.command``), never retained; the broker forgets it when it has expired."""
        command_id, properties = str(signed["id"]), Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.CorrelationData = command_id.encode()
        properties.ResponseTopic = f"ee/1/{site_id}/up/cmd/{command_id}"
        left_s = (datetime.fromisoformat(str(signed["expires_at"])) - datetime.now(UTC)).total_seconds()
        properties.MessageExpiryInterval = max(1, int(left_s))
        topic, payload = f"ee/1/{site_id}/down/cmd/{name}", json.dumps(signed, allow_nan=False).encode()
        self._client.publish(topic, payload, qos=1, properties=properties if self._modern else None)

    def send_notice(self, notice: str, within_s: int) -> None:
        """Ask all sites to ``reconnect``, to ``resync`` or to ``report_info``."""
        body = {"schema": "notice/1.0", "ts": _now(), "notice": notice, "within_s": within_s}
        self._client.publish("ee/1/_all/down/notice", json.dumps(body).encode(), qos=1)

    def states(self, site_id: str, command_id: str) -> list[str]:
        """What the site has said of a command so far."""
        with self._lock:
            return [str(answer["state"]) for answer in self.answers.get((site_id, command_id), ())]

    def send_model(self, site_id: str, manifest: Mapping[str, object]) -> None:
        """Publish the manifest of a model, retained. It is sent as it is: whoever has the key has signed all of it."""
        self._publish(f"ee/1/{site_id}/down/model", manifest)

    def send_desired(self, site_id: str, signed: Mapping[str, object]) -> None:
        """Publish the configuration that is wanted of a site, signed by the caller, retained."""
        self._publish(f"ee/1/{site_id}/down/desired", signed)

    def acknowledge(self, site_id: str, everything: bool = False) -> None:
        """Publish the cumulative marks of a site, and from where on it shall send again, retained.

        A replay is asked for where something is missing, or with ``everything`` of all that is not here yet.
        """
        with self._lock:
            known = {name: stream for (site, name), stream in self.streams.items() if site == site_id}
            marks = {name: stream.contiguous for name, stream in known.items() if stream.contiguous is not None}
            missing = {name: mark + 1 for name, mark in marks.items() if everything or known[name].last > mark}
        body: dict[str, object] = {"schema": "ack/1.0", "id": site_id, "ts": _now(), "streams": marks}
        if missing:
            body["resend_from"] = missing
        if self.reads_history:
            body["accepts"] = [CONTENT_TYPE]
        self._publish(f"ee/1/{site_id}/down/ack", body)

    def _check(self, topic: str, body: Mapping[str, Any]) -> None:
        """Note a fault of ``body`` on a whole ``topic``; it is taken or sent all the same."""
        found = contract.fault(topic.split("/", 3)[3], body)
        if found is not None and len(self.faults) < MOST_FAULTS:
            self.faults.append(found)

    def _publish(self, topic: str, body: Mapping[str, object]) -> None:
        self._check(topic, body)
        self._client.publish(topic, json.dumps(body, allow_nan=False).encode(), qos=1, retain=True)

    def _on_connect(
        self, client: mqtt.Client, userdata: object, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        """Without a session at the broker, batches may have been dropped: every site is asked to send again."""
        if reason.is_failure:
            return
        client.subscribe(UP_TOPIC, qos=1)
        if not flags.session_present:
            for site_id in {site for site, _ in list(self.streams)}:
                self.acknowledge(site_id, everything=True)

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        """A message that cannot be read is counted; it must not end the network thread. So is an answer to a command
        that does not say by its correlation data which one it is.
        """
        content_type = getattr(message.properties, "ContentType", None)
        if self._modern and "/up/cmd/" in message.topic:
            correlation = getattr(message.properties, "CorrelationData", None)
            self.counts["uncorrelated"] += correlation != message.topic.rsplit("/", 1)[-1].encode()
        try:
            self._receive(message.topic, bytes(message.payload), content_type == CONTENT_TYPE)
        except (ValueError, KeyError, TypeError):
            self.counts["unreadable"] += 1

    def _receive(self, topic: str, payload: bytes, packed: bool) -> None:
        _, _, site_id, _, kind, *_ = topic.split("/")
        body = unpack(payload) if packed else json.loads(payload)
        self.counts["packed"] += packed
        self.counts["messages"] += 1
        if kind == "cmd":
            with self._lock:
                self.answers.setdefault((site_id, body["cmd_id"]), []).append(body)
            return
        self._check(topic, body)
        if kind not in ("data", "event"):
            with self._lock:
                self._take_document(site_id, kind, body)
            for name, acknowledged in body.get("acknowledged", {}).items() if kind == "info" else ():
                self.stream(site_id, name).begin_at(int(acknowledged))
            return
        stream = self.stream(site_id, body["stream"])
        with self._lock:
            stream.take(body)
            self.counts["rows"] += len(body["rows"])
        if self.acknowledges:
            self.acknowledge(site_id)

    def _take_document(self, site_id: str, kind: str, body: dict[str, Any]) -> None:
        """Keep it, unless it is the last will of a connection that another one has followed."""
        if kind == "status":
            life = (body.get("session"), body.get("connection"))
            lives = self.lives.setdefault(site_id, [])
            if body["status"] == "online":
                sessions = [session for session, _ in lives]
                if body.get("session") in sessions and sessions[-1] != body.get("session"):
                    self.rivals.add(site_id)
                lives.append(life)
                del lives[:-LIVES]
            elif lives and life != lives[-1]:
                self.counts["late_deaths"] += 1
                return
        self.documents[(site_id, kind)] = body


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
