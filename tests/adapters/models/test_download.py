"""A file is fetched over real HTTPS: whole, resumed, and not at all from a server that is or does something else."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from agent.adapters.models import download
from agent.adapters.models.part_file import PartFile
from agent.domain.model_delivery import Fetch, FetchState
from agent.workers.model_fetch import fetched
from tests.adapters.models.model_server import Send, Served, manifest_of, reply, serve
from tests.faults.small_disk import small_disk
from tests.security.items import security

CONTENT = random.Random(7).randbytes(300_000)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def served(authority: trustme.CA) -> Iterator[Served]:
    with serve(CONTENT, authority.issue_cert("127.0.0.1")) as found:
        yield found


class Site:
    """``models`` is its folder of candidates; ``fetch`` tries once and says how it ended."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.models, self.ca_file = folder / "models", folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)

    def fetch(self, url: str, content: bytes = CONTENT, within_s: float = 20.0, **terms: Any) -> tuple[FetchState, str]:
        manifest = manifest_of(content, 100, url)
        asked = Fetch(manifest, str(self.models), (), str(self.ca_file), **terms)
        answer = fetched(asked, time.monotonic() + within_s)
        self.there = self._there(manifest.sha256)
        return answer.state, answer.reason

    def _there(self, sha256: str) -> bytes | None:
        path = self.models / ".incoming" / f"{sha256[:32]}.part"
        return path.read_bytes() if path.exists() else None


@pytest.fixture
def site(tmp_path: Path, authority: trustme.CA) -> Site:
    return Site(tmp_path, authority)


def test_a_good_file_comes_whole(served: Served, site: Site) -> None:
    assert site.fetch(served.url) == (FetchState.DONE, "")
    assert site.there == CONTENT
    assert site.fetch(served.url) == (FetchState.DONE, "")
    assert len(served.asked) == 1, "what is there is not fetched again"


def test_what_ended_half_way_goes_on_by_range(served: Served, site: Site) -> None:
    served.answer = served.half
    state, reason = site.fetch(served.url)
    assert (state, reason) == (FetchState.FAILED, "127.0.0.1: the connection ended after 150000 of 300000 bytes")
    assert site.there == CONTENT[:150_000]
    served.answer = served.well
    assert site.fetch(served.url) == (FetchState.DONE, "")
    assert (served.asked[1]["range"], served.asked[1]["if-range"]) == ("bytes=150000-", '"one"')
    assert site.there == CONTENT


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(served: Served, site: Site) -> None:
    served.answer = served.half
    site.fetch(served.url)
    served.answer, served.tag = served.well, '"two"'
    assert site.fetch(served.url) == (FetchState.DONE, "")
    assert site.there == CONTENT


def test_two_halves_of_different_files_are_no_file(authority: trustme.CA, site: Site) -> None:
    with serve(CONTENT, authority.issue_cert("127.0.0.1"), tag=None) as served:
        served.answer = served.half
        served.content = bytes(len(CONTENT))
        site.fetch(served.url)
        served.answer, served.content = served.well, CONTENT
        again = "what was fetched in parts is not the file that was signed; it begins anew"
        assert site.fetch(served.url) == (FetchState.FAILED, again)
        assert site.fetch(served.url) == (FetchState.DONE, "")


@pytest.mark.parametrize("at", [0, 99, 100, 299_999])
def test_a_file_that_differs_by_one_byte_is_refused(served: Served, site: Site, at: int) -> None:
    served.content = CONTENT[:at] + bytes([CONTENT[at] ^ 1]) + CONTENT[at + 1 :]
    different = "its file is not the one that was signed: the SHA-256 is another"
    assert site.fetch(served.url) == (FetchState.REFUSED, different)
    assert site.there is None


def claims_eight_gib(served: Served) -> Any:
    return lambda send, _: send(reply("200 OK", f"Content-Length: {8 << 30}") + CONTENT)


