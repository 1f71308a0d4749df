"""What of an edited site file the running agent can go by; the rest is read at a start alone."""

from agent.settings.checks import check
from agent.settings.schema import Settings

# What names the site and its data, and what processes, jobs and connections are made of at the start.
_SECTIONS = ("store", "cloud", "console", "home_assistant", "local_broker", "log")
_KEYS = {
    "site": ("id", "timezone", "currency", "clock"),
    "battery": ("device", "persistent_writes_per_day"),
    "control": ("step_s",),
    "planning": ("interval_s", "deadline_s", "memory_mb"),
}


def at_run_time(before: Settings, edited: Settings) -> Settings:
    """``edited``, with what is read at a start alone as it was ``before``.

    Where the two do not go together, the devices and who steers stay as they were, too; ``before`` itself where even
    that is no good site: then all of the edit waits for a restart.
    """
    kept = {name: getattr(before, name) for name in _SECTIONS}
    for section, keys in _KEYS.items():
        old = getattr(before, section)
        kept[section] = getattr(edited, section).model_copy(update={key: getattr(old, key) for key in keys})
    if edited.battery.steered_by[1:] != before.battery.steered_by[1:]:
        kept["battery"] = kept["battery"].model_copy(update={"further": before.battery.further})
    if edited.switched_loads() != before.switched_loads():
        kept["flexible_loads"] = before.flexible_loads
    if edited.price_topics != before.price_topics:
        kept["tariff"] = before.tariff
    found = edited.model_copy(update=kept)
    if not check(found):
        return found
    devices = {"devices": before.devices, "flexible_loads": before.flexible_loads}
    found = found.model_copy(update=devices)
    return before if check(found) else found
