"""Parts done by the workers of a Dask cluster (https://distributed.dask.org), which is imported only here.

Dask does again what was on a worker that died, elsewhere, and what only that worker had; every part's answer is the
same again. An answer that has come here is not needed from a worker any more.
"""

import logging
import signal
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from distributed import Client, Future, KilledWorker, LocalCluster, Worker, WorkerPlugin, get_worker, wait

from training.parts.part import Answer, Part, WorkFailed
from training.parts.releases import differences, releases

CONNECT_S, WORKERS_S = 10, 30
_LOOK_S = 2.0
_PATIENCE = 30  # looks without any worker
LOCAL = "local"
LOOPBACK = "127.0.0.1:0"


class Cluster:
    """Workers that are as ``needed``."""

    def __init__(self, client: Client, needed: dict[str, str]) -> None:
        self.address = str(client.scheduler.address)
        self._client, self._needed = client, needed
        self._kept: WeakKeyDictionary[Part[Any], Future] = WeakKeyDictionary()
        self._run = uuid.uuid4().hex[:8]
        self._parts = 0

    @property
    def workers(self) -> list[str]:
        """Their addresses."""
        return sorted(self._client.scheduler_info(n_workers=-1)["workers"])

    def results(self, parts: Sequence[Part[Answer]]) -> Iterator[tuple[int, Answer]]:
        waiting = {self._future(part): index for index, part in enumerate(parts)}
        try:
            while waiting:
                for future in self._done(list(waiting)):
                    index = waiting.pop(future)
                    answer = self._answer(future, parts[index].name)
                    if not parts[index].shared:
                        future.release()  # what has come here is not made again when its worker dies
                    yield index, answer
        finally:
            if waiting and self._client.status == "running":
                self._client.cancel(list(waiting))

    def _future(self, part: Part[Any]) -> Future:
        if part in self._kept:
            return self._kept[part]
        arguments = [self._future(each) if isinstance(each, Part) else each for each in part.arguments]
        self._parts += 1
        key = f"{part.name}-{self._run}-{self._parts}"
        future = self._client.submit(_on_worker, part.name, self._needed, part.function, *arguments, key=key)
        if part.shared:
            self._kept[part] = future
        return future

    def _done(self, waiting: list[Future]) -> list[Future]:
        """At least one. Raises WorkFailed when there has been no worker for long."""
        alone = 0
        while True:
            try:
                with self._client.as_current():
                    return list(wait(waiting, timeout=_LOOK_S, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                alone = 0 if self._reached() and self.workers else alone + 1
            except CancelledError:
                return [future for future in waiting if future.cancelled()] or waiting[:1]
            if alone > _PATIENCE:
                raise WorkFailed(f"--cluster {self.address}: no worker is left for {_LOOK_S * alone:.0f} s")

    def _reached(self) -> bool:
        """Raises WorkFailed when the scheduler has gone."""
        if self._client.status != "running":
            raise WorkFailed(f"--cluster {self.address}: the scheduler has gone")
        return True

    def _answer(self, future: Future, name: str) -> Any:
        try:
            return future.result()
        except KilledWorker as error:
            last = f", {error.last_worker.address} last" if error.last_worker else ""
            raise WorkFailed(f"{name} failed: each worker that did it died{last}; of lack of memory perhaps") from None
        except (CancelledError, OSError):
            raise WorkFailed(f"--cluster {self.address}: the scheduler has gone, {name} was not done") from None


class _LeaveInterrupts(WorkerPlugin):  # type: ignore[misc]  # the library has no types
    """The workers that are started here leave Ctrl-C to this process, which ends them."""

    def setup(self, worker: Worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def cluster(address: str, libraries: Sequence[str]) -> Iterator[Cluster]:
    """The cluster at the address of its scheduler; LOCAL starts one here, a worker process a core, that ends with it.

    Raises WorkFailed when it cannot be reached, has no worker, or a worker has other releases or code.
    """
    for name in ("distributed", "distributed.client", "distributed.scheduler", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said once, by us
    if address == LOCAL:
        started = LocalCluster(threads_per_worker=1, dashboard_address=LOOPBACK, silence_logs=logging.CRITICAL)
        with started, Client(started, set_as_default=False) as client:
            client.register_plugin(_LeaveInterrupts())
            yield _checked(client, address, libraries)
        return
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise WorkFailed(
            f"--cluster {address}: no Dask scheduler can be reached there ({_reason(error)}); "
            "`dask scheduler` starts one and says its address"
        ) from error
    with client:
        yield _checked(client, address, libraries)


def _checked(client: Client, address: str, libraries: Sequence[str]) -> Cluster:
    needed = releases(("dask", "distributed", *libraries))
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise WorkFailed(f"--cluster {address}: it has no worker; `dask worker {address}` starts one") from error
    for place, other in client.run(differences, needed, on_error="return").items():
        if isinstance(other, Exception):
            raise WorkFailed(
                f"--cluster {address}: the worker {place} cannot do our work ({_reason(other)}); it needs the same "
                "enalysis-edge[train,cluster] as this machine"
            )
        if other:
            raise WorkFailed(f"--cluster {address}: the worker {place} would make other models: {other}")
    return Cluster(client, needed)


def _on_worker(name: str, needed: dict[str, str], function: Any, *arguments: Any) -> Any:
    """Errors cross to the other machine by their sentence alone."""
    try:
        if other := differences(needed):
            raise WorkFailed(f"it came later and would make other models: {other}")
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 whatever it is, its sentence is said where the work was asked for
        raise WorkFailed(f"{name} failed on {get_worker().address}: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    said = (str(error).splitlines() or [""])[0]
    plain = isinstance(error, OSError | WorkFailed) or type(error).__module__.partition(".")[0] in (
        "agent",
        "site_data",
    )
    return said if said and plain else f"{type(error).__name__}: {said}" if said else type(error).__name__
