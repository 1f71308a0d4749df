"""What concerns a market's prices by a topic of the household's broker."""

from collections.abc import Iterator

from agent.settings import sections
from agent.settings.problems import Finding
from agent.settings.schema import Settings


def topic_findings(settings: Settings) -> Iterator[Finding]:
    for key, tariff in (("import", settings.tariff.bought), ("export", settings.tariff.sold)):
        if not isinstance(tariff, sections.DynamicTariff) or tariff.topic is None:
            continue
        place = ("tariff", key, "topic")
        if tariff.file is not None:
            reason = "is given beside file"
            yield Finding(place, reason, "a market's prices come from one place: leave one of them out")
        if settings.household_broker is None:
            reason = "is on the household's MQTT broker, and the site file names none"
            yield Finding(place, reason, "add [local_broker] with its host, or [home_assistant]")
        if not is_one_topic(tariff.topic):
            reason = f'is "{tariff.topic}", which is more than one topic, or the broker\'s own'
            yield Finding(place, reason, "write the whole topic, without #, + and a leading $")


def is_one_topic(topic: str) -> bool:
    """Whether it stands for itself alone: no wildcard, and none of the broker's own."""
    return not topic.startswith("$") and not any(wild in topic for wild in "#+")
