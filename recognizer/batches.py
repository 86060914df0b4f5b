"""Batches of prepared pictures and labels by step number: what the reader is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.crops import Crops, CropSource
from recognizer.labels import previous_of
from recognizer.options import ReaderOptions
from recognizer.pictures import decode_grey
from recognizer.prepare import HEIGHT, as_input
from synthgen import SynthgenError
from synthgen.arrays import I32, I64, U8
from synthgen.chance import Stream, uniforms
from training.feeding import Batch
from training.groups import GroupCache
from training.mixture import Mixture
from training.order import Order


@dataclass(frozen=True)
class Lesson:
    """How rows become batches."""

    options: ReaderOptions  # of the reader that learns
    seed: int
    aligned_share: float  # of the rows with known character places, at the start: learn their path in place of all paths
    aligned_steps: int  # after which that share has fallen to 0, linearly

    def aligned_at(self, step: int) -> float:
        """Return the share of rows that learn their path at `step`."""
        return self.aligned_share * max(0.0, 1.0 - step / self.aligned_steps) if self.aligned_steps else 0.0


class ReaderFeed:
    """Makes the batch of any step: a pure function of the step; threads may share it, processes get their own by pickling."""

    def __init__(self, sources: Sequence[CropSource], mixture: Mixture, lesson: Lesson) -> None:
        """Take the sources with their weights in the mixture."""
        self._mixture, self._lesson = mixture, lesson
        self._orders = [Order(source.sizes, lesson.seed + n, source.pool_groups) for n, source in enumerate(sources)]
        self._caches = [GroupCache(source.load, 2 * source.pool_groups + 2) for source in sources]

    def __call__(self, step: int) -> Batch:
        """Return inputs and targets of a step; which, `reader_loss` says."""
        crops = [self._rows(n, *span) for n, span in enumerate(self._mixture.spans(step)) if span[0] < span[1]]
        pictures, labels, paths = (np.concatenate(parts) for parts in zip(*crops, strict=True))
        if self._lesson.options.head == "attention":
            ended = np.pad(labels, ((0, 0), (0, 1)))
            return {"image": as_input(pictures), "previous": previous_of(ended)}, ended
        index = np.arange(len(labels), dtype=np.uint64) + np.uint64(step * self._mixture.batch)
        free = uniforms(self._lesson.seed, Stream.ALIGNED, index, 1)[:, 0] >= self._lesson.aligned_at(step)
        paths[free] = -1
        return as_input(pictures), np.stack([labels, paths], axis=1)

    def _rows(self, source: int, first: int, last: int) -> tuple[U8, I32, I32]:
        """Return pictures, labels and paths of some positions of a source."""
        groups, rows = self._orders[source].places(first, last)
        out = _empty(last - first, self._lesson.options.width, self._caches[source].get(int(groups[0])).labels.shape[1])
        for number in np.unique(groups):
            self._fill(out, np.flatnonzero(groups == number), self._caches[source].get(int(number)), rows)
        return out

    def _fill(self, out: tuple[U8, I32, I32], places: I64, crops: Crops, rows: I64) -> None:
        (pictures, labels, paths), options = out, self._lesson.options
        labels[places], paths[places] = crops.labels[rows[places]], crops.paths[rows[places]]
        for place in places.tolist():
            pictures[place] = options.prepared(_decoded(crops.pictures[rows[place]], crops.place))


def _empty(count: int, width: int, steps: int) -> tuple[U8, I32, I32]:
    labels = np.empty((count, steps), dtype=np.int32)
    return np.empty((count, HEIGHT, width), dtype=np.uint8), labels, np.empty_like(labels)


def _decoded(picture: bytes | U8, place: str) -> U8:
    """Return pixels, grey `(h, w)` if it was encoded."""
    if isinstance(picture, np.ndarray):
        return picture
    pixels = decode_grey(picture)
    if pixels is None:
        raise SynthgenError(f"{place}: need pictures that can be decoded, got another; render the shard again")
    return pixels
