"""What the training reads and how it scores, without the trainer's own libraries."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.forecaster import FloatArray
from agent.forecasting.sun import clear_sky_steps
from site_data.unreadable import SitesUnreadable
from tests.forecasting.sites import CAMBRIDGE, RATED_W, regular_site
from training.scoring.measures import score, scored_origins
from training.sites.measured_site import MeasuredSite, read_sites


@dataclass
class Knowing:
    """Says what came, times ``factor``, with a band of ``band_w`` to either side."""

    truth: History
    quantity: str
    factor: float = 1.0
    band_w: float = 1.0
    name: str = "knowing"

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        values = np.array(getattr(self.truth, self.quantity), dtype=np.float64) * self.factor
        first = [self.truth.horizon.index_of(origin) for origin in origins]
        ahead = np.stack([values[index : index + steps] for index in first if index is not None])
        return ahead[:, None, :] + self.band_w * np.array([-2.0, -1.0, 0.0, 1.0, 2.0])[None, :, None]


@pytest.mark.parametrize(("factor", "wape", "cover"), [(1.0, 0.0, 1.0), (1.1, 0.1, 0.0), (0.5, 0.5, 0.0)])
@pytest.mark.parametrize("quantity", ["load_w", "pv_w"])
def test_errors_are_shares_of_what_came(quantity: str, factor: float, wape: float, cover: float) -> None:
    truth = regular_site(CAMBRIDGE, days=60, step_s=3600)
    made = score(Knowing(truth, quantity, factor, 1e-3), MeasuredSite("here", CAMBRIDGE, RATED_W, truth, None))
    assert made is not None
    assert made.wape == pytest.approx(wape, abs=1e-9)
    assert made.mape == pytest.approx(wape, abs=1e-9)
    assert made.cover_90 == pytest.approx(cover, abs=0.05)  # at dawn a thousandth of a watt is enough
    assert made.r2 == 1.0 if factor == 1.0 else made.r2 is not None and made.r2 < 1.0


def test_the_sun_is_scored_by_day_and_every_hour_gets_its_turn() -> None:
    truth = regular_site(CAMBRIDGE, days=60, step_s=3600)
    site = MeasuredSite("here", CAMBRIDGE, RATED_W, truth, None)
    origins = scored_origins(site)
    assert {second - first for first, second in pairwise(origins)} == {timedelta(hours=30)}
    assert origins[0] >= truth.horizon.start + timedelta(days=36)
    assert origins[-1] <= truth.horizon.end - timedelta(hours=48)
    lit = sum(
        int((clear_sky_steps(origin.timestamp() + 3600.0 * np.arange(48), 3600, 52.2, 0.12) > 0).sum())
        for origin in origins
    )
    made = score(Knowing(truth, "pv_w"), site)
    assert made is not None
    assert made.scored == lit


def test_a_site_without_sun_has_no_solar_score() -> None:
    horizon = Horizon(datetime(2023, 5, 1, tzinfo=UTC), 3600, 24 * 20)
    dark = History(horizon, (1.0,) * 480, (0.0,) * 480, (False,) * 480)
    assert score(Knowing(dark, "pv_w"), MeasuredSite("dark", CAMBRIDGE, 0.0, dark, None)) is None


def write_site(folder: Path, name: str, timezone: str, rows: list[str]) -> None:
    (folder / "sites").mkdir(exist_ok=True)
    described = {"lat": 34.0, "lon": -117.0, "timezone": timezone, "cadence_min": 60, "pv_kwp": 4.0}
    (folder / "sites.json").write_text(json.dumps({"sites": {name: described}}))
    with gzip.open(folder / "sites" / f"{name}.csv.gz", "wt") as file:
        file.write("\n".join(["timestamp,load_kw,pv_kw", *rows]))


def test_empty_fields_are_missing_and_kilowatts_become_watts(tmp_path: Path) -> None:
    write_site(tmp_path, "ucsd_x", "America/Los_Angeles", ["2016-08-01T07:00:00Z,0.5,", "2016-08-01T08:00:00Z,,1.5"])
    (site,) = read_sites(tmp_path)
    assert (site.history.load_w, site.history.pv_w) == ((500.0, None), (None, 1500.0))
    assert (site.rated_w, site.source) == (4000.0, None)


def test_stamps_of_a_wall_clock_become_true_utc(tmp_path: Path) -> None:
    zone = "Etc/GMT+8 (source wall clock incl. DST)"
    write_site(tmp_path, "fontana_x", zone, ["2016-11-06T08:00:00Z,1,0", "2016-11-06T10:00:00Z,2,0"])
    (site,) = read_sites(tmp_path)  # local midnight in summer time, and 02:00 after the clocks went back
    assert site.history.horizon.start == datetime(2016, 11, 6, 7, tzinfo=UTC)
    assert site.history.load_w == (1000.0, None, None, 2000.0)
    assert site.source is not None


def test_a_folder_without_sites_is_said(tmp_path: Path) -> None:
    with pytest.raises(SitesUnreadable, match=r"sites\.json cannot be read"):
        read_sites(tmp_path)
    (tmp_path / "sites.json").write_text('{"sites": {"somewhere": {}}}')
    with pytest.raises(SitesUnreadable, match="has no file of any site"):
        read_sites(tmp_path)
