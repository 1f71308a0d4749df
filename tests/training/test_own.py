"""A site's own model: the shipped trees plus its own, from nothing but what had been measured."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_file import read_files
from agent.adapters.models.onnx_models import open_model
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.forecasting.forecaster import LEVELS, MEDIAN, ModelUnusable
from tests.adapters.models.model_folders import SHIPPED, candidate, replace_model
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, empty_site, regular_site, with_values_from
from training.own_site.own_model import TooLittleHistory, fit_own, make_own
from training.own_site.rows import known_by, site_rows
from training.own_site.trees import add_trees, answers, extra_trees, trees_for
from training.sites.measured_site import MeasuredSite

QUANTITIES = {"load_w": "consumption", "pv_w": "solar"}


def site_of(history: History, rated_w: float = RATED_W) -> MeasuredSite:
    return MeasuredSite("workshop", CAMBRIDGE, rated_w, history, None)


@pytest.fixture(scope="module")
def site() -> MeasuredSite:
    return site_of(regular_site(CAMBRIDGE, days=60, step_s=3600))


@pytest.fixture(scope="module")
def made(site: MeasuredSite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    found = {quantity: fit_own(site, quantity, NOW, folder / f"{name}-own") for quantity, name in QUANTITIES.items()}
    return {quantity: path for quantity, path in found.items() if path is not None}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_it_passes_every_check_of_a_candidate(quantity: str, made: dict[str, Path]) -> None:
    card = check_model(made[quantity])
    assert card.name == made[quantity].name == f"{QUANTITIES[quantity]}-own"
    assert card.version == "2023.6.15"
    assert card.trained_on[0] == "workshop: 60 days measured from 2023-04-16 to 2023-06-15"
    assert (card.seed, len(card.data_sha256), card.trained_at) == (1, 64, "2023-06-15")
    assert "workshop" in card.limits[0]
    assert (card.metrics, card.targets) == ((), ())  # those of the shipped model are not its own
    assert sorted(entry.name for entry in made[quantity].parent.iterdir()) == ["consumption-own", "solar-own"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_it_answers_what_the_shipped_trees_and_its_own_say_together(quantity: str, site: MeasuredSite) -> None:
    base = SHIPPED / QUANTITIES[quantity]
    model = open_model(base, quantity, site.place, site.rated_w)
    found = site_rows(site, site.history, model)
    boosters = list(extra_trees(found, 20, seed=3))
    content = add_trees("it", read_files(base).model, boosters, len(model.card.features))
    matrix = np.concatenate([found.rows.matrix[::7], np.full((1, found.rows.matrix.shape[1]), np.nan, np.float32)])
    wanted = answers(model.answers(matrix), boosters, matrix)
    assert np.abs(wanted - model.answers(matrix)).max() > 0.01  # there is something that was learnt
    given = _run(content, matrix)
    assert np.max(np.abs(given - wanted) / np.maximum(np.abs(wanted), 1.0)) < 1e-5


def _run(content: bytes, matrix: Any) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["quantiles"], {"features": matrix})[0]


def test_the_same_seed_makes_the_same_bytes_and_another_one_others(site: MeasuredSite, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) / "consumption-own" for number in range(3)]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        make_own(site, "load_w", NOW, folder, seed)
    first, second, other = (read_files(folder) for folder in folders)
    assert first == second
    assert first.model != other.model


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_nothing_after_its_day_is_looked_at(quantity: str, tmp_path: Path) -> None:
    history = _with_weather(regular_site(CAMBRIDGE, days=60, step_s=3600))
    until = NOW - timedelta(days=20)
    first = 40 * 24
    changed = replace(
        _with_weather(with_values_from(history, first, 77_000.0, 9_000.0), 35.0, first),
        curtailed=(False,) * first + (True,) * (20 * 24),
    )
    one, two = tmp_path / "one" / "own", tmp_path / "two" / "own"
    make_own(site_of(history), quantity, until, one)
    make_own(site_of(changed), quantity, until, two)
    assert read_files(one) == read_files(two)


def test_the_newest_days_before_its_day_are_looked_at(tmp_path: Path) -> None:
    history = regular_site(CAMBRIDGE, days=60, step_s=3600)
    one, two = tmp_path / "one" / "own", tmp_path / "two" / "own"
    make_own(site_of(history), "load_w", NOW, one)
    make_own(site_of(with_values_from(history, 55 * 24, 20_000.0, None)), "load_w", NOW, two)
    assert read_files(one).model != read_files(two).model


def _with_weather(history: History, later_c: float = 10.0, since: int = 0) -> History:
    steps = history.horizon.steps + 48
    horizon = Horizon(history.horizon.start, 3600, steps)
    temperature = tuple(10.0 + step % 24 / 3 if step < since or not since else later_c for step in range(steps))
    return replace(history, weather=Weather(horizon, temperature_c=temperature))


def test_weather_known_by_a_time_ends_there() -> None:
    history = _with_weather(regular_site(CAMBRIDGE, days=10, step_s=900))
    known = known_by(history, NOW - timedelta(days=2, minutes=10))
    assert known is not None
    assert known.weather is not None
    assert known.horizon.end == NOW - timedelta(days=2, minutes=15)  # the last whole quarter
    assert known.weather.horizon.end == NOW - timedelta(days=2, hours=1)
    assert len(known.weather.temperature_c) == known.weather.horizon.steps
    assert known_by(history, history.horizon.start) is None


@pytest.mark.parametrize(
    ("history", "rated_w", "quantity", "days"),
    [
        (regular_site(CAMBRIDGE, days=27, step_s=3600), RATED_W, "load_w", "27 days of load_w"),
        (regular_site(CAMBRIDGE, days=27, step_s=900), RATED_W, "pv_w", "27 days of pv_w"),
        (empty_site(days=60), RATED_W, "load_w", "0 days of load_w"),
        (regular_site(CAMBRIDGE, days=40, step_s=3600), 0.0, "pv_w", "0 days of pv_w"),
    ],
)
def test_too_little_history_makes_no_model(
    history: History, rated_w: float, quantity: str, days: str, tmp_path: Path
) -> None:
    site = site_of(history, rated_w)
    assert fit_own(site, quantity, NOW, tmp_path / "own") is None
    with pytest.raises(TooLittleHistory, match=f"^workshop has {days} measured before 2023-06-15.* needs 28$"):
        make_own(site, quantity, NOW, tmp_path / "own")
    assert list(tmp_path.iterdir()) == []


def test_an_hour_a_day_is_too_little_however_long_it_was_measured(tmp_path: Path) -> None:
    history = regular_site(CAMBRIDGE, days=700, step_s=3600)
    noon = tuple(value if hour % 24 == 12 else None for hour, value in enumerate(history.load_w))
    with pytest.raises(TooLittleHistory, match=r"workshop has \d+ hours of load_w that can be learnt from"):
        make_own(site_of(replace(history, load_w=noon)), "load_w", NOW, tmp_path / "own")


def test_a_quarter_hour_history_is_learnt_from_by_the_hour(tmp_path: Path) -> None:
    folder = fit_own(site_of(regular_site(CAMBRIDGE, days=40)), "load_w", NOW, tmp_path / "consumption-own")
    assert folder is not None
    model = open_model(folder, "load_w", CAMBRIDGE)
    history = regular_site(CAMBRIDGE, days=40)
    for step_s in (900, 3600):
        assert np.isfinite(model.predict(history, [NOW], step_s, 48)).all()


def test_it_learns_what_the_shipped_model_cannot_know(tmp_path: Path) -> None:
    history = _odd_hours(regular_site(CAMBRIDGE, days=350, step_s=3600, noise_w=300.0))
    site, until = site_of(history), NOW - timedelta(days=14)
    own = fit_own(site, "load_w", until, tmp_path / "consumption-own")
    assert own is not None
    origins = [until + timedelta(hours=7 * number) for number in range(40)]
    shipped, grown = (
        _pinball(open_model(folder, "load_w", CAMBRIDGE).predict(history, origins, 3600, 48), history, origins)
        for folder in (SHIPPED / "consumption", own)
    )
    assert grown < 0.97 * shipped


def _odd_hours(history: History) -> History:
    """Noise that is wide by day alone, which the widths of a model for all sites do not follow."""
    random = np.random.default_rng(5)
    hours = np.array([time.hour for time in history.horizon.times()])
    wide = np.where((hours >= 9) & (hours < 12), 3000.0 * random.exponential(size=hours.size), 0.0)
    return replace(history, load_w=tuple((np.array(history.load_w, dtype=float) + wide).tolist()))


def _pinball(quantiles: Any, history: History, origins: list[Any]) -> float:
    index = [round((origin - history.horizon.start).total_seconds() / 3600) for origin in origins]
    actual = np.stack([np.array(history.load_w[at : at + 48], dtype=float) for at in index])
    miss = actual[:, None, :] - quantiles
    levels = np.array(LEVELS)[:, None]
    return float(np.maximum(levels * miss, (levels - 1) * miss).mean())


def test_more_history_carries_more_trees() -> None:
    counts = [trees_for(days) for days in (28, 200, 400, 2000)]
    assert counts == sorted(counts)
    assert counts[0] < counts[1] < counts[2] < counts[3] == trees_for(4000)


def test_a_model_is_replaced_whole_and_leftovers_of_a_killed_run_are_cleared(
    site: MeasuredSite, tmp_path: Path
) -> None:
    folder = tmp_path / "consumption-own"
    for left in (folder, tmp_path / ".consumption-own.new", tmp_path / ".consumption-own.old"):
        left.mkdir()
        (left / "half").write_text("a half-written file")
    make_own(site, "load_w", NOW, folder)
    assert [entry.name for entry in tmp_path.iterdir()] == ["consumption-own"]
    assert check_model(folder).name == "consumption-own"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda folder: (folder / "card.json").unlink(), "card.json cannot be read"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"no model"), "model.onnx has 8 bytes, its card says"),
        (lambda folder: _change_node(folder, "aggregate_function", "AVERAGE"), "self-test|not a plain sum"),
        (lambda folder: _add_node(folder), "is not one TreeEnsembleRegressor"),  # noqa: PLW0108 it stands below
    ],
    ids=["no card", "no model", "a mean", "another node"],
)
def test_a_base_that_cannot_be_built_on_is_refused(
    change: Any, reason: str, site: MeasuredSite, tmp_path: Path
) -> None:
    base = candidate(tmp_path, "consumption")
    change(base)
    with pytest.raises(ModelUnusable, match=reason):
        fit_own(site, "load_w", NOW, tmp_path / "own", base=base)
    assert not (tmp_path / "own").exists()


def test_the_base_of_another_quantity_is_refused(site: MeasuredSite, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="it forecasts pv_w, not load_w"):
        fit_own(site, "load_w", NOW, tmp_path / "own", base=SHIPPED / "solar")


def _change_node(folder: Path, key: str, value: str) -> None:
    model = onnx.load_model_from_string((folder / "model.onnx").read_bytes())
    attribute = next(one for one in model.graph.node[0].attribute if one.name == key)
    attribute.s = value.encode()
    _replace(folder, model)


def _add_node(folder: Path) -> None:
    model = onnx.load_model_from_string((folder / "model.onnx").read_bytes())
    model.graph.node[0].output[0] = "trees"
    model.graph.node.append(onnx.helper.make_node("Identity", ["trees"], ["quantiles"]))
    _replace(folder, model)


def _replace(folder: Path, model: onnx.ModelProto) -> None:
    content = bytes(model.SerializeToString())
    replace_model(folder, content)
    card = json.loads((folder / "card.json").read_text())
    rows = np.array(card["self_test"]["rows"], dtype=np.float32)
    card["self_test"]["answers"] = [[float(value) for value in row] for row in _run(content, rows)]
    (folder / "card.json").write_text(json.dumps(card))


def test_levels_of_its_answers_do_not_cross(site: MeasuredSite, made: dict[str, Path]) -> None:
    for quantity, folder in made.items():
        model = open_model(folder, quantity, site.place, site.rated_w)
        said = model.predict(site.history, [NOW], 3600, 48)
        assert (np.diff(said, axis=1) >= 0).all()
        assert said[:, MEDIAN].max() > 0
