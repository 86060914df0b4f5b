"""The processors of a Spark cluster. Needs `synthgen[spark]` and Java."""

import pickle
import re
import sys
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast

from synthgen.engine import Work
from synthgen.engine.cluster import answer, spread
from synthgen.errors import SynthgenError

T = TypeVar("T")
JAVA = "apt-get install -y --no-install-recommends openjdk-17-jre-headless"
LOST = re.compile(
    r"Lost task .*?executor \w+\): (?:[\w.]+: )?(.*?)(?:\.? Consider setting .*)?$", re.MULTILINE
)  # Spark's own words for why
RAISED = re.compile(r"^\w+(?:Error|Exception)\b.*$", re.MULTILINE)  # last line of a traceback
THREADS = 1024  # shards at a time, at most: each job of Spark has a thread here that waits for it
SHOWN = 200  # characters of it
SETTINGS = {
    "spark.app.name": "synthgen",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",  # we show our own
    "spark.task.maxFailures": "1",  # we begin shards again ourselves, and count it
    "spark.python.worker.reuse": "true",  # a worker process keeps its renderer from one shard to the next
}


class SparkEngine:
    """Runs tasks on a Spark cluster, one shard a core, each a job of its own; a shard whose executor dies is begun again elsewhere."""

    def __init__(self, address: str | None = None, most: int = 0) -> None:
        """Take the master's URL, None for what spark-submit says or else this machine; `most`: shards at a time, 0 for one a core.

        Raises:
            SynthgenError: Spark is not installed.
        """
        try:
            import pyspark
        except ModuleNotFoundError as error:
            raise SynthgenError("--engine spark: need the package pyspark, got none; pip install 'synthgen[spark]'") from error
        self._spark, self._address, self._most = pyspark, address, most
        self.retried = 0

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as they finish; closing the generator ends what still runs.

        Raises:
            SynthgenError: Spark does not start, or no cluster answers at the address.
            LostShardError: see `Engine`.
        """
        context, work, one = self._context(), Work(shards), partial(answer, pickle.dumps(task))

        def room() -> int:
            return min(self._most or max(int(context.defaultParallelism), 1), THREADS)  # executors may come while it goes on

        def answered(shard: int) -> bytes:
            return cast("bytes", context.parallelize([shard], 1).map(one).collect()[0])

        try:
            with ThreadPoolExecutor(THREADS) as pool:

                def begin(shard: int) -> "Future[bytes]":
                    return pool.submit(answered, shard)

                try:
                    for result in spread(work, begin, room, _death):
                        yield cast("T", result)
                finally:
                    context.cancelAllJobs()  # so that the threads end
        finally:
            self.retried += work.retried
            context.stop()

    def _context(self) -> Any:  # noqa: ANN401  # pyspark is not looked into by mypy
        settings = self._spark.SparkConf()
        for name, value in SETTINGS.items():
            settings.setIfMissing(name, value)
        if self._address:
            settings.setMaster(self._address)
        settings.setIfMissing("spark.master", "local[*]")
        try:
            context = self._spark.SparkContext(conf=settings)
        except Exception as error:  # py4j and pyspark raise many types when Java is missing or the master is
            cause = str(error).strip().split("\n")[0]
            needs = f"it needs Java 17 ({JAVA}) and a --address that is right"
            raise SynthgenError(f"--engine spark: cannot start Spark: {cause}; {needs}") from error
        context.setLogLevel("OFF")  # what goes wrong comes back to us, and is told once
        if context.master.startswith("local") and context.pythonExec == "python3":  # Spark's default, where PYSPARK_PYTHON says nothing
            context.pythonExec = sys.executable
        return context


def _death(error: Exception) -> str | None:
    """Return how the worker died that Spark reports in this way.

    Raises:
        SynthgenError: Python could not even begin there: what a task raises comes as its answer.
    """
    if not type(error).__module__.startswith(("py4j", "pyspark")):
        return None
    told = str(error)
    if "PythonException" in told:
        raise SynthgenError(
            f"--engine spark: need synthgen on each node, as here; one says {(RAISED.findall(told) or ['nothing'])[-1]}; install it there"
        )
    lost = LOST.search(told)
    return f"or its executor died ({lost[1][:SHOWN] if lost else type(error).__name__})"
