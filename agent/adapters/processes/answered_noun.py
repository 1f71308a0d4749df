"""One question to a child process, and its answer as a noun."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from agent.adapters.processes.child_process import ChildFailure, ChildProcess
from agent.domain.sentence import sentence_of
from agent.domain.wire import WireError, from_json, to_json

Noun = TypeVar("Noun")


@dataclass(frozen=True, slots=True)
class AnsweredNoun(Generic[Noun]):
    """``failure`` is what the port raises; ``refusal`` begins its sentence for an answer that is no ``kind``."""

    child: ChildProcess
    kind: type[Noun]
    failure: type[Exception]
    refusal: str

    async def ask(self, question: Any) -> Noun:
        """The answer to a frozen dataclass. Raises ``failure`` with one sentence."""
        try:
            return from_json(self.kind, await self.child.ask(to_json(question).encode()))
        except ChildFailure as failure:
            raise self.failure(sentence_of(failure)) from failure
        except (WireError, RecursionError) as error:
            raise self.failure(f"{self.refusal}: {error}") from error
