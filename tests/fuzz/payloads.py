"""Messages of the platform: refused in one sentence, or taken and then asked for prices, limits and weather."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from agent.adapters.host.signing_keys import NotSigned, Purpose, SigningKeys
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.commands import Request, request_to_json
from agent.domain.horizon import Horizon
from agent.domain.inputs import Acknowledgement, Inputs
from agent.domain.model_delivery import ModelManifest
from agent.domain.request import Objective, Place
from agent.domain.site import Connection
from agent.domain.tariff import PriceList
from agent.domain.wire import from_json, to_json
from agent.ports import PayloadRefused
from agent.site_conditions.site_conditions import SiteConditions
from tests.adapters.models.model_server import SIGNER, members_of
from tests.fuzz.mutation import changed, damaged, text_of
from tests.fuzz.tally import Tally, Tick

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = "2026-06-01T10:00:00Z"
HEAD = {"issued_at": AT, "valid_from": AT, "step_s": 3600}
GOOD: dict[str, dict[str, Any]] = {
    "down/input/tariff": {
        "schema": "tariff/1.0", **HEAD, "import_price": [0.31, None, -0.02, 0.4],
        "export_price": [0.08, 0.08, 0.1, None],
    },
    "down/input/carbon": {"schema": "carbon/1.0", **HEAD, "kg_per_kwh": [0.2, 0.3, None]},
    "down/input/weather": {
        "schema": "weather/1.0", **HEAD, "temperature_c": [9.0, None], "ghi_w_m2": [0.0, 850.5], "cloud_pct": [],
    },
    "down/input/gridlimit": {
        "schema": "gridlimit/1.0", "issued_at": AT, "valid_from": AT, "valid_to": "2026-06-01T20:00:00Z",
        "import_limit_w": 4200.0, "export_limit_w": None,
    },
    "down/ack": {"schema": "ack/1.0", "ts": AT, "streams": {"minute": 123, "event": 0}, "resend_from": {"event": 1}},
    "down/cmd/advice": {
        "schema": "advice/1.0", "issued_at": AT, "key": "shift_load/washer", "verb": "schedule", "scheduled_for": AT,
    },
    "down/model": members_of(bytes(1000), 100, "https://models.example.org/own"),
}  # fmt: skip
KEYS = SigningKeys({(Purpose.MODEL, "platform-1"): SIGNER.public})
READ_EVERY = 20  # taken inputs; curves cost more than a message


def run(chance: Random, count: int, tick: Tick) -> Tally:
    tally, topics = Tally("messages of the platform"), list(GOOD)
    door, conditions = JsonPayloads("home-1", "fuzz", "GBP"), _conditions()
    for number in range(count):
        topic = chance.choice(topics) if number % 50 else f"down/{chance.choice(['', 'cmd/x', 'input/tariff/'])}"
        good = GOOD.get(topic, GOOD["down/ack"])
        payload = damaged(chance, text_of(good)) if chance.random() < 0.4 else text_of(changed(chance, good))
        with tally.watched((topic, payload)):
            try:
                message = door.parse(topic, payload)
            except PayloadRefused as refusal:
                tally.refusal(str(refusal), (topic, payload))
                continue
            tally.taken += 1
            if isinstance(message, Request):
                request_to_json(message)
                continue
            if isinstance(message, Acknowledgement):
                to_json(message)
                continue
            if isinstance(message, ModelManifest):
                _refuse_changed(message)
                continue
            conditions.take(message)
            conditions.at(NOW)
            conditions.connection(NOW)
            if tally.taken % READ_EVERY == 0:
                conditions.curves(Horizon(NOW, 900, 96))
                conditions.connections(NOW, Horizon(NOW, 900, 96))
                assert from_json(Inputs, to_json(conditions.said)) == conditions.said
        if tally.taken % 500 == 499:
            conditions = _conditions()
        tick(number)
    return tally


def _refuse_changed(manifest: ModelManifest) -> None:
    """Only what says the same as the platform said is believed."""
    to_json(manifest)
    with suppress(NotSigned):
        KEYS.verify(Purpose.MODEL, json.loads(manifest.signed))
        assert json.loads(manifest.signed) == GOOD["down/model"], "a changed manifest is believed"


def _conditions() -> SiteConditions:
    nothing = PriceList(NOW - timedelta(days=1), 3600, ())
    return SiteConditions(nothing, nothing, 0.2, Connection(), Objective(), Place(51.5, 0.0, "Europe/London"))
