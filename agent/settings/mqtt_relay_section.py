"""The table mqtt_relay of a [[flexible_load]]: its relay is on the household's MQTT broker.

The words are those of a switch in Home Assistant, so that what works there can be copied.
"""

from typing import Annotated

from pydantic import Field

from agent.settings.sections import Section, Text

Topic = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f]+$")]
Payload = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")]


class MqttRelay(Section):
    """A relay that is switched by a topic, and says by another one what it is."""

    command_topic: Topic = Field(description="topic that switches it", examples=["cmnd/heatpump/POWER"])
    payload_on: Payload = Field(default="ON", description="what is told to it to go on")
    payload_off: Payload = Field(default="OFF", description="what is told to it to go off")
    state_topic: Topic = Field(
        description="topic on which it says what it is; no order counts before it does",
        examples=["stat/heatpump/POWER"],
    )
    state_key: Text | None = Field(
        default=None, description="where the state stands in a JSON object, such as POWER or StatusSTS.POWER"
    )
    state_on: Payload | None = Field(default=None, description="what it says when it is on; payload_on when left out")
    state_off: Payload | None = Field(
        default=None, description="what it says when it is off; payload_off when left out"
    )
    availability_topic: Topic | None = Field(
        default=None, description="topic that says whether the relay is there; without it a kept state is not believed"
    )
    availability_key: Text | None = Field(default=None, description="where that stands in a JSON object")
    payload_available: Payload = Field(default="online", description="what it says when it is there")
    payload_not_available: Payload = Field(default="offline", description="what it says when it is not")
    query_topic: Topic | None = Field(
        default=None, description="topic that makes it say its state, where it only tells changes"
    )
    query_payload: Annotated[str, Field(max_length=1000)] = Field(default="", description="what is told to it for that")
    expire_after_s: Annotated[float, Field(ge=10, le=86400)] | None = Field(
        default=None, description="how long a state counts that is not said again, in seconds; to the end when left out"
    )
