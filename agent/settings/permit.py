"""The permit to steer, in a file beside the site file: it does not go with a store that is lost.

`commission` writes it, as the person who may write the site file; the service only reads it.
"""

import os
from datetime import datetime
from pathlib import Path

from agent.domain.permit import Permission, Permit
from agent.domain.sentences import control as say
from agent.domain.wire import WireError, from_json, to_json
from agent.settings.schema import Settings

SUFFIX = ".commissioned"
LARGEST_FILE = 65_536


def permit_file(site_file: Path) -> Path:
    return site_file.with_name(site_file.name + SUFFIX)


def devices_of(settings: Settings) -> tuple[str, ...]:
    """What a permit is about: the devices that steer a battery or measure the grid, with their places."""
    steered = settings.battery.steered_by
    return tuple(
        f"{device.name}: {device.family} at {device.endpoint} unit {device.unit_id}"
        for device in settings.devices
        if device.name in steered or "grid" in device.roles
    )


def read_permit(site_file: Path) -> Permit | None:
    """None where there is no file. Raises WireError and OSError for one that cannot be used."""
    try:
        with permit_file(site_file).open("rb") as file:
            text = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    if len(text) > LARGEST_FILE:
        raise WireError(f"it is larger than {LARGEST_FILE} bytes")
    return from_json(Permit, text, newer=True)


def write_permit(site_file: Path, permit: Permit) -> None:
    """Replace the permit as a whole. Raises OSError."""
    final = permit_file(site_file)
    hidden = final.with_name(f".{final.name}")
    with hidden.open("w", encoding="utf-8") as file:
        file.write(to_json(permit) + "\n")
        file.flush()
        os.fchmod(file.fileno(), 0o644)  # whatever the umask of the person: the service reads it
        os.fsync(file.fileno())
    hidden.rename(final)


def accepted(settings: Settings, by: str, reason: str, at: datetime) -> Permit:
    """The word of a person in place of a test. Raises ValueError without a name or a reason."""
    return Permit(at, by, reason, devices_of(settings))


def permission_of(site_file: Path, settings: Settings) -> Permission:
    """What the agent may do on the site of this file. A permit that cannot be read permits nothing."""
    try:
        permit = read_permit(site_file)
    except (OSError, WireError, RecursionError) as error:
        return Permission(say.permit_unusable(path=str(permit_file(site_file)), cause=str(error)))
    return Permission(why_locked(settings, permit), permit, permit is None and settings.control.mode != "observe")


def why_locked(settings: Settings, permit: Permit | None) -> str | None:
    """Why nothing may be written to the devices, in one sentence; None where the agent may steer."""
    if settings.control.mode == "observe":
        return say.mode_is_observe()
    if permit is None:
        return say.never_commissioned()
    changed = [device for device in devices_of(settings) if device not in permit.devices]
    if changed:
        return say.commissioned_other(device=changed[0])
    return None
