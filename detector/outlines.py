"""What encloses words more closely than rectangles do.

Within its frame a word is cut into STATIONS equal parts. Its ridge is the parabola that fits the middles of the parts best, its band is as
high as the median of the parts, and its outline follows the ridge at half a band to either side, out to where the word ends.
Source: Baek et al. 2019, arXiv:1904.01941, figure 6. Differs: the middle of a part is the mean of its px by their scores, and the ridge is
smooth, where the paper joins the middles of the longest columns, which tall and deep letters move (waves, as on a flag, are not followed);
the ends lie where the word does, where the paper moves them in steps; the band grows by what a rectangle is dilated, where the authors'
getPoly_core takes 1.45 times its height; what is bent is told by the ridge, where they compare heights.
"""

import numpy as np

from detector.box_kernels import Components
from detector.outline_kernels import lay_columns
from synthgen.arrays import F32, F64, Bools, Quads

STATIONS = 7  # the authors' 5 leave too few beside a parabola's 3 numbers to tell a bend from chance
LEAST_LENGTH = 2.0  # bands; what is shorter is one or two letters, and cannot be seen to bend
LEAST_BEND = 0.1  # bands between the ridge and the straight line; below it a rectangle fits as well
# By how much a bend must exceed what the middles stray from the ridge. On 40 rendered scenes it is tall and deep letters that bend most
# ridges: 2.5 has 44 of 1,216 straight words traced as curved, 4 has 12, and arcs of 20 degrees and more are traced with either.
LEAST_CLEAR = 4.0


def outlines(parts: Components, frames: F64, quads: Quads) -> list[F32]:
    """Return the outline `(2k, 2)` of each component, in px of the map: upper side from left to right, then the lower one back.

    That of a straight word is its quad, of `quads` (n, 4, 2). `frames` (n, 6) are as `lay_frames` leaves them.
    """
    around = list(quads)
    if not len(frames):
        return around
    columns = np.zeros((len(frames), int(frames[:, 4].max()) + 1, 4))
    columns[..., 2], columns[..., 3] = np.inf, -np.inf
    lay_columns(parts, frames, columns)
    stations, whole = _stations(columns)
    bent = np.flatnonzero(whole)
    ridges, curved = _bent(stations[bent])
    bent, ridges = bent[curved], ridges[curved]
    slopes = _slopes(ridges)
    half = np.median(ridges[..., 2] * slopes[..., 0], axis=1) / 2 + parts.reach[bent]  # columns cut a band aslant
    traced = _traced(_from_end_to_end(columns[bent], ridges, slopes, parts.reach[bent]), slopes, half)
    for k, outline in zip(bent, _placed(traced, frames[bent]), strict=True):
        around[k] = outline
    return around


def _stations(columns: F64) -> tuple[F64, Bools]:
    """Return middle and height of the band in each part of a word, `(n, STATIONS, 3)` u, v, height, and of which words no part is empty."""
    words, width = columns.shape[:2]
    filled = columns[..., 0] > 0
    first, last = filled.argmax(axis=1), width - filled[:, ::-1].argmax(axis=1)
    part = (np.arange(width) - first[:, None]) * STATIONS // np.maximum(last - first, 1)[:, None]
    cell = (np.arange(words)[:, None] * STATIONS + np.clip(part, 0, STATIONS - 1))[filled]
    weight, u, v = (
        np.bincount(cell, weights, minlength=words * STATIONS).reshape(words, STATIONS)
        for weights in (columns[filled, 0], (columns[..., 0] * (np.arange(width) + 0.5))[filled], columns[filled, 1])
    )
    high = np.zeros(words * STATIONS)
    np.maximum.at(high, cell, columns[filled, 3] - columns[filled, 2])
    some = np.maximum(weight, np.finfo(np.float64).tiny)
    return np.stack([u / some, v / some, high.reshape(words, STATIONS)], axis=-1), np.asarray((weight > 0).all(axis=1))


def _bent(stations: F64) -> tuple[F64, Bools]:
    """Return stations `(n, STATIONS, 3)` moved onto the ridges, and which of these are curved, `(n,)`."""
    u, v = stations[..., 0], stations[..., 1]
    ridge = _fitted(u, v, degree=2)
    bend = np.abs(ridge - _fitted(u, ridge, degree=1)).max(axis=1)
    high = np.median(stations[..., 2], axis=1)
    clear = bend > LEAST_CLEAR * np.sqrt(np.mean((ridge - v) ** 2, axis=1))
    curved = clear & (bend >= LEAST_BEND * high) & (np.ptp(u, axis=1) >= LEAST_LENGTH * high)
    return np.stack([u, ridge, stations[..., 2]], axis=-1), np.asarray(curved)


def _slopes(stations: F64) -> F64:
    """Return the direction of the ridge at each station, `(n, STATIONS, 2)` unit vectors."""
    ridge = stations[..., :2]
    ways = np.concatenate([ridge[:, 1:2] - ridge[:, :1], ridge[:, 2:] - ridge[:, :-2], ridge[:, -1:] - ridge[:, -2:-1]], axis=1)
    return np.asarray(ways / np.linalg.norm(ways, axis=-1, keepdims=True))


def _fitted(u: F64, v: F64, degree: int) -> F64:
    """Return the values at `u` (n, k) of the polynomials in u that fit `v` (n, k) best."""
    low, high = u.min(axis=1, keepdims=True), u.max(axis=1, keepdims=True)
    basis = ((2 * u - low - high) / (high - low))[..., None] ** np.arange(degree + 1)
    turned = basis.swapaxes(1, 2)
    return np.asarray((basis @ np.linalg.solve(turned @ basis, turned @ v[..., None]))[..., 0])


def _from_end_to_end(columns: F64, stations: F64, slopes: F64, reach: F64) -> F64:
    """Return the ridge from end to end, `(n, STATIONS + 2, 2)` u, v: beyond its last stations straight on, as far as the word does."""
    filled = columns[..., 0] > 0
    middles = np.stack([np.broadcast_to(np.arange(columns.shape[1]) + 0.5, filled.shape), columns[..., 1]], axis=-1)
    middles[..., 1] /= np.where(filled, columns[..., 0], 1)
    ends = []
    for n, side in ((0, -1), (STATIONS - 1, 1)):
        along = ((middles - stations[:, n, None, :2]) * slopes[:, n, None] * side).sum(axis=-1)
        far = np.where(filled, along, 0).max(axis=1) + reach
        ends.append(stations[:, n, :2] + side * far[:, None] * slopes[:, n])
    return np.concatenate([ends[0][:, None], stations[..., :2], ends[1][:, None]], axis=1)


def _traced(ridges: F64, slopes: F64, half: F64) -> F64:
    """Return the outlines of bands that reach `half` (n,) beyond their ridges, `(n, 2 (STATIONS + 2), 2)` u, v."""
    ways = np.concatenate([slopes[:, :1], slopes, slopes[:, -1:]], axis=1)
    up = np.stack([ways[..., 1], -ways[..., 0]], axis=-1) * half[:, None, None]
    return np.concatenate([ridges + up, (ridges - up)[:, ::-1]], axis=1)


def _placed(points: F64, frames: F64) -> F32:
    """Return points `(n, k, 2)`, u from the left side of frames `(n, 6)` and v from their middle, as px of the map."""
    x, y, along_x, along_y, wide, _ = frames.T[..., None]
    u, v = points[..., 0] - wide / 2, points[..., 1]
    return np.stack([x + u * along_x - v * along_y, y + u * along_y + v * along_x], axis=-1).astype(np.float32)
