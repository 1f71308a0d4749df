"""What alert settings refuse, and that no secret is said."""

import json
from datetime import time

import pytest

from agent.console.alerts.secrets import completed, shown
from agent.console.alerts.settings import AlertSettings, Mail, Quiet, Target, Template, Webhook
from agent.domain.wire import WireError, from_json, to_json
from tests.console.alerts.boxes import HOOK, settings
from tests.console.alerts.sent import SECRET

MAIL = Mail("mail.example.org", "house@example.org", ("me@example.org",), user="house", password=SECRET)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/x", "https:// or http://"),
        ("file:///etc/passwd", "https:// or http://"),
        ("https://", "https:// or http://"),
        ("https://example.org:0/", "https:// or http://"),
        ("https://example.org:99999/", "no URL"),
        ("https://me:secret@example.org/", "a user"),
        ("https://example.org/#part", "fragment"),
        ("https://example.org/a b", "no space"),
        ("https://example.org/\r\nX-Other: 1", "printable"),
        ("https://bücher.example/", "ASCII"),
        ("https://example.org/" + "x" * 500, "at most 500"),
        ("https://[::1", "no URL"),
        ("https://example.org\\@evil.example/", "a user"),
    ],
)
def test_a_url_that_cannot_be(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Webhook(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("host", ["192.168.1.4", "localhost", "homeassistant.local", "ha", "[fd00::1]"])
def test_a_token_may_cross_the_own_network_in_clear(host: str) -> None:
    assert Webhook(f"http://{host}:8123/api", token=SECRET).token == SECRET


@pytest.mark.parametrize("host", ["example.org", "8.8.8.8", "[2001:4860::1]"])
def test_a_token_crosses_no_other_network_in_clear(host: str) -> None:
    Webhook(f"https://{host}/x", token=SECRET)
    Webhook(f"http://{host}/x")
    for secret in ({"token": SECRET}, {"token_file": "name"}):
        with pytest.raises(ValueError, match="in clear"):
            Webhook(f"http://{host}/x", **secret)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "A", "webhook": {}}', "id has"),
        ('{"id": "a"}', "either webhook or mail"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "template": "xml"}}', "none of json, ntfy"),
        ('{"id": "a", "webhook": {"url": "https://ntfy.sh/", "template": "ntfy"}}', "topic"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "token": "a", "token_file": "b"}}', "both given"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "token": "a\\nb"}}', "printable"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "token": "ä"}}', "ASCII"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "token_file": "../password.json"}}', "without a folder"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "ca_file": "/etc/shadow"}}', "without a folder"),
        ('{"id": "a", "webhook": {"url": "https://x.org/", "ca_file": ".."}}', "without a folder"),
        ('{"id": "a", "mail": {"host": "m.org", "sender": "a@b.org", "to": []}}', "1 to 10"),
        ('{"id": "a", "mail": {"host": "m org", "sender": "a@b.org", "to": ["a@b.org"]}}', "mail server"),
        (
            '{"id": "a", "mail": {"host": "m.org", "sender": "a@b.org", "to": ["a@b.org\\nBcc: x@y"]}}',
            "plain addresses",
        ),
        ('{"id": "a", "mail": {"host": "m.org", "sender": "A <a@b.org>", "to": ["a@b.org"]}}', "plain addresses"),
        ('{"id": "a", "mail": {"host": "m.org", "sender": "a@b.org", "to": ["a@b.org"], "port": 0}}', "port"),
        ('{"id": "a", "mail": {"host": "m.org", "sender": "a@b.org", "to": ["a@b.org"], "tls": "none"}}', "starttls"),
        ('{"id": "a", "webhook": {"url": "https://x.org/"}, "severity": "loud"}', "none of info"),
        ('{"id": "a", "webhook": {"url": "https://x.org/"}, "kinds": [""]}', "kinds"),
    ],
)
def test_a_target_that_cannot_be(text: str, said: str) -> None:
    with pytest.raises(WireError, match=said):
        from_json(Target, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"quiet": {"start": "22:00", "end": "22:00"}}', "the same"),
        ('{"quiet": {"start": "22:00+01:00", "end": "06:00"}}', "without an offset"),
        ('{"quiet": {"start": "25:00", "end": "06:00"}}', "hour must be"),
        ('{"most_per_hour": 0}', "1 to 60"),
        ('{"most_per_hour": 3}', "1 to that"),
        ('{"language": "fr"}', "none of en, de"),
        (
            '{"targets": [{"id":"a","webhook":{"url":"https://x.org/"}},{"id":"a","webhook":{"url":"https://x.org/"}}]}',
            "same id",
        ),
        (
            '{"targets": [' + ",".join(f'{{"id":"{i}","webhook":{{"url":"https://x.org/"}}}}' for i in range(6)) + "]}",
            "at most 5",
        ),
    ],
)
def test_settings_that_cannot_be(text: str, said: str) -> None:
    with pytest.raises(WireError, match=said):
        from_json(AlertSettings, text)


