"""Where the parts of a piece of work are done, as ``--cluster`` says."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console

from training.parts.part import Engine, OneMachine, WorkFailed


def add_cluster_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cluster",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="work on the Dask cluster whose scheduler is there; `local` or no address: one that is started here",
    )


@contextmanager
def engine_at(address: str | None, libraries: Sequence[str], console: Console) -> Iterator[Engine]:
    """This process where there is no address. ``libraries`` are those whose releases must be the same on each worker.

    Raises WorkFailed.
    """
    if address is None:
        yield OneMachine()
        return
    if find_spec("distributed") is None:
        raise WorkFailed(
            "--cluster: Dask is not installed; pip install 'enalysis-edge[cluster]', or leave the option out"
        )
    from training.parts.cluster import cluster  # an extra

    with cluster(address, libraries) as reached:
        many = len(reached.workers)
        console.print(f"{reached.address}, {many} worker{'' if many == 1 else 's'}", highlight=False, markup=False)
        yield reached
