"""A console that serves a site on a free port, and the browser of a person who looks at it."""

import asyncio
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from agent.adapters.host.live_file import NAME as LIVE_FILE
from agent.console.own_settings import OwnSettings
from agent.console.serve import Server, server
from agent.console.source import Source
from agent.domain.documents import ALARMS, LINK, SETPOINT, SWITCHED_LOADS
from agent.domain.site import SiteState
from tests.console import site as console_site
from tests.console.served import LOCAL, PASSWORD, cheap_hash, show
from tests.console.site import ConsoleSite

ARGS = (
    "--no-sandbox",  # CI is root
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES: Mapping[str, Mapping[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "small": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "narrow": {"viewport": {"width": 320, "height": 700}, "is_mobile": True, "has_touch": True},
}
GRAVE = """(only) => axe.run(document, {resultTypes: ["violations"], ...(only.length && {runOnly: only})})
  .then((found) => found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => [one.id, ...one.nodes.slice(0, 3).map((node) => node.html)]))"""
NEXT_FRAMES = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))"
GO = f"""async (path) => {{
  history.pushState({{}}, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
  await {NEXT_FRAMES};
}}"""
# What is wider than the screen or its box, is cut off, or is said in words of the programme.
FLAWS = """() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth - root.clientWidth} px beyond the screen`);
  for (const one of document.querySelectorAll("body *")) {
    const { clientWidth, scrollWidth } = one;
    if (!clientWidth || scrollWidth <= clientWidth + 1 || one.closest(".unseen, .skip, svg, select, .uplot")) continue;
    if (getComputedStyle(one).overflowX !== "visible" && !one.matches("input, textarea"))
      found.push(`${scrollWidth - clientWidth} px of ${one.outerHTML.slice(0, 90)}`);
  }
  const text = document.body.innerText;
  const odd = text.match(/undefined|NaN|\\[object|Infinity|[-\u2212]0[.,]0+\\b|\\bnull\\b|\\bNone\\b/g);
  return odd ? [...found, ...odd] : found;
}"""
PATIENCE_MS = 15_000.0
SHOWN = (SETPOINT, LINK, ALARMS, SWITCHED_LOADS)

expect.set_options(timeout=PATIENCE_MS)  # a machine that is busy is not a page that is wrong