def streams_for_ever(served: Served) -> Any:
    def answer(send: Send, headers: dict[str, str]) -> None:
        send(reply("200 OK"))
        while True:  # until the other side hangs up
            send(bytes(65536))

    return answer


def chunks_for_ever(served: Served) -> Any:
    def answer(send: Send, headers: dict[str, str]) -> None:
        send(reply("200 OK", "Transfer-Encoding: chunked"))
        while True:
            send(b"10000\r\n" + bytes(65536) + b"\r\n")

    return answer


def leads(to: str) -> Any:
    return lambda served: lambda send, _: send(reply("302 Found", f"Location: {to}"))


def says(answer: bytes) -> Any:
    return lambda served: lambda send, _: send(answer)


OTHER_SIZE = "127.0.0.1: the server's file is of another size"
ELSEWHERE = "127.0.0.1: the server sends us elsewhere, which is not followed"
BAD_SERVERS: dict[str, tuple[Any, str]] = {
    "claims 8 GiB": (claims_eight_gib, f"{OTHER_SIZE} (8589934592 and not 300000)"),
    "streams for ever": (streams_for_ever, "127.0.0.1: the server sends more than the 300000 bytes of the file"),
    "chunks for ever": (chunks_for_ever, "127.0.0.1: the server sends more than the 300000 bytes of the file"),
    "claims less": (says(reply("200 OK", "Content-Length: 5") + b"12345"), f"{OTHER_SIZE} (5 and not 300000)"),
    "claims nonsense": (says(reply("200 OK", "Content-Length: many")), f"{OTHER_SIZE} (many and not 300000)"),
    "has nothing": (says(reply("404 Not Found")), "127.0.0.1: the server answers 404 Not Found"),
    "a part nobody asked for": (
        says(reply("206 Partial Content", "Content-Range: bytes 5-9/300000") + b"12345"),
        "127.0.0.1: the server answers 206 Partial Content",
    ),
    "sends gzip": (
        says(reply("200 OK", "Content-Encoding: gzip")),
        "127.0.0.1: the server sends the file in an encoding that was not asked for",
    ),
    "to another host": (leads("https://models.example.org/x"), ELSEWHERE),
    "to another port": (leads("https://127.0.0.1:1/x"), ELSEWHERE),
    "to http": (leads("http://127.0.0.1/x"), ELSEWHERE),
    "to a file": (leads("file:///etc/passwd"), ELSEWHERE),
    "to no port": (leads("https://127.0.0.1:no/x"), ELSEWHERE),
    "to nowhere else": (leads("/models/own"), "127.0.0.1: the server answers 302 Found"),
}


@security(7, shows="a server that sends 8 GiB, half a file or something else: nothing stays")
@pytest.mark.parametrize("kind", BAD_SERVERS)
def test_a_server_that_does_something_else_is_told_and_nothing_stays(served: Served, site: Site, kind: str) -> None:
    bad, reason = BAD_SERVERS[kind]
    served.answer = bad(served)
    assert site.fetch(served.url) == (FetchState.FAILED, reason)
    assert not site.there
    assert len(served.asked) <= 4


def test_what_does_not_speak_http_is_told(served: Served, site: Site) -> None:
    served.answer = lambda send, _: send(b"\x00\x01\x02\r\n\r\n")
    state, reason = site.fetch(served.url)
    assert state is FetchState.FAILED
    assert reason.endswith("does not speak HTTP as it should (BadStatusLine)")


def test_a_redirect_on_the_same_server_is_followed(served: Served, site: Site) -> None:
    served.answer = lambda send, headers: (
        served.well(send, headers) if headers["path"] == "/there" else send(reply("307 Moved", "Location: /there"))
    )
    assert site.fetch(served.url) == (FetchState.DONE, "")


def test_a_server_of_an_authority_that_is_not_ours_is_not_asked(site: Site) -> None:
    with serve(CONTENT, trustme.CA().issue_cert("127.0.0.1")) as served:
        state, reason = site.fetch(served.url)
        assert state is FetchState.FAILED
        assert "certificate verify failed" in reason
        assert "secret" not in reason
        assert served.asked == []


