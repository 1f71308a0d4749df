"""What the tests of the fault catalogue share."""

from collections.abc import Iterator

import pytest
import structlog

from tests.faults.catalogue import Outcome, Promise


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Iterator[Outcome]:
    """Of the topmost ``fault`` mark; at the end every word of the promise must have been shown."""
    marks = list(request.node.iter_markers("fault"))
    promise: Promise = marks[-1].args[0]
    found = Outcome(promise)
    yield found
    found.complete()
