"""Models that the platform delivers, or somebody in its name. Servers and files: ``tests/adapters/models``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.adapters.host.clock import VirtualClock
from agent.app import build
from agent.daemon import App
from agent.settings.load import load
from simulator.signer import Signer
from tests import site_files
from tests.adapters.models.model_server import KEYS, members_of
from tests.faults.catalogue import Outcome, fault

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "https://127.0.0.1:1/own"  # nobody listens there
CLOUD = '[cloud]\nhost = "127.0.0.1"\nport = 1\ntls = false\nkeys_file = "{folder}/keys"\n'
STRANGER = Signer("platform-1", bytes(32))


def members(version: int, **changes: Any) -> dict[str, Any]:
    return members_of(bytes(1000), 100, URL, version=version, **changes)


def forged() -> dict[str, Any]:
    plain = {name: value for name, value in members(9).items() if name != "signature"}
    return STRANGER.signed(plain)


class Gateway:
    """A site whose clock the test moves; ``hear`` gives it what came under ``down/model``."""

    def __init__(self, folder: Path) -> None:
        (folder / "keys").write_text(KEYS)
        config = site_files.write_home(folder, inverter_port=1, meter_port=2, cloud=CLOUD.format(folder=folder))
        self.clock = VirtualClock(NOON)
        self.app: App = build(load(config), self.clock)

    async def start(self) -> None:
        assert self.app.platform is not None
        assert self.app.platform.models is not None
        self.listening, self.models = self.app.platform.listening, self.app.platform.models
        await self.app._recall()

    async def hear(self, payload: dict[str, Any] | bytes) -> list[tuple[str, str]]:
        """The events that it tells, an hour later than what came before."""
        self.clock.advance_to(self.clock.now() + timedelta(hours=1))
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await self.listening.take("down/model", text, retained=True)
        await self.models.step()
        return [(event.kind, event.text) for event in self.app.pending.take(self.clock.now()).events]


@fault(
    60,
    injected="a manifest unsigned, forged, changed, older or for another site",
    alarm="model_refused",
)
async def test_a_manifest_that_is_not_to_be_believed_fetches_nothing(tmp_path: Path, outcome: Outcome) -> None:
    gateway = Gateway(tmp_path)
    await gateway.start()
    assert await gateway.hear(members(3)) == [("model_delivery", "model own, delivery 3, is fetched within 10 minutes")]
    assert "models" in [job.name for job in gateway.app.jobs()]
    await gateway.app.store.close()
    gateway = Gateway(tmp_path)
    await gateway.start()
    assert gateway.models.deliveries.newest[0].manifest.version == 3
    bad = {
        "version 2 is not newer than 3": members(2),
        "version 3 is not newer than 3": members(3, sha256="0" * 64),
        "not that of the key": {**members(4), "url": "https://elsewhere.example/own"},
        "the signature is not": forged(),
        "no key of that name may sign a model": members(4, key="platform-2"),
        "it is for another site": members(4, id="home-2"),
    }
    for reason, manifest in bad.items():
        (kind, text), *_ = [told for told in await gateway.hear(manifest) if "refused" in told[1]]
        assert (kind, reason in text) == ("model_refused", True), text
        outcome.raised(kind)
    unsigned = {name: value for name, value in members(4).items() if name != "signature"}
    assert await gateway.hear(unsigned) != []
    assert [one.manifest.version for one in gateway.models.deliveries.newest] == [3]
    await gateway.app.store.close()
