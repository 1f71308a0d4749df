"""JSON Schemas of what goes to the platform; ``payloads`` makes it, and a test holds each to the other.

Readers ignore members that they do not know: a new one is a new minor version.
"""

from collections.abc import Mapping
from typing import Any

from agent.adapters.mqtt.incoming_messages import MAJOR
from agent.adapters.mqtt.payloads import MEASURED, MOST_ADVISORIES, MOST_ALARMS, POWERS, PRICES
from agent.domain.advisory import AdvisoryState, AdvisoryType
from agent.domain.command_record import CommandState
from agent.domain.desired import ConfigState
from agent.domain.override import OverrideAction
from agent.domain.records import MINUTE_FIELDS
from agent.domain.setpoint import Rung
from drivers.reading import Quality

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}
STREAMS = {"up/data/minute": "minute", "up/data/decision": "decision", "up/event": "event"}
UNITS = {field.name: field.unit for field in MINUTE_FIELDS if field.sent and field.unit}


def status(path: str) -> Schema:
    alarms = _array(TEXT, "sentences of the alarms that stand, the newest last") | {"maxItems": MOST_ALARMS}
    return _message(
        "status", {"connection": WHOLE, "status": _one_of("online", "stopping", "lost")}, {"alarms": alarms}
    )


def info(path: str) -> Schema:
    return _message(
        "info",
        {"version": TEXT},
        {
            "devices": {"type": "object", "additionalProperties": TEXT, "description": "family by the device's name"},
            "load_model": _said(_or_null(TEXT), "null: none is used"),
            "solar_model": _said(_or_null(TEXT), "null: none is used"),
            "reversion_timer": _said(_or_null(TRUTH), "the battery's device ends an order by itself"),
            "persistent_writes": {"type": "object", "description": "writes of registers that wear, by device"},
            "acknowledged": {
                "type": "object",
                "additionalProperties": WHOLE,
                "description": "by stream, up to which seq the site knows its rows to be received",
            },
            "models": {
                "type": "object",
                "description": "name, version and fingerprint of those in charge, by quantity",
            },
            "model_deliveries": _array({"type": "object"}, "the newest delivery of each name, and what became of it"),
        },
    )


def live(path: str) -> Schema:
    override = _object({"action": _words(OverrideAction), "power_w": _or_null(NUMBER), "until": TIME, "asked_at": TIME})
    return _message(
        "live",
        {
            "connection": WHOLE,
            "at": TIME,
            **{name: _or_null(NUMBER) for name in MEASURED},
            "quality": _object({name: _words(Quality) for name in MEASURED}),
            "setpoint_w": _said(_or_null(NUMBER), "> 0 discharges; null leaves the battery to its own device"),
            "rung": {"enum": [None, *(rung.value for rung in Rung)]},
            "override": {"anyOf": [override, {"type": "null"}]},
        },
    )


def plan(path: str) -> Schema:
    steps = _object({name: _array(NUMBER) for name in (*POWERS, *PRICES, "soc_pct")})
    return _message(
        "plan",
        {
            "issued_at": TIME,
            "expires_at": TIME,
            "start": TIME,
            "step_s": {"type": "integer", "minimum": 1},
            "steps": _said(steps, "one value a step from start on, as far as a payload goes"),
            "load": _forecast(),
            "pv": _forecast(),
            "cost": _said(NUMBER, "of the horizon, in the site's currency"),
            "notes": _array(TEXT, "a sentence for everything that had to be guessed or left out"),
            "solve_s": NUMBER,
        },
        {"horizon_steps": _said(WHOLE, "steps of the plan, of which the first are here")},
    )


def _forecast() -> Schema:
    learnt = _object(
        {
            "origins": WHOLE,
            "until": _or_null(TIME),
            "members": _array(TEXT),
            "moves": _array(_array(_or_null(NUMBER)), "watts by which each quantile is moved"),
        }
    )
    values = _array(_array(NUMBER), "watts: one list a level, one value a step")
    return _object({"source": TEXT, "levels": _array(NUMBER), "values": values}, {"learnt": learnt})


def cmd(path: str) -> Schema:
    return _message("cmd", {"cmd_id": TEXT, "name": TEXT, "state": _words(CommandState), "reason": TEXT, "at": TIME})


def reported(path: str) -> Schema:
    costs = _said(_or_null(NUMBER), "expected of a plan made then, in the site's currency")
    return _message(
        "reported",
        {
            "version": _said(WHOLE, "of the newest message that was taken in"),
            "state": _words(ConfigState),
            "config": {"type": "object", "description": "what is in force, by the key of the site file"},
            "errors": _array(TEXT),
            "cost_before": costs,
            "cost_after": costs,
        },
    )


def advice(path: str) -> Schema:
    support = {"forecast": NUMBER, "optimum": NUMBER, "accuracy": _or_null(NUMBER), "unit": TEXT}
    outcome = {"at": TIME, "came_true": _or_null(TRUTH), "saved": _or_null(NUMBER), "text": TEXT}
    one = _object(
        {
            **dict.fromkeys(("key", "headline", "description"), TEXT),
            "type": _words(AdvisoryType),
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "cost_saving": _or_null(NUMBER),
            "co2_saving_kg": _or_null(NUMBER),
            "support": _object(support),
            **dict.fromkeys(("created", "start", "end", "expires"), TIME),
            "state": _words(AdvisoryState),
            "scheduled_for": _or_null(TIME),
            "outcome": {"anyOf": [_object(outcome), {"type": "null"}]},
        }
    )
    return _message("advice", {"advice": _array(one) | {"maxItems": MOST_ADVISORIES}, "open": WHOLE})


def rows(path: str) -> Schema:
    """Of a batch of one stream: plain, or packed as ``history`` (after gunzip), which has ``values`` for ``rows``."""
    stream = STREAMS[path]
    units = ", ".join(f"{name} in {unit}" for name, unit in UNITS.items()) if stream == "minute" else ""
    cells = {"type": "array", "items": {"type": ["number", "string", "boolean", "null"]}}
    found = _message(
        f"({stream}|history)",
        {
            "stream": {"const": stream},
            "prev": _said(WHOLE, "the seq before seq_from: a hole that the site itself declares is no gap"),
            "seq_from": WHOLE,
            "seq_to": WHOLE,
            "columns": _array(TEXT, f"names of the first values of each row{units and f'; {units}'}"),
            "points": _array(TEXT, "names of the values behind them: device.quantity"),
        },
        {
            "rows": _array(cells, "one list a row: the columns, then the points; null is missing"),
            "values": _array({"type": "object"}, "history: one entry a column, as runs, times_ms or digits and deltas"),
            "count": _said(WHOLE, "history: how many rows"),
        },
    )
    return found | {"oneOf": [{"required": ["rows"]}, {"required": ["values", "count"]}]}


def _message(name: str, members: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    """With the head of every message; ``more`` are members that may be left out."""
    head = {
        "schema": {"type": "string", "pattern": rf"^{name}/{MAJOR}\.\d{{1,4}}$"},
        "id": _said(TEXT, "the site"),
        "ts": TIME,
        "session": _said(TEXT, "a run of the program"),
        "seq": _said(WHOLE, "counts the messages of a session"),
    }
    return _object(head | dict(members), more)


def _object(members: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    return {"type": "object", "properties": {**members, **(more or {})}, "required": list(members)}


def _array(items: Schema, words: str = "") -> Schema:
    return _said({"type": "array", "items": items}, words)


def _said(schema: Schema, words: str) -> Schema:
    return {**schema, "description": words} if words else schema


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _words(kind: Any) -> Schema:
    return _one_of(*(member.value for member in kind))
