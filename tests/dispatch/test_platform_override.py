"""Whatever the platform signs, the battery stays within what the site allows."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.host.signing_keys import Purpose, SigningKeys
from agent.adapters.mqtt.command_envelopes import parse_signed
from agent.dispatch.control_mode import ControlRules, Ladder, Situation
from agent.dispatch.guard import guard
from agent.domain.commands import OverrideBattery
from agent.domain.setpoint import Rung
from agent.domain.signed_command import Unmeant
from simulator.signer import Signer
from tests.fuzz.guard import _limits, _state, violation
from tests.fuzz.payloads import NOW, _conditions
from tests.security.items import security

SIGNER = Signer("ops-1", bytes(range(32)))
KEYS = SigningKeys({(Purpose.COMMAND, "ops-1"): SIGNER.public})
NUMBERS = st.one_of(
    st.none(),
    st.floats(-1e9, 1e9).map(lambda one: round(one, 3)),
    st.integers(-(2**40), 2**40),
    st.sampled_from([0, 1e8, -0.0]),
)
PARAMS = st.fixed_dictionaries(
    {"action": st.sampled_from(["hold", "charge", "discharge"])},
    optional={
        "power_w": NUMBERS,
        "lease_s": st.integers(1, 14400),
        "soc_min_pct": NUMBERS,
        "import_limit_w": NUMBERS,
        "ramp_w_per_s": NUMBERS,
    },
)


@security(5, shows="property: no signed command widens a limit of the site")
@settings(max_examples=300, deadline=None)
@given(params=PARAMS, seed=st.integers(0, 2**32), since_s=st.floats(0.0, 600.0), last_w=st.floats(-1e5, 1e5))
def test_no_signed_command_widens_a_limit_of_the_site(
    params: dict[str, object], seed: int, since_s: float, last_w: float
) -> None:
    body = SIGNER.command("home-1", "override", params, NOW)
    terms = parse_signed("down/cmd/override", json.dumps(body).encode(), "home-1", KEYS).terms
    if isinstance(terms, Unmeant):
        assert "lease_s" not in params or "power_w" in params, terms.why
        return
    assert isinstance(terms, OverrideBattery)
    assert terms.override is not None
    assert terms.override.until - NOW <= timedelta(hours=4)
    chance = Random(seed)
    limits = _limits(chance)
    rules = ControlRules(1.0, 60.0, 15.0, 300.0, 1800.0, limits, {})
    seen = replace(_state(chance, NOW), at=NOW)
    wanted = Ladder(_conditions(), rules).choose(Situation(seen, override=terms.override))
    granted = guard(wanted, seen, limits, since_s, last_w)
    assert violation(granted, seen, limits) is None
    assert granted.rung in (Rung.OVERRIDE, Rung.RELEASE)