def test_a_certificate_of_another_name_is_not_believed(site: Site, authority: trustme.CA) -> None:
    with serve(CONTENT, authority.issue_cert("models.example.org")) as served:
        state, reason = site.fetch(served.url)
        assert (state, served.asked) == (FetchState.FAILED, [])
        assert "certificate verify failed" in reason


def test_plain_http_is_for_sites_that_allow_it(site: Site) -> None:
    with serve(CONTENT, None) as served:
        plain = "127.0.0.1: the URL is not https, and [cloud] models_plain_http is false"
        assert site.fetch(served.url) == (FetchState.FAILED, plain)
        assert served.asked == []
        assert site.fetch(served.url, plain_http=True) == (FetchState.DONE, "")


def test_https_at_a_port_without_tls_is_told(site: Site) -> None:
    with serve(CONTENT, None) as served:
        state, reason = site.fetch(served.url.replace("http:", "https:"))
        assert state is FetchState.FAILED
        assert ": TLS failed: " in reason


def test_a_file_of_authorities_that_is_none_is_named(served: Served, site: Site) -> None:
    site.ca_file.write_text("nothing")
    state, reason = site.fetch(served.url)
    assert (state, reason) == (
        FetchState.FAILED,
        f"{site.ca_file}: holds no certificate of an authority that can be read",
    )


def test_a_server_that_trickles_is_left_in_time_and_what_came_stays(served: Served, site: Site) -> None:
    served.answer = served.slow
    state, reason = site.fetch(served.url, within_s=2.0)
    assert state is FetchState.FAILED
    assert site.there
    assert reason == f"127.0.0.1: too slow, {len(site.there)} of 300000 bytes have come"
    assert CONTENT.startswith(site.there)
    served.answer = served.well
    assert site.fetch(served.url) == (FetchState.DONE, "")
    assert "range" in served.asked[-1]


def test_a_server_that_says_nothing_is_left(served: Served, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SILENCE_S", 0.2)
    served.answer = lambda send, _: time.sleep(1.0)
    state, reason = site.fetch(served.url)
    assert state is FetchState.FAILED
    assert reason.endswith("says nothing for 0.2 s")


def test_nobody_listens(site: Site) -> None:
    assert site.fetch("https://127.0.0.1:1/x") == (FetchState.FAILED, "127.0.0.1:1: Connection refused")


def test_a_disk_with_too_little_room_is_left_alone(served: Served, site: Site) -> None:
    state, reason = site.fetch(served.url, spare_bytes=1 << 60)
    assert state is FetchState.FAILED
    assert "bytes too little free for it" in reason
    assert served.asked == []


def test_a_disk_that_fills_up_meanwhile_gets_its_room_back(
    served: Served, tmp_path: Path, authority: trustme.CA
) -> None:
    with small_disk(tmp_path) as disk:
        site = Site(disk.folder, authority)

        def fill_and_answer(send: Send, headers: dict[str, str]) -> None:
            disk.fill()
            served.well(send, headers)

        served.answer = fill_and_answer
        state, reason = site.fetch(served.url)
        assert (state, reason) == (
            FetchState.FAILED,
            f"{site.models / '.incoming'} cannot be written: No space left on device",
        )
        assert site.there is None


def test_parts_that_nobody_waits_for_go(served: Served, site: Site) -> None:
    served.answer = served.half
    site.fetch(served.url)
    served.content = CONTENT[::-1]
    site.fetch(served.url, served.content)
    assert len([path for path in (site.models / ".incoming").iterdir() if path.suffix == ".part"]) == 1


def test_two_processes_do_not_write_one_part(served: Served, site: Site) -> None:
    with PartFile(site.models, "0" * 64).alone():
        assert site.fetch(served.url) == (FetchState.FAILED, "another process is fetching a model here")
    assert site.fetch(served.url) == (FetchState.DONE, "")
