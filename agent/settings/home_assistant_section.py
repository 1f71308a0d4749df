"""The section [home_assistant] of the site file: the household's own MQTT broker, and what Home Assistant may do."""

from pydantic import Field

from agent.settings.broker_section import LocalBroker
from agent.settings.sections import Text


class HomeAssistant(LocalBroker):
    """Home Assistant, by way of its MQTT broker. Without this section it is told nothing."""

    host: Text = Field(description="name of the broker that Home Assistant uses", examples=["homeassistant.local"])
    discovery_prefix: str = Field(
        default="homeassistant",
        description="topic under which Home Assistant looks for devices",
        max_length=64,
        pattern=r"^[A-Za-z0-9_\-]+(/[A-Za-z0-9_\-]+)*$",
    )
    commands: bool = Field(default=False, description="true lets Home Assistant tell the battery what to do")
    device_name: Text | None = Field(
        default=None, description="name of the device there; the site's name when left out", examples=["Battery"]
    )
