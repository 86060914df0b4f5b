"""How numbered tasks are spread over processors or machines."""

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

from synthgen.errors import SynthgenError

T = TypeVar("T")
TRIES = 3  # of a shard: one death may be another program's fault, three of one shard are its own

log = logging.getLogger(__name__)


class Engine(Protocol):
    """Whatever runs a task for each shard number."""

    @property
    def retried(self) -> int:
        """How often a shard was begun again because a worker died."""
        ...

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as they finish; closing the generator ends what still runs.

        `task` is pickled once a worker and may keep what it builds; it may run twice for a shard, so the second time must do no harm.

        Raises:
            LostShardError: the workers of one shard died, TRIES times; those that were in flight with it have been yielded.
        """
        ...


class LostShardError(SynthgenError):
    """A shard that no worker lived to finish."""

    def __init__(self, shard: int, how: str, cure: str) -> None:
        """Take the shard, how its last worker died, and what may help."""
        rule = f"a worker must live to its end, {TRIES} did not; the last {how}"
        super().__init__(f"shard {shard}: {rule}; what is finished is kept: render and export go on with --resume; {cure}")
        self.shard = shard


class Work:
    """The shards of one map that are still to be begun; those whose workers died come again, TRIES times in all."""

    def __init__(self, shards: Iterable[int]) -> None:
        self.retried = 0
        self._todo, self._again = iter(shards), list[int]()
        self._deaths = Counter[int]()
        self._lost: LostShardError | None = None

    def next(self) -> int | None:
        """Return a shard to begin; None if there is no more, or if one is lost, so that the run ends once those in flight are done."""
        if self._lost is not None:
            return None
        return self._again.pop() if self._again else next(self._todo, None)

    def died(self, shard: int, how: str, cure: str) -> None:
        """Take back a shard whose worker died."""
        self._deaths[shard] += 1
        if self._deaths[shard] < TRIES and self._lost is None:
            log.warning("shard %s: its worker %s; begun again, try %d of %d", shard, how, self._deaths[shard] + 1, TRIES)
            self.retried += 1
            self._again.append(shard)
        elif self._lost is None:
            self._lost = LostShardError(shard, how, cure)
        else:
            log.warning("shard %s: its worker %s; left to --resume, as another shard is lost", shard, how)

    def end(self) -> None:
        """Say that nothing is in flight any more.

        Raises:
            LostShardError: a shard was lost.
        """
        if self._lost is not None:
            raise self._lost
