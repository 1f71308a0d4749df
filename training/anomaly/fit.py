"""Fits the anomaly detector, says how often it is right and writes it with its card."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track

from agent.adapters.models.onnx_detector import DetectorCard, open_detector
from site_data.unreadable import SitesUnreadable
from training.anomaly.card import detector_card, write_detector
from training.anomaly.effect import effects
from training.anomaly.forest import fit_forests, to_onnx
from training.anomaly.measures import detection, false_alarms
from training.anomaly.rows import anomaly_rows
from training.anomaly.tables import print_tables
from training.sites.measured_site import MeasuredSite

NAME = "anomaly"
HELD_OUT = frozenset({"ucam_b41", "fontana_h09"})
SEEN_SHARE = 0.6
"""Of a site that is learnt from; the rest is a late period that is kept out."""


def fit_detector(sites: Sequence[MeasuredSite], out: Path, seed: int, console: Console) -> DetectorCard:
    """Fit, measure, print and write to ``out/anomaly``. The rates are those of the very model that is written.

    Raises SitesUnreadable when no site may be learnt from, and OSError.
    """
    known = [site for site in sites if site.source is not None and site.name not in HELD_OUT]
    if not known:
        raise SitesUnreadable("no site may be learnt from: the detector needs one whose licence allows any use")
    unknown = [site for site in sites if site not in known]
    out.mkdir(parents=True, exist_ok=True)
    rows = anomaly_rows(track(known, "learning what is usual", console=console), SEEN_SHARE, seed)
    forests = fit_forests(rows.steps, rows.days, seed)
    content = to_onnx(forests)
    card = detector_card(NAME, content, forests, rows, known, seed)
    write_detector(out / NAME, content, card)
    detector = open_detector(out / NAME)
    late = [*((site, 0.0) for site in unknown), *((site, SEEN_SHARE) for site in known)]
    alarms = [false_alarms(site, detector, site in known) for site in track(sites, "false alarms", console=console)]
    rates = detection(track(late, "injected trouble", console=console), detector, seed)
    card = replace(card, false_alarms=tuple(alarms), detection=rates)
    write_detector(out / NAME, content, card)
    harm = effects(track(unknown, "effect on forecasts", console=console), detector, seed)
    print_tables(card, harm, console)
    return card
