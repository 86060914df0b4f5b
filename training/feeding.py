"""What passes from the data to the trainer, and how long the trainer waits for it; free of Keras, for the processes that make batches."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32] | NDArray[np.int32]
Batch = tuple[Array | dict[str, Array], Array]  # what the model takes, what its loss compares with
MakeBatch = Callable[[int], Batch]  # step number -> batch; a pure function


@dataclass(frozen=True)
class Feeding:
    """How batches are made ahead of the trainer."""

    workers: int = 2
    max_queue_size: int = 16  # batches
    use_multiprocessing: bool = (
        False  # spawned processes in place of threads: dearer to start, their own memory, no shared interpreter lock
    )


@dataclass
class WaitMeter:
    """Adds up how long the trainer was free and its next batch not yet made."""

    ready: dict[int, float] = field(default_factory=dict)  # step -> when it was made
    waited_s: float = 0.0
    free_since: float = 0.0

    def start(self) -> None:
        """Begin a stretch of training; what came before does not count."""
        self.waited_s = 0.0
        self.resume()

    def made(self, step: int) -> None:
        """Note that the batch of `step` stands ready; called by workers."""
        self.ready[step] = time.monotonic()

    def used(self, step: int) -> None:
        """Note that the trainer has done `step`: it had waited for it if it was free before the batch was ready."""
        self.waited_s += max(0.0, self.ready.pop(step, 0.0) - self.free_since)
        self.resume()

    def resume(self) -> None:
        """Note that the trainer is free for the next step."""
        self.free_since = time.monotonic()
