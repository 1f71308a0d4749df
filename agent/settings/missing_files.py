"""What a good site file names and this machine does not have: nothing is wrong with the file, and yet it may not work.

The daemon runs without any of it as well as it can: a battery is better steered without a platform than not at all.
"""

from collections.abc import Iterator
from pathlib import Path

from agent.domain.identity import identity_file
from agent.settings.problems import Finding
from agent.settings.schema import Settings
from agent.settings.store_path import path_trouble

_UNREACHED = "the platform cannot be reached without it"
_CLOUD = dict.fromkeys(("ca_file", "crl_file", "cert_file", "key_file", "password_file"), _UNREACHED) | {
    "keys_file": "nothing that the platform signs is obeyed without it",
    "models_ca_file": "no model can be fetched without it",
}


def missing_files(settings: Settings) -> list[Finding]:
    """Everything that is named and not there, or that this user may not see."""
    ways = [*_cloud(settings), *_households(settings), *_console(settings)]
    return [*ways, *_models(settings), *_store(settings), *_serial(settings)]


def _cloud(settings: Settings) -> Iterator[Finding]:
    for key, remedy in _CLOUD.items() if settings.cloud is not None else ():
        name = getattr(settings.cloud, key)
        if name is not None and not _is_there(Path(name)):
            yield Finding(("cloud", key), f"is {name}, which is not there", remedy)
    if settings.cloud is not None and settings.cloud.enrol_url is not None:
        identity = identity_file(Path(settings.store.path))
        if not _is_there(identity):
            reason = f"gives the site its certificate, and {identity} is not there"
            yield Finding(("cloud", "enrol_url"), reason, "run enalysis-edge enrol with the platform's token")


def _households(settings: Settings) -> Iterator[Finding]:
    """The household's own broker, which may have two sections."""
    ways = (
        ("home_assistant", "Home Assistant", settings.home_assistant),
        ("local_broker", f"no {_on_broker(settings)}", settings.local_broker),
    )
    for section, whom, found in ways:
        for key in ("ca_file", "password_file") if found is not None else ():
            name = getattr(found, key)
            if name is not None and not _is_there(Path(name)):
                remedy = f"{whom} can{'' if whom.startswith('no') else 'not'} be reached without it"
                yield Finding((section, key), f"is {name}, which is not there", remedy)


def _on_broker(settings: Settings) -> str:
    used = (("relay", settings.has_topic_relays), ("price topic", bool(settings.price_topics)))
    return " or ".join(word for word, is_used in used if is_used) or "relay"


def _console(settings: Settings) -> Iterator[Finding]:
    for key in ("cert_file", "key_file") if settings.console is not None else ():
        name = getattr(settings.console, key)
        if name is not None and not _is_there(Path(name)):
            yield Finding(("console", key), f"is {name}, which is not there", "the console cannot start without it")


def _models(settings: Settings) -> Iterator[Finding]:
    found = settings.planning
    if found.models is not None and not _is_there(Path(found.models)):
        remedy = "forecasts are seasonal persistence without it; leave it out for the models that come along"
        yield Finding(("planning", "models"), f"is {found.models}, which is not there", remedy)
        return
    try:
        models = settings.models_folder
    except FileNotFoundError as error:
        yield Finding(("planning", "models"), f"is left out: {error}", "forecasts are seasonal persistence without it")
        return
    for key, name in (("load_model", found.load_model), ("solar_model", found.solar_model)):
        needed = key == "load_model" or settings.solar is not None
        if needed and name is not None and not _is_there(models / name):
            folder = models / name
            yield Finding(
                ("planning", key), f"is {name}, and there is no {folder}", 'name one that is there, or "none"'
            )


def _store(settings: Settings) -> Iterator[Finding]:
    trouble = path_trouble(Path(settings.store.path))
    if trouble is not None:
        cost = (
            "without a store nothing is recorded and no plan is made" if trouble.lasting else "soon nothing is recorded"
        )
        yield Finding(("store", "path"), trouble.reason, f"{trouble.remedy}: {cost}")


def _serial(settings: Settings) -> Iterator[Finding]:
    for index, device in enumerate(settings.devices):
        if device.serial_port is not None and not _is_there(Path(device.serial_port)):
            reason = f"is {device.serial_port}, which is not there"
            yield Finding(("device", index, "serial_port"), reason, "is the adapter plugged in?")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that is closed to us
        return False
