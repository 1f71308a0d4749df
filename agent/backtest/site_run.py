"""One site of a folder from file to figures: what a process of a backtest does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from agent.adapters.host.picture_file import unwritable
from agent.adapters.models.onnx_models import open_model
from agent.backtest.case import Case, Unplayable, case_of, settled_by
from agent.backtest.figures import Row, rows_of
from agent.backtest.picture import NoPictures, draw
from agent.backtest.play import play
from agent.backtest.policies import NAMES, NEED_OUTLOOK, NO_BATTERY, PERFECT
from agent.backtest.sites import Site, read_site
from agent.domain.request import Objective, Place
from agent.forecasting.forecaster import Forecaster, ModelUnusable
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from agent.planning.highs import SolverFailure
from site_data.unreadable import SitesUnreadable

LOAD_MODEL, SOLAR_MODEL = "consumption", "solar"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """How sites are played. ``export_price`` None takes each site's own, ``days`` None its whole test period.

    ``objective`` None is money alone on the sites of a folder, and the site file's own on the user's site. Plans have
    steps of ``step_s``; import and export are netted over ``settle_s``, None over the plan's step.
    """

    policies: tuple[str, ...]
    step_s: int
    export_price: float | None
    demand_charge: float
    days: float | None
    models: Path
    demand_interval_s: int = 3600
    objective: Objective | None = None
    settle_s: int | None = None

    @property
    def settled_s(self) -> int:
        """Over what import and export are netted."""
        return self.step_s if self.settle_s is None else self.settle_s

    def with_policies(self, policies: tuple[str, ...]) -> "Rules":
        return replace(self, policies=policies)


@dataclass(frozen=True, slots=True)
class SiteDone:
    """``rows`` is empty where ``trouble`` says why the site was not played; ``notes`` say what it had to do without.

    ``schedules`` were asked of the solver, ``unsolved`` of them were made without it.
    """

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    trouble: str | None = None
    schedules: int = 0
    unsolved: int = 0


class PlayTask(Protocol):
    """Something that can be made into a case; it crosses to another process."""

    @property
    def name(self) -> str: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def picture(self) -> Path | None:
        """Where the picture goes, None for no picture."""
        ...

    def case(self) -> tuple[Case, str]:
        """The case and its currency. Raises SitesUnreadable and Unplayable."""
        ...


@dataclass(frozen=True, slots=True)
class SiteTask:
    """A site of a folder."""

    folder: Path
    name: str
    described: dict[str, Any]
    rules: Rules
    picture: Path | None

    def case(self) -> tuple[Case, str]:
        """As PlayTask.case."""
        site = read_site(self.folder, self.name, self.described)
        sold = site.export_price if self.rules.export_price is None else self.rules.export_price
        case = case_of(site, self.rules.step_s, sold, self.rules.days)
        if self.rules.settled_s < self.rules.step_s:
            case = settled_by(_fine(site, self.rules.settled_s, sold), case)
        return case.aiming_at(self.rules.objective), site.currency


def _fine(site: Site, settle_s: int, export_price: float) -> Case:
    own_s = site.history.horizon.step_s
    if settle_s % own_s:
        raise Unplayable(f"{site.name} was measured every {own_s} s and cannot be settled every {settle_s} s")
    return case_of(site, settle_s, export_price)


def run(task: PlayTask, progress: Progress = lambda done, steps: None) -> SiteDone:
    """Play one site. ``progress`` is told how many steps of how many are done."""
    try:
        case, currency = task.case()
        return _run(replace(case, demand_interval_s=task.rules.demand_interval_s), currency, task, progress)
    except (SitesUnreadable, Unplayable, SolverFailure) as trouble:
        return SiteDone(task.name, (), trouble=str(trouble))


def _run(case: Case, currency: str, task: PlayTask, progress: Progress) -> SiteDone:
    rules, picture = task.rules, task.picture
    notes: list[str] = [*case.doubts]
    load, solar = forecasters(case, rules, notes)
    done = 0

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        progress(done, case.steps)

    # No battery and perfect foresight are what the others are measured by, asked for or not.
    names = [name for name in NAMES if name in (*rules.policies, NO_BATTERY, PERFECT)]
    played = play(case, names, load, solar, rules.demand_charge, advance)
    rows = rows_of(case, played, rules.demand_charge)
    if picture is not None:
        try:
            draw(case, played, picture, currency, rules.demand_charge)
        except OSError as error:
            notes.append(unwritable(picture, error))
        except NoPictures as error:
            notes.append(str(error))
    wanted = tuple(row for row in rows if row.policy in rules.policies)
    schedules, unsolved = sum(one.schedules for one in played), sum(one.unsolved for one in played)
    return SiteDone(case.name, wanted, tuple(notes), schedules=schedules, unsolved=unsolved)


def forecasters(case: Case, rules: Rules, notes: list[str]) -> tuple[list[Forecaster], list[Forecaster]]:
    """As the planner has them: the model where it can be used, then seasonal persistence."""
    load: list[Forecaster] = [LoadPersistence(case.place)]
    solar: list[Forecaster] = [SolarPersistence(case.place, case.solar_rated_w)]
    if not NEED_OUTLOOK.intersection(rules.policies):
        return load, solar
    load[:0] = _model(rules.models / LOAD_MODEL, "load_w", case.place, 0.0, notes)
    if case.solar_rated_w > 0:
        solar[:0] = _model(rules.models / SOLAR_MODEL, "pv_w", case.place, case.solar_rated_w, notes)
    return load, solar


def _model(folder: Path, quantity: str, place: Place, rated_w: float, notes: list[str]) -> Sequence[Forecaster]:
    try:
        return [open_model(folder, quantity, place, rated_w)]
    except ModelUnusable as refusal:
        notes.append(str(refusal))
        return []
