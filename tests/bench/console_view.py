"""The first view of the console in a real Chromium whose processor is slowed down six times: bytes, requests, time."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.console.own_settings import OwnSettings
from agent.console.source import own_folder
from tests.bench.children import BenchFailure, compile_sources, daemon
from tests.bench.console_site import ALLOWED, Site, agent_of, console, devices, last_hour, make_site
from tests.bench.figures import Figure, Samples
from tests.bench.site import fill_store
from tests.console.served import PASSWORD, cheap_hash

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOADS, SLOWED = 7, 6
KILOBYTES, REQUESTS, SECONDS = 60.0, 8.0, 1.0
ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
FLOWS, DRAWN = "/energy-flow", ".ribbon"  # what flows, now


@dataclass  # not slotted: playwright leaves a mark on whose methods it calls
class View:
    """One load by a browser that has nothing kept, until the flows of now are drawn. ``bytes`` are by request."""

    asked: list[str] = field(default_factory=list)
    needed: int = 0
    bytes: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    painted_s: float = 0.0

    def begun(self, event: dict[str, Any]) -> None:
        """What is asked for after the flows are drawn is not of the first view."""
        if self.seconds:
            return
        self.asked.append(event["requestId"])
        if FLOWS in event["request"]["url"] and not self.needed:
            self.needed = len(self.asked)

    def ended(self, event: dict[str, Any]) -> None:
        self.bytes[event["requestId"]] = event["encodedDataLength"]

    @property
    def kilobytes(self) -> float:
        return sum(self.bytes.get(request, 0.0) for request in self.asked) / 1000.0


def measure() -> list[Figure]:
    """Several loads of the first page beside a daemon at work."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-console-") as name, ExitStack() as stack:
        site = make_site(Path(name))
        browser = stack.enter_context(_browser())
        stack.enter_context(devices(site))
        _fill(site)
        stack.enter_context(agent_of(site, daemon(site.config), site.around))
        stack.enter_context(console(site))
        views = [_view(browser, site) for _ in range(LOADS + 1)][1:]  # the first warms the browser up
    what = "console, first view"
    most = max(len(one.asked) for one in views)
    beside = f"{most} in all until they are drawn: what is below them is asked for at the same time"
    slow = f"processor slowed down {SLOWED} times"
    return [
        _figure(f"{what}, sent to the browser", "kB", [one.kilobytes for one in views], KILOBYTES, "gzip, with heads"),
        _figure(
            f"{what}, requests that the flows wait for", "", [float(one.needed) for one in views], REQUESTS, beside
        ),
        _figure(f"{what}, until what flows is drawn", "s", [one.seconds for one in views], SECONDS, slow),
        _figure(f"{what}, until anything is painted", "s", [one.painted_s for one in views], SECONDS, slow),
    ]


def _figure(what: str, unit: str, values: list[float], allowed: float, note: str) -> Figure:
    return Figure(what, unit, Samples(tuple(values)), Samples((allowed,)), ALLOWED, goal=1.0, note=note)


def _fill(site: Site) -> None:
    """In a thread: playwright has this one's loop."""
    import threading

    worker = threading.Thread(target=lambda: asyncio.run(fill_store(site.store, last_hour())))
    worker.start()
    worker.join()
    OwnSettings(own_folder(site.store)).set_password(cheap_hash())


@contextmanager
def _browser() -> Iterator["Browser"]:
    found = shutil.which("chromium")
    if found is None:
        raise BenchFailure("chromium is not installed on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise BenchFailure("playwright is not installed here") from error
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGS)
        yield started
        started.close()


def _view(browser: "Browser", site: Site) -> View:
    """Logged in, nothing kept."""
    where = f"http://127.0.0.1:{site.port}"
    context = browser.new_context(**PHONE, reduced_motion="reduce", locale="en-GB")
    try:
        login = context.request.post(f"{where}/api/v1/session", data={"password": PASSWORD}, headers={"Origin": where})
        if not login.ok:
            raise BenchFailure(f"the console let nobody in: {login.status}")
        page, view = context.new_page(), View()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        session.on("Network.requestWillBeSent", view.begun)
        session.on("Network.loadingFinished", view.ended)
        began = time.monotonic()
        page.goto(f"{where}/")
        page.wait_for_selector(DRAWN)
        view.seconds = time.monotonic() - began
        view.painted_s = _painted_s(page)
        return view
    finally:
        context.close()


def _painted_s(page: "Page") -> float:
    """By the browser's own clock."""
    milliseconds: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    return milliseconds / 1000.0
