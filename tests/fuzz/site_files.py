"""Site files: refused with place and reason, or taken and then turned into all that the agent is built from."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from agent.domain.tariff import price_at
from agent.plan_request import plan_request
from agent.settings.last_run import settings_of, store_of
from agent.settings.load import SettingsError, load
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from tests.fuzz.mutation import damaged
from tests.fuzz.tally import Tally, Tick
from tests.site_files import TEXT

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "config" / "site.example.toml"
VALUES = (
    "nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "0", "-1", "1", "28", "0.5", "9" * 30, "true", '""', '"none"',
    '"x"', "[]", "{}", "[1, 2]", '["grid"]', '"\\u0000"', '"Europe/Atlantis"', '"UTC"', '"24:00"', '"00:00"',
    "2026-01-01",
    "07:30:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", '"../../x"', '"/proc/self/mem"', '"/"',
)  # fmt: skip


def run(chance: Random, count: int, tick: Tick) -> Tally:
    tally = Tally("site files")
    texts = (TEXT, EXAMPLE.read_text("utf-8"))
    memory = Path("/dev/shm")  # noqa: S108 - nothing of it is kept, and a disk would be worn
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        path = Path(folder) / "site.toml"
        for number in range(count):
            text = _mutated(chance, chance.choice(texts))
            path.write_bytes(text)
            with tally.watched(text.decode("utf-8", "replace")):
                _tried(path, tally, text)
            tick(number)
    return tally


def _tried(path: Path, tally: Tally, text: bytes) -> None:
    try:
        settings = load(path)
    except SettingsError as error:
        for problem in error.problems:
            tally.refused += 1
            if not str(problem).isprintable() or not problem.reason:
                tally.fault(f"a refusal is no sentence: {str(problem)[:200]!r}", text)
        tally.refused -= len(error.problems) - 1
        store_of(path)
        return
    tally.taken += 1
    _built(settings)


def _built(settings: Settings) -> None:
    """What ``agent.app.build`` and a plan's question take from it."""
    bought, sold = settings.import_tariff(), settings.export_tariff()
    price_at(bought, NOW)
    conditions = SiteConditions(
        bought, sold, settings.carbon.kg_per_kwh, settings.connection_spec(), settings.objective_spec(),
        settings.place(), settings.reserve_spec(), settings.failsafe_spec(),
    )  # fmt: skip
    plan_request(settings, conditions, NOW, 50.0)
    settings.demand_charge_spec(), settings.advice_spec(), settings.battery_units(), settings.roles
    assert settings_of(settings.model_dump_json(by_alias=True)) == settings


def _mutated(chance: Random, text: str) -> bytes:
    if chance.random() < 0.3:
        return damaged(chance, text.encode())
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, sign, _ = lines[at].partition("=")
        match chance.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(chance.randrange(len(lines) + 1), lines[at])
            case 2:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _ if sign:
                lines[at] = f"{key}= {chance.choice(VALUES)}"
            case _:
                lines[at] = lines[at].replace("[", "[[").replace("]", "]]")
        if not lines:
            break
    return "\n".join(lines).encode()
