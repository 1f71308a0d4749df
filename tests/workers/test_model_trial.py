"""Trials from the dropped folder to the seat and back, with real model files on one site's history."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import onnx
import pytest

from agent.adapters.models.candidates import enrol
from agent.adapters.models.model_archive import fingerprint, keep
from agent.adapters.models.model_card import read_card
from agent.adapters.models.model_file import read_files
from agent.adapters.models.model_registry import change_registry, in_charge
from agent.adapters.models.onnx_session import open_session, run
from agent.adapters.models.registry_file import read_registry
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.model_comparison import Report
from agent.domain.model_registry import Deployment
from agent.domain.request import PlanRequest
from agent.domain.sentence import coded
from agent.domain.wire import from_json, to_json
from agent.forecasting.forecaster import LEVELS
from agent.workers.model_trial import MOST_ATTEMPTS, hold_trials
from tests.adapters.models.model_folders import SHIPPED, candidate, replace_model
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, regular_site
from tests.planning.days import request
from tests.workers.members import bill

SITE = regular_site(CAMBRIDGE, days=64, step_s=3600)
CAME = NOW - timedelta(days=15)


@pytest.fixture
def asked(tmp_path: Path) -> PlanRequest:
    (tmp_path / "models").mkdir()
    return request(
        now=NOW,
        horizon=Horizon(NOW, 3600, 24),
        place=CAMBRIDGE,
        solar_rated_w=RATED_W,
        store=str(tmp_path / "site.sqlite3"),
        models=str(SHIPPED),
        load_model="consumption",
    )


def spoiled(models: Path, name: str, factor: float = -1.0) -> Path:
    """A whole and honest model whose every answer is ``factor`` of the shipped one's."""
    folder = candidate(models, name)
    proto = onnx.load(folder / "model.onnx")
    weights = next(a for a in proto.graph.node[0].attribute if a.name == "target_weights")
    scaled = [factor * weight for weight in weights.floats]
    del weights.floats[:]
    weights.floats.extend(scaled)
    replace_model(folder, proto.SerializeToString())
    card = json.loads((folder / "card.json").read_text())
    session = open_session(name, (folder / "model.onnx").read_bytes())
    rows = np.array(card["self_test"]["rows"], dtype=np.float32)
    card["self_test"]["answers"] = run(name, session, rows, "quantiles", len(LEVELS)).tolist()
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def put_in_charge(asked: PlanRequest, folder: Path) -> None:
    files = read_files(folder)
    seat = Deployment(folder.name, read_card(folder).version, fingerprint(files), CAME, "for the test")
    models = Path(asked.store).parent / "models"
    keep(models, files)
    change_registry(models, lambda old: old.with_post(old.post("load_w").promoted(seat)))


def hold(asked: PlanRequest, days: int = 99) -> list[str]:
    left = iter(range(days))
    return hold_trials(asked, SITE, bill, lambda: next(left, None) is not None)


def charged(asked: PlanRequest) -> str:
    return in_charge(Path(asked.store).parent, SHIPPED, "load_w", "consumption").folder.name


def models_of(asked: PlanRequest) -> Path:
    return Path(asked.store).parent / "models"


def test_a_better_candidate_is_promoted_after_its_live_days_and_not_before(asked: PlanRequest) -> None:
    put_in_charge(asked, spoiled(models_of(asked), "spoiled", -3.0))
    change_registry(models_of(asked), lambda old: old.with_post(replace(old.post("load_w"), watch=None)))
    candidate(models_of(asked), "good")
    assert enrol(models_of(asked), NOW - timedelta(days=3)) != []
    assert hold(asked) == []
    assert charged(asked) == "spoiled"
    (trial,) = read_registry(models_of(asked))[0].post("load_w").trials
    assert trial.said == "28 of 14 days and 1 of 7 live ones have been compared"
    counted = {"days": 28, "fewest": 14, "live": 1, "fewest_live": 7}
    assert coded(trial.said) == {"code": "too_few_days_compared", "values": counted}
    assert [score.cost_champion is None for score in trial.days] == [True] * 27 + [False]
    change_registry(
        models_of(asked),
        lambda old: old.with_post(old.post("load_w").with_trial(replace(trial, since=CAME, days=()))),
    )
    (sentence,) = hold(asked)
    assert sentence.startswith(f"model good {read_card(SHIPPED / 'consumption').version} now forecasts load_w: over 13")
    assert charged(asked) == "good"
    post = read_registry(models_of(asked))[0].post("load_w")
    assert post.champion is not None
    assert post.champion.reason in sentence
    kept = coded(post.champion.reason)
    assert kept is not None
    assert (kept["code"], kept["values"]["error"]["code"]) == ("models_compared", "error_lower")
    assert post.previous is not None
    assert post.previous.name == "spoiled"
    assert hold(asked) == []


def test_an_equal_candidate_is_not_promoted_however_long_it_waits(asked: PlanRequest) -> None:
    candidate(models_of(asked), "twin")
    enrol(models_of(asked), NOW - timedelta(days=30))
    assert hold(asked) == []
    assert charged(asked) == "consumption"
    (trial,) = read_registry(models_of(asked))[0].post("load_w").trials
    assert "its pinball loss was 0.0% lower" in trial.said