@dataclass(slots=True)
class Served:
    """A running console over ``site``; its clock stands at the site's."""

    source: Source
    site: ConsoleSite
    port: int = 0
    pictures_shown: int = 0

    def address(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def show(self, state: SiteState | None = None, **changes: object) -> None:
        """As the agent shows it; ``changes`` are plain documents in place of the usual ones."""
        kept = console_site.documents()
        usual = {document.name: json.loads(kept[document.name]) for document in SHOWN}
        show(self.source, state or console_site.state(), **{**usual, "alarms": [], **changes})
        self.pictures_shown += 1
        at = (self.source.now() + timedelta(seconds=self.pictures_shown)).timestamp()
        assert self.source.runtime is not None
        os.utime(self.source.runtime / LIVE_FILE, (at, at))

    def stop_agent(self) -> None:
        assert self.source.runtime is not None
        (self.source.runtime / LIVE_FILE).unlink()


@contextmanager
def serving(site: ConsoleSite) -> Iterator[Served]:
    """A password is set; the agent runs and shows itself."""
    runtime = site.folder / "run"
    runtime.mkdir()
    served = Served(site.source(runtime), site)
    OwnSettings(served.source.own).set_password(cheap_hash())
    served.show()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    served.port = listening.getsockname()[1]
    one = server(LOCAL, served.source)
    thread = threading.Thread(target=_run, args=(one, listening))
    thread.start()
    try:
        while not one.started:
            time.sleep(0.01)
        yield served
    finally:
        one.stop()
        thread.join()


def _run(one: Server, listening: socket.socket) -> None:
    asyncio.run(one.serve([listening]))


@dataclass  # not slotted: playwright leaves a mark on whose methods it calls
class Screen:
    """A page of one person. ``wrong`` is what must never be: errors, foreign requests, refusals of the policy."""

    page: Page
    served: Served
    size: str
    scheme: str
    language: str
    wrong: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("console", self._console)
        self.page.on("request", self._request)
        self.page.set_default_timeout(PATIENCE_MS)

    def log_in(self) -> None:
        self.page.goto(self.served.address("login"))
        self.page.get_by_label(re.compile("Passwor[dt]")).fill(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".top")).to_be_visible()

    def open(self, path: str) -> None:
        """Loaded, drawn, and nothing waits any more."""
        self.page.goto(self.served.address(path))
        self.settle()

    def settle(self) -> None:
        expect(self.page.locator("main h1").first).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0, timeout=PATIENCE_MS)
        expect(self.page.locator(".canvas:not([data-drawn])")).to_have_count(0, timeout=PATIENCE_MS)

    def go(self, path: str) -> None:
        """As ``open``, within the page that is loaded already."""
        self.page.evaluate(GO, f"/{path}")
        self.settle()

    def turn(self, scheme: Literal["light", "dark"]) -> None:
        """What the device prefers from now on; the page that is open draws itself anew."""
        self.scheme = scheme
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(NEXT_FRAMES)
        self.settle()

    def look(self, what: str, only: Sequence[str] = ()) -> None:
        """Fit for a customer as far as a machine can say; ``only`` are the rules of axe, all of them when left out.

        Its picture is kept where pictures are.
        """
        flaws = self.page.evaluate(FLAWS)
        assert flaws == [], f"{what}, {self.name}: {flaws}"
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        found = self.page.evaluate(GRAVE, list(only))
        assert found == [], f"{what}, {self.name}: {found}"
        assert self.wrong == [], f"{what}, {self.name}: {self.wrong}"
        named = os.environ.get("CONSOLE_PICTURES")
        if named:
            self._picture(Path(named) / f"{what}-{self.name}.png")

    def _picture(self, path: Path) -> None:
        """Of the whole page: the screen is as high as it, so that what stands at its edge hides nothing."""
        usual = SIZES[self.size]["viewport"]
        high = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({**usual, "height": max(high, usual["height"])})
        self.page.screenshot(path=path)
        self.page.set_viewport_size(usual)

    def look_in_both(self, what: str) -> None:
        """Light and dark. What is on the page is the same, so that only the colours are judged anew."""
        self.turn("light")
        self.look(what)
        self.turn("dark")
        self.look(what, ["color-contrast"])

    @property
    def name(self) -> str:
        return f"{self.size}-{self.scheme}-{self.language}"

    def _console(self, message: ConsoleMessage) -> None:
        """What the browser says of a refused request, or of being offline, is told by the page itself.

        A page that is left while its socket is being connected says that, too.
        """
        usual = ("Failed to load resource", "ERR_INTERNET_DISCONNECTED", "closed before the connection is established")
        if message.type in ("error", "warning") and not any(words in message.text for words in usual):
            self.wrong.append(message.text)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith(self.served.address()) and not request.url.startswith("data:"):
            self.wrong.append(f"asks {request.url}")


@contextmanager
def looking(
    browser: Browser,
    served: Served,
    size: str = "desktop",
    scheme: str = "light",
    locale: str = "en-GB",
    clock_off: timedelta = timedelta(0),
) -> Iterator[Screen]:
    """Far away from the site; ``clock_off`` is how wrong the browser's clock is. Whoever looks has logged in."""
    context: BrowserContext = browser.new_context(
        **SIZES[size],
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale=locale,
        timezone_id="America/New_York",
    )
    try:
        page = context.new_page()
        page.clock.install(time=served.source.now() + clock_off)
        screen = Screen(page, served, size, scheme, locale[:2])
        screen.watch()
        screen.log_in()
        yield screen
        assert screen.wrong == []
    finally:
        context.close()
