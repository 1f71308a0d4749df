"""`enalysis-edge advice`: lists what is kept, and leaves wishes for the daemon."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.__main__ import main
from agent.adapters.host.inbox import inbox_of, look
from agent.adapters.store.sqlite_store import SqliteStore
from agent.advice.book import take
from agent.domain.advisory import AdviceBook, AdvisoryState, Verb
from agent.domain.commands import AnswerAdvice
from agent.domain.records import Batch
from agent.domain.wire import to_json
from agent.settings.load import load
from tests import site_files
from tests.advice.test_book import advisory

KEY = "hold_battery/2026-06-01"


class Command:
    """A site whose book holds one open and one dismissed recommendation, and the command run on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = site_files.write_home(folder, inverter_port=1, meter_port=2)
        self.store = Path(load(self.config).store.path)
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["advice", *arguments, "--config", str(self.config)])
        said = self._capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, " ".join(said.out.split()), " ".join(said.err.split())

    def keep(self, document: str) -> None:
        async def write() -> None:
            store = SqliteStore(self.store, ZoneInfo("Europe/London"), lambda: datetime.now(UTC))
            await store.open()
            await store.write(Batch(kept=(("advice", document),)))
            await store.close()

        asyncio.run(write())


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "200")
    return Command(tmp_path, capsys)


def book() -> AdviceBook:
    now = datetime.now(UTC).replace(microsecond=0)
    hour = timedelta(hours=1)
    open_one = advisory(KEY, created=now, start=now + hour, end=now + 3 * hour, expires=now + 3 * hour)
    refused = replace(open_one, key="charge_battery/2026-06-01", headline="Charge [now]")
    both = take(AdviceBook(), [open_one, refused], now, 0.0).book
    return replace(both, advisories=(both.advisories[0], replace(refused, state=AdvisoryState.DISMISSED)))


def test_the_open_ones_are_listed_and_all_on_demand(command: Command) -> None:
    command.keep(to_json(book()))
    code, said, _ = command.run("list")
    assert code == 0
    assert "Hold" in said
    assert "1.00 GBP" in said
    assert "80 %" in said
    assert KEY in said
    assert "Charge [now]" not in said
    assert "Charge [now]" in command.run("list", "--all")[1]


@pytest.mark.parametrize(("verb", "more"), [("acknowledge", ()), ("dismiss", ()), ("schedule", ())])
def test_a_wish_is_left_for_the_daemon(command: Command, verb: str, more: tuple[str, ...]) -> None:
    command.keep(to_json(book()))
    code, said, _ = command.run(verb, KEY, *more)
    assert (code, said) == (0, f"{verb} {KEY}: the agent takes it up within a second or two")
    requests = look(inbox_of(command.store)).requests
    assert [request.command for request in requests] == [AnswerAdvice(KEY, Verb(verb))]


def test_a_time_goes_with_a_schedule(command: Command) -> None:
    command.keep(to_json(book()))
    at = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    assert command.run("schedule", KEY, "--at", at.isoformat())[0] == 0
    assert look(inbox_of(command.store)).requests[0].command == AnswerAdvice(KEY, Verb.SCHEDULE, at)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("dismiss", "nothing"), "there is no recommendation 'nothing'"),
        (("schedule", KEY, "--at", "2020-01-01T10:00"), "can be scheduled only before it expires"),
        (("schedule", KEY, "--at", "soon"), "'soon' is no time"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(command: Command, arguments: tuple[str, ...], sentence: str) -> None:
    command.keep(to_json(book()))
    code, out, err = command.run(*arguments)
    assert (code, out) == (1, "")
    assert sentence in err
    assert look(inbox_of(command.store)).names == ()


def test_without_a_store_or_with_a_spoilt_book_it_is_one_sentence(command: Command) -> None:
    assert command.run("list")[2].startswith("no store at ")
    command.keep("{}")
    assert command.run("list") == (0, "no recommendations are open", "")
    command.keep('{"advisories": 3}')
    assert command.run("list")[2].startswith("the stored recommendations cannot be read: AdviceBook.advisories")
