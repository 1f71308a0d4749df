"""The language spoken with the central platform: JSON out of frozen objects, frozen objects out of JSON.

What goes out is built here from our own rows and cannot be wrong but in a number, which ``allow_nan=False`` refuses.
What comes in is untrusted: size, depth, types, ranges and times are checked by ``incoming_messages``.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from math import isfinite

from agent.adapters.host.key_ring import KeyRing
from agent.adapters.mqtt.command_envelopes import parse_signed
from agent.adapters.mqtt.history import HistoryForm
from agent.adapters.mqtt.history import iso_time as _time
from agent.adapters.mqtt.incoming_messages import COMMAND_TOPICS, LARGEST_PAYLOAD, parse_incoming
from agent.adapters.mqtt.own_status import STATUS_TOPIC
from agent.domain.advisory import Advisory
from agent.domain.command_record import CommandRecord
from agent.domain.desired import RemoteConfig
from agent.domain.envelope import HISTORY_TYPE, Envelope
from agent.domain.forecast import Forecast
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.inputs import Incoming
from agent.domain.override import Override
from agent.domain.plan import Plan
from agent.domain.records import OutboxRow
from agent.domain.sentences.messages import message_refused, no_command_obeyed
from agent.domain.setpoint import Setpoint
from agent.domain.site import SiteState
from agent.explanation.words import to_dict
from agent.ports import PayloadRefused

TOPICS = {"minute": "up/data/minute", "decision": "up/data/decision", "event": "up/event"}
LIVE_TOPIC = "up/live"
MOST_ADVISORIES = 40  # of less than 1.5 KB each
MEASURED = ("grid_w", "pv_w", "battery_w", "load_w", "soc_pct")
MOST_ALARMS = 20
POWERS = ("charge_w", "discharge_w", "import_w", "export_w", "curtail_w", "load_w", "pv_w")
PRICES = ("import_price", "export_price", "energy_value_per_kwh")


class JsonPayloads:
    """Implements ``agent.ports.Payloads`` for one site and one run of the program (``session``).

    ``currency`` is that of the prices that come in. With ``ring`` every command must be signed by one of its keys.
    """

    def __init__(self, site_id: str, session: str, currency: str = "EUR", ring: KeyRing | None = None) -> None:
        self.site_id = site_id
        self.session = session
        self.currency = currency
        self._ring = ring
        self._numbers = count(1)
        self._connection = 0
        self._history = HistoryForm(LARGEST_PAYLOAD)

    def rows(self, stream: str, rows: Sequence[OutboxRow], prev: int, now: datetime, history: bool = False) -> Envelope:
        """A batch of one stream: a header of columns and one list a row, up to 64 KiB; packed where it is ``history``.

        It ends where the names of the points change, so that one header fits all its rows. A single row that is too
        large on its own is sent nevertheless: the broker decides.
        """
        if history:
            return self._packed(stream, rows, prev, now)
        first = rows[0]
        taken: list[str] = []
        head = self._head(stream, now) | {
            "stream": stream,
            "columns": ["seq", *first.columns],
            "points": list(first.point_names),
            "prev": prev,
        }
        size = len(_text(head).encode()) + 80
        seq_to = first.seq
        for row in rows:
            if row.point_names != first.point_names:
                break
            packed = _text([row.seq, *row.values, *row.points])
            size += len(packed.encode()) + 1
            if taken and size > LARGEST_PAYLOAD:
                break
            taken.append(packed)
            seq_to = row.seq
        head |= {"seq_from": first.seq, "seq_to": seq_to}
        payload = f'{_text(head)[:-1]},"rows":[{",".join(taken)}]}}'
        return Envelope(TOPICS[stream], payload.encode(), stream=stream, seq_to=seq_to)

    def _packed(self, stream: str, rows: Sequence[OutboxRow], prev: int, now: datetime) -> Envelope:
        head = self._head("history", now) | {"stream": stream, "prev": prev}
        payload, seq_to = self._history.pack(head, rows)
        return Envelope(TOPICS[stream], payload, stream=stream, seq_to=seq_to, content_type=HISTORY_TYPE)

    def plan(self, plan: Plan, now: datetime) -> Envelope:
        """The plan in force, as columns over its horizon, with the forecasts it was made from.

        Of a plan with more steps than a payload holds the first are sent.
        """
        head, shown = self._head("plan", now), len(plan.steps)
        while True:
            payload = _text(head | _plan_body(plan, shown)).encode()
            if len(payload) <= LARGEST_PAYLOAD or shown == 1:
                return Envelope("up/plan", payload, retain=True)
            shown = max(1, min(shown - 1, shown * LARGEST_PAYLOAD // len(payload)))

    def advice(self, advisories: Sequence[Advisory], now: datetime) -> Envelope:
        """The recommendations that are open, the largest saving first; no more than a payload may hold."""
        shown = [to_dict(one) for one in advisories[:MOST_ADVISORIES]]
        body = self._head("advice", now) | {"advice": shown, "open": len(advisories)}
        return Envelope("up/advice", _text(body).encode(), retain=True)

    def reported(self, config: RemoteConfig, now: datetime) -> Envelope:
        """The answer to ``down/desired``: its version, what became of it, what is in force, and costs as money."""
        body = self._head("reported", now) | {
            "version": config.version,
            "state": config.state.value,
            "config": {key: json.loads(text) for key, text in config.holds},
            "errors": [] if config.error is None else [config.error],
            "cost_before": None if config.cost_before is None else round(config.cost_before, 4),
            "cost_after": None if config.cost_after is None else round(config.cost_after, 4),
        }
        return Envelope("up/reported", _text(body).encode(), retain=True)

    def info(self, facts: Mapping[str, object], now: datetime) -> Envelope:
        """What this site runs. ``facts`` are plain JSON values: versions, devices, hashes."""
        return Envelope("up/info", _text(self._head("info", now) | dict(facts)).encode(), retain=True)

    def live(self, state: SiteState, setpoint: Setpoint | None, override: Override | None, now: datetime) -> Envelope:
        """What is measured and done now, and what a person has told the battery.

        It is no row: the next one replaces it, and it goes before any backlog.
        """
        body = self._head("live", now) | {
            "connection": self._connection,
            "at": _time(state.at),
            **{name: _rounded(getattr(state, name).value) for name in MEASURED},
            "quality": {name: getattr(state, name).quality.value for name in MEASURED},
            "setpoint_w": None if setpoint is None else _rounded(setpoint.battery_w),
            "rung": None if setpoint is None else setpoint.rung.value,
            "override": None if override is None else _override(override),
        }
        return Envelope(LIVE_TOPIC, _text(body).encode())

    def status(self, word: str, now: datetime, alarms: Sequence[str] = ()) -> Envelope:
        """``online``, ``stopping`` or ``lost``, of a session (a run of the program) and of one of its connections.

        ``lost`` is the will of the connection that is tried next. Both numbers tell an old death from a new birth.
        ``alarms`` are the texts of those that stand, the newest of them: the one way to tell that the store has failed.
        """
        if word == "lost":
            self._connection += 1
        body = self._head("status", now) | {"connection": self._connection, "status": word}
        if alarms:
            body["alarms"] = list(alarms[-MOST_ALARMS:])
        return Envelope(STATUS_TOPIC, _text(body).encode(), retain=True)

    def command(self, record: CommandRecord, now: datetime) -> Envelope:
        """What became of a command of the platform."""
        body = self._head("cmd", now) | {
            "cmd_id": record.id,
            "name": record.name,
            "state": record.state.value,
            "reason": record.reason,
            "at": _time(record.at),
        }
        return Envelope(f"up/cmd/{record.id}", _text(body).encode(), correlation=record.id.encode())

    def parse(self, topic: str, payload: bytes) -> Incoming:
        """Raises PayloadRefused with one sentence for anything that is not a valid message of ``topic``."""
        if self._ring is None or topic not in COMMAND_TOPICS:
            return parse_incoming(topic, payload, LARGEST_PAYLOAD, self.currency)
        if self._ring.keys is None:
            cause = no_command_obeyed(cause=self._ring.trouble or "")
            raise PayloadRefused(message_refused(topic=topic, cause=cause))
        return parse_signed(topic, payload, self.site_id, self._ring.keys)

    def _head(self, name: str, now: datetime) -> dict[str, object]:
        return {
            "schema": f"{name}/1.0",
            "id": self.site_id,
            "ts": _time(now),
            "session": self.session,
            "seq": next(self._numbers),
        }


def _plan_body(plan: Plan, shown: int) -> dict[str, object]:
    """The first ``shown`` steps."""
    steps = plan.steps[:shown]
    columns: dict[str, object] = {name: [round(getattr(step, name), 1) for step in steps] for name in POWERS}
    columns |= {name: [round(getattr(step, name), 5) for step in steps] for name in PRICES}
    columns["soc_pct"] = [round(step.soc_pct, 2) for step in steps]
    return {
        "issued_at": _time(plan.issued_at),
        "expires_at": _time(plan.expires_at),
        "start": _time(plan.horizon.start),
        "step_s": plan.horizon.step_s,
        "horizon_steps": len(plan.steps),
        "steps": columns,
        "load": _forecast(plan.load, shown, plan.corrections),
        "pv": _forecast(plan.pv, shown, plan.corrections),
        "cost": round(plan.cost, 4),
        "notes": list(plan.notes),
        "solve_s": round(plan.solve_s, 3),
    }


def _forecast(forecast: Forecast, shown: int, corrections: Sequence[ForecastCorrections]) -> dict[str, object]:
    body: dict[str, object] = {
        "source": forecast.source,
        "levels": list(forecast.levels),
        "values": [[round(value, 1) for value in row[:shown]] for row in forecast.values],
    }
    learnt = next((one for one in corrections if one.quantity == forecast.quantity), None)
    return body if learnt is None else body | {"learnt": _learnt_body(learnt)}


def _learnt_body(learnt: ForecastCorrections) -> dict[str, object]:
    """How many past forecasts the quantiles were corrected by, and how far; what is not a number is null."""
    return {
        "origins": learnt.origins,
        "until": None if learnt.learnt_to is None else _time(learnt.learnt_to),
        "members": list(learnt.members),
        "moves": [[round(move, 3) if isfinite(move) else None for move in row] for row in learnt.quantile_offsets],
    }


def _override(override: Override) -> dict[str, object]:
    until, asked_at = _time(override.until), _time(override.asked_at)
    body: dict[str, object] = {
        "action": override.action.value,
        "power_w": override.power_w,
        "until": until,
        "asked_at": asked_at,
    }
    return body if override.command is None else body | {"cmd_id": override.command}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
