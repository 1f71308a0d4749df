"""The user's own site: its history from the store, its battery and tariff from the site file."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from agent.adapters.store.store_reader import history
from agent.backtest.case import Case, Floats, Unplayable, filled, on_raster, settled_by
from agent.backtest.site_run import Rules
from agent.backtest.sites import TEST_SHARE
from agent.domain.history import History
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.tariff import Tariff, mean_prices
from agent.ports import StoreFailure
from agent.settings.price_file import PriceFileError
from agent.settings.schema import Settings

LONGEST = timedelta(days=400)
LEAST_KNOWN = 0.5  # of the steps that are settled: quarters that were imported are not minutes


@dataclass(frozen=True, slots=True)
class OwnTask:
    """The site of a site file. Its carbon objective and wear steer the agent; figures are the bill's."""

    settings: Settings
    rules: Rules
    picture: Path | None

    @property
    def name(self) -> str:
        return self.settings.site.id

    def case(self) -> tuple[Case, str]:
        """As PlayTask.case: the last 40 % of up to 400 days, or the last days that are asked for."""
        settings, rules = self.settings, self.rules
        measured = _measured(settings, rules.step_s)
        steps = measured.horizon.steps
        many = round(steps * TEST_SHARE) if rules.days is None else round(rules.days * 86_400 / rules.step_s)
        case = case_of_settings(settings, measured, rules.export_price, max(steps - many, 0))
        if rules.settled_s < rules.step_s:
            fine = _settled(settings, case, rules.settled_s)
            case = settled_by(case_of_settings(settings, fine, rules.export_price, 0), case)
        return case.aiming_at(rules.objective), settings.site.currency


def case_of_settings(settings: Settings, measured: History, export_price: float | None, first: int) -> Case:
    """``measured`` from step ``first`` on. Prices are those of the site file's tariffs. Raises Unplayable."""
    horizon = measured.horizon
    _, (load_w, pv_w) = on_raster(measured, horizon.step_s)
    try:
        bought = _curve(settings.import_tariff(), horizon)
        sold = _curve(settings.export_tariff(), horizon) if export_price is None else None
    except PriceFileError as error:
        raise Unplayable(str(error)) from error
    return Case(
        name=settings.site.id,
        history=measured,
        load_w=load_w,
        pv_w=pv_w,
        import_price=bought,
        export_price=np.full(horizon.steps, export_price) if sold is None else sold,
        carbon_kg_per_kwh=np.full(horizon.steps, settings.carbon.kg_per_kwh),
        battery=settings.battery_spec(),
        connection=settings.connection_spec(),
        place=settings.place(),
        solar_rated_w=settings.solar_rated_w,
        objective=settings.objective_spec(),
        day_ahead=False,
        first=first,
        last=horizon.steps,
    )


def _measured(settings: Settings, step_s: int) -> History:
    """What the store knows, without the emptiness before the first and after the last measured step."""
    end = floor_to_step(datetime.now(UTC), step_s)
    try:
        found = history(Path(settings.store.path), end - LONGEST, end, step_s)
    except StoreFailure as failure:
        raise Unplayable(str(failure)) from failure
    known = [index for index, load_w in enumerate(found.load_w) if load_w is not None]
    if not known:
        raise Unplayable(f"the store {settings.store.path} has no measured load of the last {LONGEST.days} days")
    part = slice(known[0], known[-1] + 1)
    start = found.horizon.start + timedelta(seconds=step_s * known[0])
    horizon = Horizon(start, step_s, known[-1] + 1 - known[0])
    return History(horizon, found.load_w[part], found.pv_w[part], found.curtailed[part], found.weather)


def _settled(settings: Settings, planned: Case, settle_s: int) -> History:
    """What the store knows of the time that is played, in steps of ``settle_s``."""
    try:
        found = history(Path(settings.store.path), planned.at(planned.first), planned.at(planned.last), settle_s)
    except StoreFailure as failure:
        raise Unplayable(str(failure)) from failure
    known = sum(load_w is not None for load_w in found.load_w) / len(found.load_w)
    if known < LEAST_KNOWN:
        rest = f"{100 * known:.0f} % of these days in steps of {settle_s} s, too few to settle by them"
        raise Unplayable(f"the store {settings.store.path} has {rest}")
    return found


def _curve(tariff: Tariff, horizon: Horizon) -> Floats:
    prices = np.array(mean_prices(tariff, horizon), dtype=np.float64)
    if not np.isfinite(prices).any():
        raise Unplayable("the tariff of the site file knows no price of the time that was measured")
    return filled(prices, horizon.step_s)
