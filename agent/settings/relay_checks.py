"""What concerns the relays of flexible loads: each machine has one of its own, by a device or by topics."""

import re
from collections.abc import Iterator, Mapping

from agent.settings.flexible_load_section import FlexibleLoad
from agent.settings.mqtt_relay_section import MqttRelay
from agent.settings.price_topic_checks import is_one_topic
from agent.settings.problems import Finding, Key
from agent.settings.schema import Settings

_TOPICS = ("command_topic", "state_topic", "availability_topic", "query_topic")
# What a Shelly, Zigbee2MQTT or a switch with a timer reads as: and back again after so many seconds.
_TIMER = re.compile(r"toggle_after|on_time|off_time|,\s*\d+\s*$")


def relay_findings(settings: Settings) -> Iterator[Finding]:
    """Everything that is wrong with them, one by one and together."""
    relays = {device.name for device in settings.devices if "switch" in device.roles}
    names = {device.name for device in settings.devices}
    used: dict[str, str] = {}
    commands: dict[str, str] = {}
    for index, load in enumerate(settings.flexible_loads):
        place: Key = ("flexible_load", index)
        yield from _one_relay(place, load, relays, used)
        used.setdefault(load.switched_by or "", load.name)
        if load.mqtt_relay is not None:
            yield from _of_topics(settings, (*place, "mqtt_relay"), load, commands)
            commands.setdefault(load.mqtt_relay.command_topic, load.name)
            if load.name in names:
                reason = f'is "{load.name}", like that of a device'
                yield Finding((*place, "name"), reason, "its relay has its name: give it another one")
    yield from _own_words(settings)


def _one_relay(place: Key, load: FlexibleLoad, relays: set[str], used: Mapping[str, str]) -> Iterator[Finding]:
    if load.switched_by is not None and load.mqtt_relay is not None:
        reason = "is given beside mqtt_relay"
        yield Finding((*place, "switched_by"), reason, "a machine has one relay: leave one of them out")
    elif not load.has_relay:
        for name in ("at_rest", "interruptible"):
            if name in load.model_fields_set:
                remedy = "add switched_by or mqtt_relay, or leave it out"
                yield Finding((*place, name), "is given without switched_by", remedy)
    elif load.switched_by is not None and load.switched_by not in relays:
        known = ", ".join(sorted(relays)) or "none yet"
        remedy = f'name a [[device]] with roles = ["switch"]; there are: {known}'
        yield Finding((*place, "switched_by"), f'is "{load.switched_by}", which is no relay', remedy)
    elif load.switched_by is not None and load.switched_by in used:
        reason = f'is "{load.switched_by}", which switches {used[load.switched_by]} already'
        yield Finding((*place, "switched_by"), reason, "one relay switches one machine")
    elif load.at_rest is None:
        beside = "switched_by" if load.mqtt_relay is None else "mqtt_relay"
        remedy = 'write "on" for a machine that shall work without the agent (a car, a heat pump), else "off"'
        yield Finding((*place, "at_rest"), f"is missing beside {beside}", remedy)


def _of_topics(settings: Settings, place: Key, load: FlexibleLoad, commands: Mapping[str, str]) -> Iterator[Finding]:
    relay = load.mqtt_relay
    assert relay is not None
    if settings.household_broker is None:
        reason = "is on the household's MQTT broker, and the site file names none"
        yield Finding(place, reason, "add [local_broker] with its host, or [home_assistant]")
    for key in _TOPICS:
        topic = getattr(relay, key)
        if topic is not None and not is_one_topic(topic):
            reason = f'is "{topic}", which is more than one topic, or the broker\'s own'
            yield Finding((*place, key), reason, "write the whole topic of this relay, without #, + and a leading $")
    if relay.command_topic in commands:
        reason = f'is "{relay.command_topic}", by which {commands[relay.command_topic]} is switched already'
        yield Finding((*place, "command_topic"), reason, "one relay switches one machine")
    yield from _words(place, relay)
    at_rest, key = (relay.payload_on, "payload_on") if load.at_rest == "on" else (relay.payload_off, "payload_off")
    if _TIMER.search(at_rest):
        reason = "has a timer, and is how the relay is left"
        yield Finding(
            (*place, key), reason, "it would leave its rest again by itself: only the other payload may have one"
        )


def _words(place: Key, relay: MqttRelay) -> Iterator[Finding]:
    pairs = (("payload_on", "payload_off"), ("payload_available", "payload_not_available"))
    for yes, no in pairs:
        if getattr(relay, yes) == getattr(relay, no):
            yield Finding((*place, no), f"is the same as {yes}", "write what tells the two apart")
    said_on, said_off = relay.state_on or relay.payload_on, relay.state_off or relay.payload_off
    if said_on == said_off and relay.payload_on != relay.payload_off:
        at = "state_off" if relay.state_off is not None else "state_on"
        yield Finding((*place, at), "is what it says in its other state, too", "write what tells the two apart")
    for key, payload in (("state_on", relay.payload_on), ("state_off", relay.payload_off)):
        if getattr(relay, key) is None and payload.startswith("{"):
            remedy = f"add {key}: what stands on state_topic then"
            yield Finding((*place, key), "is missing, and no relay answers with the order's own JSON", remedy)
    for key, needed in (
        ("availability_key", "availability_topic"),
        ("payload_available", "availability_topic"),
        ("payload_not_available", "availability_topic"),
        ("query_payload", "query_topic"),
    ):
        if key in relay.model_fields_set and getattr(relay, needed) is None:
            yield Finding((*place, key), f"is given without {needed}", f"add {needed}, or leave it out")


def _own_words(settings: Settings) -> Iterator[Finding]:
    """What we tell a relay would be heard by us as its answer."""
    told = {load.mqtt_relay.command_topic for load in settings.flexible_loads if load.mqtt_relay is not None}
    for index, load in enumerate(settings.flexible_loads):
        for key in ("state_topic", "availability_topic"):
            topic = getattr(load.mqtt_relay, key, None)
            if topic in told:
                reason = f'is "{topic}", on which orders are given'
                place: Key = ("flexible_load", index, "mqtt_relay", key)
                yield Finding(place, reason, "name the topic on which the relay itself says what it is")
