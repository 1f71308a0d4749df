"""Several sentences as one."""

from collections.abc import Sequence
from functools import reduce

from agent.domain.sentence import Template


@Template
def then_also(*, said: str, then: str) -> str:
    return f"{said}; {then}"


def joined(sentences: Sequence[str]) -> str:
    """One or more, in their order."""
    return reduce(lambda said, then: then_also(said=said, then=then), sentences)
