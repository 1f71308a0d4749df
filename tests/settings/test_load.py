"""Reading the file: what is not even TOML, where paths start, and that nothing but SettingsError ever comes out."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agent.settings.check import report
from agent.settings.lines import key_lines
from agent.settings.load import LARGEST_FILE, SettingsError, load
from tests.site_files import TEXT, changed, problems, written

EXAMPLE = (Path(__file__).parents[2] / "config" / "site.example.toml").read_bytes()


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        load(path)
    (problem,) = refused.value.problems
    return str(problem)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """On a gateway with the package there is no folder config: the example lies where the file is looked for."""
    remedy = "`enalysis-edge configure` makes one, or copy site.example.toml and edit it"
    assert refusal(tmp_path / "site.toml") == f"there is no such file; {remedy}"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith("this is a folder")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "site.toml")
    assert refusal(tmp_path / "site.toml").startswith("this is not a file")


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a\0b").startswith("cannot be read")
    assert refusal(tmp_path / ("x" * 300)).startswith("cannot be read")


def test_a_file_whose_disk_fails() -> None:
    """Linux answers a read of the first byte of this file with EIO."""
    assert refusal(Path("/proc/self/mem")).startswith("cannot be read: input/output error")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    assert problems(tmp_path, TEXT + "#" * (LARGEST_FILE - len(TEXT))) == ()
    (problem,) = problems(tmp_path, TEXT + "#" * (LARGEST_FILE - len(TEXT) + 1))
    assert "larger than 1 MiB" in problem.reason


def test_text_of_another_encoding_has_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, TEXT.encode().replace(b'name = "Riverside"', b'name = "Stra\xdfe"'))
    assert (problem.line, problem.reason) == (3, "this line is not UTF-8 text")


def test_a_byte_order_mark_and_dos_line_ends_are_no_mistake(tmp_path: Path) -> None:
    assert problems(tmp_path, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()) == ()


def test_an_empty_file_names_every_section_it_needs(tmp_path: Path) -> None:
    found = problems(tmp_path, "")
    assert [problem.key for problem in found] == [
        "[site]",
        "[connection]",
        "[battery]",
        "[tariff.import]",
        "[[device]]",
    ]
    assert {problem.reason for problem in found} == {"is missing"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "too many digits"),
        ("[site", "not TOML"),
        ("a = 1\0", "not TOML"),
        ("a = 2026-02-30", "not TOML"),
    ],
)
def test_odd_texts_are_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert reason in problem.reason
    assert "\n" not in str(problem)


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = changed("[cloud]", '[store]\npath = "data/site.sqlite3"\n[cloud]\nca_file = "/etc/ca.pem"')
    written(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    settings = load(Path("site.toml"))
    assert settings.store.path == str(tmp_path / "data" / "site.sqlite3")
    assert settings.cloud is not None
    assert settings.cloud.ca_file == "/etc/ca.pem"


def test_the_error_prints_itself_as_file_and_line(tmp_path: Path) -> None:
    path = written(tmp_path, changed("unit_id = 2", "unit_id = 2000"))
    with pytest.raises(SettingsError) as refused:
        load(path)
    line = len(TEXT.splitlines())
    assert str(refused.value).startswith(f"{path}:{line}: [[device]] 2: unit_id is 2000: it must be at most 255; ")


class TestReport:
    def test_a_good_file(self, tmp_path: Path) -> None:
        text, code = report(written(tmp_path, TEXT))
        assert code == 0
        assert text.startswith(f"good: {tmp_path / 'site.toml'}\n")
        for part in ("Riverside (riverside)", "10 kWh at inverter", "import up to 17 kW, export without limit",
                     "used from 20 to 95 %", "sdm630 at /dev/ttyUSB0, unit 2, for grid", "1 window",
                     "mqtt.example.org:8883"):  # fmt: skip
            assert part in text

    @pytest.mark.parametrize(
        ("months", "said"),
        [("", "6.5 per kW of a month's highest 30 minutes\n"),
         ("months = [12, 1]", "6.5 per kW of a month's highest 30 minutes, in 2 months of the year\n")],
    )  # fmt: skip
    def test_a_demand_charge_is_said(self, tmp_path: Path, months: str, said: str) -> None:
        more = f"[demand_charge]\nper_kw = 6.5\ninterval_minutes = 30\n{months}\n[solar]"
        text, code = report(written(tmp_path, changed("[solar]", more)))
        assert code == 0
        assert said in text

    def test_reserves_by_the_clock_and_a_failsafe_are_told(self, tmp_path: Path) -> None:
        limits = 'export_limit_w = "none"\nfailsafe_after_s = 120\nfailsafe_export_w = 0'
        window = '[[reserve]]\npct = 60\nfrom = "16:00"\nto = "21:00"\n[solar]'
        text, code = report(written(tmp_path, changed("[solar]", window, changed('export_limit_w = "none"', limits))))
        assert code == 0
        assert "used from 20 to 95 %, other reserves in 1 window" in text
        silence = "; after 120 s without the platform's grid limit: import without limit, export up to 0 kW"
        assert f"export without limit{silence}" in text

    def test_a_bad_file(self, tmp_path: Path) -> None:
        path = written(tmp_path, changed("[solar]", "[soler]"))
        text, code = report(path)
        assert code == 2
        assert text.splitlines()[0].startswith(f"{path}:22: [soler] is not a section")
        assert text.splitlines()[-1] == f"bad: 1 problem in {path}"


class TestLines:
    def test_every_shape_of_key_is_found(self) -> None:
        text = '''# [no]
[site]
"quoted key" = 1
id = "# [no] = 'x'"   # a = 1
several = """one
no = 1 \\"""
[no]
"""
literal = \'\'\'
no = 2\'\'\'
[[device]]
a.b = { c = 1, d = [1,
  2, { e = 07:00:00 }] }
