"""A recommendation as plain JSON values, for the platform."""

from datetime import UTC, datetime

from agent.domain.advisory import Advisory


def to_dict(advisory: Advisory) -> dict[str, object]:
    """One entry of ``up/advice``: times are RFC 3339 in UTC, money to a ten-thousandth, shares to a thousandth."""
    outcome, support = advisory.outcome, advisory.support
    return {
        "key": advisory.key,
        "type": advisory.kind.value,
        "headline": advisory.headline,
        "description": advisory.description,
        "confidence": round(advisory.confidence, 3),
        "cost_saving": _rounded(advisory.cost_saving),
        "co2_saving_kg": _rounded(advisory.co2_saving_kg),
        "support": {
            "forecast": _rounded(support.forecast),
            "optimum": _rounded(support.optimum),
            "accuracy": _rounded(support.accuracy),
            "unit": support.unit,
        },
        "created": _time(advisory.created),
        "start": _time(advisory.start),
        "end": _time(advisory.end),
        "expires": _time(advisory.expires),
        "state": advisory.state.value,
        "scheduled_for": _time(advisory.scheduled_for),
        "outcome": None
        if outcome is None
        else {
            "at": _time(outcome.at),
            "came_true": outcome.came_true,
            "saved": _rounded(outcome.saved),
            "text": outcome.text,
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
