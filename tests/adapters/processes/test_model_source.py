"""Models come through processes of their own, which may be ended at any instant and go on where they were."""

import asyncio
import random
import time
from pathlib import Path

import pytest
import trustme

from agent.adapters.processes.model_source import Delivered, ModelSourceProcess
from agent.delivery_ports import FetchFailure, ModelRefused
from agent.domain.sentence import coded
from tests.adapters.models.model_folders import candidate
from tests.adapters.models.model_server import Answer, Send, Served, manifest_of, packed, serve

CONTENT = random.Random(2).randbytes(2_000_000)


def source(folder: Path, authority: trustme.CA, deadline_s: float = 30.0) -> ModelSourceProcess:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return ModelSourceProcess(Delivered(folder / "models", str(folder / "ca.pem")), deadline_s=deadline_s)


def part_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "models" / ".incoming").glob("*.part"))


async def until_some_is_there(folder: Path) -> None:
    while part_size(folder) < 2000:
        await asyncio.sleep(0.02)


def half_and_then_nothing(served: Served) -> Answer:
    def answer(send: Send, headers: dict[str, str]) -> None:
        send(served.head(headers) + CONTENT[: len(CONTENT) // 2])
        time.sleep(10.0)

    return answer


def trickle(send: Send, headers: dict[str, str]) -> None:
    send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(200):
        send(b"X")
        time.sleep(0.05)


async def test_a_model_comes_whole_and_is_admitted(tmp_path: Path) -> None:
    authority = trustme.CA()
    content, card_size = packed(candidate(tmp_path, "own"))
    with serve(content, authority.issue_cert("127.0.0.1")) as served:
        manifest, models = manifest_of(content, card_size, served.url), source(tmp_path, authority)
        await models.fetch(manifest, [manifest.sha256])
        await models.admit(manifest)
    assert sorted(path.name for path in (tmp_path / "models" / "own").iterdir()) == ["card.json", "model.onnx"]


async def test_a_process_that_is_killed_half_way_goes_on_by_range(tmp_path: Path) -> None:
    """Whoever is cancelled while it waits kills its process, as the daemon's stop does."""
    authority = trustme.CA()
    with serve(CONTENT, authority.issue_cert("127.0.0.1")) as served:
        manifest, models = manifest_of(CONTENT, 100, served.url), source(tmp_path, authority)
        served.answer = half_and_then_nothing(served)
        fetching = asyncio.create_task(models.fetch(manifest, [manifest.sha256]))
        await until_some_is_there(tmp_path)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        had = part_size(tmp_path)
        served.answer = served.well
        await models.fetch(manifest, [manifest.sha256])
    assert 2000 <= had < len(CONTENT)
    assert served.asked[1]["range"] == f"bytes={had}-"
    assert next((tmp_path / "models" / ".incoming").glob("*.part")).read_bytes() == CONTENT


async def test_a_server_that_trickles_its_headers_is_left_at_the_deadline(tmp_path: Path) -> None:
    authority = trustme.CA()
    with serve(CONTENT, authority.issue_cert("127.0.0.1")) as served:
        served.answer = trickle
        manifest = manifest_of(CONTENT, 100, served.url)
        with pytest.raises(FetchFailure) as raised:
            await source(tmp_path, authority, deadline_s=1.5).fetch(manifest, ())
    assert str(raised.value) == "the download of a model did not answer within 1.5 s and was ended"


async def test_another_file_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    with serve(CONTENT[::-1], authority.issue_cert("127.0.0.1")) as served:
        manifest, models = manifest_of(CONTENT, 100, served.url), source(tmp_path, authority)
        with pytest.raises(ModelRefused, match="its file is not the one that was signed"):
            await models.fetch(manifest, ())


async def test_what_is_no_model_is_refused_and_what_is_gone_is_a_failure(tmp_path: Path) -> None:
    authority = trustme.CA()
    models = source(tmp_path, authority)
    with serve(CONTENT, authority.issue_cert("127.0.0.1")) as served:
        manifest = manifest_of(CONTENT, 100, served.url)
        await models.fetch(manifest, ())
    with pytest.raises(ModelRefused, match=r"card\.json is wrong") as refused:
        await models.admit(manifest)
    told = coded(refused.value.args[0])
    assert told is not None
    assert told["code"] == "card_wrong"
    with pytest.raises(FetchFailure, match="fetched anew"):
        await models.admit(manifest)
