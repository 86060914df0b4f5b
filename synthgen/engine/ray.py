"""The processors of a Ray cluster. Needs `synthgen[ray]`."""

import pickle
import re
import socket
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

from synthgen.engine import Work
from synthgen.engine.cluster import answer, spread
from synthgen.errors import SynthgenError

T = TypeVar("T")
PLACE = re.compile(r"(?:ray://)?([^:/]+):(\d+)")
OTHER = re.compile(r"auto|local|\[.+\]:\d+|(?!ray:)\w+://.+")  # what else Ray takes: names of its own, IPv6, clusters of vendors
CONNECT_S = 10.0
END_WAIT_S = 10.0  # a task that is cancelled ends between two instructions of Python, and removes its scratch file


class RayEngine:
    """Runs tasks on a Ray cluster, one shard a processor; a shard whose worker or node dies is begun again elsewhere.

    Ray's tasks rather than actors: a worker process goes on to the next task and so keeps its renderer all the same, and a node that
    joins later, even one that Ray starts because shards are waiting, is used at once.
    """

    def __init__(self, address: str | None = None, most: int = 0) -> None:
        """Take the address of a cluster, None for the one Ray finds or else starts here; `most`: shards at a time, 0 for all it can.

        Raises:
            SynthgenError: Ray is not installed, the address is none, or nothing answers there.
        """
        if address is not None and not (PLACE.fullmatch(address) or OTHER.fullmatch(address)):
            raise SynthgenError(f"--address {address}: need HOST:PORT, ray://HOST:PORT or auto; mend the address")
        try:
            import ray
        except ModuleNotFoundError as error:
            raise SynthgenError("--engine ray: need the package ray, got none; pip install 'synthgen[ray]'") from error
        self._ray, self._address, self._most = ray, address, most
        self.retried = 0
        if place := PLACE.fullmatch(address or ""):  # at once, where Ray would try for minutes, and late
            try:
                socket.create_connection((place[1], int(place[2])), CONNECT_S).close()
            except OSError as error:
                raise self._absent(error) from error

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as they finish; closing the generator ends what still runs.

        Raises:
            SynthgenError: no cluster answers at the address.
            LostShardError: see `Engine`.
        """
        ray, work, refs = self._ray, Work(shards), dict[Future[bytes], Any]()
        own = self._connect()
        try:
            pickled = ray.put(pickle.dumps(task))  # once a node, not once a shard
            remote = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(answer)

            def begin(shard: int) -> "Future[bytes]":
                for done in [future for future in refs if future.done()]:
                    del refs[done]
                ref = remote.remote(pickled, shard)
                future: Future[bytes] = ref.future()
                refs[future] = ref
                return future

            for result in spread(work, begin, self._room, self._death):
                yield cast("T", result)
        finally:
            self.retried += work.retried
            self._end([ref for future, ref in refs.items() if not future.done()], own=own)

    def _connect(self) -> bool:
        """Join the cluster; return whether it was we who did."""
        if self._ray.is_initialized():
            return False
        try:
            self._ray.init(address=self._address, logging_level="warning", include_dashboard=None if self._address else False)
        except (OSError, ValueError, RuntimeError) as error:
            raise self._absent(error) from error
        return True

    def _absent(self, error: Exception) -> SynthgenError:
        return SynthgenError(f"--address {self._address}: need a Ray cluster, got none: {error}; start it, or mend the address")

    def _room(self) -> int:
        """Return how many shards may be in flight: twice the processors, so that each has its next one and Ray sees whether to grow."""
        return self._most or max(2 * int(self._ray.cluster_resources().get("CPU", 1)), 2)

    def _death(self, error: Exception) -> str | None:
        """Return how the worker died that Ray reports in this way.

        Raises:
            SynthgenError: Python could not even begin there: what a task raises comes as its answer.
        """
        faults = self._ray.exceptions
        if isinstance(error, faults.OutOfMemoryError):
            return "was killed for want of memory"
        if isinstance(error, faults.RayTaskError):
            told = str(error).strip().splitlines()[-1]
            raise SynthgenError(f"--engine ray: need synthgen on each node, as here; one says {told}; install it there") from error
        if isinstance(error, faults.TaskCancelledError) or not isinstance(error, faults.RayError):
            return None
        return f"or its node died ({type(error).__name__})"

    def _end(self, refs: list[Any], *, own: bool) -> None:
        """End what still runs, first so that it can tidy up."""
        for force in (False, True):
            for ref in refs:
                self._ray.cancel(ref, force=force)
            if refs:
                refs = self._ray.wait(refs, num_returns=len(refs), timeout=END_WAIT_S)[1]
        if own:
            self._ray.shutdown()
