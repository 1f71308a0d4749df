"""The way to relays on the household's MQTT broker. Loaded where the site file has such.

Whatever goes wrong here touches neither the battery nor the way to the platform.
"""

from dataclasses import replace

from agent.adapters.devices.site_devices import Devices
from agent.adapters.mqtt.topic_relays import TopicRelays
from agent.household_broker import PRICES_MOST_BYTES, reach
from agent.ports import Clock
from agent.settings.schema import Settings

KEEPALIVE_S = 15  # a broker leaves who is silent for one and a half of it, and says the last will
LONGEST_PAUSE_S, APART_S = 30.0, 10.0


def connect_relays(settings: Settings, clock: Clock, others: Devices) -> TopicRelays:
    """The relays by topic beside the ``others``, not yet connected. The site file has passed its checks."""
    section = settings.household_broker
    assert section is not None
    own = replace(
        reach(section, settings.site.id),
        keepalive_s=KEEPALIVE_S,
        longest_pause_s=LONGEST_PAUSE_S,
        apart_s=APART_S,
        most_bytes=PRICES_MOST_BYTES if settings.price_topics else None,
    )
    relays = [load.topic for load in settings.switched_loads() if load.topic is not None]
    return TopicRelays(own, relays, others, clock.monotonic, others.relays)
