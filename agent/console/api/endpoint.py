"""An endpoint: its path, its parameters, who answers; and how what goes wrong there is told."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.adapters.host.inbox import InboxFailure
from agent.advice.book import NotPossible
from agent.console.api.parameters import Kind, Parameter, Values
from agent.console.problem import Problem
from agent.console.reading.buckets import GRANULARITIES
from agent.console.reading.happened import BadCursor
from agent.console.reading.ranges import FIRST_DAY, PERIODS, SHIFTS, BadRange, Range, asked_range
from agent.console.reading.shapes import Document
from agent.console.source import Source
from agent.domain.sentence import sentence_of
from agent.domain.wire import WireError

PREFIX = "/api/v1/"
ALIAS = "/api/"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the checked parameters of address or body, and ``key`` of the path where it has one."""

    source: Source
    values: Values
    key: str = ""

    def get(self, name: str) -> Any:
        return self.values[name]

    @property
    def now(self) -> datetime:
        return self.source.now()

    def range(self) -> Range:
        """Of startDate, endDate and period. Raises BadRange."""
        first, last, period = (self.values[name] for name in ("startDate", "endDate", "period"))
        return asked_range(first, last, period, self.now, self.source.zone)

    def from_to(self, last: str | None = None) -> tuple[datetime | None, datetime | None]:
        """Of from and to, where ``last`` stands for a to that is left out; None twice without both. Raises BadRange."""
        start, end = self.values["from"], self.values["to"]
        if start is None and end is None:
            return None, None
        names = ("from", "to")
        found = asked_range(start or str(FIRST_DAY), end or last, None, self.now, self.source.zone, names)
        return found.start, found.end


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``answer`` runs on the thread of the store; ``then``, where there is one, makes the document of what it found.

    ``path`` is below the API's prefix, or begins with a slash. ``tables`` tells whether the answer also comes as CSV,
    ``marked`` that it stays the same as long as the store does. ``example`` names a file of tests/console/examples.
    ``is_bad`` says of what was found that it goes out as 503, for those who look at the status alone.
    """

    method: str
    path: str
    summary: str
    answer: Callable[[Asked], Any]
    parameters: tuple[Parameter, ...] = ()
    example: str = ""
    tables: bool = False
    marked: bool = False
    status: int = 200
    media_type: str = "application/json"
    then: Callable[[Source, Any], Awaitable[Document]] | None = None
    is_bad: Callable[[Document], bool] | None = None

    @property
    def known(self) -> tuple[Parameter, ...]:
        """Its own parameters and those of every endpoint."""
        return (
            *self.parameters,
            *((FORMAT, DECIMAL) if self.tables else ()),
            *((SITE_ID,) if self.method == "GET" else ()),
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """The canonical one first."""
        return (self.path,) if self.path.startswith("/") else (PREFIX + self.path, ALIAS + self.path)


SITE_ID = Parameter("siteId", Kind.TEXT, "the site that is meant; another than this one is not found")
FORMAT = Parameter("format", Kind.TEXT, "json, or csv as a table", ("json", "csv"), default="json")
DECIMAL = Parameter(
    "decimal", Kind.TEXT, "of a CSV; comma is as spreadsheets in German read it, with semicolons between the cells",
    ("point", "comma"), default="point",
)  # fmt: skip
RANGE = (
    Parameter("startDate", Kind.TIME, "first day of the site, 2026-06-01, or an instant"),
    Parameter("endDate", Kind.TIME, "last day, which belongs to it, or an instant; today when left out"),
    Parameter("period", Kind.TEXT, "in place of dates; last7 when nothing is said", PERIODS),
)
GRANULARITY = Parameter("granularity", Kind.TEXT, "step of the series; coarser where that is too many", GRANULARITIES)
COMPARE = (
    Parameter("compareWith", Kind.TEXT, "what it is set beside", ("previous", "baseline")),
    Parameter("shift", Kind.TEXT, "how far back previous is", SHIFTS, default="period"),
)
PAGE = (
    Parameter("limit", Kind.WHOLE, "entries of a page", low=1, high=100, default=25),
    Parameter("cursor", Kind.TEXT, "the next of the page before"),
)
FROM_TO = (
    Parameter("from", Kind.TIME, "first day, or an instant"),
    Parameter("to", Kind.TIME, "last day, which belongs to it, or an instant"),
)


@contextmanager
def told_as_problems() -> Iterator[None]:
    """What the reading rooms raise, as what the API tells."""
    try:
        yield
    except BadRange as error:
        raise Problem("bad_range", str(error), error.field) from error
    except BadCursor as error:
        raise Problem("bad_value", "the cursor is none that was given out here", "cursor") from error
    except NotPossible as error:
        raise Problem("not_possible", sentence_of(error)) from error
    except InboxFailure as error:
        raise Problem("inbox", str(error), after_s=60) from error
    except WireError as error:
        raise Problem("store_other", f"what is stored cannot be read: {error}") from error
