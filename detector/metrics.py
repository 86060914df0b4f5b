"""How well words were found: the protocol of ICDAR 2015's "incidental scene text", boxes compared one to one."""

from dataclasses import dataclass

import numpy as np

from detector.words import TrueWords
from synthgen.arrays import F64, I32, I64, Bools, Quads
from synthgen.quads import areas, bounds

LEAST_OVERLAP = 0.5  # intersection over union; more than that is found. Source: IOU_CONSTRAINT of ICDAR 2015's script
LEAST_WITHIN = 0.5  # of a found word's own area, in one ignored region; more than that is left out. Source: AREA_PRECISION_CONSTRAINT


@dataclass(frozen=True)
class Counts:
    """Words counted over any number of photos; those to ignore, and what was found in them, are in none of the counts."""

    matched: int = 0
    found: int = 0
    true: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.matched + other.matched, self.found + other.found, self.true + other.true)

    @property
    def precision(self) -> float:
        """Share of the found words that are there; 0 if none was found."""
        return self.matched / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of the words there that were found; 0 if there are none."""
        return self.matched / self.true if self.true else 0.0

    @property
    def h_mean(self) -> float:
        """Harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def to_json(self) -> dict[str, float]:
        """Return the three shares by their promised names."""
        return {"precision": self.precision, "recall": self.recall, "h_mean": self.h_mean}


@dataclass(frozen=True)
class Compared:
    """The true words of a photo, m of them, and the found ones, n of them, compared; they are matched for any choice of the found."""

    pairs: I64  # (k, 2) true and found word that overlap enough, in the order in which they are matched
    left_out: Bools  # (n,) found words within an ignored region
    ignored: Bools  # (m,)

    def match(self, chosen: Bools | None = None) -> I32:
        """Return for each found word the true one it is matched with, `(n,)`, -1 for none; only those of `chosen` (n,), None: all.

        Source: ICDAR 2015's script: true words in their order take the first found one that overlaps enough and is free. No found word
        can be so matched in another order unless found words, or true ones, overlap each other.
        """
        taken = np.full(len(self.left_out), -1, dtype=np.int32)
        matched = set[int]()
        for true, found in self.pairs.tolist():
            if true not in matched and taken[found] < 0 and (chosen is None or chosen[found]):
                taken[found] = true
                matched.add(true)
        return taken

    def counts(self, chosen: Bools | None = None) -> Counts:
        """Return the counts of the photo; found words are those of `chosen` (n,), None: all."""
        kept = ~self.left_out if chosen is None else chosen & ~self.left_out
        return Counts(int((self.match(chosen) >= 0).sum()), int(kept.sum()), int((~self.ignored).sum()))


def compare(words: TrueWords, found: Quads) -> Compared:
    """Return how true and found words lie to each other; found quads are convex, true ones may be concave.

    Source: ICDAR 2015's script. A found word whose area lies for more than half in one ignored region is left out first.
    """
    shared = shared_areas(words.quads, found)
    own, true = areas_of(found), areas_of(words.quads)
    within = shared[words.ignored] > LEAST_WITHIN * own
    left_out = np.asarray((within & (own > 0)).any(axis=0), dtype=np.bool_)
    enough = shared > LEAST_OVERLAP * (true[:, None] + own - shared)  # no division: a quad without area has no union
    pairs = np.argwhere(enough & ~words.ignored[:, None] & ~left_out)
    return Compared(pairs.astype(np.int64), left_out, words.ignored)


def areas_of(quads: Quads) -> F64:
    """Return the areas of quads in px^2, `(n,)`, whichever way their corners run."""
    return np.abs(areas(_near_origin(quads)).astype(np.float64))


def _near_origin(quads: Quads) -> Quads:
    """Return each quad moved so that its first corner is 0, 0: products of large coordinates would lose its area in rounding."""
    return quads - quads[:, :1]


def shared_areas(a: Quads, b: Quads) -> F64:
    """Return the area in px^2 that each quad of `a` (m) shares with each of `b` (n), `(m, n)`; those of `b` are convex."""
    shared = np.zeros((len(a), len(b)))
    of_a, of_b = bounds(a), bounds(b)
    apart = (of_a[:, None, 2:] <= of_b[None, :, :2]) | (of_b[None, :, 2:] <= of_a[:, None, :2])  # (m, n, 2): beside or above each other
    rows, columns = np.nonzero(~apart.any(axis=2))
    if len(rows):
        shared[rows, columns] = _clipped_areas(a[rows], b[columns])
    return shared


def _clipped_areas(a: Quads, b: Quads) -> F64:
    """Return the area of each quad of `a` within its quad of `b`, which is convex, `(n,)`.

    Source: Sutherland & Hodgman 1974, "Reentrant polygon clipping": `a` is cut off at each edge of `b`; where a concave one falls apart,
    its pieces stay joined by edges without area. OpenCV's intersectConvexConvex loses area where edges are close.
    """
    origin = b[:, :1].astype(np.float64)
    outline, window = a - origin, b - origin
    mirrored = areas(_near_origin(b)) < 0
    window[mirrored] = window[mirrored, ::-1]
    for corner in range(4):
        start = window[:, corner, None]
        outline = _cut(outline, start, window[:, (corner + 1) % 4, None] - start)
    x, y = outline[..., 0], outline[..., 1]
    doubled = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)
    return np.asarray(np.abs(doubled) / 2, dtype=np.float64)


def _cut(outline: F64, start: F64, edge: F64) -> F64:
    """Return outlines `(n, k, 2)` without what lies left of a line through `start` along `edge`, `(n, 1, 2)` each: `(n, l, 2)`.

    An outline with fewer corners than another repeats its last, one that is cut off whole is all zeros.
    """
    reach = outline - start
    side = edge[..., 0] * reach[..., 1] - edge[..., 1] * reach[..., 0]  # (n, k), positive within (y down)
    after, beyond = np.roll(outline, -1, axis=1), np.roll(side, -1, axis=1)
    crosses = (side < 0) != (beyond < 0)
    share = np.where(crosses, side, 0) / np.where(crosses, side - beyond, 1)
    points = np.stack([outline, outline + share[..., None] * (after - outline)], axis=2).reshape(len(outline), -1, 2)
    kept = np.stack([side >= 0, crosses], axis=2).reshape(len(outline), -1)
    count = kept.sum(axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")
    slots = np.minimum(np.arange(max(count.max(), 1)), np.maximum(count, 1)[:, None] - 1)
    rows = np.arange(len(outline))[:, None]
    return np.where(count[:, None, None] > 0, points[rows, order[rows, slots]], 0.0)