@pytest.mark.parametrize(
    ("start", "end", "at", "is_quiet"),
    [
        ("22:00", "06:00", "21:59", False),
        ("22:00", "06:00", "22:00", True),
        ("22:00", "06:00", "05:59", True),
        ("22:00", "06:00", "06:00", False),
        ("13:00", "15:00", "14:00", True),
        ("13:00", "15:00", "15:00", False),
    ],
)
def test_quiet_hours(start: str, end: str, at: str, is_quiet: bool) -> None:
    quiet = Quiet(time.fromisoformat(start), time.fromisoformat(end))
    assert quiet.holds_at(time.fromisoformat(at)) is is_quiet


def test_settings_come_back_as_they_were_kept() -> None:
    kept = settings(HOOK, Target("mail", mail=MAIL), quiet=Quiet(time(22), time(6)))
    assert from_json(AlertSettings, to_json(kept)) == kept


def test_no_secret_is_shown() -> None:
    kept = settings(
        Target("a", webhook=Webhook("https://x.org/hook/secret-path", token=SECRET)), Target("b", mail=MAIL)
    )
    document = json.dumps(shown(kept))
    assert SECRET not in document
    assert "secret-path" not in document
    assert SECRET not in repr(kept)
    assert "secret-path" not in repr(kept)
    first, second = shown(kept)["targets"]
    assert first["webhook"]["url"] == {"set": True, "origin": "https://x.org"}
    assert (first["webhook"]["token"], second["mail"]["password"]) == ("set", "set")
    assert shown(settings())["targets"][0]["webhook"]["token"] is None


def _hook(url: str = "", token: str | None = None, token_file: str | None = None) -> AlertSettings:
    return settings(Target("a", webhook=Webhook(url, Template.JSON, token, token_file)))


def test_secrets_that_are_left_out_stay() -> None:
    before = _hook("https://x.org/one", SECRET)
    assert completed(before, _hook()) == before
    assert completed(before, _hook("https://x.org/two")) == _hook("https://x.org/two", SECRET)
    assert completed(before, _hook("", "new")) == _hook("https://x.org/one", "new")
    assert completed(before, _hook("", "")) == _hook("https://x.org/one")
    assert completed(before, _hook("", None, "f")) == _hook("https://x.org/one", None, "f")
    mail = settings(Target("a", mail=MAIL))
    asked = Mail(MAIL.host, MAIL.sender, ("you@example.org",), user="house")
    found = completed(mail, settings(Target("a", mail=asked))).targets[0].mail
    assert found is not None
    assert (found.password, found.to) == (SECRET, ("you@example.org",))


@pytest.mark.parametrize("url", ["https://evil.example/one", "http://x.org/one", "https://x.org:8443/one"])
def test_a_kept_token_goes_to_no_other_host(url: str) -> None:
    with pytest.raises(ValueError, match="give its token again"):
        completed(_hook("https://x.org/one", SECRET), _hook(url))


@pytest.mark.parametrize("where", [{"host": "evil.example"}, {"host": MAIL.host, "port": 2525}])
def test_a_kept_password_goes_to_no_other_host(where: dict[str, object]) -> None:
    asked = from_json(Mail, json.dumps({"sender": MAIL.sender, "to": ["a@b.org"], "user": "house", **where}))
    with pytest.raises(ValueError, match="give its password again"):
        completed(settings(Target("a", mail=MAIL)), settings(Target("a", mail=asked)))


def test_what_is_new_is_given_whole() -> None:
    with pytest.raises(ValueError, match="a has no url"):
        completed(AlertSettings(), _hook())
    without = Mail(MAIL.host, MAIL.sender, MAIL.to, user="house")
    with pytest.raises(ValueError, match="a user and no password"):
        completed(AlertSettings(), settings(Target("a", mail=without)))
    with pytest.raises(ValueError, match="a has no url"):  # the mail's password is no token
        completed(settings(Target("a", mail=MAIL)), _hook())
