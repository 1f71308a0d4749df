"""Item 5: nothing that the platform sends lets more through the connection than the site file does."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.horizon import Horizon
from agent.domain.inputs import GridLimitInput
from agent.domain.site import Connection
from tests.fuzz.payloads import _conditions
from tests.security.items import security

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIMITS = st.none() | st.floats(0.0, 1e8)
MINUTES = st.integers(-600, 600)


def within(found: Connection, own: Connection) -> bool:
    pairs = ((found.import_limit_w, own.import_limit_w), (found.export_limit_w, own.export_limit_w))
    return all(limit is None or (got is not None and got <= limit) for got, limit in pairs)


@security(5, shows="a grid limit of the platform, of any size and time, only narrows what the site file allows")
@given(
    own=st.tuples(LIMITS, LIMITS), sent=st.tuples(LIMITS, LIMITS), begins=MINUTES, lasts=st.integers(1, 600), at=MINUTES
)
def test_a_sent_limit_only_narrows(
    own: tuple[float | None, float | None],
    sent: tuple[float | None, float | None],
    begins: int,
    lasts: int,
    at: int,
) -> None:
    conditions = replace(_conditions(), site_connection=Connection(*own))
    valid_from = NOW + timedelta(minutes=begins)
    times = {"issued_at": NOW, "valid_from": valid_from, "valid_to": valid_from + timedelta(minutes=lasts)}
    body = {"schema": "gridlimit/1.0", "import_limit_w": sent[0], "export_limit_w": sent[1]}
    payload = json.dumps(body | {name: time.isoformat() for name, time in times.items()}).encode()
    message = JsonPayloads("home-1", "s").parse("down/input/gridlimit", payload)
    assert isinstance(message, GridLimitInput)
    conditions.take(message)
    moment = NOW + timedelta(minutes=at)
    assert within(conditions.connection(moment), Connection(*own))
    horizon = Horizon(NOW, 900, 8)
    assert all(within(one, Connection(*own)) for one in conditions.connections(moment, horizon))
