"""config/site.example.toml is good, complete and in step with the schema, and no cut-off piece of it loses a limit."""

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.domain.tariff import price_at
from agent.settings import schema_json
from agent.settings.load import SettingsError, load
from tests.site_files import TEXT, written

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLE = CONFIG / "site.example.toml"
COMMENTED_OUT = re.compile(r"^#(?=[a-z\[])", re.MULTILINE)  # "#key = 1"; prose has a blank after the sign


def schema_keys() -> set[str]:
    schema = json.loads((CONFIG / "site.schema.json").read_text())
    return {key for section in (schema, *schema["$defs"].values()) for key in section["properties"]}


def test_it_is_good() -> None:
    settings = load(EXAMPLE)
    assert settings.battery.device == "inverter"
    assert [device.name for device in settings.devices] == ["inverter", "meter"]


def test_every_key_is_shown_with_a_comment() -> None:
    text = EXAMPLE.read_text()
    shown = set(re.findall(r"^#?([a-z_]+) = ", text, re.MULTILINE))
    headers = set(re.findall(r"^#?\[+([a-z_.]+)\]+", text, re.MULTILINE))
    shown |= {part for header in headers for part in header.split(".")}
    assert schema_keys() - shown == set()
    uncommented = [line for line in text.splitlines() if re.match(r"#?[a-z_]+ = ", line) and " # " not in line]
    assert {line.split(" = ")[0].lstrip("#") for line in uncommented} <= {
        "name", "family", "roles", "kind", "price_per_kwh", "from", "to", "file", "unit_id",
    }  # fmt: skip


def without_dynamic() -> tuple[str, str]:
    """The example without the dynamic tariff, and that tariff's lines; it stands in for another."""
    text = EXAMPLE.read_text()
    found = re.search(r"^#\[tariff\.import\]\n(#.*\n)+", text, re.MULTILINE)
    assert found is not None
    return text.replace(found[0], ""), COMMENTED_OUT.sub("", found[0])


def with_dynamic(key_left_out: str) -> str:
    """The example with the dynamic tariff for imports; its prices come from one place."""
    text, dynamic = without_dynamic()
    head, rest = text.split('[tariff.import]\nkind = "time_of_use"')
    dynamic, left_out = re.subn(rf"^{key_left_out} = .*\n", "", dynamic, flags=re.MULTILINE)
    assert left_out == 1
    return f"{head}{dynamic}{rest[rest.index('# What is paid') :]}"


def test_the_dynamic_tariff_is_good_with_a_topic_too(tmp_path: Path) -> None:
    assert load(written(tmp_path, with_dynamic("file"))).price_topics == ("energy/day-ahead",)


def test_the_dynamic_tariff_is_good_too(tmp_path: Path) -> None:
    (tmp_path / "day-ahead.csv").write_text("start,price_per_mwh\n2026-01-01T16:45:00Z,100\n2026-01-01T17:00:00Z,-20\n")
    tariff = load(written(tmp_path, with_dynamic("topic"))).import_tariff()
    at = datetime(2026, 1, 1, 16, 45, tzinfo=UTC)  # a holiday that counts as a Sunday
    assert price_at(tariff, at) == pytest.approx(1.25 * 0.1 + 0.03 + 0.125)


def test_what_is_commented_out_is_good_too(tmp_path: Path) -> None:
    head, rest = without_dynamic()[0].split('[tariff.export]\nkind = "flat"')
    text = COMMENTED_OUT.sub("", head) + COMMENTED_OUT.sub("", rest.split("\n", 2)[2])
    assert "#models" not in text
    text, enrolled = re.subn(r"^enrol_url = .*\n", "", text, flags=re.MULTILINE)  # in place of cert_file
    assert enrolled == 1
    (tmp_path / "export-prices.csv").write_text(
        "start,price_per_kwh\n2026-01-01T00:00:00Z,0.1\n2026-01-01T01:00:00Z,0.2\n"
    )
    settings = load(written(tmp_path, text))
    assert settings.planning.models == "/opt/enalysis-edge/models"
    assert settings.cloud is not None
    assert settings.cloud.username == "riverside-12"
    assert settings.tariff.sold.kind == "list"


