"""What a report is made of: the settled hours of the store, and what is worked out now of the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from agent.adapters.store.inputs_reader import inputs_of
from agent.adapters.store.metered_reader import read_metered
from agent.adapters.store.row_reader import ledger
from agent.adapters.store.store_reader import kept
from agent.domain.documents import LEDGER
from agent.domain.horizon import Horizon
from agent.domain.ledger import Entry, LedgerCheckpoint
from agent.domain.overlay import Overlay
from agent.domain.tariff import Tariff, mean_prices, on_tariff, with_heard
from agent.savings.ledger import days
from agent.savings.metered import Floats, Metered, Rated
from agent.settings.schema import Settings

FIRST_DAY, LAST_DAY = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """``entries`` oldest first; ``measured`` and ``open_from`` (UTC) are what those that are not settled come from."""

    entries: tuple[Entry, ...]
    measured: Metered | None
    open_from: datetime | None


def metered(settings: Settings, now: datetime) -> Metered | None:
    """What was measured, as ``read_metered`` has it, with prices for the quarters whose own were not written down.

    Those are what the site file and its price topics say, overlaid by the newest prices of the platform. Raises
    StoreFailure and PriceFileError.
    """
    path = Path(settings.store.path)
    carbon_price = settings.objective_spec().carbon_price_per_kg * settings.carbon.kg_per_kwh
    found = read_metered(path, now, settings.solar is not None, carbon_price)
    if found is None:
        return None
    said = inputs_of(path, settings.site.currency)
    bought, sold = (with_heard(one, said.heard_on) for one in (settings.import_tariff(), settings.export_tariff()))
    return replace(
        found,
        import_price=_completed(found.import_price, bought, said.import_prices, found.horizon),
        export_price=_completed(found.export_price, sold, said.export_prices, found.horizon),
    )


def entries(settings: Settings, now: datetime, first: date | None, last: date | None) -> Found:
    """The hours of the site's days ``first`` to ``last``, each from the ledger where it is settled.

    What was measured before the ledger began, and since it ended, is worked out. Raises StoreFailure, PriceFileError
    and WireError.
    """
    path, zone = Path(settings.store.path), ZoneInfo(settings.site.timezone)
    document = kept(path, LEDGER.name)
    carry = None if document is None else LEDGER.read(document)
    settled = [] if carry is None else ledger(path, FIRST_DAY, carry.until)
    measured = metered(settings, now)
    charges = settings.demand_charges()
    rated = Rated(settings.battery_spec(), settings.connection_spec(), charges, settings.site.timezone)
    begun = settled[0].at if settled else None if carry is None else carry.until
    found: list[Entry] = []
    if measured is not None and (begun is None or begun > measured.horizon.start):
        found += _worked_out(measured, rated, zone, None, (first, last), begun)
    found += [entry for entry in settled if _is_within(entry.at.astimezone(zone).date(), first, last)]
    if measured is not None and carry is not None:
        found += _worked_out(measured, rated, zone, carry, (first, last), None)
    return Found(tuple(found), measured, None if carry is None else carry.until)


def _worked_out(
    measured: Metered,
    rated: Rated,
    zone: ZoneInfo,
    carry: LedgerCheckpoint | None,
    between: tuple[date | None, date | None],
    before: datetime | None,
) -> Iterator[Entry]:
    first, last = between
    for day in days(measured, rated, zone, carry, since=first):
        if last is not None and day.date > last:
            return
        yield from (entry for entry in day.entries if before is None or entry.at < before)
        if before is not None and day.carry.until >= before:
            return


def _is_within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)


def _completed(known: Floats, tariff: Tariff, said: Overlay | None, horizon: Horizon) -> Floats:
    sent = on_tariff(tariff, said)
    prices = np.array(mean_prices(tariff, horizon), dtype=np.float64)
    if sent is not None:
        overlaid = np.array(mean_prices(sent, horizon), dtype=np.float64)
        prices = np.where(np.isfinite(overlaid), overlaid, prices)
    return np.where(np.isfinite(known), known, prices)
