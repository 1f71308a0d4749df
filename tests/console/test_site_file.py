"""The values in force with their keys, and the check of a draft."""

from pathlib import Path

import pytest

from agent.console.security.access import Scope
from tests.console.served import JSON, app_of, client, key, site_source, with_token
from tests.site_files import HOME_ID


async def test_the_values_in_force_have_the_keys_of_the_site_file(tmp_path: Path) -> None:
    async with client(app_of(site_source(tmp_path))) as asking:
        await with_token(asking)
        values = {one["key"]: one["value"] for one in (await asking.get("/api/v1/site-file")).json()["values"]}
    assert values["tariff.import.window[1].price_per_kwh"] == 0.08
    assert values["tariff.export.price_per_kwh"] == 0.05
    assert values["store.keep_days"] == 40
    assert values["connection.import_limit_w"] == 17000
    assert not any(name.startswith(("cloud", "device", "console")) for name in values)


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (("", ""), []),
        (("import_limit_w = 17000", 'import_limit_w = "much"'), [("[connection] import_limit_w", "import_limit_w")]),
        (("reserve_pct = 10", "reserve_pct = 101"), [("[battery] reserve_pct", "reserve_pct")]),
        (("[site]", "[site"), [("", "[site")]),
    ],
)
async def test_a_draft_is_told_what_is_wrong_and_where(
    tmp_path: Path, change: tuple[str, str], problems: list[tuple[str, str]]
) -> None:
    source = site_source(tmp_path)
    text = (tmp_path / "site.toml").read_text().replace(*change) if change[0] else (tmp_path / "site.toml").read_text()
    lines = text.splitlines()
    async with client(app_of(source)) as asking:
        token = await with_token(asking)
        answer = (await asking.post("/api/v1/site-file/check", json={"text": text}, headers=token)).json()
    assert answer["good"] is (not problems)
    assert [one["key"] for one in answer["problems"]] == [name for name, _ in problems]
    for one, (_, words) in zip(answer["problems"], problems, strict=True):
        assert words in lines[one["line"] - 1]
        assert HOME_ID not in one["text"]
    assert list(source.own.glob("draft-*")) == []


async def test_a_draft_is_of_an_administrator(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        headers = {**JSON, **key(source, Scope.READ, Scope.ACT)}
        answer = await asking.post("/api/v1/site-file/check", json={"text": ""}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope")
