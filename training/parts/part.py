"""A part of a piece of work, and what does parts: one code, wherever it runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

Answer = TypeVar("Answer")


class WorkFailed(Exception):
    """A worker could not go on. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Part(Generic[Answer]):
    """``function(*arguments)``, in which a Part stands for its answer. It is the same wherever it is done.

    ``shared``: several parts need the answer, so that it is kept as long as the part.
    """

    name: str
    function: Callable[..., Answer]
    arguments: tuple[Any, ...]
    shared: bool = False


class Engine(Protocol):
    """Does parts."""

    def results(self, parts: Sequence[Part[Answer]]) -> Iterator[tuple[int, Answer]]:
        """Each part's place in ``parts`` and its answer, in whatever order they are done.

        Raises what the part raises, or WorkFailed in its place.
        """
        ...


class OneMachine:
    """In this process, in order, when the answer is asked for."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Part[Any], Any] = WeakKeyDictionary()

    def results(self, parts: Sequence[Part[Answer]]) -> Iterator[tuple[int, Answer]]:
        for index, part in enumerate(parts):
            yield index, self._answer(part)

    def _answer(self, part: Part[Answer]) -> Answer:
        if part in self._kept:
            kept: Answer = self._kept[part]
            return kept
        arguments = [self._answer(each) if isinstance(each, Part) else each for each in part.arguments]
        answer = part.function(*arguments)
        if part.shared:
            self._kept[part] = answer
        return answer


def holding(name: str, value: Answer) -> Part[Answer]:
    """A value that several parts need."""
    return Part(name, _itself, (value,), shared=True)


def in_order(engine: Engine, parts: Sequence[Part[Answer]]) -> list[Answer]:
    """The answers in the order of ``parts``. Raises as Engine.results."""
    return [answer for _, answer in sorted(engine.results(parts), key=lambda done: done[0])]


def _itself(value: Answer) -> Answer:
    return value
