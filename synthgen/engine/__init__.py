"""How numbered tasks are spread over processors or machines."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Engine(Protocol):
    """Whatever runs a task for each shard number."""

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as they finish; closing the generator ends what still runs.

        `task` is pickled once a worker and may keep what it builds; it may run twice for a shard, so the second time must do no harm.
        """
        ...
