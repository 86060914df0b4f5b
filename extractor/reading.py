"""From a photo to its page, whatever computes maps and texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from detector.finder import Look, Scorer, WordFinder
from detector.prepare import DOWN
from extractor.arranging import page_of, turned_back
from extractor.levels import Levels, looks
from extractor.options import Options
from extractor.page import Maps, Page
from extractor.rivals import Rival, best_of
from extractor.straighten import cut
from extractor.turns import Read, Reader, Sheet, quarters_of, read_sheets
from synthgen.arrays import Image


@dataclass(frozen=True)
class Extractor:
    """How photos become pages. Threads may share it: nothing in it changes."""

    scorer: Scorer
    reader: Reader
    options: Options = field(default_factory=Options)

    def extract(self, image: Image) -> Page:
        """Return what stands on an upright photo `(h, w, 3)`, RGB.

        Raises:
            ValueError: it is none, or has no px.
        """
        return self.look(image)[0]

    def look(self, image: Image) -> tuple[Page, Maps]:
        """Return what stands on an upright photo `(h, w, 3)`, RGB, and how the detector saw it.

        Raises:
            ValueError: it is none, or has no px.
        """
        page, seen = self._page(image, *self._read(image, self._seen(image)))
        return page, maps_of(seen)

    def pages(self, images: Sequence[Image]) -> list[Page]:
        """Return what stands on each of upright photos `(h, w, 3)`, RGB; the words of all are read in shared batches, by their widths.

        Raises:
            ValueError: one is none, or has no px.
        """
        seen = [self._seen(image) for image in images]
        reads = iter(read_sheets(self.reader, [sheet_of(image, one) for image, ways in zip(images, seen, strict=True) for one in ways]))
        return [self._page(image, *self._best(ways, [next(reads) for _ in ways]))[0] for image, ways in zip(images, seen, strict=True)]

    def _read(self, image: Image, seen: Sequence[Look]) -> tuple[Look, Sequence[Read]]:
        return self._best(seen, read_sheets(self.reader, [sheet_of(image, one) for one in seen]))

    def _best(self, seen: Sequence[Look], reads: Sequence[Sequence[Read]]) -> tuple[Look, Sequence[Read]]:
        """Return one look of several at a photo, each place as it is read best, and what is read."""
        rivals = [Rival(one.words, its) for one, its in zip(seen, reads, strict=True)]
        best = reduce(lambda first, second: best_of(first, second, self.options.least_confidence), rivals)
        return replace(seen[0], words=best.words), best.reads

    def _seen(self, image: Image) -> list[Look]:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f"extract: need a photo, uint8 (height, width, 3) of 1 px at least, got {image.dtype} {image.shape}")
        options = self.options
        finder = WordFinder(self.scorer, options.thresholds, options.size, options.enlarged)
        return looks(finder, image, Levels(options.large, options.tiled), options.ways)

    def _page(self, image: Image, seen: Look, reads: Sequence[Read]) -> tuple[Page, Look]:
        """Return the page of a photo, and what it was seen as: turned upright if it lies on its side, as detectors know few such words."""
        page = page_of(shape_of(image), seen.words, reads, self.options.least_confidence)
        quarters = quarters_of(reads)
        if not quarters:
            return page, seen
        upright = np.ascontiguousarray(np.rot90(image, quarters))
        again, reread = self._read(upright, self._seen(upright))
        better = page_of(shape_of(upright), again.words, reread, self.options.least_confidence)
        if len(better.text) < len(page.text):
            return page, seen
        return turned_back(better, quarters), replace(again, maps=np.rot90(again.maps, -quarters))


def shape_of(image: Image) -> tuple[int, int]:
    """Return height and width, px."""
    height, width = image.shape[:2]
    return height, width


def sheet_of(image: Image, seen: Look) -> Sheet:
    """Return the words found on a photo, cut out and laid flat."""
    words = seen.words
    strips = tuple(cut(image, quad, None) for quad in words.quads)
    curved = (k for k, polygon in enumerate(words.polygons) if len(polygon) > len(words.quads[k]))
    return Sheet(strips, words.lines, {k: cut(image, words.quads[k], words.polygons[k]) for k in curved})


def maps_of(seen: Look) -> Maps:
    """Return the maps of a look as pictures."""
    region, affinity = np.rint(np.clip(seen.maps, 0, 1) * 255).astype(np.uint8).transpose(2, 0, 1)
    return Maps(np.ascontiguousarray(region), np.ascontiguousarray(affinity), seen.scale / DOWN)
