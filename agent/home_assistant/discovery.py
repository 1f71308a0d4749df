"""Topics, and the one retained payload by which Home Assistant (2024.11 or newer) finds the device. Pure."""

import json
from dataclasses import dataclass

from agent.domain.envelope import Envelope
from agent.home_assistant.entities import CURRENCY, ENTITIES, Entity, entities_of

ONLINE, OFFLINE = "online", "offline"
SUPPORT_URL = "https://www.home-assistant.io/integrations/mqtt/"


@dataclass(frozen=True, slots=True)
class Household:
    """What of a site goes into the discovery. ``most_w`` is the most that an order may ask for, W."""

    site_id: str
    name: str
    currency: str
    version: str
    prefix: str
    has_solar: bool
    commands: bool
    most_w: float

    @property
    def root(self) -> str:
        return f"enalysis_edge/{self.site_id}"

    @property
    def availability_topic(self) -> str:
        return f"{self.root}/availability"

    @property
    def config_topic(self) -> str:
        return f"{self.prefix}/device/ee_{self.site_id}/config"

    @property
    def birth_topic(self) -> str:
        """On which Home Assistant says that it has started."""
        return f"{self.prefix}/status"

    @property
    def orders_topic(self) -> str:
        """What begins the topics of orders."""
        return f"{self.root}/set/"

    @property
    def entities(self) -> tuple[Entity, ...]:
        return entities_of(self.has_solar, self.commands)

    def state_topic(self, key: str) -> str:
        return f"{self.root}/{key}"

    def attributes_topic(self, key: str) -> str:
        return f"{self.root}/{key}/attributes"


def availability(home: Household, word: str) -> Envelope:
    """``online``, or ``offline`` for anything else; retained, and our will."""
    return Envelope(home.availability_topic, (ONLINE if word == ONLINE else OFFLINE).encode(), retain=True)


def discovery(home: Household) -> Envelope:
    """The device with all its entities. One that this site does not have is named by its platform alone: that removes
    it where an earlier payload had it."""
    there = {entity.key for entity in home.entities}
    document = {
        "dev": {
            "ids": [f"ee_{home.site_id}"],
            "name": home.name,
            "mf": "Enalysis",
            "mdl": "Edge",
            "sw": home.version,
        },
        "o": {"name": "enalysis-edge", "sw": home.version, "url": SUPPORT_URL},
        "avty_t": home.availability_topic,
        "cmps": {
            entity.key: _component(home, entity) if entity.key in there else {"p": entity.platform.value}
            for entity in ENTITIES
        },
    }
    return Envelope(home.config_topic, _text(document), retain=True)


def removal(home: Household) -> list[Envelope]:
    """Empty retained payloads: the device goes, and no value is left at the broker."""
    topics = [home.config_topic]
    for entity in ENTITIES:
        topics += [home.state_topic(entity.key)] if entity.state_key == entity.key else []
        topics += [home.attributes_topic(entity.key)] if entity.has_attributes else []
    return [Envelope(topic, b"", retain=True) for topic in (*topics, home.availability_topic)]


def _component(home: Household, entity: Entity) -> dict[str, object]:
    component: dict[str, object] = {
        "p": entity.platform.value,
        "name": entity.name,
        "unique_id": f"ee_{home.site_id}_{entity.key}",
    }
    if entity.state_key is not None:
        component["state_topic"] = home.state_topic(entity.state_key)
    if entity.has_attributes:
        component["json_attributes_topic"] = home.attributes_topic(entity.key)
    if entity.is_commanded:
        component["command_topic"] = f"{home.orders_topic}{entity.key}"
    if entity.key == "set_power":
        component["max"] = home.most_w
    return component | {name: _filled(value, home.currency) for name, value in entity.options.items()}


def _filled(value: object, currency: str) -> object:
    return value.replace(CURRENCY, currency) if isinstance(value, str) else value


def _text(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
