"""What several batteries answered, as one outcome."""

from collections.abc import Mapping

from agent.domain.sentences.alarms import of_device
from agent.domain.sentences.joined import joined
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Setpoint, Unreachable


def together(outcomes: Mapping[str, Outcome], setpoint: Setpoint) -> Outcome:
    """What all batteries answered, as one. Those without a share were to be released, which the power does not need.

    A site's release counts only when every battery took it. What comes later does so when the slowest takes it.
    """
    shares = dict(setpoint.shares)
    asked = outcomes if setpoint.battery_w is None else {name: outcomes[name] for name in outcomes if name in shares}
    reasons = {name: one.reason for name, one in asked.items() if isinstance(one, Clamped | Refused | Unreachable)}
    failed = tuple(name for name, one in asked.items() if isinstance(one, Refused | Unreachable))
    told = joined([of_device(device=name, said=reason) for name, reason in reasons.items()]) if reasons else ""
    if failed and (setpoint.battery_w is None or len(failed) == len(asked)):
        refused = all(isinstance(asked[name], Refused) for name in failed)
        return Refused(told) if refused else Unreachable(told)
    if setpoint.battery_w is None:
        return Applied(None)
    taken_w = sum(_taken_w(one, shares[name]) for name, one in asked.items())
    if not reasons:
        return Applied(taken_w)
    later = {name: one for name, one in asked.items() if isinstance(one, Clamped) and one.later_s > 0.0}
    took = any(isinstance(one, Applied | Clamped) for name, one in asked.items() if name not in later)
    return Clamped(
        taken_w,
        told,
        failed,
        max((one.later_s for one in later.values()), default=0.0),
        tuple((name, one.battery_w) for name, one in later.items()),
        unchanged=bool(later) and not took,
    )


def _taken_w(outcome: Outcome, share_w: float) -> float:
    match outcome:
        case Applied(battery_w) | Clamped(battery_w):
            return battery_w or 0.0
        case Held():
            return share_w
        case Refused() | Unreachable():
            return 0.0
