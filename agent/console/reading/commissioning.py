"""Why the battery may be steered, or not: the permit beside the site file, and what commissioning measured."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from agent.adapters.store.store_reader import NoStore, read_kept
from agent.console.reading.shapes import Document, local, rounded
from agent.console.source import Source
from agent.domain.commissioning import BatteryTest, Commissioning, Points, Step
from agent.domain.documents import COMMISSIONING
from agent.domain.permit import Permission, Permit
from agent.domain.sentence import named
from agent.settings.permit import permission_of
from agent.settings.schema import Settings

COMMAND = "enalysis-edge commission"
FAILURES = frozenset({"battery_power_missing", "does_not_follow", "turned_sign", "wrong_scale"})  # of one order
LIMITED_W = 1.0


def commissioning(source: Source) -> Document:
    """``state`` is passed, accepted, failed or none.

    Raises StoreFailure, and WireError for a report of another version.
    """
    try:
        report = read_kept(source.store, COMMISSIONING)
    except NoStore:
        report = None
    permission = Permission() if source.site_file is None else permission_of(source.site_file, source.settings)
    return {
        "state": _state(permission.permit, report),
        **named("locked", permission.locked),
        "locked_by": _locked_by(permission, source.settings),
        "command": COMMAND if source.site_file is None else f"{COMMAND} --config {source.site_file.name}",
        "permit": None if permission.permit is None else _permit(permission.permit, source.zone),
        "report": None if report is None else _report(report, source.zone),
    }


def _state(permit: Permit | None, report: Commissioning | None) -> str:
    """A permit counts, whatever was tried after it."""
    if permit is not None:
        return "passed" if permit.passed else "accepted"
    return "failed" if report is not None and not report.passed else "none"


def _locked_by(permission: Permission, settings: Settings) -> str | None:
    """The word of what keeps the agent from steering; None where it may."""
    if permission.locked is None:
        return None
    if settings.control.mode == "observe":
        return "observe_mode"
    if permission.is_missing:
        return "not_commissioned"
    return "permit_unusable" if permission.permit is None else "device_changed"


def _permit(permit: Permit, zone: ZoneInfo) -> Document:
    return {
        "at": local(permit.at, zone),
        "by": permit.by,
        "passed": permit.passed,
        "reason": permit.reason,
        "devices": list(permit.devices),
    }


def _report(report: Commissioning, zone: ZoneInfo) -> Document:
    """Powers in W (> 0 discharges or imports), times in s since the test of the battery began."""
    return {
        "at": local(report.at, zone),
        "by": report.by,
        "passed": report.passed,
        **named("ended", report.ended),
        "dead_time_s": rounded(report.dead_time_s, 2),
        "ramp_w_per_s": rounded(_least(step.ramp_w_per_s for test in report.tests for step in test.steps), 1),
        "off_w": rounded(report.off_w, 1),
        "meter_lag_s": rounded(report.meter_lag_s, 2),
        "devices": [
            {name: getattr(one, name) for name in ("name", "brand", "family", "place", "model", "serial", "firmware")}
            for one in report.devices
        ],
        "findings": [
            {"code": one.code, "device": one.device, "stops": one.stops, **named("text", one.text)}
            for one in report.findings
        ],
        "tests": [_test(test, report) for test in report.tests],
    }


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _test(test: BatteryTest, report: Commissioning) -> Document:
    reversion = test.reversion and {
        "promised_s": rounded(test.reversion.promised_s, 1),
        "seen_s": rounded(test.reversion.seen_s, 1),
        **named("text", test.reversion.text),
    }
    return {
        "device": test.device,
        "test_w": rounded(test.test_w, 0),
        "steps": [_step(step, _result(step, test, report)) for step in test.steps],
        "meter_answer": rounded(test.answer, 3),
        "meter_lag_s": rounded(test.meter_lag_s, 2),
        "reversion": reversion,
        **named("released", test.released or None),
        "traces": {
            "battery": _trace(test.battery),
            "grid": _trace(test.grid),
            "pv": _trace(test.pv),
            "asked": _trace(test.asked),
        },
    }


def _result(step: Step, test: BatteryTest, report: Commissioning) -> str:
    """The first order that is not followed ends the test of its battery, so it is the last one."""
    failed = any(one.stops and one.device == test.device and one.code in FAILURES for one in report.findings)
    if failed and step is test.steps[-1]:
        return "failed"
    if step.settled_w is None:
        return "not_measured"
    return "limited" if abs(step.asked_w - step.taken_w) > LIMITED_W else "followed"


def _step(step: Step, result: str) -> Document:
    return {
        "order": step.what,
        "result": result,
        "asked_w": rounded(step.asked_w, 0),
        "taken_w": rounded(step.taken_w, 0),
        "from_w": rounded(step.from_w, 0),
        "settled_w": rounded(step.settled_w, 0),
        "off_w": rounded(step.off_w, 1),
        "dead_time_s": rounded(step.dead_time_s, 2),
        "ramp_w_per_s": rounded(step.ramp_w_per_s, 1),
        "began_s": rounded(step.began_s, 1),
        "ended_s": rounded(step.ended_s, 1),
    }


def _trace(points: Points | Sequence[tuple[float, float | None]]) -> Document:
    """Columns: ``at_s``, and ``w``, null from a release on."""
    return {"at_s": [rounded(at, 1) for at, _ in points], "w": [rounded(watts, 0) for _, watts in points]}
