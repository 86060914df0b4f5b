"""Where photos wait and are read: a bound on how many are inside, and a few threads."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from extractor.serve.limits import Limits
from extractor.serve.refusal import HUNG_UP, RefusedError

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Desk:
    """A bounded queue before `workers` threads; its methods are called in the event loop alone, and only tasks run in threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._taken = 0  # places of requests, and of work that goes on for nobody
        self._jobs: set[Future[Any]] = set()  # that have not ended
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="extract")

    @property
    def working(self) -> int:
        """Tasks in a thread."""
        return sum(job.running() for job in list(self._jobs))  # a copy: threads take theirs out when they end

    @property
    def waiting(self) -> int:
        """Requests inside that are still sending, or wait for a thread."""
        return max(self._taken - self.working, 0)

    @property
    def full(self) -> bool:
        """Whether the next request will be refused."""
        return self._taken >= self.limits.places

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            RefusedError: 503, all are taken.
        """
        if self.full:
            told = f"queue: need a free place, all {self.limits.places:,} are taken; try again in a moment"
            raise RefusedError(503, "queue_full", told)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Have `task` run by the next free thread."""
        job = self._pool.submit(task)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job

    async def work(self, task: Callable[[], T], gone: Coroutine[object, object, None], seconds: float) -> T:
        """Return what `task` comes to in a thread, whose turn it waits for, unless `gone` ends or `seconds` pass before.

        A thread cannot be stopped: work that is under way then goes on, and keeps its place until it ends.

        Raises:
            RefusedError: what `task` raised; 504, not in time; 499, the client is gone; 503, the server ends; 500, its own fault, logged.
        """
        job = self.submit(task)
        answer, left = asyncio.wrap_future(job), asyncio.ensure_future(gone)
        both: set[asyncio.Future[Any]] = {answer, left}
        try:
            done, _ = await asyncio.wait(both, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
            if answer in done:
                return _outcome(answer)
            if left in done:
                raise RefusedError(HUNG_UP, "hung_up", "client: hung up before its answer")
            told = f"--timeout: need an answer within {self.limits.timeout_s:g} s, got none; send a smaller photo, or try again later"
            raise RefusedError(504, "timeout", told)
        finally:
            left.cancel()
            answer.cancel()
            self._let_go(job)

    async def close(self) -> None:
        """Wait for what is under way; what waits is not begun."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def _let_go(self, job: "Future[T]") -> None:
        if job.cancel() or job.done():
            return
        self._taken += 1
        loop = asyncio.get_running_loop()
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free))

    def _free(self) -> None:
        self._taken -= 1


def _outcome(answer: "asyncio.Future[T]") -> T:
    if answer.cancelled():
        raise RefusedError(503, "ending", "server: it ends, and this photo was not begun; send it to another, or later")
    fault = answer.exception()
    if fault is None:
        return answer.result()
    if isinstance(fault, RefusedError):
        raise fault
    logger.error("a photo could not be read", exc_info=fault)
    raise RefusedError(500, "internal", "server: it failed on this photo, and its log says how; send another") from fault
