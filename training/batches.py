"""Batches by step number for Keras's `fit`, made ahead by threads or processes."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock

import keras

from training.feeding import Batch, Feeding, MakeBatch, WaitMeter
from training.processes import Processes

IN_USE = 4  # batches that `fit` may hold beside those made ahead: one is trained on, others are on their way to the device


class StepBatches(keras.utils.PyDataset):
    """The batches of steps first to last - 1, in order, whichever worker makes them.

    Differs: Keras's own workers are not used. Its `fit` may begin to read twice, to learn shapes (JAX) or to split batches over devices
    (TensorFlow), and they then give the batches read first only later or not at all; and its processes are forked, which is not safe
    beside TensorFlow's threads.
    """

    def __init__(self, make: MakeBatch, first: int, last: int, feeding: Feeding, meter: WaitMeter) -> None:
        """Take what makes a batch (to be pickled if processes are to make it), and the span of steps."""
        super().__init__()
        self._first, self._last, self._meter, self._ahead = first, last, meter, feeding.max_queue_size
        self._processes = Processes(make, feeding.workers, self._ahead + IN_USE) if feeding.use_multiprocessing else None
        self._make, self._pool = self._processes or make, ThreadPoolExecutor(feeding.workers, thread_name_prefix="batches")
        self._pending: dict[int, Future[Batch]] = {}
        self._lock = Lock()
        self.fault: Exception | None = None  # the first that kept a batch from being made

    def __len__(self) -> int:
        """Return the number of steps."""
        return self._last - self._first

    def __getitem__(self, number: int) -> Batch:
        """Return the batch of step `first + number`, and have those after it made."""
        step = self._first + number
        with self._lock:
            for passed in [other for other in self._pending if other < step]:
                del self._pending[passed]
            for wanted in range(step, min(step + 1 + self._ahead, self._last)):
                if wanted not in self._pending:
                    self._pending[wanted] = self._pool.submit(self._make, wanted)
                    self._pending[wanted].add_done_callback(partial(self._made, wanted))
            future = self._pending[step]
        try:
            return future.result()
        except Exception as error:
            self.fault = self.fault or error
            raise

    def _made(self, step: int, future: Future[Batch]) -> None:
        if not future.cancelled():
            self._meter.made(step)

    def close(self) -> None:
        """End the workers; batches not yet begun are not made."""
        self._pool.shutdown(cancel_futures=True)
        if self._processes:
            self._processes.close()
