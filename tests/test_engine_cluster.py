"""What the engines of clusters share, without a cluster: shards begun again, faults told, processes that keep their task."""

import pickle
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cached_property, partial
from typing import cast

import cv2
import pytest

from synthgen.engine import LostShardError, Work
from synthgen.engine.cluster import answer, spread
from synthgen.engine.ray import RayEngine
from synthgen.engine.spark import SparkEngine
from synthgen.engine.spark import _death as death_in_spark
from synthgen.errors import SynthgenError
from tests.engine_tasks import divide, fail_at, square


class Building:
    """Counts how often it had to build something before it could answer."""

    built = 0

    @cached_property
    def thing(self) -> int:
        type(self).built += 1
        return self.built

    def __call__(self, shard: int) -> tuple[int, int]:
        return shard, self.thing


def answered_by(task: Callable[[int], object], deaths: dict[int, int], shard: int) -> "Future[bytes]":
    """Return the answer of a worker of a cluster, which dies as often as `deaths` says."""
    future: Future[bytes] = Future()
    if deaths.get(shard, 0) > 0:
        deaths[shard] -= 1
        future.set_exception(ConnectionError(f"{shard} is gone"))
    else:
        future.set_result(answer(pickle.dumps(task), shard))
    return future


def gone(error: Exception) -> str | None:
    return f"was lost: {error}" if isinstance(error, ConnectionError) else None


def test_a_cluster_begins_the_shards_of_dead_workers_again() -> None:
    work = Work(range(9))
    found = spread(work, partial(answered_by, square, {0: 2, 3: 1}), lambda: 2, gone)
    assert sorted(cast("Iterator[int]", found)) == [shard * shard for shard in range(9)]
    assert work.retried == 3


def test_a_cluster_gives_a_shard_up_after_its_tries_and_yields_what_is_in_flight() -> None:
    found, begun = list[object](), list[int]()

    def begin(shard: int) -> "Future[bytes]":
        begun.append(shard)
        return answered_by(square, {1: 9}, shard)

    with pytest.raises(LostShardError, match="shard 1: a worker must live to its end, 3 did not; the last was lost: 1 is gone"):
        found.extend(spread(Work(range(99)), begin, lambda: 3, gone))
    assert found and len(begun) < 20


def test_a_cluster_has_no_more_in_flight_than_there_is_room_for() -> None:
    flight = list[Future[bytes]]()

    def begin(shard: int) -> "Future[bytes]":
        flight.append(answered_by(square, {}, shard))
        return flight[-1]

    next(spread(Work(range(99)), begin, lambda: 4, gone))
    assert len(flight) == 4


@pytest.mark.parametrize(
    ("task", "error", "message"), [(partial(fail_at, 1), SynthgenError, "font 1: broken"), (divide, ZeroDivisionError, "division by zero")]
)
def test_the_fault_of_a_task_on_a_cluster_is_raised_as_itself(task: Callable[[int], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        list(spread(Work(range(2)), partial(answered_by, task, {}), lambda: 1, gone))


def test_a_fault_of_the_cluster_that_is_no_death_is_raised() -> None:
    def begin(shard: int) -> "Future[bytes]":
        future: Future[bytes] = Future()
        future.set_exception(ValueError("the cluster is misconfigured"))
        return future

    with pytest.raises(ValueError, match="misconfigured"):
        list(spread(Work(range(2)), begin, lambda: 1, gone))


def test_a_worker_of_a_cluster_keeps_what_its_task_has_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Building, "built", 0)
    threads = cv2.getNumThreads()
    try:
        built = [pickle.loads(answer(pickle.dumps(Building()), shard))[0] for shard in range(3)]
        assert (built, cv2.getNumThreads()) == ([(0, 1), (1, 1), (2, 1)], 1)
    finally:
        cv2.setNumThreads(threads)


LOST_TASK = "An error occurred.\n: org.apache.spark.SparkException: Job aborted: Lost task 0.0 in stage 1.0 (TID 1) (1.2.3.4 executor 0): "


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (
            f"{LOST_TASK}org.apache.spark.SparkException: Python worker exited unexpectedly (crashed). Consider setting 'x'.\n\tat org",
            "Python worker exited unexpectedly (crashed)",
        ),
        (
            f"{LOST_TASK}ExecutorLostFailure (executor 0 exited) Reason: code 137\nDriver stacktrace:",
            "ExecutorLostFailure (executor 0 exited) Reason: code 137",
        ),
        ("connection lost", "Gone"),
    ],
)
def test_what_spark_says_of_a_death_is_told(said: str, how: str) -> None:
    assert death_in_spark(spark_error(said)) == f"or its executor died ({how})"


def test_a_node_of_spark_without_synthgen_is_an_error() -> None:
    said = ": org.apache.spark.api.python.PythonException: Traceback\n  File x\nModuleNotFoundError: No module named 'synthgen'\n\tat org"
    with pytest.raises(
        SynthgenError, match=r"need synthgen on each node, as here; one says ModuleNotFoundError: .* 'synthgen'; install it"
    ):
        death_in_spark(spark_error(said))
    assert death_in_spark(ValueError("ours")) is None


def spark_error(said: str) -> Exception:
    kind: type[Exception] = type("Gone", (Exception,), {"__module__": "py4j.protocol"})
    return kind(said)


@pytest.mark.parametrize("name", ["ray", "spark"])
def test_an_engine_whose_package_is_missing_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = {"ray": "ray", "spark": "pyspark"}[name]
    monkeypatch.setitem(sys.modules, package, None)
    engine = RayEngine if name == "ray" else SparkEngine
    with pytest.raises(SynthgenError, match=rf"--engine {name}: need the package {package}, got none; pip install 'synthgen\[{name}\]'"):
        engine()


@pytest.mark.parametrize("address", ["", "nowhere", "host:port", "ray://host", "10.0.0.1"])
def test_an_address_that_cannot_be_one_is_told_before_anything_is_begun(address: str) -> None:
    with pytest.raises(SynthgenError, match=rf"^--address {address}: need HOST:PORT, ray://HOST:PORT or auto; mend the address$"):
        RayEngine(address)


@pytest.mark.parametrize("address", ["auto", "[::1]:6379", "vendor://cluster"])
def test_other_addresses_are_left_to_ray(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SynthgenError, match="need the package ray"):
        RayEngine(address)
