"""``python -m tests.bench.seeds``: synthetic months, each played by the agent and by both rules.

A seed is a home of ``simulator.traces`` with the demo's battery and tariff. Seed n begins in month n modulo 12 of 2026,
four weeks of history before it, so that the seasons are all there. Nothing is fitted to what is found here.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from agent.backtest.beside_the_rule import BesideTheRules
from agent.backtest.case import MONEY_ALONE, Case
from agent.backtest.play import play
from agent.backtest.policies import AS_CONTROLLED, NO_BATTERY, SELF_CONSUMPTION, TABLE_ALONE, TIME_OF_USE
from agent.backtest.site_run import Rules, forecasters
from agent.domain.battery import Battery
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.site import Connection
from demo.scene import PAST_DAYS, PV_RATED_W
from simulator.traces import Trace, synthetic

ZONE = "Europe/Amsterdam"
MINUTE_S, DAY_S = 60, 86_400
POLICIES = (NO_BATTERY, SELF_CONSUMPTION, TIME_OF_USE, AS_CONTROLLED, TABLE_ALONE)
# As the demo's: cheap from 0 to 6 h, dear from 17 to 21 h.
CHEAP, MIDDLE, DEAR, SOLD = 0.14, 0.28, 0.42, 0.07


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    print(
        f"{'seed':>4} {'month':>7} {'rule':>7} {'by time':>7} {'table':>7} {'agent':>7} {'beside the better rule':>23}"
    )
    worst: list[float] = []
    for seed in range(asked.first, asked.first + asked.count):
        saved, beside = month(seed, asked.days, asked.step, asked.models)
        worst.append(beside)
        cells = " ".join(f"{saved[name]:7.2f}" for name in (SELF_CONSUMPTION, TIME_OF_USE, TABLE_ALONE, AS_CONTROLLED))
        print(f"{seed:>4} 2026-{1 + seed % 12:02} {cells} {100 * beside:21.1f} %", flush=True)
    behind = sum(one < -0.01 for one in worst)
    print(f"{len(worst)} months, {behind} behind a rule by more than 1 %, the worst by {-100 * min(worst):z.1f} %")
    return 0


def month(seed: int, days: int, step_s: int, models: Path) -> tuple[dict[str, float], float]:
    """What each policy saved, and the worst (saving - a rule's) / the rule's of the agent."""
    case = seed_case(seed, days, step_s)
    rules = Rules(POLICIES, step_s, None, 0.0, None, models)
    load, solar = forecasters(case, rules, [])
    played = {one.policy: one for one in play(case, POLICIES, load, solar)}
    idle = played[NO_BATTERY].account(case).net_cost
    saved = {name: idle - one.account(case).net_cost for name, one in played.items()}
    both = (played[SELF_CONSUMPTION], played[TIME_OF_USE])
    beside = BesideTheRules(case, both, days=days).worst(played[AS_CONTROLLED])
    assert beside is not None, "a month has its days"
    return saved, beside


def seed_case(seed: int, days: int, step_s: int = 3600) -> Case:
    """``days`` days of a synthetic home in steps of ``step_s``, after four weeks from which the agent learns."""
    zone, trace = ZoneInfo(ZONE), seed_trace(seed, days)
    steps, many = (PAST_DAYS + days) * DAY_S // step_s, step_s // MINUTE_S
    load_w, pv_w = (
        np.array([value for _, value in trace.series(name)], dtype=np.float64).reshape(steps, many).mean(axis=1)
        for name in ("load_w", "pv_w")
    )
    horizon = Horizon(trace.start, step_s, steps)
    return Case(
        name=f"seed {seed}",
        history=History(horizon, tuple(load_w.tolist()), tuple(pv_w.tolist()), (False,) * steps),
        load_w=load_w,
        pv_w=pv_w,
        import_price=np.array([price_at(at.astimezone(zone).hour) for at in horizon.times()]),
        export_price=np.full(steps, SOLD),
        carbon_kg_per_kwh=np.full(steps, 0.25),
        battery=Battery(10_000.0, 5_000.0, 5_000.0, 0.95, 0.95, 10.0, 95.0),
        connection=Connection(),
        place=Place(52.0, 5.0, ZONE),
        solar_rated_w=PV_RATED_W,
        objective=MONEY_ALONE,
        day_ahead=False,
        first=PAST_DAYS * DAY_S // step_s,
        last=steps,
    )


def seed_trace(seed: int, days: int) -> Trace:
    """Four weeks and ``days`` days of a seed, in minutes."""
    begin = datetime(2026, 1 + seed % 12, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    return synthetic(seed, begin - timedelta(days=PAST_DAYS), PAST_DAYS + days, timezone=ZONE, pv_rated_w=PV_RATED_W)


def price_at(hour: int) -> float:
    """What a kWh costs at a local hour of the day."""
    return CHEAP if hour < 6 else DEAR if 17 <= hour < 21 else MIDDLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.seeds", description="Synthetic months beside the rules."
    )
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first seed")
    parser.add_argument("--count", type=int, default=60, metavar="N", help="how many seeds")
    parser.add_argument("--days", type=int, default=28, metavar="N", help="days a seed")
    parser.add_argument("--step", type=int, choices=(3600, 900), default=3600, help="seconds a step")
    parser.add_argument("--models", type=Path, default=Path("exported_models"), metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
