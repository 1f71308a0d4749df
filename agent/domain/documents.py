"""Every document that the store keeps by name: who writes it, what it is, and whether a start needs to read it.

A document is JSON text. It is replaced as a whole, by ``PendingWrites.keep`` with the next commit; the self-test and
the steering of a device, which wait for no commit, write theirs at once.
"""

from agent.domain.advisory import AdviceBook
from agent.domain.alarms import StandingAlarm
from agent.domain.commissioning import Commissioning
from agent.domain.desired import RemoteConfig
from agent.domain.document import Document, PlainDocument
from agent.domain.energy_totals import EnergyTotals
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS
from agent.domain.inputs import MESSAGES, Inputs
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.model_delivery import Deliveries
from agent.domain.observation import Observation
from agent.domain.override import Override
from agent.domain.paired_trial import Schedule
from agent.domain.plan import Plan
from agent.domain.policies import PolicyRecord
from agent.domain.signed_command import KeyCounter
from agent.domain.site import SiteState
from agent.domain.site_file import SiteFileEdit
from agent.domain.switched_load import SwitchedLoadState
from agent.domain.undated import Undated


def _plain(name: str, written_by: str) -> PlainDocument:
    return Document(name, written_by)


STATE = Document("state", "agent.recording.picture", SiteState)
SETPOINT = _plain("setpoint", "agent.recording.picture")  # a Setpoint and its outcome's name
PLAN = Document("plan", "agent.cycles.record", Plan)  # for people: without its table of values
LINK = _plain("link", "agent.recording.picture")
ALARMS: Document[tuple[StandingAlarm | str, ...]] = Document(  # once texts alone, which say no kind and no time
    "alarms", "agent.recording.picture", tuple[StandingAlarm, ...], formerly=tuple[str, ...]
)
INPUTS = Document("inputs", "agent.cycles.inputs", Inputs, True)
CLOCK = Document("clock", "agent.cycles.timekeeping", Undated)  # or null, when all rows have their date
LEDGER = Document("ledger", "agent.cycles.settlement", LedgerCheckpoint, True)
DEMAND = _plain("demand", "agent.cycles.control")  # a MonthPeak of agent.dispatch.demand_meter
COUNTERS = _plain("counters", "agent.cycles.minutes")  # read by agent.recording.counters
ENERGY_TOTALS = Document("energy_totals", "agent.cycles.minutes", EnergyTotals)  # with [home_assistant] alone
PAIRED_TRIAL = Document("ab/schedule", "agent.cycles.paired_trial", Schedule, True)
POLICIES = Document("policies", "agent.cycles.policies", PolicyRecord, True)
MODEL_TRIAL = _plain("trial", "agent.cycles.model_trials")
MODEL_DELIVERIES = Document("model_deliveries", "agent.cycles.model_delivery", Deliveries)
ADVICE = Document("advice", "agent.cycles.advice", AdviceBook, True)
OBSERVATION = Document("observation", "agent.cycles.observation", Observation)
OBSERVING = _plain("observing", "agent.recording.picture")  # why nothing is written to the devices: ``named`` "locked"
OVERRIDE = Document("override", "agent.cycles.override", Override, is_order=True)  # or null, while there is none
PERSISTENT_WRITES = _plain("persistent_writes", "agent.cycles.steering_watch")
SWITCHED_LOADS = Document("switched_loads", "agent.recording.picture", tuple[SwitchedLoadState, ...])
SETTINGS = _plain("settings", "agent.cycles.settings_kept")  # a Settings of agent.settings.schema
SITE_FILE = Document("site_file", "agent.cycles.reload", SiteFileEdit)  # or null, before any edit since the start
PARKED = _plain("parked", "agent.cycles.sync")
COMMAND_COUNTERS = Document("command_counters", "agent.cycles.signed_commands", tuple[KeyCounter, ...])
COMMISSIONING = Document("commissioning", "agent.cli.commission_session", Commissioning)
REMOTE_CONFIG = Document("remote_config", "agent.cycles.remote_config", RemoteConfig, True)
PERMITTED = _plain("permitted", "agent.cycles.steering_lock")  # true, once it has steered by a permit
STEERING = _plain("steering", "agent.adapters.devices.steering_memory")
SELF_TEST = _plain("self_test", "agent.self_test")
# The platform's last message of each kind as it came; site_conditions.kept_inputs reads them.
MESSAGE_DOCUMENTS = tuple(_plain(f"input/{name}", "agent.cycles.listening") for name in MESSAGES)

DOCUMENTS: tuple[PlainDocument, ...] = (
    STATE, SETPOINT, PLAN, LINK, ALARMS, FORECAST_CORRECTIONS, INPUTS, CLOCK, LEDGER, DEMAND, COUNTERS, PAIRED_TRIAL,
    MODEL_TRIAL, ADVICE, OBSERVATION, OVERRIDE, PERSISTENT_WRITES, SETTINGS, PARKED, STEERING, SELF_TEST,
    COMMISSIONING, SWITCHED_LOADS, POLICIES, COMMAND_COUNTERS, MODEL_DELIVERIES, ENERGY_TOTALS, SITE_FILE,
    REMOTE_CONFIG, PERMITTED, OBSERVING,
    *MESSAGE_DOCUMENTS,
)  # fmt: skip
BY_NAME = {document.name: document for document in DOCUMENTS}
