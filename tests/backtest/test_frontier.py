"""Cost against carbon: what sets the points apart is the weight alone, and the weight does what it says."""

from pathlib import Path

import numpy as np
import pytest

from agent.__main__ import main
from agent.backtest.case import MONEY_ALONE, Case
from agent.backtest.frontier import Point, frontier
from agent.backtest.play import play
from agent.backtest.policies import AS_CONTROLLED, NO_BATTERY, SELF_CONSUMPTION
from agent.domain.request import Objective
from tests.backtest import folder as data
from tests.backtest.cases import Knows, case
from tests.backtest.test_command import rows

WEIGHTS = (0.0, 0.5, 0.9)


def dirty_nights() -> Case:
    """The cheap hours of the night are the dirtiest, so that money and carbon want different things."""
    plain = case()
    hour = np.arange(plain.horizon.steps) % 24
    return case(carbon_kg_per_kwh=np.where(hour < 5, 0.9, 0.1), export_price=np.zeros(plain.horizon.steps))


def played(one: Case) -> list[Point]:
    objectives = [Objective(1.0 - weight, weight, 0.5) for weight in WEIGHTS]
    return frontier(one, objectives, [Knows("load_w", one.load_w)], [Knows("pv_w", one.pv_w)])


def test_more_weight_on_carbon_emits_less_and_costs_more() -> None:
    points = played(dirty_nights())
    assert [point.policy for point in points] == [NO_BATTERY, SELF_CONSUMPTION, *[AS_CONTROLLED] * len(WEIGHTS)]
    money, _, carbon = points[2:]
    assert carbon.co2_kg < 0.8 * money.co2_kg
    assert carbon.cost > money.cost
    rule = points[1]
    assert money.cost < rule.cost


def test_points_are_those_of_a_play_of_its_own() -> None:
    one = dirty_nights()
    points = played(one)
    forecasters = [Knows("load_w", one.load_w)], [Knows("pv_w", one.pv_w)]
    alone = play(one, (NO_BATTERY, SELF_CONSUMPTION, AS_CONTROLLED), *forecasters)
    for point, other in zip(points[:3], alone, strict=True):
        assert (point.cost, point.co2_kg) == (other.account(one).net_cost, other.account(one).net_co2_kg)
    aimed = one.aiming_at(Objective(0.5, 0.5, 0.5))
    (again,) = play(aimed, (AS_CONTROLLED,), *forecasters)
    assert points[3].co2_kg == again.account(aimed).net_co2_kg


def test_a_case_aims_at_what_it_is_told_and_else_at_its_own() -> None:
    one = case()
    assert one.aiming_at(None).objective is MONEY_ALONE
    assert one.aiming_at(Objective()).objective == Objective(0.7, 0.3, 0.1)


def run(folder: Path, out: Path, *more: str) -> int:
    words = ["--data", str(folder), "--out", str(out), "--models", str(folder / "none"), "--days", "1"]
    return main(["frontier", *words, *more])


def test_a_table_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "frontier.png"
    assert run(data.write(tmp_path, days=10), out, "--site", "house", "--weights", "0.3,0") == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr()
    assert "per kg" in said.out
    assert [line.split()[2:4] for line in said.out.splitlines() if "as controlled" in line] == [
        ["0", "0.000"],
        ["0.3", "0.043"],
    ]
    assert "house: model consumption is not usable" in said.err


WRONG = [
    (["--site", "castle"], "there is no site castle; there are house"),
    (["--site", "house", "--weights", "1"], "the weight of carbon is 1.0, not a fraction from 0 to below 1"),
    (["--site", "house", "--weights", "much"], "--weights is much, not numbers with commas between them"),
    (["--site", "house", "--carbon-value", "-1"], "--carbon-value is -1.0, not money from 0 to 1,000,000 per kg"),
    (["--site", "house", "--days", "0"], "--days is 0.0, not a number above zero"),
    (["--site", "house", "--days", "inf"], "--days is inf, not a number above zero"),
    (["--site", "house", "--out", "frontier"], "frontier is no name of a picture: it ends in .png"),
    (["--site", "house", "--out", "sites.json"], "sites.json is no name of a picture: it ends in .png"),
    (["--site", "house", "--out", "nowhere/a.png"], "nowhere/a.png cannot be written: No such file or directory"),
]


@pytest.mark.parametrize(("more", "said"), WRONG)
def test_a_wrong_word_is_exit_2_and_one_sentence(
    more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data.write(tmp_path, days=2), tmp_path / "frontier.png", *more) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_picture_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = Path("/proc/frontier.png")
    assert run(data.write(tmp_path, days=10), out, "--site", "house", "--weights", "0") == 1
    assert capsys.readouterr().err.endswith("/proc/frontier.png cannot be written: No such file or directory\n")


def dirty_hour(index: int) -> data.Cells:
    load, sun, price, _ = data.hour(index)
    return (load, sun, price, 0.9 if index % 24 < 5 else 0.1)


def test_a_backtest_can_weigh_carbon_and_never_mixes_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.write(tmp_path, days=10, row=dirty_hour)
    words = ["backtest", "--data", str(folder), "--models", str(folder / "none"), "--no-pictures", "--days", "2"]
    words += ["--policies", "self_consumption,as_controlled"]
    money, carbon = tmp_path / "money.csv", tmp_path / "carbon.csv"
    weighing = ["--carbon-weight", "0.9", "--carbon-value", "0.5"]
    assert main([*words, "--out", str(money)]) == 0
    assert main([*words, "--out", str(carbon), *weighing]) == 0
    by_money, by_carbon = rows(money), rows(carbon)
    assert by_money[0]["co2_kg"] == by_carbon[0]["co2_kg"]  # the rule weighs nothing
    assert float(by_carbon[1]["co2_kg"]) < float(by_money[1]["co2_kg"])
    assert float(by_carbon[1]["cost"]) > float(by_money[1]["cost"])
    capsys.readouterr()
    for file, more, made in ((money, weighing, "without"), (carbon, [], "with")):
        assert main([*words, "--out", str(file), *more]) == 2
        assert f"was made {made} carbon_price_per_kg" in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path / "x.csv"), "--carbon-weight", "nan"]) == 2
    assert "the weight of carbon is nan, not a fraction from 0 to below 1" in capsys.readouterr().err
