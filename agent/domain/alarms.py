"""The table of what can be wrong and of what can happen. What is not in it cannot be raised or told.

The words are stable: platforms and stored events know them. A word may be followed by ``/`` and its subject.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, StrEnum


class Severity(StrEnum):
    """How an event is told."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


class Subject(Enum):
    """What follows the word of a kind."""

    SITE = "nothing"
    DEVICE = "the name of a device"
    BATTERY = "the name of a device where the site has several batteries, else nothing"
    PART = "a part of the agent: a check, a certificate, a topic"

    def fits(self, name: str) -> bool:
        """Whether ``name``, which may be empty, can stand for this subject."""
        return self is Subject.BATTERY or bool(name) != (self is Subject.SITE)


class AlarmKind(Enum):
    """Each that can stand: its word, how it is told when it is raised, its subject, and what a person should check."""

    severity: Severity
    subject: Subject
    check: str

    def __new__(cls, word: str, severity: Severity, subject: Subject, check: str) -> "AlarmKind":
        kind = object.__new__(cls)
        kind._value_, kind.severity, kind.subject, kind.check = word, severity, subject, check
        return kind

    BATTERY_LIMITED = (
        "battery_limited", Severity.ALARM, Subject.BATTERY,
        "Compare with the battery's own display: its power, a limit of power, its temperature and its state of charge.",
    )  # fmt: skip
    BATTERY_POWER_MISSING = (
        "battery_power_missing", Severity.ALARM, Subject.DEVICE,
        "See that the battery is on and seen by the inverter; if it is, the inverter's firmware or family may not fit.",
    )  # fmt: skip
    BATTERY_SWINGS = (
        "battery_swings", Severity.ALARM, Subject.SITE,
        "Compare powers of meter and battery with their displays, see how late the meter is, and what else regulates.",
    )  # fmt: skip
    CERTIFICATE_ENDS = (
        "certificate_ends", Severity.ALARM, Subject.PART,
        "Renew the certificate that [cloud] of the site file names; with enrol_url there, run enalysis-edge enrol.",
    )  # fmt: skip
    CLOCK_UNTRUSTED = (
        "clock_untrusted", Severity.ALARM, Subject.SITE,
        "See that the gateway reaches a time server (timedatectl), and that the battery of its clock is good.",
    )  # fmt: skip
    DEVICE_LOST = (
        "device_lost", Severity.ALARM, Subject.DEVICE,
        "Check the device's power, its network or serial cable, and its address in the site file.",
    )  # fmt: skip
    DISK_FULL = (
        "disk_full", Severity.ALARM, Subject.SITE,
        "Free space on the disk that holds the store, or lower [store] max_mb.",
    )  # fmt: skip
    FOREIGN_MASTER = (
        "foreign_master", Severity.ALARM, Subject.DEVICE,
        "Find what else steers this device (a portal, a schedule, another gateway) and switch it off there.",
    )  # fmt: skip
    FROZEN = (
        "frozen", Severity.ALARM, Subject.DEVICE,
        "Restart the device, or the gateway between it and us: its values do not change any more.",
    )  # fmt: skip
    GRID_LIMIT_LOST = (
        "grid_limit_lost", Severity.ALARM, Subject.SITE,
        "Check the link to the platform and whether the platform still sends grid limits.",
    )  # fmt: skip
    GRID_POWER_MISSING = (
        "grid_power_missing", Severity.ALARM, Subject.DEVICE,
        "See that the meter's phases and clamps are connected; if they are, its firmware or family may not fit.",
    )  # fmt: skip
    HOME_ASSISTANT_AWAY = (
        "home_assistant_away", Severity.WARNING, Subject.SITE,
        "Check Home Assistant's MQTT broker, its user and password, and [home_assistant] in the site file.",
    )  # fmt: skip
    LINK_DOWN = (
        "link_down", Severity.ALARM, Subject.SITE,
        "Check the internet connection of the site, the firewall, and [cloud] in the site file.",
    )  # fmt: skip
    METER_CONTRADICTS = (
        "meter_contradicts", Severity.ALARM, Subject.DEVICE,
        "Check where the meter's current clamps sit and which way round, and its sign in the site file.",
    )  # fmt: skip
    METER_LATE = (
        "meter_late", Severity.ALARM, Subject.SITE,
        "Poll the grid meter directly if it is read through a portal or a slow gateway.",
    )  # fmt: skip
    NO_CONTROL = (
        "no_control", Severity.ALARM, Subject.BATTERY,
        "Check that the inverter allows remote control and is in no service, backup or calibration mode.",
    )  # fmt: skip
    NO_PLAN = (
        "no_plan", Severity.ALARM, Subject.SITE,
        "Read the reason; where it names a model or a price, check [planning] and the tariff in the site file.",
    )  # fmt: skip
    NOT_ACKNOWLEDGED = (
        "not_acknowledged", Severity.ALARM, Subject.SITE,
        "Check that the platform runs, and that the broker lets this site read its down/ topics.",
    )  # fmt: skip
    NOT_GIVEN_BACK = (
        "not_given_back", Severity.ALARM, Subject.SITE,
        "Look at that device's display for an order that holds on; put it or its section back, or run release --gone.",
    )  # fmt: skip
    SAME_SITE_ID = (
        "same_site_id", Severity.ALARM, Subject.SITE,
        "Find the other gateway that uses this site's id, and give one of the two its own.",
    )  # fmt: skip
    SELF_TEST_FAILED = (
        "self_test_failed", Severity.ALARM, Subject.PART,
        "Run `enalysis-edge check --self-test` with the site file and mend what it names.",
    )  # fmt: skip
    SETPOINT_FAILED = (
        "setpoint_failed", Severity.ALARM, Subject.BATTERY,
        "Check that the inverter accepts remote setpoints, and read the reason it gives.",
    )  # fmt: skip
    SIGNING_KEYS = (
        "signing_keys", Severity.ALARM, Subject.SITE,
        "Mend the file that keys_file names under [cloud]: a line is purpose, key id and key.",
    )  # fmt: skip
    SITE_FILE_BAD = (
        "site_file_bad", Severity.ALARM, Subject.SITE,
        "Put the site file right (`enalysis-edge check` names every mistake); the last good one is beside the store.",
    )  # fmt: skip
    SOC_JUMP = (
        "soc_jump", Severity.ALARM, Subject.DEVICE,
        "Compare the state of charge with the battery's own display; it may need a full charge to calibrate.",
    )  # fmt: skip
    SOC_MISSING = (
        "soc_missing", Severity.ALARM, Subject.DEVICE,
        "See that the battery is on and seen by the inverter; if it is, the inverter's firmware or family may not fit.",
    )  # fmt: skip
    STEERING_NOT_KEPT = (
        "steering_not_kept", Severity.ALARM, Subject.SITE,
        "Check the disk that holds the store: what was written to the battery cannot be remembered over a restart.",
    )  # fmt: skip
    STORE_FAILED = (
        "store_failed", Severity.ALARM, Subject.SITE,
        "Check that the store's disk is there, has space and can be written.",
    )  # fmt: skip
    SWITCH_FAILED = (
        "switch_failed", Severity.ALARM, Subject.DEVICE,
        "Check the relay's power and its cable or network, and its address or topics in the site file.",
    )  # fmt: skip
    UPLOAD_REFUSED = (
        "upload_refused", Severity.ALARM, Subject.PART,
        "Check what this site may publish at the broker (its access list and size limits).",
    )  # fmt: skip
    WRITE_BUDGET = (
        "write_budget", Severity.ALARM, Subject.DEVICE,
        "Raise battery.persistent_writes_per_day if the maker allows more, or use a setpoint that is not persistent.",
    )  # fmt: skip


