"""The way to relays on the household's MQTT broker. Loaded where the site file has such.

Whatever goes wrong here touches neither the battery nor the way to the platform.
"""

from pathlib import Path

from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.topic_relays import TopicRelays
from agent.ports import Clock
from agent.settings.schema import Settings
from agent.switch_ports import Switches

KEEPALIVE_S = 15  # a broker leaves who is silent for one and a half of it, and says the last will
LONGEST_PAUSE_S, APART_S = 30.0, 10.0


def connect_relays(settings: Settings, clock: Clock, others: Switches) -> TopicRelays:
    """The relays by topic beside the ``others``, not yet connected. The site file has passed its checks."""
    section = settings.household_broker
    assert section is not None
    reach = MqttSettings(
        host=section.host,
        port=section.port,
        site_id=settings.site.id,
        tls=section.tls,
        ca_file=None if section.ca_file is None else Path(section.ca_file),
        username=section.username,
        password_file=None if section.password_file is None else Path(section.password_file),
        keepalive_s=KEEPALIVE_S,
        longest_pause_s=LONGEST_PAUSE_S,
        apart_s=APART_S,
        root="",
        session_expiry_s=0,
    )
    relays = [load.topic for load in settings.switched_loads() if load.topic is not None]
    return TopicRelays(reach, relays, others, clock.monotonic)
