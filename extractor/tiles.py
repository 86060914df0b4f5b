"""Photos in overlapping tiles, for print that would vanish where the detector sees them whole.

The maps of the tiles, not their words, are put together: each gives what lies nearer to its middle than to its neighbours', where it saw
enough on all sides, and words are sought in the whole, so that no seam cuts or doubles one.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from detector.finder import WordFinder
from detector.prepare import DOWN, fitted
from detector.sizes import MULTIPLE
from synthgen.arrays import F32, U8, Image

MARGIN = 96  # px of a tile beside a seam that only help to see what is next to them: the reach of the deepest layers' kernels
LEAST_CONTRAST = 24  # of 255, between the darkest and the lightest grey of a tile; the detector sees nothing in what has less


@dataclass(frozen=True)
class Span:
    """Where one tile lies along an axis, px."""

    first: int
    last: int  # excluded, as the next
    kept_first: int  # of it, what its maps are taken of
    kept_last: int


def tiled_maps(finder: WordFinder, photo: Image) -> F32:
    """Return the maps `(ceil(h / 2), ceil(w / 2), 2)` of a photo in its own px, seen in tiles of at most `finder.longest` px."""
    size = max(finder.longest // MULTIPLE, 1) * MULTIPLE
    height, width = photo.shape[:2]
    found = np.zeros((-(-height // DOWN), -(-width // DOWN), 2), dtype=np.float32)
    for down in spans(height, size):
        for across in spans(width, size):
            tile = photo[down.first : down.last, across.first : across.last]
            if not has_contrast(tile):
                continue
            maps = finder.scorer(fitted(tile, size, 1.0).picture[None])[0]
            rows, columns = _kept(down), _kept(across)
            found[rows[0], columns[0]] = maps[rows[1], columns[1]]
    return found


def spans(length: int, size: int) -> list[Span]:
    """Return the tiles along an axis of `length` px, each of `size` px, a multiple of 32, the last one maybe 1 less; they begin at even px.

    Neighbours share some 2 MARGIN px, or half a tile if that is less; each keeps its half of that.
    """
    if length <= size:
        return [Span(0, length, 0, length)]
    shared = min(2 * MARGIN, size // 2)
    count = -(-(length - shared) // (size - shared))
    firsts = [k * (length - size) // (count - 1) // DOWN * DOWN for k in range(count - 1)] + [-(-(length - size) // DOWN) * DOWN]
    lasts = [first + size for first in firsts[:-1]] + [length]
    seams = [(last + following) // 2 // DOWN * DOWN for last, following in zip(lasts, firsts[1:], strict=False)]
    edges = pairwise([0, *seams, length])
    return [Span(first, last, *kept) for first, last, kept in zip(firsts, lasts, edges, strict=True)]


def _kept(span: Span) -> tuple[slice, slice]:
    """Return the map px that a tile gives, along one axis: in the photo's map, and in its own."""
    first, last = span.kept_first // DOWN, -(-span.kept_last // DOWN)
    return slice(first, last), slice(first - span.first // DOWN, last - span.first // DOWN)


def has_contrast(tile: U8) -> bool:
    """Return whether there can be something to see on a tile `(h, w, 3)`."""
    grey = cv2.cvtColor(np.ascontiguousarray(tile[::DOWN, ::DOWN]), cv2.COLOR_RGB2GRAY)
    return int(grey.max()) - int(grey.min()) >= LEAST_CONTRAST
