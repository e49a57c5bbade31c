"""The same batches on a Dask cluster: plain functions, files named by paths that its workers can see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from gaplisten import __version__
from gaplisten.batch.run import IN_FLIGHT_PER_SLOT, Workers
from gaplisten.errors import GaplistenError

_CONNECT_SECONDS = 15
_PROBED = 25


class ClusterError(GaplistenError):
    """A cluster that cannot be reached, or that cannot see the files."""


def probe_worker(paths: Sequence[str]) -> tuple[str, list[str]]:
    """Return our version on the worker, and which of the paths it cannot see."""
    return __version__, [path for path in paths if not Path(path).exists()]


class ClusterWorkers(Workers):
    """A Dask cluster's `concurrent.futures` executor.

    Parameters
    ----------
    address
        Of the scheduler, e.g. ``tcp://10.0.0.5:8786``.
    seconds
        Time limit of one item, if there is one. Dask cannot kill what a worker does, and does not say when it
        begins: an item is given up after as many times the limit as there are items waiting at each core.

    Raises
    ------
    ClusterError
        If ``distributed`` is not installed, nobody answers, there are no workers or they lack Gaplisten.
    """

    def __init__(self, address: str, seconds: float | None = None) -> None:
        self.address = address
        self.patience = None if seconds is None else IN_FLIGHT_PER_SLOT * seconds
        self._client = _connect(address)
        cores = sum(self._client.nthreads().values())
        if not cores:
            self._client.close()
            raise ClusterError(address, "the cluster has no workers", f"start some: dask worker {address}")
        self.slots = cores
        self._executor = self._client.get_executor(pure=False, retries=2)

    def check(self, paths: Iterable[Path]) -> None:
        """Make sure that every worker has this Gaplisten and sees the files (a sample of many).

        Raises
        ------
        ClusterError
            Naming the worker and the first path that it cannot see.
        """
        named = [str(path.resolve()) for path in paths]
        sample = named[:: max(len(named) // _PROBED, 1)]
        try:
            answers = self._client.run(probe_worker, sample)
        except Exception as error:
            fact = f"its workers cannot run Gaplisten ({type(error).__name__}: {error})"
            raise ClusterError(
                self.address, fact, f"install gaplisten {__version__} where they run"
            ) from error
        for worker, (version, unseen) in answers.items():
            if version != __version__:
                raise ClusterError(worker, f"runs Gaplisten {version}", f"install {__version__} there")
            if unseen:
                fact = f"cannot see {unseen[0]}" + (f" (nor {len(unseen) - 1} others)" if unseen[1:] else "")
                raise ClusterError(worker, fact, "use a folder that all workers mount at the same path")

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start the work somewhere on the cluster."""
        running: Future[Any] = self._executor.submit(work, *arguments)
        return running

    def reason(self, error: BaseException) -> str:
        """Return in words why a future failed."""
        return f"failed on the cluster: {type(error).__name__}: {error}"

    def close(self, *, at_once: bool = False) -> None:
        """Leave the cluster; it goes on without us."""
        self._executor.shutdown(wait=not at_once)
        self._client.close()


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        way_out = "install gaplisten[cluster], or run without --cluster"
        raise ClusterError(address, "the package distributed is not installed", way_out) from error
    if not re.fullmatch(r"(tcp|tls|ucx|wss?)://.+:\d+", address):  # others leave a client half made
        raise ClusterError(address, "is no scheduler's address", "give one such as tcp://10.0.0.5:8786")
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except Exception as error:
        fact = f"no cluster answers ({type(error).__name__}: {error})"
        raise ClusterError(address, fact, "check the address and that the scheduler runs") from error
