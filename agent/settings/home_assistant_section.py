"""The section [home_assistant] of the site file: the household's own MQTT broker, and what Home Assistant may do."""

from pydantic import Field

from agent.settings.sections import FilePath, Section, Text


class HomeAssistant(Section):
    """Home Assistant, by way of its MQTT broker. Without this section it is told nothing."""

    host: Text = Field(description="name of the broker that Home Assistant uses", examples=["homeassistant.local"])
    port: int = Field(default=8883, description="port of that broker", ge=1, le=65535)
    tls: bool = Field(default=True, description="false only for a broker on the site's own network")
    ca_file: FilePath | None = Field(
        default=None, description="authorities that the broker's certificate is checked against"
    )
    username: Text | None = Field(default=None, description="name to log in with, where the broker asks for one")
    password_file: FilePath | None = Field(default=None, description="file with the password on its first line")
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
