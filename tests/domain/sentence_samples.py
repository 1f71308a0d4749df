"""One value for each name that the sentences use, and every sentence with them."""

import inspect
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from zoneinfo import ZoneInfo

from agent.domain import sentences
from agent.domain.sentence import TEMPLATES, Sentence, Template
from agent.domain.sentences import advice, alarms, control, model_trials, store
from agent.domain.sentences import commissioning_look as look
from agent.domain.sentences import commissioning_test as test
from drivers import refusal_sentences
from drivers import sentences as driver

for subject in iter_modules(sentences.__path__):
    import_module(f"{sentences.__name__}.{subject.name}")  # which defines its templates
AT = datetime(2026, 6, 1, 14, 30, tzinfo=ZoneInfo("Europe/Berlin"))

NUMBERS: Mapping[str, float] = {
    "added_money": 33.0, "after_s": 60.0, "answer_w": 0.124, "after_wh": 12.0, "allowed_w": 5000.0, "asked_w": 3000.0,
    "before_wh": 1234567.0, "best_money": 0.12, "block_h": 6, "budget": 100, "by_s": 18000.0,
    "carbon_per_kwh": 0.0123, "cost_money": 1.1, "counted": 100, "days": 9, "delay_s": 600.0, "energy_wh": 3200.0,
    "error_pct": 1.2, "error_wh": 120.0, "expected_w": -2000.0, "found_pct": 80.4, "found_wh": 8100.0,
    "from_pct": 41.6, "hours": 720, "import_per_kwh": 0.32, "import_w": 6000.0, "interval_s": 900, "intervals": 200,
    "lasted_h": 3.25, "late_s": 8.4, "least": 1, "least_s": 3.2, "left_days": 1, "line": 12, "longest_h": 24.0,
    "longest_s": 900.0, "missing": 3, "more": 3, "most": 240, "most_s": 4.8, "moved_pct": 12.4, "moved_w": 2000.0,
    "newest": 8, "number": 17, "outages": 4, "over_days": 365.0, "paid_per_kwh": 0.32, "peak_w": 7200.0,
    "per_day": 100, "power_w": 520.4, "promised_money": 1.2, "rated_pct": 90.2, "rated_wh": 9500.0, "release": 3,
    "row": 1780315200001, "rows": 12, "runs": 9, "runs_s": 5400, "saved_money": 0.523, "shown_w": 2000.0,
    "soc_pct": 41.6, "spent": 20, "stretches": 4, "times": 3, "to_pct": 80.2, "unsynced_s": 108000.0, "used": 95,
    "usual_money": 0.9, "usual_times": 1.44, "value_per_kwh": 0.2811, "version": 7, "within_s": 20.0,
    "worth_money": 4.2, "battery_w": -520.0, "factor": 10, "found_a": 2.26, "found_v": 231.0, "grid_w": -900.0,
    "least_pct": 12.0, "mean_v": 229.0, "most_pct": 97.0, "off_w": 60.0, "other_unit": 2, "ours_w": 5000.0,
    "ours_wh": 10000.0, "promised_s": 600.0, "rated_w": 6000.0, "settings": 3, "sum_w": -1420.0, "sun_w": 300.0,
    "taken_w": 100.0, "theirs_w": 500.0, "theirs_wh": 9500.0, "total_w": 1420.0, "unit": 1,
    "flat": 1, "like": 2, "missing_wh": 5230.0, "over_w": 1240.0, "steps": 48,
    "asked_h": 48.0, "by_pct": 1.234, "ending": 3, "fewest": 14, "fewest_live": 7, "least_h": 168.0, "live": 5,
    "measured_h": 20.5, "measured_pct": 22.4, "step_s": 900.0, "cells": 3, "columns": 2, "found_times": 10.1,
    "address": 40001, "ahead_s": 7200.0, "lasts_s": 172800.0, "most_days": 7.0, "count": 2,
    "highest": 41, "left_s": 0.4, "port": 587,
}  # fmt: skip
TEXTS: Mapping[str, str] = {
    "addresses": "10.0.0.5:502 unit 1",
    "cause": "the cause", "certificate": "certificate", "counter": "meter.import_wh", "day": "2026-06-01",
    "description": "It is so.", "device": "meter", "doubt": alarms.never_synced(),
    "elsewhere": "one", "exchanged": "the other",
    "headline": advice.capacity_low(),
    "holds": "WSet -5000", "host": "mqtt.example.org", "kept": "override", "kept_span": "minute", "key": "hold/1",
    "keys": "tariff, site.name", "limit": control.limit_of_ramp(), "load": "Dishwasher", "model": "own",
    "order": control.order_charge_with(power_w=2000.0), "outcome": advice.was_dismissed(), "path": "/site.db",
    "place": "mqtt.example.org:8883", "quality": "stale", "quantity": "soc_pct", "said": "so", "span": "day",
    "state": "acknowledged", "step": alarms.clock_step(18000.0), "stream": "minute", "told": "it was so",
    "topic": "up/minute", "value": "500", "waits": "site.id", "wanted_span": "hour", "why": "why",
    "words": "auto, hold", "advice": look.same_meter(place="10.0.0.5:502 unit 1", other="10.0.0.6:502 unit 1"),
    "brand": "SunSpec meter", "does": test.does_charge(power_w=300.0), "family": "sunspec_meter", "hint": "hint",
    "maker": "Maker EM-340", "now": "5", "other": "inverter", "other_family": "sunspec_hybrid",
    "parts": "1 + 2 + 3", "phase": "L1", "point": "WSet", "role": "grid", "serial": "ABC-1", "then": "then",
    "would": control.would_rest(), "wrote": "no order",
    "price": "import_price", "status": "Time limit reached", "cost": model_trials.cost_against(0.0123),
    "error": model_trials.error_against(0.0123), "file": "model.onnx", "found": "found", "gives": "[2]", "takes": "[1]",
    "aside": "site.sqlite3.failed-1", "answer": "503 Service Unavailable",
    "meaning": refusal_sentences.illegal_address(),
    "asked": driver.reading_holding_registers(unit=1, count=2, address=40001), "purpose": "command",
    "reason": store.store_folder_missing(path="/data"), "receiver": "phone", "remedy": store.make_folder(),
    "models": "802, 713", "site": "home-7", "worker": "planner",
    "cell": "0,30", "expected": "2026-06-01T15:30:00+00:00",
    "wanted": "wanted", "wanted_in": "[3]", "wanted_out": "[4]", "worst_cost": model_trials.cost_against(-0.0123),
    "worst_error": model_trials.error_against(-0.0123),
}  # fmt: skip


def names_of(template: Template[Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(template.text).parameters)


def every_sentence() -> list[Sentence]:
    known: dict[str, Any] = {**NUMBERS, **TEXTS}
    return [
        template(**{name: AT if name.endswith("_at") else known[name] for name in names_of(template)})
        for template in TEMPLATES.values()
    ]
