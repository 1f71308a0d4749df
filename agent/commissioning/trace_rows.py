"""A trace as rows of text, with the dots of Braille letters: 2 by 4 of them in each. Pure."""

from collections.abc import Sequence

from agent.domain.commissioning import Points

_BLANK = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a letter
_ACROSS, _DOWN = 2, 4
LABEL = 7


def span_w(traces: Sequence[Points]) -> tuple[float, float]:
    """The lowest and highest of all values and 0, W, never of no height."""
    watts = [watts for trace in traces for _, watts in trace] + [0.0]
    low, high = min(watts), max(watts)
    return (low, high) if high - low >= 1.0 else (low - 1.0, high + 1.0)


def rows(trace: Points, last_s: float, width: int, height: int, heading: str) -> list[str]:
    """``trace`` in ``height`` rows of ``width`` columns with kW at the left; a row of its heading is above."""
    low, high = span_w([trace])
    across, down = (width - LABEL) * _ACROSS, height * _DOWN
    cells = [[0] * (width - LABEL) for _ in range(height)]

    def put(x: int, y: int) -> None:
        cells[y // _DOWN][x // _ACROSS] |= _DOTS[y % _DOWN][x % _ACROSS]

    def place(watts: float) -> int:
        return round((high - watts) / (high - low) * (down - 1))

    before: int | None = None
    for (at, watts), until in zip(trace, [*(at for at, _ in trace[1:]), last_s], strict=True):
        first, last = (min(across - 1, max(0, int(s / max(last_s, 1.0) * across))) for s in (at, until))
        y = place(watts)
        for between in range(min(before, y), max(before, y)) if before is not None else ():
            put(first, between)
        for x in range(first, last + 1):
            put(x, y)
        before = y
    labels = {place(value) // _DOWN: _kilowatts(value) for value in (low, high)}
    labels.setdefault(place(0.0) // _DOWN, "0")
    drawn = ["".join(chr(_BLANK + cell) for cell in line) for line in cells]
    return [heading, *(f"{labels.get(i, ''):>{LABEL - 1}} {line}" for i, line in enumerate(drawn))]


def _kilowatts(watts: float) -> str:
    """At most six letters, up to the largest of all sites."""
    return f"{watts / 1000.0:+.2f}" if abs(watts) < 100_000.0 else f"{watts / 1000.0:+.0f}"


def time_row(last_s: float, width: int) -> str:
    """The axis of time: seconds, the first at the left and the last at the right."""
    inner, marks = width - LABEL, 4
    row = [" "] * inner
    for i in range(marks + 1):
        word = f"{last_s * i / marks:.0f} s"
        at = min(inner - len(word), round((inner - 1) * i / marks))
        row[at : at + len(word)] = word
    return " " * LABEL + "".join(row)
