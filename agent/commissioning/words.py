"""What a report says, in the words of the terminal and of the page alike. Pure."""

from agent.domain.commissioning import BatteryTest, Commissioning, Step

NOT_MEASURED = "-"


def number(watts: float) -> str:
    return f"{watts:,.0f}".replace(",", " ")


def verdict(report: Commissioning) -> str:
    """One sentence."""
    return f"{'passed' if report.passed else 'NOT passed'}: {report.ended}"


def summary(report: Commissioning) -> list[str]:
    """What the fast loop is told of the devices, and the shape of the answer of the meter."""
    told = []
    if report.dead_time_s is not None:
        told.append(f"the battery begins within {report.dead_time_s:.1f} s of an order")
    if report.off_w is not None:
        told.append(f"its power is at most {report.off_w:.0f} W off")
    for test in report.tests:
        told += _meter(test)
    return told


def _meter(test: BatteryTest) -> list[str]:
    told = []
    if test.answer is not None:
        told.append(f"a watt more from {test.device} is {test.answer:.2f} W less at the grid's meter")
    if test.meter_lag_s is not None:
        late = f"{abs(test.meter_lag_s):.1f} s {'older' if test.meter_lag_s >= 0.0 else 'newer'}"
        told.append(f"the meter's values are {late} than the battery's")
    elif test.steps:
        told.append("how late the meter is could not be told")
    return told


def step_cells(step: Step) -> tuple[str, ...]:
    """Order, taken, measured, off, dead time, ramp."""
    ramp = NOT_MEASURED if step.ramp_w_per_s is None else f"{number(step.ramp_w_per_s)} W/s"
    return (
        step.what,
        f"{step.taken_w:+.0f} W",
        _with(step.settled_w, "+.0f", "W"),
        _with(step.off_w, ".0f", "W"),
        _with(step.dead_time_s, ".1f", "s"),
        ramp,
    )


def _with(value: float | None, form: str, unit: str) -> str:
    return NOT_MEASURED if value is None else f"{value:{form}} {unit}"
