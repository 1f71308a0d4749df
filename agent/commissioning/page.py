"""The report as one page of HTML: it stands alone, has no scripts and asks nothing of the network. Pure."""

from collections.abc import Iterable, Sequence
from html import escape

from agent.commissioning.trace_rows import span_w
from agent.commissioning.words import number, step_cells, summary, verdict
from agent.domain.commissioning import BatteryTest, Commissioning, Points

WIDTH, HEIGHT, LEFT, BOTTOM = 760, 260, 56, 24
INK, FAINT, BATTERY, GRID, ASKED = "#1f2933", "#9aa5b1", "#2a9d8f", "#c8553d", "#52606d"
STYLE = f"""
body {{ font: 15px/1.45 system-ui, sans-serif; color: {INK}; max-width: 800px; margin: 2em auto; padding: 0 1em }}
h1 {{ font-size: 1.5em; margin-bottom: 0 }} h2 {{ font-size: 1.1em; margin-top: 1.6em }}
table {{ border-collapse: collapse; width: 100% }} th, td {{ text-align: left; padding: .25em .5em;
border-bottom: 1px solid {FAINT} }} td.n, th.n {{ text-align: right; white-space: nowrap }}
.good {{ color: {BATTERY} }} .bad {{ color: {GRID} }} svg {{ width: 100%; height: auto }}
@media print {{ body {{ margin: 0 }} h2, svg, table {{ break-inside: avoid }} }}
""".strip()


def page(report: Commissioning) -> str:
    """The whole page."""
    title = escape(f"Commissioning of {report.site}")
    colour = "good" if report.passed else "bad"
    parts = [
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
        f"<h1>{title}</h1><p>{report.at:%Y-%m-%d %H:%M} UTC, by {escape(report.by)}</p>",
        f'<p class="{colour}"><strong>{escape(verdict(report))}</strong></p>',
        _list(summary(report)),
        "<h2>Devices</h2>",
        _table(("device", "what it is", "place", "model", "serial", "firmware"), _devices(report)),
        "<h2>Findings</h2>",
        _table(("", "finding"), ((("stops" if one.stops else "note"), one.text) for one in report.findings)),
    ]
    parts += [part for test in report.tests for part in _test(test)]
    return "\n".join([*parts, "</body></html>\n"])


def _devices(report: Commissioning) -> Iterable[Sequence[str]]:
    for one in report.devices:
        yield (
            one.name,
            f"{one.brand} ({one.family})",
            one.place,
            *(x or "" for x in (one.model, one.serial, one.firmware)),
        )


def _test(test: BatteryTest) -> Iterable[str]:
    yield f"<h2>{escape(test.device)}, tested with {number(test.test_w)} W</h2>"
    if test.battery:
        yield picture(test)
    names = ("order", "taken", "measured", "off", "began after", "ramp")
    yield _table(names, (step_cells(step) for step in test.steps), numbers=True)
    if test.reversion is not None:
        yield f"<p>Without refreshing: {escape(test.reversion.text)}.</p>"
    if test.released:
        yield f"<p>{escape(test.released)}.</p>"


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _table(names: Sequence[str], found: Iterable[Sequence[str]], numbers: bool = False) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        marks = ["" if not numbers or i == 0 else ' class="n"' for i in range(len(cells))]
        inner = (f"<{tag}{mark}>{escape(cell)}</{tag}>" for mark, cell in zip(marks, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>"

    lines = [row(cells, "td") for cells in found]
    return f"<table>{row(names, 'th')}{''.join(lines)}</table>" if lines else "<p>none</p>"


def picture(test: BatteryTest) -> str:
    """Battery, grid and what was asked over the time of the test, as SVG."""
    asked = tuple((at, watts) for at, watts in test.asked if watts is not None)
    low, high = span_w([test.battery, test.grid, asked])
    last_s = max(at for trace in (test.battery, test.grid) for at, _ in trace)

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - 8) * at / max(last_s, 1.0)

    def y(watts: float) -> float:
        return 8 + (HEIGHT - BOTTOM - 16) * (high - watts) / (high - low)

    def line(trace: Points, colour: str, more: str = "") -> str:
        corners = " ".join(f"{x(at):.1f},{y(watts):.1f}" for at, watts in trace)
        return f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" {more} points="{corners}"/>'

    def level(watts: float) -> str:
        label = _text(LEFT - 6, y(watts) + 4, f"{watts / 1000.0:.2f} kW", "end")
        return f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y(watts):.1f}" y2="{y(watts):.1f}" stroke="{FAINT}"/>{label}'

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="power over the test">',
        *(level(watts) for watts in sorted({low, 0.0, high})),
        *(
            _text(x(last_s * i / 4), HEIGHT - 6, f"{last_s * i / 4:.0f} s", "middle" if i < 4 else "end")
            for i in range(5)
        ),
        line(_steps(test.asked, last_s), ASKED, 'stroke-dasharray="4 4"'),
        line(test.grid, GRID),
        line(test.battery, BATTERY),
    ]
    legend = (("battery (discharge is positive)", BATTERY), ("grid (import is positive)", GRID), ("asked", ASKED))
    key = ", ".join(f'<span style="color:{colour}">&#9632;</span> {escape(word)}' for word, colour in legend)
    return "".join(parts) + f"</svg><p>{key}</p>"


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" fill="{INK}" text-anchor="{anchor}">{escape(words)}</text>'


def _steps(asked: Sequence[tuple[float, float | None]], last_s: float) -> Points:
    """An order holds until the next one; a release is no power."""
    ends = [*(at for at, _ in asked[1:]), last_s]
    held = [(at, watts, end) for (at, watts), end in zip(asked, ends, strict=True) if watts is not None]
    return tuple(corner for at, watts, end in held for corner in ((at, watts), (end, watts)))
