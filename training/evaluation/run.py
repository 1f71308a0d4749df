"""The work of an evaluation: one model on one target of one site at a time, one process or several."""

import multiprocessing
import signal
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from agent.forecasting.forecaster import FloatArray, ModelUnusable
from site_data.sites_json import site_file
from site_data.unreadable import SitesUnreadable
from training.evaluation.models import MODELS, TARGETS
from training.evaluation.results import LEADS, Key, ResultsFile, Row
from training.parts.files import Files, packed, unpacked
from training.parts.part import Engine, Part, WorkFailed, holding
from training.quantities import FOLDERS
from training.scoring.measures import HORIZON_H, HOUR_S, Measures, actual_ahead, measure, scored_origins
from training.sites.measured_site import MeasuredSite, WeatherKind, read_site


@dataclass(frozen=True, slots=True)
class Work:
    """One model on one target of one site."""

    data: Path
    exported: Path
    site: str
    target: str
    model: str

    @property
    def key(self) -> Key:
        return self.site, self.target, self.model


def run(
    work: Sequence[Work],
    jobs: int,
    results: ResultsFile,
    done: dict[Key, list[Row]],
    console: Console,
    engine: Engine | None = None,
) -> None:
    """Do the work, append each piece's rows to the file and to ``done`` as they are made, and show how far it is.

    ``engine`` is the cluster that does it; None: ``jobs`` processes here.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("evaluate", total=len(work))

        def started(doing: Work) -> None:
            progress.update(task, description=" ".join(doing.key))

        if engine is not None:
            made = _elsewhere(work, engine)
        else:
            made = _parallel(work, jobs) if jobs > 1 else _in_turn(work, done, started)
        with closing(made):
            for finished, rows in made:
                if rows:
                    results.append(rows)
                    done[finished.key] = rows
                progress.update(task, advance=1, description=" ".join(finished.key))


def _in_turn(
    work: Sequence[Work], done: Mapping[Key, list[Row]], started: Callable[[Work], None]
) -> Generator[tuple[Work, list[Row]], None, None]:
    for one in work:
        started(one)
        yield one, _same_without_weather(one, done) or score_model(one)


def _parallel(work: Sequence[Work], jobs: int) -> Generator[tuple[Work, list[Row]], None, None]:
    """In whatever order they are ready. The workers leave Ctrl-C to this process, which ends them."""
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_leave_interrupts)
    try:
        futures = {pool.submit(_in_worker, one): one for one in work}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.kill()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_worker(one: Work) -> list[Row]:
    """Errors cross to the other process by their sentence alone."""
    try:
        return score_model(one)
    except (ModelUnusable, SitesUnreadable) as error:
        raise WorkFailed(str(error)) from error


def _elsewhere(work: Sequence[Work], engine: Engine) -> Generator[tuple[Work, list[Row]], None, None]:
    """By the workers of a cluster, which are given the files, in whatever order they are ready."""
    if not work:
        return
    exported = [f"{name}/{file}" for name in FOLDERS.values() for file in ("card.json", "model.onnx")]
    models = holding("the exported models", packed(work[0].exported, exported))
    sites = {}
    for one in work:
        if one.site not in sites:
            names = ["sites.json", str(site_file(one.data, one.site).relative_to(one.data))]
            sites[one.site] = holding(f"the files of {one.site}", packed(one.data, names))
    parts = [Part(" ".join(one.key), _score_files, (one, sites[one.site], models)) for one in work]
    for index, rows in engine.results(parts):
        yield work[index], rows


def _score_files(one: Work, site: Files, exported: Files) -> list[Row]:
    return score_model(replace(one, data=unpacked(site), exported=unpacked(exported)))


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _same_without_weather(one: Work, done: Mapping[Key, list[Row]]) -> list[Row]:
    """Where a site has no model's weather, a model that would use it is the one without: its rows are copied."""
    model = MODELS[one.model]
    twin = done.get((one.site, one.target, model.plain or ""))
    if model.weather != "model" or twin is None or _site(one.data, one.site, "model").history.weather is not None:
        return []
    return [replace(row, model=one.model) for row in twin]


def score_model(one: Work) -> list[Row]:
    """One row a lead; none where the site has nothing to score, or no measured weather for a model that needs it.

    Raises SitesUnreadable, ModelUnusable.
    """
    model, quantity = MODELS[one.model], TARGETS[one.target]
    site = _site(one.data, one.site, model.weather)
    if model.weather == "measured" and site.history.weather is None:
        return []
    origins = scored_origins(site)
    if not origins:
        return []
    actual, counted = actual_ahead(site, quantity, origins, HOUR_S, HORIZON_H)
    if not actual[counted].sum() > 0:
        return []
    band = model.band(site, quantity, origins, one.exported)
    rows = []
    for lead, part in LEADS.items():
        found = _measured(actual[:, part][counted[:, part]], band[:, :, part].transpose(0, 2, 1)[counted[:, part]])
        if found is not None:
            rows.append(Row(*one.key, lead, len(origins), found))
    return rows if len(rows) == len(LEADS) else []


def _measured(actual: FloatArray, band: FloatArray) -> Measures | None:
    """In kW."""
    return measure(actual / 1000.0, band / 1000.0)


@lru_cache(maxsize=3)
def _site(data: Path, name: str, weather: WeatherKind) -> MeasuredSite:
    return read_site(data, name, weather)
