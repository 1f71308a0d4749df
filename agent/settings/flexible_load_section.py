"""The section [[flexible_load]] of the site file: a machine that may run at another time."""

from typing import Literal

from pydantic import Field

from agent.settings.mqtt_relay_section import MqttRelay
from agent.settings.sections import LARGEST_W, ClockTime, Section, Text


class FlexibleLoad(Section):
    """A machine that may run at another time."""

    name: Text = Field(description="name for people", examples=["dishwasher"])
    power_w: float = Field(description="power while it runs, in watts", ge=10, le=LARGEST_W, examples=[2000])
    duration_min: int = Field(description="how long it runs, in minutes", ge=5, le=1440, examples=[120])
    earliest: ClockTime = Field(description='local time "HH:MM" before which it cannot begin', examples=["08:00"])
    latest: ClockTime = Field(
        description='local time "HH:MM" by which it must be done; the window may reach over midnight',
        examples=["22:00"],
    )
    usual: ClockTime | None = Field(
        default=None, description="local time at which it begins when nobody says anything; unknown when left out"
    )
    switched_by: Text | None = Field(
        default=None, description="name of the [[device]] that is its relay; without one, people are told when"
    )
    mqtt_relay: MqttRelay | None = Field(
        default=None, description="in place of switched_by: its relay is on the household's MQTT broker"
    )
    at_rest: Literal["on", "off"] | None = Field(
        default=None, description="how the relay is left outside the window and without the agent; goes with a relay"
    )
    interruptible: bool = Field(
        default=False, description="whether the relay may switch it off and on again before it is done"
    )

    @property
    def has_relay(self) -> bool:
        return self.switched_by is not None or self.mqtt_relay is not None
