"""How the household's own MQTT broker is reached: the section [local_broker], and what [home_assistant] has of it."""

from pydantic import Field

from agent.settings.sections import FilePath, Section, Text


class LocalBroker(Section):
    """The household's own MQTT broker."""

    host: Text = Field(description="name of the household's broker", examples=["homeassistant.local"])
    port: int = Field(default=8883, description="port of that broker", ge=1, le=65535)
    tls: bool = Field(default=True, description="false only for a broker on the site's own network")
    ca_file: FilePath | None = Field(
        default=None, description="authorities that the broker's certificate is checked against"
    )
    username: Text | None = Field(default=None, description="name to log in with, where the broker asks for one")
    password_file: FilePath | None = Field(default=None, description="file with the password on its first line")
