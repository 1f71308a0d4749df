"""What an evaluation found, in short: on the screen after a run, and as a plain table for people."""

from collections.abc import Collection, Sequence
from statistics import mean

from rich import box
from rich.console import Console
from rich.table import Table

from training.evaluation.results import Row

WHOLE = "0-48"
_DAYS = ("0-24", "24-48")
_YARDSTICK = "lightgbm"
_MAPE, _R2 = 0.10, 0.85
_PERFECT = "_perfect"
_HEAD = (
    "| site | best MAPE % | of | best R2 | of | with perfect weather | reached |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)


def print_summary(rows: Sequence[Row], seen: Collection[str], console: Console) -> None:
    """Means over sites for each target and model, then each of our models against LightGBM site by site."""
    for target in sorted({row.target for row in rows}):
        mine = [row for row in rows if row.target == target]
        console.print(_overview(target, mine))
        if any(row.model == _YARDSTICK for row in mine):
            console.print(_by_site(target, mine, seen))


def markdown(rows: Sequence[Row], seen: Collection[str]) -> str:
    """One table a target: every site's best MAPE and R2, by whom, and whether anybody reaches 10 % and .85."""
    parts = []
    for target in sorted({row.target for row in rows}):
        lines = [_reached(site, [r for r in rows if (r.target, r.site) == (target, site)]) for site in _sites(rows)]
        parts.append(f"## {target}\n\n{_HEAD}" + "".join(lines))
    note = "Leads of 0-48 h. Reached: MAPE below 10 % and R2 above .85 by one model without perfect weather.\n"
    if seen:
        note += f"The shipped models have learnt from {', '.join(sorted(seen))}: their figures there flatter.\n"
    return "\n".join([note, *parts])


def _overview(target: str, rows: Sequence[Row]) -> Table:
    table = Table(title=f"{target}, 48 h, means over sites", box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for heading in ("sites", "pinball %", "WAPE %", "width %", "cover 0-24 %", "cover 24-48 %", "of lightgbm", "worst"):
        table.add_column(heading, justify="right")
    yardstick = {row.site: row.measures.pinball for row in rows if (row.model, row.lead) == (_YARDSTICK, WHOLE)}
    for model in dict.fromkeys(row.model for row in rows):
        whole = [row for row in rows if (row.model, row.lead) == (model, WHOLE)]
        ratios = [row.measures.pinball / yardstick[row.site] for row in whole if yardstick.get(row.site)]
        covers = [[r.measures.cover for r in rows if (r.model, r.lead) == (model, day)] for day in _DAYS]
        table.add_row(
            model,
            str(len(whole)),
            f"{mean(row.measures.pinball for row in whole) * 100:.2f}",
            f"{mean(row.measures.wape for row in whole) * 100:.1f}",
            f"{mean(row.measures.width for row in whole) * 100:.0f}",
            *(f"{min(cover) * 100:.0f}-{max(cover) * 100:.0f}" for cover in covers),
            f"{mean(ratios):.3f}" if ratios else "-",
            f"{max(ratios):.3f}" if ratios else "-",
        )
    return table


def _by_site(target: str, rows: Sequence[Row], seen: Collection[str]) -> Table:
    """Pinball of every model as a share of LightGBM's."""
    whole = {(row.site, row.model): row.measures.pinball for row in rows if row.lead == WHOLE}
    models = [m for m in dict.fromkeys(row.model for row in rows) if m.startswith(("enalysis", "persistence"))]
    caption = "pinball over LightGBM's; * the shipped model has learnt from this site: flatters"
    table = Table(title=f"{target}, site by site", caption=caption, box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("site", no_wrap=True)
    for heading in ("lightgbm %", *models):
        table.add_column(heading.removeprefix("enalysis_"), justify="right")
    for site in _sites(rows):
        base = whole.get((site, _YARDSTICK))
        if base:
            own = [whole.get((site, model)) for model in models]
            shares = ["-" if value is None else f"{value / base:.3f}" for value in own]
            table.add_row(site + (" *" if site in seen else ""), f"{base * 100:.2f}", *shares)
    return table


def _reached(site: str, rows: Sequence[Row]) -> str:
    whole = [row for row in rows if row.lead == WHOLE]
    honest = [row for row in whole if not row.model.endswith(_PERFECT)]
    mapes = [(row.measures.mape, row.model) for row in honest if row.measures.mape is not None]
    squares = [(row.measures.r2, row.model) for row in honest if row.measures.r2 is not None]
    if not mapes or not squares:
        return ""
    mape, r2 = min(mapes), max(squares)
    perfect = any(_good(row) for row in whole if row.model.endswith(_PERFECT))
    by = sorted(row.model for row in honest if _good(row))
    cells = (site, f"{mape[0] * 100:.1f}", mape[1], f"{r2[0]:.2f}", r2[1])
    return f"| {' | '.join(cells)} | {'yes' if perfect else 'no'} | {', '.join(by) or 'nobody'} |\n"


def _good(row: Row) -> bool:
    mape, r2 = row.measures.mape, row.measures.r2
    return mape is not None and r2 is not None and mape < _MAPE and r2 > _R2


def _sites(rows: Sequence[Row]) -> list[str]:
    return sorted({row.site for row in rows})
