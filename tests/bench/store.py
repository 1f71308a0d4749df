"""Flash wear: what an hour of recording writes, and how often it forces the disk."""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from agent.domain.wire import to_json
from tests.bench.children import ROOT, output_of
from tests.bench.figures import Figure, Samples
from tests.bench.site import planned

GOAL = 1.5
HOURS = 12  # enough for a few checkpoints of the write-ahead log
FOLDER = ROOT / "bench-out"  # on the disk that holds the project; /tmp may be memory
APPEND = "append + fdatasync of the same rows as JSON"
RECORDER = "with the picture for `status`, 4 plans, an acknowledgement a minute, upkeep"
_TOTAL = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(?:fsync|fdatasync)$", re.MULTILINE)


def measure(rounds: int = 3) -> list[Figure]:
    """Bytes and syncs of an hour: 50 points at 1 Hz, folded to minute rows, one commit a minute."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="store-", dir=FOLDER) as name:
        folder = Path(name)
        folder.joinpath("plan.json").write_text(to_json(planned().plan), "utf-8")
        runs = [{kind: _run(folder, kind) for kind in ("append", "rows", "daemon")} for _ in range(rounds)]
        syncs = {kind: _syncs(folder, kind) for kind in ("append", "rows", "daemon")}
    append, rows, daemon = (_per_hour(runs, kind, "own") for kind in ("append", "rows", "daemon"))
    note = f"mean of {HOURS} h, by write_bytes of the process"
    figures = [
        Figure("store, bytes written an hour, minute rows", "kB/h", rows, append, APPEND, GOAL, note),
        Figure("store, bytes written an hour by the recorder", "kB/h", daemon, append, APPEND, note=RECORDER),
    ]
    if runs[0]["append"]["device"] is not None:
        append, rows, daemon = (_per_hour(runs, kind, "device") for kind in ("append", "rows", "daemon"))
        note = "sectors of the disk, the file system's journal and all other processes included"
        figures += [
            Figure("store, device writes an hour, minute rows", "kB/h", rows, append, APPEND, GOAL, note),
            Figure("store, device writes an hour by the recorder", "kB/h", daemon, append, APPEND),
        ]
    return figures + _sync_figures(syncs)


def _run(folder: Path, kind: str, *before: str) -> dict[str, float | None]:
    """One run in a process of its own, on a new file."""
    command = [sys.executable, "-m", "tests.bench.store_hours", kind, str(folder), str(HOURS)]
    told: dict[str, float | None] = json.loads(output_of([*before, *command, str(folder / "plan.json")]))
    for file in folder.glob(f"{kind}.written*"):
        file.unlink()
    return told


def _per_hour(runs: list[dict[str, dict[str, float | None]]], kind: str, count: str) -> Samples:
    return Samples(tuple((run[kind][count] or 0.0) / HOURS / 1000.0 for run in runs))


def _syncs(folder: Path, kind: str) -> float | None:
    """Calls of fsync and fdatasync an hour, or None without strace."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    counts = folder / "syncs.txt"
    _run(folder, kind, strace, "-c", "-f", "-e", "trace=fsync,fdatasync", "-o", str(counts))
    return sum(int(calls) for calls in _TOTAL.findall(counts.read_text("utf-8"))) / HOURS


def _sync_figures(syncs: dict[str, float | None]) -> list[Figure]:
    append, rows, daemon = (syncs[kind] for kind in ("append", "rows", "daemon"))
    if append is None or rows is None or daemon is None:
        return []
    floor = Samples((append,))
    return [
        Figure("store, syncs an hour, minute rows", "calls/h", Samples((rows,)), floor, APPEND, note="by strace"),
        Figure("store, syncs an hour by the recorder", "calls/h", Samples((daemon,)), floor, APPEND),
    ]
