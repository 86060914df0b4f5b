"""What a CRAFT detector learns to see: a Gaussian on each character, and one between neighbours of a word.

Source: Baek, Lee, Han, Yun & Lee, "Character Region Awareness for Text Detection", CVPR 2019, section 3.2.1. The paper gives no constants;
they are those of EasyOCR's trainer (`trainer/craft`): in a 200 x 200 template a Gaussian of sigma 40, cut off at radius 100 (4 % of its
height), laid into boxes enlarged by half about the crossing of their diagonals, the maximum where boxes overlap.
Differs: boxes are not rounded to whole pixels, those at the border are cut and not dropped, and triangles end in the crossing of
the diagonals, as in the paper, where EasyOCR takes the mean of the corners.
"""

import numpy as np

from synthgen.arrays import F64, I32, U8, Bools, Quads
from synthgen.heatmap_kernels import DOWN, crossings, lay_gaussians

LEAST_SEEN = 0.5  # of a character, or it has no peak in the heat maps: a detector could not know it


def heat_maps(quads: Quads, words: I32, size: tuple[int, int]) -> tuple[U8, U8]:
    """Return the region and the affinity map of a picture, each `(ceil(height / 2), ceil(width / 2))`, 255 = 1.0.

    `quads` (n, 4, 2) are those of drawn characters: leave spaces out. `words` (n,) is the word of each, characters of one word next to
    each other in reading order; a negative one is left out and parts its neighbours. `size` is (height, width) in image px. Quads may
    leave the picture: what is inside is drawn. Those that are not `drawable` are left out, for the caller to count.

    Raises:
        ValueError: shapes that do not fit.
    """
    height, width = size
    if height < 0 or width < 0:
        raise ValueError(f"heat maps: need a size of (height, width) >= 0, got {size}")
    links = affinity_quads(quads, words)
    return _map_of(quads[words >= 0], size), _map_of(links, size)


def affinity_quads(quads: Quads, words: I32) -> Quads:
    """Return a quad between each two neighbours of one word, `(m, 4, 2)`, corners ordered as in `quads`; parameters as for `heat_maps`.

    Its corners are the centres of the upper and lower triangles of both. Pairs with a member that is not `drawable` have none; that of
    letters stacked upright one above the other has no area, and is not drawn. Source: Baek et al. 2019, section 3.2.1 and figure 3.

    Raises:
        ValueError: shapes that do not fit.
    """
    if quads.ndim != 3 or quads.shape[1:] != (4, 2) or words.shape != quads.shape[:1]:
        raise ValueError(f"heat maps: need quads (n, 4, 2) and words (n,), got {quads.shape} and {words.shape}")
    crossed = _crossed(quads)
    fit = ~np.isnan(crossed[:, 0])
    linked = np.flatnonzero((words[1:] == words[:-1]) & (words[1:] >= 0) & fit[1:] & fit[:-1])
    upper, lower = _triangle_centres(quads[linked], crossed[linked])
    next_upper, next_lower = _triangle_centres(quads[linked + 1], crossed[linked + 1])
    return np.stack([upper, next_upper, next_lower, lower], axis=1).astype(np.float32)


def drawable(quads: Quads) -> Bools:
    """Return which of `quads` (n, 4, 2) `heat_maps` draws, `(n,)`: those finite, strictly convex (mirrored or not), of 1 px^2 or more."""
    return np.asarray(~np.isnan(_crossed(quads)[:, 0]))


def _triangle_centres(quads: Quads, crossed: F64) -> tuple[F64, F64]:
    """Return the centres of the upper and the lower triangle that the diagonals cut from each quad, `(n, 2)` each."""
    corners, middle = quads.astype(np.float64), crossed[:, :2]
    return (corners[:, 0] + corners[:, 1] + middle) / 3, (corners[:, 2] + corners[:, 3] + middle) / 3


def _crossed(quads: Quads) -> F64:
    """Return `crossings`; of a copy, as read-only and strided arrays would be compiled for anew."""
    return np.asarray(crossings(np.array(quads, dtype=np.float32, order="C")))


def _map_of(quads: Quads, size: tuple[int, int]) -> U8:
    """Return one map of `quads`."""
    heat = np.zeros((-(-size[0] // DOWN), -(-size[1] // DOWN)), np.uint8)
    lay_gaussians(np.array(quads, dtype=np.float32, order="C"), _crossed(quads), heat)
    return heat
