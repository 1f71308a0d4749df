"""How the household's own MQTT broker is reached. Loaded with what is connected to it."""

from pathlib import Path

from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.settings.broker_section import LocalBroker

PRICES_MOST_BYTES = 256 * 1024  # of a packet: a list that is too large for us still comes, and is told


def reach(broker: LocalBroker, site_id: str) -> MqttSettings:
    """As the site file says. Topics are whole, and no session is kept for us: what comes too late is not obeyed."""
    return MqttSettings(
        host=broker.host,
        port=broker.port,
        site_id=site_id,
        tls=broker.tls,
        ca_file=None if broker.ca_file is None else Path(broker.ca_file),
        username=broker.username,
        password_file=None if broker.password_file is None else Path(broker.password_file),
        root="",
        session_expiry_s=0,
    )
