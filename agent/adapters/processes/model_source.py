"""Delivered models come through two short-lived processes: one fetches a file, one checks it and gives it its place."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.adapters.processes.answered_noun import AnsweredNoun
from agent.adapters.processes.child_process import NICENESS, ChildProcess
from agent.delivery_ports import FetchFailure, ModelRefused
from agent.domain.model_delivery import Fetch, Fetched, FetchState, ModelManifest
from agent.domain.printable import printable

FETCH_DEADLINE_S, FETCH_MEMORY_MB = 900.0, 64
"""20 MB at 200 kbit/s; what has come by then stays, and the next one goes on."""

ADMIT_DEADLINE_S, ADMIT_MEMORY_MB = 90.0, 200
SPARE_BYTES = 50_000_000
"""What a download leaves free on the disk: the store lies on it too."""

LONGEST_REASON = 300
REFUSAL = "the answer is none to a download"


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where models are put, and by whom a server of models is known."""

    models: Path
    ca_file: str | None = None
    plain_http: bool = False
    spare_bytes: int = SPARE_BYTES


class ModelSourceProcess:
    """Implements ``agent.delivery_ports.ModelSource``.

    The download takes long and little memory, and waits for nobody. The check takes its ``turn`` with the planner.
    """

    def __init__(
        self,
        terms: Delivered,
        turn: asyncio.Lock | None = None,
        deadline_s: float = FETCH_DEADLINE_S,
        memory_mb: int = FETCH_MEMORY_MB,
    ) -> None:
        fetch = ChildProcess(
            "download of a model", "agent.workers.model_fetch", deadline_s, memory_mb, niceness=NICENESS
        )
        admit = ChildProcess(
            "check of a delivered model",
            "agent.workers.model_admission",
            ADMIT_DEADLINE_S,
            ADMIT_MEMORY_MB,
            turn=turn,
            niceness=NICENESS,
        )
        self._terms = terms
        self._fetch = AnsweredNoun(fetch, Fetched, FetchFailure, REFUSAL)
        self._admit = AnsweredNoun(admit, Fetched, FetchFailure, REFUSAL)

    async def fetch(self, manifest: ModelManifest, awaited: Sequence[str]) -> None:
        _judge(await self._fetch.ask(replace(self._asked(manifest), awaited=tuple(awaited))))

    async def admit(self, manifest: ModelManifest) -> None:
        _judge(await self._admit.ask(self._asked(manifest)))

    def _asked(self, manifest: ModelManifest) -> Fetch:
        terms = self._terms
        return Fetch(manifest, str(terms.models), (), terms.ca_file, terms.plain_http, terms.spare_bytes)


def _judge(answer: Fetched) -> None:
    """A reason may quote a server or a card: it is cut, and without what no log should hold."""
    shown = printable(answer.reason, LONGEST_REASON)
    reason = answer.reason if answer.reason == shown else shown  # which knows its code, where it is a sentence
    if answer.state is FetchState.FAILED:
        raise FetchFailure(reason)
    if answer.state is FetchState.REFUSED:
        raise ModelRefused(reason)