[[device]]
a.b = 3
[[device.inner]]
x = 1
'''
        lines = key_lines(text)
        assert lines == {
            ("site",): 2, ("site", "quoted key"): 3, ("site", "id"): 4, ("site", "several"): 5, ("site", "literal"): 9,
            ("device",): 11, ("device", 0): 11, ("device", 0, "a"): 12, ("device", 0, "a", "b"): 12,
            ("device", 0, "a", "b", "c"): 12, ("device", 0, "a", "b", "d"): 12, ("device", 0, "a", "b", "d", 0): 12,
            ("device", 0, "a", "b", "d", 1): 13, ("device", 0, "a", "b", "d", 2): 13,
            ("device", 0, "a", "b", "d", 2, "e"): 13, ("device", 1): 14, ("device", 1, "a"): 15,
            ("device", 1, "a", "b"): 15, ("device", 1, "inner"): 16, ("device", 1, "inner", 0): 16,
            ("device", 1, "inner", 0, "x"): 17,
        }  # fmt: skip

    def test_the_example_is_walked_whole(self) -> None:
        text = EXAMPLE.decode()
        lines, rows = key_lines(text), text.splitlines()
        found = set(all_keys(tomllib.loads(text)))
        assert found - {("tariff",)} == set(lines)
        for key, line in lines.items():
            assert isinstance(key[-1], int) or str(key[-1]) in rows[line - 1]


def all_keys(value: object, key: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [inner for part, item in items for inner in [(*key, part), *all_keys(item, (*key, part))]]


PIECES = st.sampled_from(
    (b'|\n|[|]|[[|"|"""|\'|=|{|}|,|.|#|\0|\xff|nan|inf|-1|0.5|true|"x"|[]|{}|[1]|1e999|2026-01-01|\xf0\x9f\x94\x8b|\\u0000|'
     b'site|device|kind|"list"|file = "/"\n|"../.."|"Europe"|a = 1\n|' + b"9" * 400 + b"|0x" + b"f" * 9000).split(b"|")
)  # fmt: skip


@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([EXAMPLE, TEXT.encode()]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES), max_size=4),
)
def test_whatever_the_file_is_there_is_an_answer(
    tmp_path: Path, text: bytes, cuts: list[tuple[float, int, bytes]]
) -> None:
    for where, length, piece in cuts:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    path = written(tmp_path, text)
    answer, code = report(path)
    if code == 0:
        assert answer.startswith("good")
        return
    assert "pydantic" not in answer
    with pytest.raises(SettingsError) as refused:
        load(path)
    last = text.count(b"\n") + 1
    assert refused.value.problems
    for problem in refused.value.problems:
        assert problem.line is None or 1 <= problem.line <= last
        assert problem.reason
        assert problem.remedy
        assert "\n" not in str(problem)
