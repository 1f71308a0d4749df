"""The pages' own files: their words, and what was taken from others."""

import hashlib
import json
import re

import pytest

from agent.console.app import WEB

LANGUAGES = ("en", "de")
WORDS = {name: json.loads((WEB / "words" / f"{name}.json").read_text("utf-8")) for name in LANGUAGES}
SCRIPTS = {path.name: path.read_text("utf-8") for path in sorted(WEB.glob("*.js"))}
SCRIPT_LINES = 350


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    assert list(WORDS["en"]) == list(WORDS["de"])
    for key, sentence in WORDS["en"].items():
        assert sorted(re.findall(r"\{\w+\}", sentence)) == sorted(re.findall(r"\{\w+\}", WORDS["de"][key])), key


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_sentence_that_a_page_says_is_there(name: str) -> None:
    """Those that are named in full; others are made of a prefix that begins one."""
    text = SCRIPTS[name]
    named = set(re.findall(r'\bt\("([^"]+)"', text))
    named |= {key for pair in re.findall(r'\bt\([^"`()]+ \? "([^"]+)" : "([^"]+)"', text) for key in pair}
    assert {key for key in named if key not in WORDS["en"]} == set()
    prefixes = set(re.findall(r"\bt\(`([a-z]+\.)\$", text)) | {
        f"{one}." for one in re.findall(r'word\("([a-z]+)"', text)
    }
    assert {one for one in prefixes if not any(key.startswith(one) for key in WORDS["en"])} == set()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_short_and_makes_no_page_of_texts(name: str) -> None:
    """What comes from a device or a person is shown as text, never as markup or code."""
    assert SCRIPTS[name].count("\n") <= SCRIPT_LINES
    assert (
        re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|\beval\(|new Function", SCRIPTS[name]
        )
        == []
    )
    assert re.findall(r"https?://(?!www\.w3\.org)", SCRIPTS[name]) == []


def test_what_was_taken_from_others_is_as_it_was_published() -> None:
    listed = json.loads((WEB / "vendor" / "vendored.json").read_text("utf-8"))
    for one in listed:
        content = (WEB / "vendor" / one["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"], one["file"]
        assert one["version"]
        assert one["licence"]
        for licence in one["licence_files"]:
            assert (WEB / "vendor" / licence).read_text("utf-8")
    files = {path.name for path in (WEB / "vendor").iterdir()}
    known = {one["file"] for one in listed} | {name for one in listed for name in one["licence_files"]}
    assert files == known | {"vendored.json"}


def test_every_finding_of_commissioning_has_a_name() -> None:
    sources = [*(WEB.parents[1] / "commissioning").glob("*.py"), *(WEB.parents[1] / "cli").glob("commission*.py")]
    codes = {code for path in sources for code in re.findall(r'Finding\(\s*"([a-z_]+)"', path.read_text("utf-8"))}
    assert len(codes) > 30
    assert {code for code in codes if f"finding.{code}" not in WORDS["en"]} == set()
