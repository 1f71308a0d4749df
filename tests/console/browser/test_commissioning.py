"""The commissioning report on the page: what each order came to, who answers for it, and what to run before it."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from agent.commissioning.step_response import judged, meter_findings
from agent.domain.commissioning import Finding, Reversion
from agent.domain.sentences import commissioning_test as told
from agent.domain.wire import to_json
from agent.settings.permit import accepted, permit_file, write_permit
from tests.console import commissioned
from tests.console.browser.screen import Served, looking
from tests.console.browser.states import as_kept
from tests.console.site import FIRST

pytestmark = pytest.mark.browser

PATH = "settings?tab=commissioning"


def test_the_whole_report_is_shown(served: Served, browser: Browser) -> None:
    with looking(browser, served) as shown:
        shown.open(PATH)
        page = shown.page
        expect(page.get_by_text("A. Fitter tested the devices on 30 Apr 2025, 10:30.")).to_be_visible()
        cells = page.get_by_role("row").filter(has_text="Discharge").get_by_role("cell").all_inner_texts()
        assert [cell.replace("\u00a0", " ") for cell in cells] == [
            "followed, limited", "+700 W", "+688 W", "12 W", "1.6 s", "466 W/s",
        ]  # fmt: skip
        for words in ("0.99 W for each watt of the battery", "2.6 s older than the battery's",
                      "free by itself after 61.2 s (60.0 s promised)", "H-5K", "over a power cut"):  # fmt: skip
            expect(page.get_by_text(words)).to_be_visible()
        expect(page.locator(".traces polyline")).to_have_count(5)  # battery, grid, and three orders


def test_a_german_reads_it_in_german(served: Served, browser: Browser) -> None:
    site, report = served.site, commissioned.report()
    step, unit = report.tests[0].steps[2], report.tests[0]
    doubt = judged(replace(step, settled_w=-700.0, off_w=1400.0), unit.test_w, 5000.0, unit.device)
    assert doubt is not None
    found = (doubt, *meter_findings(0.124), *report.findings)
    ended = told.ended_aborted(cause=doubt.text)
    test = replace(unit, reversion=Reversion(told.order_never_ends(device=unit.device)))
    as_kept(served, "commissioning", to_json(replace(report, passed=False, ended=ended, findings=found, tests=(test,))))
    permit_file(site.config).unlink()
    with looking(browser, served, locale="de-DE") as shown:
        shown.open(PATH)
        for words in (
            "vorzeitig beendet: inverter sollte mit 700 W entladen und lädt mit 700 W",
            "je Watt, das die Batterie mehr abgibt, zeigt der Netzzähler 0,12 W weniger: er sieht diese Batterie nicht",
            "dafür braucht es einen", "endet nie von selbst", "Einstellungen wie vorgefunden: 3",
        ):  # fmt: skip
            expect(shown.page.locator("main")).to_contain_text(words)
        expect(shown.page.locator("main [lang=en]")).to_have_count(0)
        shown.look("german-commissioning")


def test_what_an_older_report_says_stays_as_it_was(served: Served, browser: Browser) -> None:
    older = Finding("does_not_follow", "inverter was told to rest and does not", "inverter")
    as_kept(served, "commissioning", to_json(replace(commissioned.report(), findings=(older,))))
    with looking(browser, served, locale="de-DE") as shown:
        shown.open(PATH)
        expect(shown.page.locator("main li [lang=en]")).to_have_text(older.text)


def test_the_word_of_a_person_is_shown_with_its_reason(served: Served, browser: Browser) -> None:
    as_kept(served, "commissioning", None)
    site = served.site
    write_permit(site.config, accepted(site.settings, "B. Owner", "the dealer has tested it", FIRST))
    with looking(browser, served) as shown:
        shown.open(PATH)
        expect(shown.page.get_by_text("accepted without a test")).to_be_visible()
        expect(shown.page.get_by_text("B. Owner answers for it")).to_be_visible()
        expect(shown.page.get_by_text("the dealer has tested it")).to_be_visible()


def test_before_it_the_page_says_what_to_run(served: Served, browser: Browser) -> None:
    as_kept(served, "commissioning", None)
    permit_file(served.site.config).unlink()
    with looking(browser, served) as shown:
        shown.open(PATH)
        expect(shown.page.get_by_text("not commissioned yet")).to_be_visible()
        expect(shown.page.get_by_text("enalysis-edge commission --config site.toml")).to_be_visible()
