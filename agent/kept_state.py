"""What the store has kept is taken up by all that have kept it: at the start, or as soon as the store can be read."""

from functools import partial
from typing import TYPE_CHECKING

from agent.adapters.mqtt.incoming_messages import parse_input
from agent.cycles.command_trail import MOST_RECENT
from agent.cycles.peak_recall import recall_peak
from agent.cycles.settings_kept import keep_settings
from agent.domain.alarms import EventKind
from agent.domain.documents import (
    ADVICE,
    ALARMS,
    COMMAND_COUNTERS,
    COUNTERS,
    ENERGY_TOTALS,
    LEDGER,
    MODEL_DELIVERIES,
    MODEL_TRIAL,
    OBSERVATION,
    OVERRIDE,
    PAIRED_TRIAL,
    PERMITTED,
    POLICIES,
    REMOTE_CONFIG,
    STATE,
    STEERING,
    SWITCHED_LOADS,
)
from agent.domain.sentences import events
from agent.domain.wire import WireError

if TYPE_CHECKING:
    from agent.daemon import App


async def take_up_kept(app: "App") -> None:
    """Raises StoreFailure."""
    for sentence in await app.store.open():
        app.alarms.note(EventKind.STORE_REPLACED, sentence)
    await app.timekeeping.start(app.store)
    app.alarms.recall(await app.store.kept(ALARMS.name))
    app.conditions.time_is_known = app.clock.trusted()
    await keep_settings(app.settings, app.store, app.alarms, app.pending)
    await app.inputs.restore(app.store, partial(parse_input, currency=app.settings.site.currency))
    app.planning.data_faults.recall(await app.store.flags())
    if app.meter is not None:
        await recall_peak(app.meter, app.store, app.clock, app.pending)
    app.control.minutes.recall(await app.store.kept(COUNTERS.name))
    app.control.minutes.recall_energies(await app.store.kept(ENERGY_TOTALS.name))
    try:
        app.control.recall(await app.store.kept(STATE.name))
    except WireError as error:
        app.alarms.note(EventKind.DOCUMENT_REFUSED, events.kept_state_unusable(cause=str(error)))
    app.trials.recall(await app.store.kept(MODEL_TRIAL.name))
    if app.platform is not None and app.platform.models is not None:
        app.platform.models.recall(await app.store.kept(MODEL_DELIVERIES.name))
    app.settlement.recall(await app.store.kept(LEDGER.name))
    app.paired_trial.recall(await app.store.kept(PAIRED_TRIAL.name))
    app.policies.recall(await app.store.kept(POLICIES.name))
    app.advice.recall(await app.store.kept(ADVICE.name))
    app.overrides.recall(await app.store.kept(OVERRIDE.name))
    spent = await app.store.kept(COMMAND_COUNTERS.name)
    app.commands.signed.recall(spent, await app.store.commands(MOST_RECENT))
    app.loads.recall(await app.store.kept(SWITCHED_LOADS.name))
    if app.remote_config is not None:
        app.remote_config.recall(await app.store.kept(REMOTE_CONFIG.name))
    app.devices.recall(await app.store.kept(STEERING.name))
    app.lock.recall(app.devices.were_steered, await app.store.kept(PERMITTED.name))
    app.control.observing.recall(await app.store.kept(OBSERVATION.name))
