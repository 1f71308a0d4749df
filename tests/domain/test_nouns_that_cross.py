"""What stands in the nouns that are kept, or asked of another process: only what crosses."""

import dataclasses
from collections.abc import Iterator
from datetime import date, time
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from agent.domain.documents import DOCUMENTS
from agent.domain.ledger import SettlementRequest
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.settings.permit import Permit
from agent.workers.model_fetch import Fetch
from agent.workers.renewal import IdentityRequest
from agent.workers.what_if import WhatIfAnswer, WhatIfQuestion

ASKED_AND_ANSWERED: tuple[Any, ...] = (
    PlanRequest, Plan, SettlementRequest, WhatIfQuestion, WhatIfAnswer, Fetch, IdentityRequest, Permit,
)  # fmt: skip
KEPT = tuple(shape for one in DOCUMENTS for shape in (one.shape, one.formerly) if shape is not None)


def uncrossable(kind: Any, place: str, seen: set[Any]) -> Iterator[str]:
    """The places of ``kind`` that hold what cannot cross."""
    origin, inside = get_origin(kind), [one for one in get_args(kind) if one not in (NoneType, Ellipsis)]
    if origin in (Union, UnionType):
        if len(inside) != 1:
            yield f"{place}: {kind}"
        yield from uncrossable(inside[0], place, seen)
    elif origin in (tuple, frozenset):
        for one in inside:
            yield from uncrossable(one, f"{place}[]", seen)
    elif dataclasses.is_dataclass(kind):
        if kind not in seen:
            seen.add(kind)
            for name, hint in get_type_hints(kind).items():
                yield from uncrossable(hint, f"{place}.{name}", seen)
    elif kind not in (str, int, bool, float) and not (isinstance(kind, type) and issubclass(kind, date | time | Enum)):
        yield f"{place}: {kind}"


@pytest.mark.parametrize("kind", [*ASKED_AND_ANSWERED, *KEPT], ids=str)
def test_a_noun_that_crosses_holds_nothing_that_cannot(kind: Any) -> None:
    assert list(uncrossable(kind, getattr(kind, "__name__", str(kind)), set())) == []