def test_values_called_optional_are_the_defaults(tmp_path: Path) -> None:
    """Every key marked "optional" may be left out, and "optional:" without another value means the value shown."""
    text = EXAMPLE.read_text()
    bare = "\n".join(line for line in text.splitlines() if "# optional" not in line or line.startswith("["))
    bare = re.sub(r"^  2026-12-25.*\n.*\n\]", "", bare, flags=re.MULTILINE)
    settings, example = load(written(tmp_path, bare)), load(EXAMPLE)
    for section in ("objective", "control", "planning", "store", "log"):
        assert getattr(settings, section) == getattr(example, section)
    assert settings.battery.ramp_w_per_s is None
    assert settings.carbon.kg_per_kwh == 0.0


def test_a_cut_off_file_is_refused_or_has_the_same_limits(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text().splitlines(keepends=True)
    whole = load(EXAMPLE)
    good = 0
    for count in range(len(lines)):
        try:
            settings = load(written(tmp_path, "".join(lines[:count])))
        except SettingsError:
            continue
        good += 1
        assert (settings.connection, settings.battery, settings.tariff) == (
            whole.connection, whole.battery, whole.tariff,
        )  # fmt: skip
    assert good < 8  # only within the last device


@pytest.mark.parametrize("cut", range(0, len(TEXT), 11))
def test_a_small_file_cut_anywhere_is_refused_with_what_is_missing(tmp_path: Path, cut: int) -> None:
    if TEXT[:cut].rstrip().endswith(('"/dev/ttyUSB0"', "unit_id = 2")):
        return
    with pytest.raises(SettingsError) as refused:
        load(written(tmp_path, TEXT[:cut]))
    assert all(problem.line is not None for problem in refused.value.problems)


class TestSchema:
    def test_the_file_is_up_to_date(self) -> None:
        assert schema_json.main(["--check"]) == 0

    def test_drift_is_refused_and_written_away(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "site.schema.json"
        assert schema_json.main(["--check", "--file", str(file)]) == 1
        file.write_text((CONFIG / "site.schema.json").read_text().replace('"maximum": 180', '"maximum": 181'))
        assert schema_json.main(["--check", "--file", str(file)]) == 1
        assert "--write" in capsys.readouterr().err
        assert schema_json.main(["--write", "--file", str(file)]) == 0
        assert schema_json.main(["--check", "--file", str(file)]) == 0

    @staticmethod
    def validator() -> jsonschema.Draft202012Validator:
        schema = json.loads((CONFIG / "site.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    @pytest.mark.parametrize("text", [EXAMPLE.read_text(), TEXT], ids=["example", "small"])
    def test_editors_take_what_the_agent_takes(self, text: str) -> None:
        assert list(self.validator().iter_errors(as_json(text))) == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("charge_w = 5000\ndis", "charge_kw = 5\ndis"),
            ("latitude = 52.2", "latitude = 152.2"),
            ('kind = "flat"', 'kind = "tou"'),
            ("17000", '"no"'),
            ('roles = ["grid"]', 'roles = ["grud"]'),
            ('id = "riverside"', 'id = "River Side"'),
        ],
    )
    def test_editors_refuse_what_the_agent_refuses(self, old: str, new: str) -> None:
        assert TEXT.count(old) == 1
        assert list(self.validator().iter_errors(as_json(TEXT.replace(old, new)))) != []

    def test_every_key_has_a_description(self) -> None:
        schema = json.loads((CONFIG / "site.schema.json").read_text())
        for name, section in schema["$defs"].items():
            for key, node in section["properties"].items():
                assert node.get("description"), f"{name}.{key}"


def as_json(text: str) -> Any:
    """TOML as an editor's JSON validator sees it: dates are strings."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))
