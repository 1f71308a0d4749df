"""The trial process: candidates against the models in charge on the days of this site, once a day, then gone.

Reads a PlanRequest as JSON from standard input, as the planner does, and answers with a Report as JSON. Its arguments
are those of ``agent.adapters.processes.answering``. What has been compared is kept day by day in ``champions.json``, so
that it may be killed at any instant and goes on the next time.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from agent.adapters.models.candidates import enrol
from agent.adapters.models.model_archive import fingerprint_of, folder_of
from agent.adapters.models.model_registry import change_registry, in_charge
from agent.adapters.models.onnx_models import open_model
from agent.adapters.models.registry_file import models_beside, read_registry
from agent.adapters.processes.answering import answer_once
from agent.adapters.store.store_reader import history
from agent.domain.history import History
from agent.domain.model_comparison import Decision, Report, Verdict
from agent.domain.model_registry import FACTORY, WATCHED, Assignment, Deployment, Refusal, Trial
from agent.domain.request import PlanRequest
from agent.domain.sentences import model_trials as say
from agent.domain.wire import WireError, from_json, to_json
from agent.forecasting.combination.model_comparison import verdict
from agent.forecasting.forecaster import Forecaster, ModelUnusable
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from agent.planning.highs import SolverFailure
from agent.ports import StoreFailure
from agent.workers.model_score import JUDGED_DAYS, Money, Sides, score_day, unjudged_days

HISTORY = timedelta(days=2 * JUDGED_DAYS + 8)
"""Four weeks that are judged, four that the first of them looks back on, and room for gaps."""

INSTALLED = "installed"
WATCHED_DAYS = 14
MOST_ATTEMPTS = 3
_KEPT_DAYS = 42
_SHARE_OF_DEADLINE = 0.7


def hold_trials(request: PlanRequest, history: History, money: Money, goes_on: Callable[[], bool]) -> list[str]:
    """Enrol what lies in the models folder, compare, promote and roll back; a sentence for each event.

    ``goes_on`` is asked before each day that is compared. Raises StoreFailure when nothing can be kept.
    """
    sentences = enrol(models_beside(Path(request.store)), request.now)
    wanted = [("load_w", request.load_model)]
    if request.solar_rated_w > 0:
        wanted.append(("pv_w", request.solar_model))
    for quantity, name in wanted:
        if name is not None:
            bench = _Bench(request, history, money, quantity)
            sentences += bench.watch(goes_on)
            for trial in read_registry(models_beside(Path(request.store)))[0].post(quantity).trials:
                sentences += bench.try_out(trial, goes_on)
    return sentences


def live_from(trial: Trial) -> date:
    """The first whole day after the model came."""
    return trial.since.date() + timedelta(days=1)


class _Bench:
    """Where the trials of one quantity are held."""

    def __init__(self, request: PlanRequest, history: History, money: Money, quantity: str) -> None:
        self._request, self._history, self._money, self._quantity = request, history, money, quantity
        self._models = models_beside(Path(request.store))

    def try_out(self, trial: Trial, goes_on: Callable[[], bool]) -> list[str]:
        """Compare a candidate with the champion; promote it when it is better."""
        if self._post().trial(trial.name) != trial:  # something else was decided in this very run
            return []
        if trial.attempts >= MOST_ATTEMPTS:
            return [self._refuse(trial, say.trial_ended_early(times=trial.attempts))]
        champion = self._champion()
        against = fingerprint_of(champion) or INSTALLED
        days = trial.days if trial.against == against else ()
        trial = self._keep(replace(trial, against=against, attempts=trial.attempts + 1, days=days))
        folder = folder_of(self._models, trial.fingerprint, trial.name)
        try:
            self._open(folder, self._quantity)
            trial = self._compare(trial, champion, folder, goes_on)
        except ModelUnusable as refusal:
            return [self._refuse(trial, refusal.reason)]
        found = verdict(trial.days, live_from(trial))
        trial = self._keep(replace(trial, attempts=0, said=found.why))
        return [self._promote(trial, found)] if found.decision is Decision.BETTER else []

    def watch(self, goes_on: Callable[[], bool]) -> list[str]:
        """Compare the model before with the promoted one; roll back when that has turned worse."""
        post = self._post()
        if post.watch is None or post.champion is None:
            return []
        champion = folder_of(self._models, post.champion.fingerprint, post.champion.name)
        seat = post.previous
        before = self._factory() if seat is None else folder_of(self._models, seat.fingerprint, seat.name)
        if self._champion() != champion:
            return []  # it is set aside already, and every plan says so
        try:
            self._open(before, self._quantity)
        except ModelUnusable:
            return []  # nothing to go back to
        try:
            self._open(champion, self._quantity)
            watch = self._compare(post.watch, champion, before, goes_on)
        except ModelUnusable as refusal:
            return [self._roll_back(post.champion, refusal.said)]
        found = verdict(watch.days[-WATCHED_DAYS:], None, watching=True)
        self._keep(replace(watch, said=found.why))
        return (
            [self._roll_back(post.champion, say.model_before_better(why=found.why))]
            if found.decision is Decision.BETTER
            else []
        )

    def _compare(self, trial: Trial, champion: Path, candidate: Path, goes_on: Callable[[], bool]) -> Trial:
        """``trial`` with the days that can be compared by now, each kept as it is done. Raises ModelUnusable.

        Only live days are counted in money: those before cannot promote, and a bill takes a second to work out. The
        watch over a promoted model asks for live days alone.
        """
        other = "pv_w" if self._quantity == "load_w" else "load_w"
        sides = Sides(
            self._members(champion, self._quantity),
            self._members(candidate, self._quantity),
            self._members(self._champion(other), other),
        )
        watching = trial.against == WATCHED
        for day in unjudged_days(self._request, self._history, self._quantity, trial.days):
            is_live = day >= live_from(trial)
            if not goes_on() or (watching and not is_live):
                break
            score = score_day(self._request, self._history, day, sides, self._money if is_live else None)
            days = sorted((*trial.days, score), key=lambda score: score.day)[-_KEPT_DAYS:]
            trial = replace(trial, attempts=0, days=tuple(days))
            self._keep(trial)
        return trial

    def _members(self, folder: Path, quantity: str) -> list[Forecaster]:
        """As the planner has them: the model, the installed one where that is another, persistence."""
        place, rated_w = self._request.place, self._request.solar_rated_w
        last = LoadPersistence(place) if quantity == "load_w" else SolarPersistence(place, rated_w)
        members: list[Forecaster] = []
        for each in dict.fromkeys((folder, self._factory(quantity))):
            with suppress(ModelUnusable):
                members.append(self._open(each, quantity))
        return [*members, last]

    def _open(self, folder: Path, quantity: str) -> Forecaster:
        return open_model(folder, quantity, self._request.place, self._request.solar_rated_w)

    def _champion(self, quantity: str | None = None) -> Path:
        asked = quantity or self._quantity
        return in_charge(self._models.parent, Path(self._request.models), asked, self._wanted(asked)).folder

    def _factory(self, quantity: str | None = None) -> Path:
        asked = quantity or self._quantity
        return Path(self._request.models) / (self._wanted(asked) or FACTORY[asked])

    def _wanted(self, quantity: str) -> str | None:
        return self._request.load_model if quantity == "load_w" else self._request.solar_model

    def _post(self) -> Assignment:
        return read_registry(self._models)[0].post(self._quantity)

    def _change(self, change: Callable[[Assignment], Assignment]) -> None:
        quantity = self._quantity
        change_registry(self._models, lambda registry: registry.with_post(change(registry.post(quantity))))

    def _keep(self, trial: Trial) -> Trial:
        """Unless another has taken its place meanwhile."""

        def put(post: Assignment) -> Assignment:
            if trial.against == WATCHED:
                same = post.watch is not None and post.watch.since == trial.since
                return replace(post, watch=trial) if same else post
            found = post.trial(trial.name)
            return post.with_trial(trial) if found is not None and found.fingerprint == trial.fingerprint else post

        self._change(put)
        return trial

    def _promote(self, trial: Trial, found: Verdict) -> str:
        seat = Deployment(trial.name, trial.version, trial.fingerprint, self._request.now, found.why)
        self._change(lambda post: post.promoted(seat))
        return say.model_promoted(model=_named(trial), quantity=self._quantity, why=found.why)

    def _roll_back(self, fallen: Deployment, reason: str) -> str:
        why = say.rolled_back(back_at=self._request.now, cause=reason)
        refusal = Refusal(fallen.name, fallen.fingerprint, why)
        self._change(Assignment.rolled_back)
        change_registry(self._models, lambda registry: registry.with_refusal(refusal))
        return say.model_replaced(model=_named(fallen), quantity=self._quantity, why=why)

    def _refuse(self, trial: Trial, why: str) -> str:
        refusal = Refusal(trial.name, trial.fingerprint, why)
        change_registry(self._models, lambda registry: registry.with_refusal(refusal))
        return say.candidate_refused(model=_named(trial), cause=why)


def _named(model: Trial | Deployment) -> str:
    return f"{model.name} {model.version}"


def main() -> int:
    return answer_once(_held, WireError, StoreFailure, SolverFailure, ValueError)


def _held(question: bytes, deadline_s: float) -> str:
    from agent.backtest.earn import earn
    from agent.forecasting.raster import forecast_step_s

    give_up = time.monotonic() + _SHARE_OF_DEADLINE * deadline_s
    request = from_json(PlanRequest, question)
    step_s = forecast_step_s(request.horizon.step_s)
    past = history(Path(request.store), request.now - HISTORY, request.now, step_s)
    return to_json(Report(tuple(hold_trials(request, past, earn, lambda: time.monotonic() < give_up))))


if __name__ == "__main__":
    sys.exit(main())
