"""From a photo to its words, whatever computes the maps."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from detector.boxes import find_words
from detector.prepare import DOWN, fitted
from detector.sizes import ENLARGED, LONGEST
from detector.thresholds import Thresholds
from detector.words import FoundWords
from synthgen.arrays import F32, U8, Image

Scorer = Callable[[U8], F32]  # RGB pictures (n, h, w, 3), h and w multiples of 32 -> maps (n, h / 2, w / 2, 2)


@dataclass(frozen=True)
class Look:
    """What was found on a photo, and how the detector saw it."""

    words: FoundWords
    maps: F32  # (h, w, 2) region and affinity, of the photo without what it was padded with
    scale: float  # px of the picture that the detector saw, DOWN of them a map px, for one of the photo's


@dataclass(frozen=True)
class WordFinder:
    """How photos become words, whatever the detector was loaded from."""

    scorer: Scorer
    thresholds: Thresholds = field(default_factory=Thresholds)
    longest: int = LONGEST  # px, see `fitted`
    enlarged: float = ENLARGED

    def look(self, photo: Image) -> Look:
        """Return the words on a photo `(h, w, 3)`, RGB, none if there are none."""
        ready = fitted(photo, self.longest, self.enlarged)
        height, width = (-(-side // DOWN) for side in ready.size)
        maps = np.ascontiguousarray(self.scorer(ready.picture[None])[0, :height, :width], dtype=np.float32)
        return Look(find_words(maps, self.thresholds, ready.scale), maps, ready.scale)
