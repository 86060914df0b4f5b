"""Rows by group, at random: shards of any size with bounded memory, local or in object storage."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Group = TypeVar("Group")


class GroupCache(Generic[Group]):
    """The groups last used, each loaded once however many threads ask for it at a time; pickled without them."""

    def __init__(self, load: Callable[[int], Group], most: int) -> None:
        """Keep up to `most` groups that `load` returns."""
        self._load, self._most = load, most
        self._held: OrderedDict[int, Future[Group]] = OrderedDict()
        self._lock = Lock()

    def get(self, number: int) -> Group:
        """Return group `number`, from memory or loaded by this thread; an error of `load` is raised to all who wait for it."""
        with self._lock:
            future = self._held.get(number)
            mine = future is None
            if future is None:
                future = self._held[number] = Future()
            self._held.move_to_end(number)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        if mine:
            try:
                future.set_result(self._load(number))
            except Exception as error:  # noqa: BLE001 # whatever it is goes to all who wait
                with self._lock:
                    self._held.pop(number, None)  # the next to ask tries again
                future.set_exception(error)
        return future.result()

    def __getstate__(self) -> tuple[Callable[[int], Group], int]:
        """Return what another process needs to load for itself."""
        return self._load, self._most

    def __setstate__(self, state: tuple[Callable[[int], Group], int]) -> None:
        """Begin empty."""
        self.__init__(*state)  # type: ignore[misc]
