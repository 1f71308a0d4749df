"""What of a site lies on this gateway: the files that a factory reset removes, and what it leaves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.host.inbox import inbox_of
from agent.adapters.host.lock import lock_path
from agent.adapters.models.registry_file import models_beside
from agent.adapters.mqtt.own_certificate import candidate_of
from agent.adapters.store.set_aside import PARTS
from agent.domain.identity import identity_file
from agent.settings.permit import permit_file
from agent.settings.schema import Settings
from agent.settings.sections import Store
from agent.settings.site_file import LAST_GOOD
from agent.settings.store_path import console_folder

UNITS = ("enalysis-edge.service", "enalysis-edge-console.service")
UNIT_FOLDER, CREDENTIALS = Path("/etc/systemd/system"), Path("/run/credentials")
_CREDENTIAL = re.compile(r"^LoadCredential(?:Encrypted)?=([^:\s]+):(/\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Belongings:
    """In the order in which they are removed: without a permit nothing steers. Folders stand for all in them."""

    permit: tuple[Path, ...]
    keys: tuple[Path, ...]
    history: tuple[Path, ...]
    left: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        return (*self.permit, *self.keys, *self.history)


def belongings(site_file: Path, settings: Settings, units: Path = UNIT_FOLDER) -> Belongings:
    """Those that are there. In the folder of the service everything is ours; elsewhere what we name. Raises OSError."""
    store = Path(settings.store.path)
    lock, is_ours = lock_path(store), store.parent == Path(Store().path).parent
    beside = sorted(store.parent.iterdir()) if store.parent.is_dir() else []
    named = {console_folder(store), inbox_of(store), models_beside(store), store.with_name(LAST_GOOD)}
    permit = permit_file(site_file).absolute()
    permits = _there((permit, permit.with_name(f".{permit.name}")))
    keys = _there(dict.fromkeys(path.absolute() for path in _keys(settings, units)))
    others = [
        path for path in beside if path.absolute() not in {*permits, *keys, lock.absolute(), site_file.absolute()}
    ]
    history = [path for path in others if is_ours or path in named or _is_of_store(path, store)]
    return Belongings(permits, keys, tuple(history), tuple(path for path in others if path not in history))


def _is_of_store(path: Path, store: Path) -> bool:
    """The database, its log, its ballast, and what was moved aside."""
    return path.name in {store.name + part for part in PARTS} or path.name.startswith(f"{store.name}.")


def _keys(settings: Settings, units: Path) -> Iterator[Path]:
    """Keys, certificates and passwords that the site file names; of a unit's credentials, what they were read from."""
    identity = identity_file(Path(settings.store.path))
    named: list[str | None] = [str(identity), str(candidate_of(identity))]
    named += sorted(str(path) for path in identity.parent.glob(f".{identity.name}.*"))  # cut off while it was written
    if settings.cloud is not None:
        cloud = settings.cloud
        named += [cloud.cert_file, cloud.key_file, cloud.password_file, cloud.keys_file]
    for broker in (settings.home_assistant, settings.local_broker):
        named += [] if broker is None else [broker.password_file]
    if settings.console is not None:
        named += [settings.console.cert_file, settings.console.key_file]
    for path in (Path(name) for name in named if name is not None):
        if not path.is_relative_to(CREDENTIALS):
            yield path
    for unit in UNITS:
        yield from credentials_of(unit, units)


def credentials_of(unit: str, units: Path = UNIT_FOLDER) -> Iterator[Path]:
    """The files that systemd reads as credentials of ``unit``, as the administrator's files have it."""
    for path in (units / unit, *sorted((units / f"{unit}.d").glob("*.conf"))):
        if path.is_file():
            yield from (Path(found[2]) for found in _CREDENTIAL.finditer(path.read_text("utf-8", "replace")))


def _there(paths: "dict[Path, None] | tuple[Path, ...]") -> tuple[Path, ...]:
    return tuple(path for path in paths if path.is_symlink() or path.exists())
