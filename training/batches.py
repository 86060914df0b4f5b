"""Batches by step number for Keras's `fit`, made ahead by threads or processes."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import keras

from training.feeding import Batch, Feeding, MakeBatch, WaitMeter


class StepBatches(keras.utils.PyDataset):
    """The batches of steps first to last - 1, in order, whichever worker makes them."""

    def __init__(self, make: MakeBatch, first: int, last: int, feeding: Feeding, meter: WaitMeter) -> None:
        """Take what makes a batch (to be pickled if processes are to make it), and the span of steps."""
        # Keras would fork its processes, which is not safe beside TensorFlow's threads: its threads hand the work to spawned ones
        super().__init__(workers=max(feeding.workers, 1), use_multiprocessing=False, max_queue_size=feeding.max_queue_size)
        self._make, self._first, self._last, self._meter = make, first, last, meter
        self._pool = _spawned(feeding.workers) if feeding.use_multiprocessing else None
        self.fault: Exception | None = None  # the first that kept a batch from being made

    def __len__(self) -> int:
        """Return the number of steps."""
        return self._last - self._first

    def __getitem__(self, number: int) -> Batch:
        """Return the batch of step `first + number`."""
        step = self._first + number
        try:
            batch = self._pool.submit(self._make, step).result() if self._pool else self._make(step)
        except Exception as error:
            self.fault = self.fault or error
            raise
        self._meter.made(step)
        return batch

    def close(self) -> None:
        """End the processes, if there are any."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


def _spawned(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max(workers, 1), mp_context=multiprocessing.get_context("spawn"))
