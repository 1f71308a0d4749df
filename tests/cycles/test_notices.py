"""What the platform asks of all sites: done once, after a random time; and the file of its keys."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from agent.adapters.host.key_ring import KeyRing
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.keys_watch import KeysWatch
from agent.cycles.link_watch import LinkWatch
from agent.cycles.notices import Notices
from agent.domain.notice import Notice, NoticeAction
from agent.ports import PayloadRefused
from agent.site_view import Outlet
from simulator.signer import Signer
from tests.cycles.hand_clock import HandClock
from tests.cycles.hearing import Hearing
from tests.cycles.test_sync import Scene, scene, store

__all__ = ["scene", "store"]  # fixtures
NOTHING_SIGNED = "no command, configuration or model of the platform is believed"
NOTICE = {"schema": "notice/1.0", "ts": "2026-06-01T00:00:00Z", "notice": "resync"}


class Asked:
    """``done`` are (second, action)."""

    def __init__(self, chance: float) -> None:
        self.clock = HandClock()
        self.hearing = Hearing(self.clock)
        self.done: list[tuple[float, str]] = []
        acts = {action: self._noting(action) for action in NoticeAction}
        self.notices = Notices(self.clock, self.hearing.alarms, lambda: chance, acts)

    def _noting(self, action: NoticeAction):  # type: ignore[no-untyped-def]
        return lambda: self.done.append((self.clock.seconds, action.value))

    def pass_by(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.seconds += 1.0
            self.notices.step()


def test_it_is_done_once_after_its_random_time() -> None:
    asked = Asked(0.5)
    for _ in range(1000):
        asked.notices.take(Notice(NoticeAction.RECONNECT))
    asked.notices.take(Notice(NoticeAction.RESYNC, 10))
    asked.pass_by(900)
    assert asked.done == [(5.0, "resync"), (300.0, "reconnect")]
    assert [text for _, _, text in asked.hearing.told] == [
        "the platform has asked all sites to send again what it has not acknowledged: done",
        "the platform has asked all sites to connect anew: done",
    ]
    for _ in range(500):
        asked.notices.take(Notice(NoticeAction.RECONNECT, 0))
        asked.pass_by(1)
    assert [action for _, action in asked.done] == ["resync", "reconnect", "reconnect"], "at most once in ten minutes"


def test_a_thousand_sites_do_not_do_it_together() -> None:
    times = []
    for seed in range(1000):
        asked = Asked(Random(seed).random())
        asked.notices.take(Notice(NoticeAction.RECONNECT))
        asked.pass_by(600)
        times += [second for second, _ in asked.done]
    assert len(times) == 1000
    assert max(times.count(second) for second in set(times)) <= 10


async def test_what_is_asked_by_a_notice_reaches_sync(scene: Scene) -> None:
    seqs = await scene.write(0, 3)
    await scene.sync.step()
    scene.link.sent.clear()
    await scene.listening.take("_all/down/notice", json.dumps(NOTICE).encode())
    await scene.listening.take("_all/down/notice", json.dumps(NOTICE).encode(), retained=True)
    assert scene.notices == [Notice(NoticeAction.RESYNC)]
    assert [text for _, _, text in scene.events] == ["_all/down/notice: a notice must not be retained"]
    scene.sync.resync()
    scene.sync.report_info()
    await scene.sync.step()
    assert (scene.link.rows(), scene.link.topics()[0]) == (seqs, "up/info")
    scene.link.sent.clear()
    await scene.sync.step()
    assert scene.link.sent == []


async def test_a_flood_of_unknown_topics_is_told_once_a_minute(scene: Scene) -> None:
    for number in range(3000):
        await scene.listening.take(f"other/down/{number}", b"{}")
        await scene.listening.take(f"down/cmd/{number}\n" + "x" * 60_000, b"{}", retained=True)
        scene.clock.seconds += 0.02
    assert scene.listening.heard.refused == 6000
    assert len(scene.listening._told) == 2
    texts = [text for _, _, text in scene.events]
    assert texts[:2] == ["other/down/0: no such topic is known", "down/cmd/(a name): a command must not be retained"]
    assert len(texts) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"notice": "reboot"}, "notice: Input should be 'reconnect', 'resync' or 'report_info'"),
        ({"within_s": 601}, "within_s: Input should be less than or equal to 600"),
        ({"within_s": -1}, "within_s: Input should be greater than or equal to 0"),
        ({"schema": "notice/2.0"}, "schema version 2 is not known here"),
    ],
)
def test_another_notice_is_none(change: dict[str, object], words: str) -> None:
    with pytest.raises(PayloadRefused, match=words):
        JsonPayloads("home-1", "s").parse("_all/down/notice", json.dumps({**NOTICE, **change}).encode())


async def test_keys_that_cannot_be_read_are_an_alarm_with_line_and_reason(tmp_path: Path) -> None:
    file, clock = tmp_path / "platform.keys", HandClock()
    ring, hearing, signer = KeyRing(file), Hearing(clock), Signer("ops-1", bytes(32))
    watch, door = KeysWatch(clock, hearing.alarms, ring.look), JsonPayloads("home-1", "s", ring=ring)
    at = datetime(2026, 6, 1, tzinfo=UTC)
    payload = json.dumps(signer.command("home-1", "override", {"action": "auto"}, at)).encode()

    async def looked() -> tuple[str, ...]:
        clock.seconds += 30.0
        await watch.step()
        return hearing.pending.alarms

    cause = f"{file} cannot be read: No such file or directory"
    assert await looked() == (f"{NOTHING_SIGNED}: {cause}",)
    with pytest.raises(PayloadRefused, match=r"no command is obeyed: .*No such file"):
        door.parse("down/cmd/override", payload)
    file.write_text("# ours\ncommand ops-1 AAAA\n")
    assert await looked() == (f"{NOTHING_SIGNED}: {file}, line 2: the key is not 32 bytes in base64",)
    file.write_text(signer.key_line())
    assert await looked() == ()
    door.parse("down/cmd/override", payload)
    await asyncio.sleep(0.01)  # a file system that counts time roughly
    file.write_text("")
    assert await looked() == (f"{NOTHING_SIGNED}: {file}: it holds no key",)
    with pytest.raises(PayloadRefused, match="it holds no key"):
        door.parse("down/cmd/override", payload)


async def test_a_key_that_was_revoked_once_signs_no_command(tmp_path: Path) -> None:
    signer, file = Signer("ops-1", bytes(32)), tmp_path / "platform.keys"
    ring, at = KeyRing(file), datetime(2026, 6, 1, tzinfo=UTC)
    door = JsonPayloads("home-1", "s", ring=ring)
    payload = json.dumps(signer.command("home-1", "override", {"action": "auto"}, at)).encode()
    file.write_text(signer.key_line())
    await ring.look()
    door.parse("down/cmd/override", payload)
    for text in (f"{signer.key_line()}\nrevoked ops-1\n", signer.key_line()):
        file.write_text(text)
        assert await ring.look() is None
        with pytest.raises(PayloadRefused, match="its key was revoked"):
            door.parse("down/cmd/override", payload)


def test_without_keys_only_what_was_open_before_may_come_unsigned() -> None:
    door, signer = JsonPayloads("home-1", "s"), Signer("ops-1", bytes(32))
    at = datetime(2026, 6, 1, tzinfo=UTC)
    for name, params in (("override", {"action": "auto"}), ("advice", {"key": "k", "verb": "dismiss"})):
        with pytest.raises(PayloadRefused, match=r"\[cloud\] keys_file names no keys to check it by"):
            door.parse(f"down/cmd/{name}", json.dumps(signer.command("home-1", name, params, at)).encode())
    advice = {"schema": "advice/1.0", "issued_at": "2026-06-01T00:00:00Z", "key": "k", "verb": "dismiss"}
    assert door.parse("down/cmd/advice", json.dumps(advice).encode()) is not None


async def test_messages_that_come_too_fast_are_told_once_in_a_while() -> None:
    clock, dropped = HandClock(), [0]
    hearing = Hearing(clock)

    async def no_certificates() -> dict[str, datetime | str]:
        return {}

    watch = LinkWatch(clock, Outlet(), hearing.alarms, lambda: None, no_certificates, lambda: dropped[0])
    for _ in range(700):
        dropped[0] += 900
        await watch.step()
        clock.seconds += 1.0
    assert [text for kind, _, text in hearing.told if kind == "message_refused"] == [
        "900 messages came faster than they can be taken in, and were dropped",
        "540000 messages came faster than they can be taken in, and were dropped",
    ]


async def test_a_certificate_that_ends_is_told_soon_after_the_time_was_found() -> None:
    clock = HandClock()
    hearing, clock.believed, looks = Hearing(clock), False, [0]

    async def one() -> dict[str, datetime | str]:
        looks[0] += 1
        return {"certificate": clock.now() + timedelta(days=5)}

    watch = LinkWatch(clock, Outlet(), hearing.alarms, lambda: None, one)
    for second in range(400):
        clock.believed = second >= 180
        await watch.step()
        clock.seconds += 1.0
    assert [kind for kind, _, _ in hearing.told] == ["certificate_ends/certificate"]
    assert looks == [4], "and then seldom"


def test_a_site_that_is_sent_no_command_does_not_load_what_checks_signatures() -> None:
    code = "import sys, agent.app, agent.daemon; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
