"""What the planner makes of a store: history, weather, what was learnt, what is doubted, and who is in charge."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.models.site_models import members
from agent.domain.demand_charge import DemandCharge
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.records import Batch, WeatherRow
from agent.domain.request import Demand, PlanRequest
from agent.domain.sentence import Sentence, coded
from agent.domain.suspect import DATA_FAULT
from agent.domain.weather import Weather
from agent.domain.wire import from_json, to_json
from agent.forecasting.forecaster import LEVELS, FloatArray
from agent.forecasting.persistence import LoadPersistence
from agent.planning.check import check_plan
from agent.ports import StoreFailure
from agent.workers.planner import answer, read_corrections, read_history
from tests.adapters.models.model_folders import SHIPPED, candidate, replace_model
from tests.adapters.store.store_rows import new_store
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, regular_site
from tests.planning.days import request

HOUR = timedelta(hours=1)


def asked(store: Path, step_s: int = 3600, **changes: object) -> PlanRequest:
    words: dict[str, object] = {
        "now": NOW + timedelta(seconds=20),
        "horizon": Horizon(NOW, step_s, 24),
        "place": CAMBRIDGE,
        "solar_rated_w": RATED_W,
        "store": str(store),
        "models": str(SHIPPED),
        "load_model": "consumption",
        "solar_model": "solar",
    }
    return request(steps=24, step_s=step_s, **(words | changes))


def planned(history: History, wish: PlanRequest) -> Plan:
    plan = answer(wish, history, 10.0)
    assert check_plan(plan, wish) == []
    assert from_json(Plan, to_json(plan)) == plan
    return plan


@pytest.fixture
def history() -> History:
    return regular_site(CAMBRIDGE, 30, 3600)


def test_a_sound_site_has_nothing_to_say(tmp_path: Path, history: History) -> None:
    plan = planned(history, asked(tmp_path / "site.db"))
    assert plan.notes == ()
    assert plan.examined_from == history.horizon.start
    assert [suspect for suspect in plan.suspects if suspect.kind == DATA_FAULT] == []
    assert len(to_json(plan)) < 300_000


@pytest.mark.parametrize(("step_s", "history_s"), [(300, 900), (600, 900), (900, 900), (1800, 900), (3600, 3600)])
async def test_a_plan_of_any_step_is_forecast_by_the_models(tmp_path: Path, step_s: int, history_s: int) -> None:
    path = tmp_path / "site.db"
    await written(path, Batch())
    demand = Demand(DemandCharge(10.0, 3600))
    wish = asked(path, step_s, horizon=Horizon(NOW, step_s, 24), demand=demand)
    assert read_history(wish).horizon.step_s == history_s
    plan = planned(regular_site(CAMBRIDGE, 30, history_s), wish)
    assert plan.notes == ()
    for forecast in (plan.load, plan.pv):
        assert forecast.horizon == wish.horizon
        assert "consumption" in forecast.source or "solar" in forecast.source


def test_a_meter_that_read_a_thousand_times_too_much_is_a_note_a_suspect_and_no_forecast(
    tmp_path: Path, history: History
) -> None:
    wish = asked(tmp_path / "site.db")
    index = history.horizon.steps - 30
    spoilt = replace(history, load_w=(*history.load_w[:index], 9e6, *history.load_w[index + 1 :]))
    plan = planned(spoilt, wish)
    at = history.horizon.times()[index]
    (fault,) = (suspect for suspect in plan.suspects if suspect.kind == DATA_FAULT)
    assert fault.quantity == "load_w"
    assert fault.start <= at < fault.end
    (note,) = (note for note in from_json(Plan, to_json(plan)).notes if note.startswith("left out "))
    assert isinstance(note, Sentence)
    assert (note.code, note.values["cause"]["code"]) == ("measurements_left_out", "load_beyond")
    assert max(plan.load.values[-1]) < 50_000.0


def test_a_detector_that_is_none_is_a_note_and_the_signatures_stand(tmp_path: Path, history: History) -> None:
    models = tmp_path / "shelf"
    candidate(models, "anomaly", "anomaly")
    replace_model(models / "anomaly", b"this is no model")
    index = history.horizon.steps - 30
    spoilt = replace(history, load_w=(*history.load_w[:index], 9e6, *history.load_w[index + 1 :]))
    plan = planned(spoilt, asked(tmp_path / "site.db", models=str(models), load_model=None, solar_model=None))
    (note,) = (coded(note) for note in plan.notes if note.startswith("model anomaly is not usable: "))
    assert note is not None
    assert (note["code"], note["values"]["model"]) == ("model_unusable", "anomaly")
    assert [suspect for suspect in plan.suspects if suspect.kind == DATA_FAULT]


class Watched(LoadPersistence):
    """Remembers the history that it was asked with."""

    seen: History | None = None

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        Watched.seen = history
        return super().predict(history, origins, step_s, steps)


FEEDS = [
    ("none", None, ()),
    ("six hours", Weather(Horizon(NOW, 3600, 6), temperature_c=(5.0,) * 6), (5.0,) * 6 + (None,) * 18),
    ("quarters", Weather(Horizon(NOW, 900, 8), temperature_c=(1.0, 3.0) * 4), (2.0, 2.0) + (None,) * 22),
    ("three hours", Weather(Horizon(NOW, 10800, 2), temperature_c=(1.0, 4.0)), (1.0,) * 3 + (4.0,) * 3 + (None,) * 18),
    ("silent", Weather(Horizon(NOW, 3600, 3), temperature_c=(None,) * 3), ()),
    ("long past", Weather(Horizon(NOW - 400 * HOUR, 3600, 3), temperature_c=(1.0,) * 3), (None,) * 24),
]


@pytest.mark.parametrize(("feed", "ahead"), [row[1:] for row in FEEDS], ids=[row[0] for row in FEEDS])
def test_past_and_coming_weather_stand_on_one_raster(
    tmp_path: Path,
    history: History,
    feed: Weather | None,
    ahead: tuple[float | None, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.adapters.models.site_models.LoadPersistence", Watched)
    wish = asked(tmp_path / "site.db", load_model=None, solar_model=None, weather=feed)
    planned(history, wish)
    assert Watched.seen is not None
    weather = Watched.seen.weather
    if ahead == ():
        assert weather is None
        return
    assert weather is not None
    assert (weather.horizon.start, weather.horizon.end) == (history.horizon.start, NOW + 24 * HOUR)
    assert weather.temperature_c[-24:] == ahead


async def written(path: Path, batch: Batch) -> None:
    store = new_store(path)
    await store.open()
    await store.write(batch)
    await store.close()


async def test_the_history_is_as_measured_with_the_weather_as_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    await written(path, Batch(weather=(WeatherRow(NOW - HOUR, 12.0, 300.0, None),)))
    found = read_history(asked(path))
    assert found.weather is not None
    assert (found.weather.temperature_c[-1], found.weather.cloud_pct) == (12.0, ())


CORRECTIONS = ForecastCorrections("load_w", NOW - HOUR, 7, ("persistence",), ((0.1,) * 2,), ((0.2,) * len(LEVELS),))


async def test_what_was_learnt_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    await written(path, Batch(kept=(("experience", to_json((CORRECTIONS,))),)))
    assert read_corrections(asked(path)) == ((CORRECTIONS,), ())


OF_AN_EARLIER_RELEASE = (
    '[{"quantity":"load_w","learnt_to":"2026-03-01T08:00:00+00:00","origins":412,"members":["persistence"],'
    '"losses":[[0.1,0.2]],"moves":[[0.5,-0.5]],"counted":[[3.0,4.0]],"published":[[0.25,-0.25]],'
    '"carried":[[7.0,8.0]],"last_error":0.125}]'
)


async def test_what_an_earlier_release_has_learnt_is_gone_on_from(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    await written(path, Batch(kept=(("experience", OF_AN_EARLIER_RELEASE),)))
    (learnt,), notes = read_corrections(replace(asked(path), now=datetime(2026, 3, 1, 9, tzinfo=UTC)))
    assert notes == ()
    assert (learnt.quantile_offsets, learnt.residual_persistence) == (((0.5, -0.5),), ((7.0, 8.0),))
    assert (learnt.origins, learnt.last_error) == (412, 0.125)


DAMAGED = [
    "",
    "[",
    "{}",
    '[{"quantity":"load_w"',
    '[{"quantity":"load_w","origins":"many"}]',
    "[" * 100_000,
    to_json((replace(CORRECTIONS, learnt_to=NOW + 48 * HOUR),)),
    to_json((replace(CORRECTIONS, learnt_to=NOW.replace(tzinfo=None)),)),
    to_json((replace(CORRECTIONS, quantile_offsets=((float("nan"),),)),)),
    to_json((replace(CORRECTIONS, losses=((float("inf"),),)),)),
]


@pytest.mark.parametrize("document", DAMAGED, ids=range(len(DAMAGED)))
async def test_a_damaged_experience_is_a_note_and_a_new_start(tmp_path: Path, document: str) -> None:
    path = tmp_path / "site.db"
    await written(path, Batch(kept=(("experience", document),)))
    corrections, (note,) = read_corrections(asked(path))
    assert corrections == ()
    assert note.startswith("what the forecasts had learnt is of no use and is learnt anew: ")
    assert len(note) < 300


def test_without_a_store_there_is_no_experience_to_guess(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match="there is no store at"):
        read_corrections(asked(tmp_path / "absent.db"))


def test_without_sun_or_without_a_wish_there_is_persistence_alone(tmp_path: Path) -> None:
    dark = asked(tmp_path / "site.db", solar_rated_w=0.0, load_model=None)
    for quantity in ("load_w", "pv_w"):
        found, notes = members(dark, quantity)
        assert ([member.name for member in found], notes) == (["persistence"], ())


async def test_the_kept_document_is_what_the_controller_writes(tmp_path: Path) -> None:
    """Rounded on its way to the store, it is still what the planner reads."""
    path = tmp_path / "site.db"
    await written(path, Batch(kept=(("experience", to_json((CORRECTIONS, CORRECTIONS), digits=8)),)))
    with closing(sqlite3.connect(path)) as connection:
        (body,) = connection.execute("SELECT body FROM kept WHERE name = 'experience'").fetchone()
    assert len(json.loads(body)) == 2
    assert read_corrections(asked(path))[0] == (CORRECTIONS, CORRECTIONS)


def test_every_plan_goes_on_from_what_the_one_before_has_learnt(tmp_path: Path, history: History) -> None:
    later = regular_site(CAMBRIDGE, 30, 3600, NOW + 3 * HOUR)
    wish = asked(tmp_path / "site.db")
    first = answer(wish, history, 10.0)
    horizon = Horizon(NOW + 3 * HOUR, 3600, 24)
    second = answer(replace(wish, now=wish.now + 3 * HOUR, horizon=horizon), later, 10.0, first.corrections)
    assert {one.quantity for one in first.corrections} == {"load_w", "pv_w"}
    for before, after in zip(first.corrections, second.corrections, strict=True):
        assert before.learnt_to is not None
        assert after.learnt_to == before.learnt_to + 3 * HOUR
        assert after.origins == before.origins + 3
    again = answer(wish, history, 10.0, first.corrections)
    assert again.corrections == first.corrections, "nothing is learnt twice"


def test_another_step_of_the_plan_goes_on_from_the_same_experience(tmp_path: Path, history: History) -> None:
    fine = regular_site(CAMBRIDGE, 30, 900)
    wish = asked(tmp_path / "site.db", 900)
    learnt = planned(fine, wish).corrections
    coarse = asked(tmp_path / "site.db", 3600)
    plan = answer(coarse, history, 10.0, learnt)
    assert check_plan(plan, coarse) == []
    assert min(after.origins - before.origins for before, after in zip(learnt, plan.corrections, strict=True)) >= 0


def test_a_demand_charge_is_held_by_the_past_of_the_site(tmp_path: Path, history: History) -> None:
    """An hour of 30 kW ten days ago costs this month nothing by itself, but it is what the battery could not hold.

    A site without solar power has no gaps for it, and a reading that is not believed is no past.
    """
    wish = asked(tmp_path / "site.db", demand=Demand(DemandCharge(15.0)))
    quiet_w = threshold_w(history, wish)
    index = history.horizon.steps - 10 * 24
    busy = replace(history, load_w=(*history.load_w[:index], 30_000.0, *history.load_w[index + 1 :]))
    assert threshold_w(busy, wish) > 20_000.0 > quiet_w
    spoilt = replace(history, load_w=(*history.load_w[:index], 9e6, *history.load_w[index + 1 :]))
    assert threshold_w(spoilt, wish) == pytest.approx(quiet_w, rel=0.05)
    dark = replace(busy, pv_w=(None,) * busy.horizon.steps)
    assert threshold_w(dark, replace(wish, solar_rated_w=0.0)) > 20_000.0


def threshold_w(history: History, wish: PlanRequest) -> float:
    peak = planned(history, wish).values.peak
    assert peak is not None
    return peak.threshold_w[0]
