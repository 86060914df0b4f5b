"""Batches of views and their maps by step number: what the detector is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from detector.prepare import as_input
from detector.scenes import Scene, SceneSource
from detector.sizes import MULTIPLE
from detector.targets import DOWN, draw_targets
from detector.viewing import size_of, view_picture
from detector.views import Variety, homography, moved, plan_views
from synthgen import SynthgenError
from synthgen.arrays import F32, U8
from training.feeding import Batch
from training.groups import GroupCache
from training.mixture import Mixture
from training.order import Order


@dataclass(frozen=True)
class Lesson:
    """How scenes become batches."""

    size: int  # px, width and height of the views
    seed: int
    variety: Variety = field(default_factory=Variety)

    def __post_init__(self) -> None:
        if self.size < MULTIPLE or self.size % MULTIPLE:
            raise SynthgenError(f"--size: need a multiple of {MULTIPLE} px, got {self.size}; 512 is a good start, 256 without a GPU")


class DetectorFeed:
    """Makes the batch of any step: a pure function of the step; threads may share it, processes get their own by pickling."""

    def __init__(self, sources: Sequence[SceneSource], mixture: Mixture, lesson: Lesson) -> None:
        """Take the sources with their weights in the mixture."""
        self._mixture, self._lesson = mixture, lesson
        self._orders = [Order(source.sizes, lesson.seed + n, source.pool_groups) for n, source in enumerate(sources)]
        self._caches = [GroupCache(source.load, 2 * source.pool_groups + 2) for source in sources]

    def __call__(self, step: int) -> Batch:
        """Return the views of a step as the model takes them, and their maps: region, affinity and confidence, see `draw_targets`."""
        batch, size = self._mixture.batch, self._lesson.size
        views = plan_views(self._lesson.variety, self._lesson.seed, np.arange(batch, dtype=np.uint64) + np.uint64(step * batch))
        pictures = np.empty((batch, size, size, 3), dtype=np.uint8)
        maps = np.empty((batch, size // DOWN, size // DOWN, 3), dtype=np.float32)
        for row, scene in enumerate(self._scenes(step)):
            pictures[row], maps[row] = look(scene, views[row], size)
        return as_input(pictures), maps

    def _scenes(self, step: int) -> list[Scene]:
        """Return the scenes of a step, those of each source next to each other."""
        found: list[Scene] = []
        for order, cache, span in zip(self._orders, self._caches, self._mixture.spans(step), strict=True):
            groups, rows = order.places(*span)
            found += [cache.get(group)[row] for group, row in zip(groups.tolist(), rows.tolist(), strict=True)]
        return found


def look(scene: Scene, view: np.void, size: int) -> tuple[U8, F32]:
    """Return picture `(size, size, 3)` and maps `(size / 2, size / 2, 3)` of a view of a scene.

    Raises:
        SynthgenError: the scene's picture cannot be decoded; its shard and index are named.
    """
    try:
        way = homography(view, scene.word_quads[scene.confidence > 0], size_of(scene.picture), size)
        picture = view_picture(scene.picture, way, view, size)
    except SynthgenError as error:
        raise SynthgenError(f"{scene.place}: {error}") from error
    chars, words = moved(way, scene.char_quads), moved(way, scene.word_quads)
    return picture, draw_targets((chars, scene.char_word), (words, scene.confidence), size)