class EventKind(Enum):
    """Each that happens and does not stand: its word, how it is told unless its teller says otherwise, its subject."""

    severity: Severity
    subject: Subject

    def __new__(cls, word: str, severity: Severity, subject: Subject = Subject.SITE) -> "EventKind":
        kind = object.__new__(cls)
        kind._value_, kind.severity, kind.subject = word, severity, subject
        return kind

    ADVICE = "advice", Severity.INFO
    ADVICE_ANSWERED = "advice_answered", Severity.INFO
    ADVICE_LOST = "advice_lost", Severity.WARNING
    ADVICE_OUTCOME = "advice_outcome", Severity.INFO
    ADVICE_REFUSED = "advice_refused", Severity.WARNING
    CERTIFICATE_NOT_RENEWED = "certificate_not_renewed", Severity.WARNING
    CERTIFICATE_RENEWED = "certificate_renewed", Severity.INFO
    CLOCK_STEPPED = "clock_stepped", Severity.WARNING
    COMMAND_REFUSED = "command_refused", Severity.WARNING
    COMPARISON = "comparison", Severity.INFO
    COUNTER_RESET = "counter_reset", Severity.WARNING, Subject.DEVICE
    DATA_FAULT = "data_fault", Severity.WARNING
    DEVICE_REMARK = "device_remark", Severity.INFO, Subject.DEVICE
    DOCUMENT_REFUSED = "document_refused", Severity.WARNING
    LEDGER_FAILED = "ledger_failed", Severity.WARNING
    LOAD_SWITCHED = "load_switched", Severity.INFO, Subject.DEVICE
    MESSAGE_REFUSED = "message_refused", Severity.WARNING
    METER_LAG = "meter_lag", Severity.INFO
    MODEL_DELIVERY = "model_delivery", Severity.INFO
    MODEL_REFUSED = "model_refused", Severity.WARNING
    MODEL_TRIAL = "model_trial", Severity.INFO
    NO_REVERSION_TIMER = "no_reversion_timer", Severity.WARNING
    NOT_COMMISSIONED = "not_commissioned", Severity.WARNING
    NOTICE = "notice", Severity.INFO
    OVERRIDE = "override", Severity.INFO
    PEAK_UNKNOWN = "peak_unknown", Severity.WARNING
    PERSISTENT_WRITES = "persistent_writes", Severity.INFO
    POLICY = "policy", Severity.INFO
    RECORDS_LOST = "records_lost", Severity.ALARM
    REMOTE_CONFIG = "remote_config", Severity.INFO
    ROW_SKIPPED = "row_skipped", Severity.ALARM
    ROWS_LOST = "rows_lost", Severity.ALARM
    SETTINGS_CHANGED = "settings_changed", Severity.INFO
    STARTED = "started", Severity.INFO
    STOPPED = "stopped", Severity.INFO
    STORE_REPLACED = "store_replaced", Severity.ALARM
    TRIAL_FAILED = "trial_failed", Severity.WARNING
    UNUSUAL_LOAD = "unusual_load", Severity.INFO


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """An alarm that stands since ``since`` (UTC), also over restarts. It is what the kept document holds.

    ``text`` is its newest reason, ``told`` the one it was raised with. ``subject`` is the device or part, or empty.
    """

    kind: str
    subject: str
    since: datetime
    text: str
    told: str
    check: str

    @property
    def key(self) -> str:
        """The kind of its events: ``device_lost/meter``."""
        return key_of(self.kind, self.subject)

    @property
    def device(self) -> str:
        """The device that it is about, or nothing."""
        found = [kind for kind in AlarmKind if kind.value == self.kind]
        return self.subject if found and found[0].subject in (Subject.DEVICE, Subject.BATTERY) else ""

    @property
    def severity(self) -> Severity:
        """How it is told; of a word that is not known any more, as an alarm."""
        return next((kind.severity for kind in AlarmKind if kind.value == self.kind), Severity.ALARM)

    def with_reason(self, text: str) -> "StandingAlarm":
        return replace(self, text=text)


def key_of(word: str, subject: str) -> str:
    """The word of an event: ``device_lost/meter``, ``no_plan``."""
    return f"{word}/{subject}" if subject else word


def full_word(kind: AlarmKind | EventKind, subject: str) -> str:
    """As ``key_of``. Raises ValueError where the subject does not fit the kind."""
    if not kind.subject.fits(subject):
        raise ValueError(f"{kind.value} of {subject!r}: what follows the word is {kind.subject.value}")
    return key_of(kind.value, subject)
