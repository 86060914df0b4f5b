"""Batches made by other processes, which hand their arrays over in memory that all of them share."""

import mmap
import os
import pickle
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import reduction
from queue import SimpleQueue
from typing import cast

import numpy as np

from synthgen.arrays import U8
from synthgen.errors import SynthgenError
from synthgen.workers import Worker, start, stop
from training.feeding import Batch, MakeBatch

SLOT_BYTES = 1 << 28  # of addresses: memory is only what batches fill. What is larger goes through the pipe
ALIGNED_BYTES = 64  # where arrays begin, so that XLA and TensorFlow may take them as they lie
NOWHERE = -1  # in place of a slot: all through the pipe

Question = tuple[int, int]  # step, slot
Span = tuple[int, int]  # where an array begins and ends in its slot, bytes
Packed = tuple[bytes, list[Span]]  # a batch, pickled, and where its arrays lie; those without a place are in the pickle


class Slots:
    """Memory without a name in slots of equal size: it goes with the last process that has it, even if all are killed.

    Differs: `multiprocessing.shared_memory` has names, which outlive a killed run, and is kept where containers often have 64 MB.
    """

    def __init__(self, count: int, fd: int | None = None) -> None:
        """Take `count` slots, those behind `fd` if it is given; none where the system cannot give them."""
        if fd is None:
            fd = os.memfd_create("batches") if hasattr(os, "memfd_create") else NOWHERE  # Linux has it
            if fd != NOWHERE:
                os.ftruncate(fd, count * SLOT_BYTES)
        self._count, self._fd = count if fd != NOWHERE else 0, fd
        self._bytes = np.frombuffer(mmap.mmap(fd, count * SLOT_BYTES), dtype=np.uint8) if self._count else np.empty(0, dtype=np.uint8)
        self._free = list(range(self._count))  # last given back, first taken: it is in the processor's cache still
        self._closed = weakref.finalize(self, os.close, fd) if self._count else None

    def __reduce__(self) -> tuple[Callable[[int, object], "Slots"], tuple[int, object]]:
        """Return what a process that is being started finds the same memory by."""
        return _found, (self._count, reduction.DupFd(self._fd) if self._count else None)

    def take(self) -> int:
        """Return a slot that is free, `NOWHERE` if there is none."""
        try:
            return self._free.pop()
        except IndexError:
            return NOWHERE

    def give_back(self, slot: int) -> None:
        """Let a slot be taken again."""
        if slot != NOWHERE:
            self._free.append(slot)

    def pack(self, batch: Batch, slot: int) -> Packed:
        """Put the arrays of a batch into `slot`, if they fit, and return the rest."""
        held: list[pickle.PickleBuffer] = []
        rest = pickle.dumps(batch, protocol=5, buffer_callback=held.append)
        views = [buffer.raw() for buffer in held]
        ends = np.cumsum([-(-view.nbytes // ALIGNED_BYTES) * ALIGNED_BYTES for view in views], dtype=np.int64).tolist()
        if slot == NOWHERE or (ends and ends[-1] > SLOT_BYTES):
            return pickle.dumps(batch, protocol=5), []
        spans = [(begin, begin + view.nbytes) for begin, view in zip([0, *ends], views, strict=False)]
        for (begin, end), view in zip(spans, views, strict=True):
            self._place(slot)[begin:end] = np.frombuffer(view, dtype=np.uint8)
        return rest, spans

    def unpack(self, packed: Packed, slot: int) -> Batch:
        """Return the batch whose arrays lie in `slot`, which is given back once nobody has any of them any more."""
        rest, spans = packed
        if not spans:
            self.give_back(slot)
            return cast("Batch", pickle.loads(rest))  # noqa: S301  # from our own child
        place = self._place(slot)  # all arrays stand on this one
        weakref.finalize(place, self._free.append, slot).atexit = False
        return cast("Batch", pickle.loads(rest, buffers=[place[begin:end] for begin, end in spans]))  # noqa: S301  # as above

    def _place(self, slot: int) -> U8:
        """Return the memory of a slot as an array of its own."""
        return np.frombuffer(self._bytes.data, dtype=np.uint8, count=SLOT_BYTES, offset=slot * SLOT_BYTES)


def _found(count: int, sent: object) -> Slots:
    return Slots(count, sent.detach() if sent is not None else NOWHERE)  # type: ignore[attr-defined] # a DupFd, which has no public type


@dataclass(frozen=True)
class Filler:
    """What a worker does: makes the batch of a step and puts it into a slot."""

    make: MakeBatch
    slots: Slots

    def __call__(self, question: Question) -> Packed:
        """Return what `Slots.unpack` takes."""
        step, slot = question
        return self.slots.pack(self.make(step), slot)


class Processes:
    """Makes batches as `make` does, in spawned processes: each call waits for one of them, so that threads that call wait, not work."""

    def __init__(self, make: MakeBatch, workers: int, held: int) -> None:
        """Take what makes a batch, to be pickled once a process, and how many batches are held at a time, beside those in the making."""
        self._slots = Slots(held + workers)
        self._workers = [start(Filler(make, self._slots), "step and slot") for _ in range(workers)]
        self._idle: SimpleQueue[Worker[Question]] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step.

        Raises:
            SynthgenError: a process died.
        """
        worker, slot = self._idle.get(), self._slots.take()
        try:
            worker.ask((step, slot))
            packed, error = worker.answer()
        except (EOFError, OSError) as fault:
            raise _death(worker, step) from fault
        finally:
            self._idle.put(worker)  # a dead one too: who asks it is told, where waiting for others would never end
        if error is not None:
            self._slots.give_back(slot)
            raise error
        return self._slots.unpack(cast("Packed", packed), slot)

    def close(self) -> None:
        """End the processes."""
        stop(self._workers)


def _death(dead: Worker[Question], step: int) -> SynthgenError:
    why, killed = dead.ended()
    cure = "give fewer --workers, which need less memory" if killed else "train without --use-multiprocessing to see why"
    return SynthgenError(f"step {step}: each process that makes batches must live to the end, this one {why}; {cure}")
