"""docs/commands.md: ``python -m tests.docs.commands`` writes it, and plays its example on an agent's inlet."""

import asyncio
import json
import tempfile
from pathlib import Path

from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.command_record import CommandRecord, CommandState
from simulator.signer import Signer, canonical
from tests.cycles.signed_site import SITE, SignedSite

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
TEXT = Path(__file__).with_name("commands_page.md")  # with places for what is played
PARAMS: dict[str, object] = {"action": "charge", "power_w": 1500.0, "lease_s": 3600}
SEED = bytes(range(32))


def page() -> str:
    """The whole page."""
    signer, message, answers = asyncio.run(_played())
    unsigned = {name: found for name, found in message.items() if name != "signature"}
    found = {
        "<<key_line>>": signer.key_line(),
        "<<message>>": json.dumps(message, indent=2),
        "<<signed>>": canonical(unsigned).decode(),
        "<<answers>>": "\n".join(answers),
    }
    text = TEXT.read_text(encoding="utf-8")
    for place, words in found.items():
        text = text.replace(place, words)
    return text


async def _played() -> tuple[Signer, dict[str, object], list[str]]:
    """The example goes through an agent's inlet."""
    with tempfile.TemporaryDirectory() as folder:
        site = await SignedSite(Path(folder), signer=Signer("ops-1", SEED, counter=41)).start()
        message = site.command(PARAMS, id="charge-2026-06-01")
        assert site.hear(message) is None
        speaker, told = JsonPayloads(SITE, "5f0c2ab1d9e3"), []
        while not told or told[-1].state is not CommandState.EXECUTING:
            await site.steps(1)
            told += [record for record in _heard(site) if record not in told]
        await site.store.close()
        return site.signer, message, [speaker.command(record, record.at).payload.decode() for record in told]


def _heard(site: SignedSite) -> list[CommandRecord]:
    return [record for record in site.records if record.id == "charge-2026-06-01"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
