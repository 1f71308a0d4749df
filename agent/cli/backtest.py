"""`enalysis-edge backtest`: measured sites or the site's own history, played again under each policy."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.ending import FAILED, ending_at_once, load_pictures
from agent.cli.site_command import by_site_file

if TYPE_CHECKING:
    from agent.settings.schema import Settings


def add_arguments(parser: ArgumentParser) -> None:
    """What to play, by which policies and prices, and where the figures go."""
    played = parser.add_mutually_exclusive_group(required=True)
    played.add_argument("--data", type=Path, metavar="DIR", help="folder with sites.json and sites/*.csv.gz")
    played.add_argument("--config", type=Path, metavar="FILE", help="site file: play the history of its store")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="figures; taken up where they end")
    parser.add_argument("--sites", metavar="A,B", help="only these sites of the folder")
    parser.add_argument("--policies", metavar="P,Q", help="only these policies")
    parser.add_argument("--export-price", type=float, metavar="X", help="per kWh; without it 0 or the site's own")
    parser.add_argument("--demand-charge", type=float, default=0.0, metavar="X", help="per kW of a month's peak")
    minutes = "minutes over which its import is averaged"
    parser.add_argument("--demand-interval", type=int, choices=(15, 30, 60), default=60, help=minutes)
    parser.add_argument("--carbon-weight", type=float, metavar="W", help="0 to below 1; money weighs the rest of 1")
    parser.add_argument("--carbon-value", type=float, metavar="V", help="what a kg CO2 is worth, with the weight")
    parser.add_argument("--days", type=float, metavar="N", help="only the last N days of the test period")
    parser.add_argument("--step", type=int, choices=(3600, 900), default=3600, help="seconds a step of the plan")
    rows = "seconds over which import and export are netted; as --step where it is not given"
    parser.add_argument("--settle", type=int, choices=(3600, 900, 60), help=rows)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="sites played at the same time")
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of exported models")
    parser.add_argument("--no-pictures", action="store_true", help="figures alone")


def run(asked: Namespace) -> int:
    """0 good, 1 a site that could not be played, 2 a wrong command line or file, 130 stopped."""
    return _backtest(None, asked) if asked.config is None else by_site_file(asked, _backtest)


def _backtest(settings: "Settings | None", asked: Namespace) -> int:
    from agent.cli.terminal import terminal

    try:
        with ending_at_once():  # HiGHS would take Ctrl-C for a failure of its own
            from agent.cli.play_sites import backtest
            from agent.planning.highs import library

            library()
    except ImportError as error:  # numpy, HiGHS or onnxruntime: what is installed does not fit this machine
        print(f"nothing can be planned: a library cannot be loaded: {error}", file=sys.stderr)
        return FAILED
    if not asked.no_pictures:
        load_pictures()
    return backtest(asked, settings, terminal(120))
