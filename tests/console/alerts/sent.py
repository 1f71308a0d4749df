"""One alert, sent as the console sends it; what is said of it holds no secret."""

from agent.console.alerts import sending
from agent.console.alerts.alert import Alert
from agent.console.alerts.outcome import Outcome
from agent.console.alerts.secrets import SecretFiles
from agent.console.alerts.settings import Target
from agent.console.alerts.site import Site
from agent.console.alerts.words import read_words
from tests.console.alerts.boxes import BERLIN, NOON
from tests.console.alerts.boxes import alert as alert_of

SITE = Site("home-1", "Haus Müller", BERLIN, "EUR")
SECRET = "hunter2-and-more"  # noqa: S105 - of no real account
ALERT = alert_of("device_lost/meter", text="no answer from 192.168.1.9")


def sent(target: Target, files: SecretFiles, alert: Alert = ALERT, language: str = "en") -> Outcome:
    outcome = sending.send(target, alert, read_words(language), SITE, files, NOON)
    assert SECRET not in outcome.said
    assert "secret-path" not in outcome.said
    return outcome
