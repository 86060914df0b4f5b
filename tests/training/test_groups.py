import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest

from training.groups import GroupCache


class Counted:
    """Loads slowly and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.lock = Lock()

    def __call__(self, number: int) -> int:
        with self.lock:
            self.asked.append(number)
        time.sleep(0.02)
        return number * 10


def square(number: int) -> int:
    return number**2


def test_threads_that_ask_at_once_load_a_group_once() -> None:
    load = Counted()
    cache = GroupCache(load, 4)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(cache.get, [1, 2] * 8)) == [10, 20] * 8
    assert sorted(load.asked) == [1, 2]


def test_the_group_used_longest_ago_goes_first() -> None:
    load = Counted()
    cache = GroupCache(load, 2)
    for number in (1, 2, 1, 3, 1, 2):
        cache.get(number)
    assert load.asked == [1, 2, 3, 2]


def test_a_group_that_failed_is_tried_again_and_the_fault_is_told() -> None:
    faults = [OSError("gone"), None]

    def load(number: int) -> int:
        if fault := faults.pop(0):
            raise fault
        return number

    cache = GroupCache(load, 2)
    with pytest.raises(OSError, match="gone"):
        cache.get(5)
    assert cache.get(5) == 5


def test_another_process_gets_a_cache_of_its_own() -> None:
    cache = GroupCache(square, 2)
    cache.get(3)
    assert pickle.loads(pickle.dumps(cache)).get(4) == 16