def test_a_promoted_model_that_is_worse_is_rolled_back_and_stays_out(asked: PlanRequest) -> None:
    put_in_charge(asked, spoiled(models_of(asked), "spoiled"))
    assert charged(asked) == "spoiled"
    (sentence,) = hold(asked)
    assert sentence.startswith("model spoiled ")
    assert "no longer forecasts load_w: rolled back on 2023-06-15: the model before it was better, over 13" in sentence
    (refusal,) = read_registry(models_of(asked))[0].refused
    told, kept = coded(sentence), coded(refusal.why)
    assert told is not None
    assert (told["code"], told["values"]["why"]) == ("model_replaced", kept)
    assert kept is not None
    assert (kept["code"], kept["values"]["cause"]["code"]) == ("rolled_back", "model_before_better")
    assert charged(asked) == "consumption"
    assert hold(asked) == []
    assert read_registry(models_of(asked))[0].post("load_w").trials == ()


def test_a_good_promoted_model_stays(asked: PlanRequest) -> None:
    put_in_charge(asked, candidate(models_of(asked), "twin"))
    assert hold(asked) == []
    assert charged(asked) == "twin"


def test_a_trial_goes_on_where_it_was_stopped(asked: PlanRequest) -> None:
    candidate(models_of(asked), "twin")
    enrol(models_of(asked), CAME)
    hold(asked, days=5)
    (trial,) = read_registry(models_of(asked))[0].post("load_w").trials
    assert len(trial.days) == 5
    hold(asked, days=5)
    (trial,) = read_registry(models_of(asked))[0].post("load_w").trials
    assert len(trial.days) == 10
    assert trial.attempts == 0


def test_a_candidate_that_ends_the_process_each_time_is_refused(asked: PlanRequest) -> None:
    candidate(models_of(asked), "twin")
    enrol(models_of(asked), CAME)

    def dies(*_: object) -> float:
        raise KeyboardInterrupt

    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            hold_trials(asked, SITE, dies, lambda: True)
    (sentence,) = hold(asked)
    assert "is refused: its trial ended 3 times before a day was compared" in sentence
    assert hold(asked) == []


def test_a_champion_that_answers_no_more_is_rolled_back(asked: PlanRequest) -> None:
    folder = candidate(models_of(asked), "short", step_s=[900])
    put_in_charge(asked, folder)
    (sentence,) = hold(asked)
    assert "rolled back on 2023-06-15: model short" in sentence
    assert "it knows steps of [900] s, not of 3600 s" in sentence
    assert charged(asked) == "consumption"


def test_a_candidate_that_cannot_answer_here_is_refused(asked: PlanRequest) -> None:
    candidate(models_of(asked), "short", step_s=[900])
    enrol(models_of(asked), CAME)
    (sentence,) = hold(asked)
    assert "is refused: it knows steps of [900] s, not of 3600 s" in sentence


def test_another_champion_makes_the_comparison_start_again(asked: PlanRequest) -> None:
    candidate(models_of(asked), "twin")
    enrol(models_of(asked), NOW - timedelta(days=3))
    hold(asked)
    first = read_registry(models_of(asked))[0].post("load_w").trials[0]
    put_in_charge(asked, candidate(models_of(asked), "other"))
    hold(asked, days=20)
    second = read_registry(models_of(asked))[0].post("load_w").trials[0]
    assert first.against != second.against
    assert len(second.days) < len(first.days)


def process(asked: PlanRequest | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    question = "" if asked is None else to_json(asked)
    command = [sys.executable, "-m", "agent.workers.model_trial", *(arguments or ("400", "60"))]
    return subprocess.run(command, input=question, capture_output=True, text=True, timeout=60)


def test_the_process_says_in_one_sentence_what_it_lacks(asked: PlanRequest) -> None:
    for question, sentence in ((None, "PlanRequest: not JSON"), (asked, "there is no store at")):
        done = process(question)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(sentence)
        assert len(done.stderr.splitlines()) == 1


async def keep_hours(path: Path, history: History) -> None:
    """A store whose roll-ups are the hours of ``history``."""
    store = SqliteStore(path, ZoneInfo("Europe/London"), lambda: NOW)
    await store.open()
    await store.close()
    columns = "span, at, covered_s, load_w, pv_w, curtailed_s"
    rows = [
        ("hour", int(at.timestamp()), 3600.0, load_w, pv_w, 0.0)
        for at, load_w, pv_w in zip(history.horizon.times(), history.load_w, history.pv_w, strict=True)
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(f"INSERT INTO rollup ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608


async def test_the_process_reads_the_store_and_compares(asked: PlanRequest) -> None:
    await keep_hours(Path(asked.store), SITE)
    candidate(models_of(asked), "twin")
    done = process(asked)
    assert (done.returncode, done.stderr) == (0, "")
    (sentence,) = from_json(Report, done.stdout).sentences
    assert sentence.startswith("model twin ")
    (trial,) = read_registry(models_of(asked))[0].post("load_w").trials
    assert len(trial.days) == 28
    assert all(score.pinball_champion == score.pinball_candidate > 0 for score in trial.days)
    again = process(asked)
    assert (again.returncode, from_json(Report, again.stdout)) == (0, Report(()))
