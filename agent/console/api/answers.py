"""What the endpoints answer, as JSON Schema. An answer may hold more than its keys here: fields are added.

A shape is a word for one value, a list of one shape, a mapping whose keys are all there, or one shape that may be null.
Of the key ``*`` are the values of all further keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Maybe:
    """``shape``, or null."""

    shape: Any


TEXT, NUMBER, WHOLE, TRUTH, ANY = "string", "number", "integer", "boolean", "any"
NUMBER_OR_NULL, TEXT_OR_NULL = Maybe(NUMBER), Maybe(TEXT)

SAID = {"text": TEXT, "text_code": TEXT_OR_NULL, "text_values": Maybe({"*": ANY})}
ENDED = {"ended": TEXT, "ended_code": TEXT_OR_NULL, "ended_values": Maybe({"*": ANY})}
NOTES = {"notes": [TEXT], "notes_said": [SAID]}
HEAD = {"version": WHOLE, "site": TEXT, "timezone": TEXT, "currency": TEXT}
COLUMNS = {"at": [TEXT], "*": [NUMBER_OR_NULL]}
SUMS = {"*": NUMBER_OR_NULL}
COMPARED = {
    "with": TEXT, "shift": TEXT_OR_NULL, "start": TEXT, "end": TEXT, "series": COLUMNS, "totals": SUMS,
    "change": {"*": {"difference": NUMBER_OR_NULL, "change_pct": NUMBER_OR_NULL}},
}  # fmt: skip
SERIES = {
    **HEAD, "start": TEXT, "end": TEXT, "granularity": TEXT, "coverage": NUMBER_OR_NULL, "series": COLUMNS,
    "totals": SUMS, "breakdown": [{"key": TEXT}], "compare": Maybe(COMPARED), **NOTES,
}  # fmt: skip
TRIAL = {
    "start": TEXT, "end": TEXT, "block_h": WHOLE, "blocks": WHOLE, "mean_a_day": NUMBER_OR_NULL,
    "low_a_day": NUMBER_OR_NULL, "high_a_day": NUMBER_OR_NULL, "is_certain": TRUTH, **SAID,
}  # fmt: skip
STEPS = {"at": [TEXT], "hold": [TRUTH], "reason": [TEXT], "reason_text": [TEXT], "battery_w": [NUMBER_OR_NULL]}
TURNS = {
    "full_at": TEXT_OR_NULL, "empty_at": TEXT_OR_NULL, "lowest_pct": NUMBER_OR_NULL, "lowest_at": TEXT_OR_NULL,
}  # fmt: skip
ISSUED = {"issued_at": TEXT_OR_NULL, "step_s": Maybe(WHOLE), **NOTES}
FORECAST = {"source": TEXT, "levels": [NUMBER], "at": [TEXT], "values": [[NUMBER_OR_NULL]]}
INSIDE = {"steps": WHOLE, "within": WHOLE, "level_pct": NUMBER}
ADVISORY = {
    "key": TEXT, "type": TEXT, "headline": TEXT, "description": TEXT, "confidence": NUMBER,
    "cost_saving": NUMBER_OR_NULL, "co2_saving_kg": NUMBER_OR_NULL, "created": TEXT, "start": TEXT, "end": TEXT,
    "expires": TEXT, "state": TEXT, "scheduled_for": TEXT_OR_NULL, "is_open": TRUTH, "chance": NUMBER_OR_NULL,
    "outcome": Maybe({"at": TEXT, "came_true": Maybe(TRUTH), "saved": NUMBER_OR_NULL, "text": TEXT}),
}  # fmt: skip
TAKEN = {"accepted": TRUTH, "command": TEXT, "taken_up_within_s": WHOLE, "message": TEXT}
OVERRIDE = Maybe({"action": TEXT, "power_w": NUMBER_OR_NULL, "until": TEXT, "asked_at": TEXT, "by": TEXT, "text": TEXT})
PERMIT = {"at": TEXT, "by": TEXT, "passed": TRUTH, "reason": TEXT, "devices": [TEXT]}
REPORT = {
    "at": TEXT, "by": TEXT, "passed": TRUTH, **ENDED, "dead_time_s": NUMBER_OR_NULL,
    "ramp_w_per_s": NUMBER_OR_NULL, "off_w": NUMBER_OR_NULL, "meter_lag_s": NUMBER_OR_NULL,
    "devices": [{"name": TEXT, "family": TEXT, "place": TEXT}],
    "findings": [{"code": TEXT, "device": TEXT_OR_NULL, "stops": TRUTH, **SAID}],
    "tests": [{"device": TEXT, "steps": [{"order": TEXT, "result": TEXT}]}],
}  # fmt: skip
SWITCHED = {
    "name": TEXT, "power_w": NUMBER, "on": Maybe(TRUTH), "runs": TRUTH, "reason": TEXT, "reason_code": TEXT_OR_NULL,
}  # fmt: skip
MONTH = {"month": TEXT, "peak_w": NUMBER_OR_NULL, "peak_at": TEXT_OR_NULL, "cost": NUMBER_OR_NULL}
ALARM = {
    "key": TEXT, "kind": TEXT, "subject": TEXT, "severity": TEXT, "since": TEXT_OR_NULL, "age_s": NUMBER_OR_NULL,
    "text": TEXT, "told": TEXT, "check": TEXT,
}  # fmt: skip
FLOWS = {
    "solar_to_home_w": NUMBER, "solar_to_battery_w": NUMBER, "solar_to_grid_w": NUMBER, "battery_to_home_w": NUMBER,
    "battery_to_grid_w": NUMBER, "grid_to_home_w": NUMBER, "grid_to_battery_w": NUMBER, "unexplained_w": NUMBER,
}  # fmt: skip
METER = {
    "device": TEXT, "roles": [TEXT], "quantity": TEXT, "unit": TEXT, "value": NUMBER_OR_NULL, "at": TEXT, "state": TEXT,
    "low": NUMBER_OR_NULL, "high": NUMBER_OR_NULL,
}  # fmt: skip
LINK = {
    "configured": TRUTH, "connected": Maybe(TRUTH), "trouble": TEXT_OR_NULL, "trouble_code": TEXT_OR_NULL,
    "trouble_values": Maybe({"*": ANY}),
}  # fmt: skip
SHORT_PLAN = Maybe({"issued_at": TEXT, "expires_at": TEXT, "expired": TRUTH})
WHO = {"name": TEXT, "scopes": [TEXT], "csrf": TEXT_OR_NULL}
KEY = {
    "id": TEXT, "name": TEXT, "scopes": [TEXT], "made_at": TEXT, "expires_at": TEXT_OR_NULL, "used_at": TEXT_OR_NULL,
}  # fmt: skip
PREFERENCES = {"theme": TEXT, "language": TEXT, "digits": Maybe(WHOLE), "thresholds": SUMS, "notify": [TEXT]}
LAST = Maybe({"at": TEXT, "good": TRUTH, "said": TEXT})
ALERTS = {
    "settings": {
        "targets": [{"id": TEXT, "severity": TEXT, "kinds": [TEXT], "enabled": TRUTH}],
        "quiet": Maybe({"start": TEXT, "end": TEXT, "alarms_pass": TRUTH}),
        "most_per_hour_of_kind": WHOLE, "most_per_hour": WHOLE, "language": TEXT,
    },
    "targets": [{"id": TEXT, "waiting": WHOLE, "last": LAST}],
}  # fmt: skip

# By method and path below the API's prefix.
ANSWERS: Mapping[str, Any] = {
    "GET analytics/consumption": SERIES,
    "GET analytics/cost": SERIES,
    "GET analytics/carbon": SERIES,
    "GET analytics/savings": {
        **SERIES, "settled_until": TEXT_OR_NULL, "waterfall": [{"key": TEXT, "cost": NUMBER_OR_NULL}],
        "trial": Maybe(TRIAL), "observed": Maybe({"*": ANY}),
    },
    "GET status": {
        **HEAD, "name": TEXT_OR_NULL, "at": TEXT, "word": TEXT, "attention": [TEXT], "attention_said": [SAID],
        "running": TRUTH, "live": TRUTH,
        "live_age_s": NUMBER_OR_NULL, "store_at": TEXT_OR_NULL, "store_age_s": NUMBER_OR_NULL, "rung": TEXT_OR_NULL,
        "steers": Maybe(TRUTH), "locked": TEXT_OR_NULL, "permit": TEXT_OR_NULL, "observation": Maybe({"*": ANY}),
        "override": OVERRIDE, "plan": SHORT_PLAN, "alarms": WHOLE, "advisories_open": Maybe(WHOLE), "link": LINK,
        "outbox": {"*": WHOLE}, "has_solar": TRUTH, "has_demand_charge": TRUTH, "first_at": TEXT_OR_NULL,
        "keep_days": WHOLE, "schema": WHOLE,
    },
    "GET realtime/energy-flow": {
        **HEAD, "seq": Maybe(WHOLE), "at": TEXT_OR_NULL, "age_s": NUMBER_OR_NULL, "running": TRUTH,
        "state": Maybe({"*": ANY}), "flows": Maybe(FLOWS), "setpoint": Maybe({"*": ANY}), "override": Maybe({"*": ANY}),
        "link": Maybe({"*": ANY}), "alarms": ANY, "switched": [SWITCHED],
        "battery": Maybe({**TURNS, "soc_pct": NUMBER_OR_NULL}),
        "today": Maybe(SUMS), "prices": Maybe(SUMS), "store": TEXT,
    },
    "GET meters": {"at": TEXT_OR_NULL, "age_s": NUMBER_OR_NULL, "items": [METER], **NOTES},
    "GET plan": {
        **HEAD, **ISSUED, **TURNS, "expires_at": TEXT_OR_NULL, "age_s": NUMBER_OR_NULL, "expired": Maybe(TRUTH),
        "failure": TEXT_OR_NULL, "cost": NUMBER_OR_NULL, "band_pct": NUMBER_OR_NULL, "series": Maybe(STEPS),
        "actual": Maybe(COLUMNS), "now_step": Maybe(WHOLE),
    },
    "GET forecasts": {
        **HEAD, **ISSUED, "quantities": {"*": {**FORECAST, "actual": [NUMBER_OR_NULL], "inside": INSIDE}},
    },
    "GET decisions": {
        "items": [{"seq": WHOLE, "at": TEXT, "battery_w": NUMBER_OR_NULL, "hold_s": NUMBER_OR_NULL, "rung": TEXT,
                   "reason": TEXT, "outcome": TEXT, "detail": TEXT}],
        "next": TEXT_OR_NULL,
    },
    "GET events": {
        "items": [{"seq": WHOLE, "at": TEXT, "kind": TEXT, "subject": TEXT, "severity": TEXT, "text": TEXT}],
        "next": TEXT_OR_NULL,
    },
    "GET alarms": {"at": TEXT, "items": [ALARM]},
    "GET models": {
        "items": [{"quantity": TEXT_OR_NULL, "role": TEXT, "name": TEXT, "version": TEXT_OR_NULL,
                   "since": TEXT_OR_NULL, "reason": TEXT, "reason_code": TEXT_OR_NULL,
                   "reason_values": Maybe({"*": ANY})}],
        "learnt": [{"quantity": TEXT, "origins": WHOLE, "until": TEXT_OR_NULL}],
        "doubts": [{"quantity": TEXT, "kind": TEXT, "start": TEXT, "end": TEXT_OR_NULL, "reason": TEXT}],
        **NOTES,
    },
    "GET demand": {
        **HEAD, "charge": Maybe({"per_kw": NUMBER, "interval_s": WHOLE, "months": [WHOLE]}), "month": MONTH,
        "threshold_w": NUMBER_OR_NULL, "history": [MONTH], **NOTES,
    },
    "GET /health": {
        "status": TEXT, "version": TEXT, "at": TEXT, "running": TRUTH, "store": TEXT, "store_age_s": NUMBER_OR_NULL,
    },
    "GET /metrics": TEXT,
    "GET advisories": {"items": [ADVISORY], "next": TEXT_OR_NULL, "total": WHOLE, "counts": {"*": WHOLE}},
    "GET advisories/{key:path}": ADVISORY,
    **{f"POST advisories/{{key:path}}/{verb}": {**TAKEN, "key": TEXT, "verb": TEXT}
       for verb in ("acknowledge", "dismiss", "schedule")},
    "GET override": {"override": OVERRIDE},
    "POST override": {**TAKEN, "override": OVERRIDE},
    "POST data/aggregate": {
        **HEAD, "source": TEXT, "fn": TEXT, "step": TEXT, "start": TEXT, "end": TEXT, "series": {"*": [ANY]},
        **NOTES,
    },
    **{f"POST predict/{what}": {**FORECAST, "quantity": TEXT, "issued_at": TEXT, "step_s": WHOLE, **NOTES}
       for what in ("consumption", "solar")},
    "POST optimize/battery": {
        **HEAD, "what_if": TRUTH, "cost": NUMBER, "cost_without_battery": NUMBER, "stored_change_wh": NUMBER,
        "stored_change_value": NUMBER, "saved": NUMBER, "series": STEPS, **NOTES,
    },
    "GET openapi.json": {"openapi": TEXT, "info": {"title": TEXT, "version": TEXT}, "paths": {"*": {"*": ANY}}},
    "POST session": WHO,
    "GET session": WHO,
    "POST password": WHO,
    "GET preferences": PREFERENCES,
    "PUT preferences": PREFERENCES,
    "GET keys": {"items": [KEY]},
    "POST keys": {**KEY, "key": TEXT},
    "GET alerts": ALERTS,
    "PUT alerts": ALERTS,
    "POST alerts/test": {"target": TEXT, "good": TRUTH, "said": TEXT},
    "GET commissioning": {
        "state": TEXT, "locked": TEXT_OR_NULL, "locked_code": TEXT_OR_NULL, "locked_values": Maybe({"*": ANY}),
        "locked_by": TEXT_OR_NULL, "command": TEXT, "permit": Maybe(PERMIT),
        "report": Maybe(REPORT),
    },
    "GET site-file": {"values": [{"key": TEXT, "value": ANY}]},
    "POST site-file/check": {"good": TRUTH, "problems": [{"line": Maybe(WHOLE), "key": TEXT, "text": TEXT}]},
}  # fmt: skip


def schema(shape: Any) -> dict[str, Any]:
    """``shape`` in JSON Schema."""
    match shape:
        case Maybe(str() as word) if word != ANY:
            return {"type": [word, "null"]}
        case Maybe(inner):
            return {"anyOf": [schema(inner), {"type": "null"}]}
        case [inner]:
            return {"type": "array", "items": schema(inner)}
        case Mapping():
            named = {name: schema(inner) for name, inner in shape.items() if name != "*"}
            more = {"additionalProperties": schema(shape["*"])} if "*" in shape else {}
            needed = {"properties": named, "required": list(named)} if named else {}
            return {"type": "object", **needed, **more}
        case _:
            return {} if shape == ANY else {"type": shape}
