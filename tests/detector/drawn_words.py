"""Words as quads of their characters, and the maps that a perfect detector would see of them."""

import numpy as np

from synthgen.arrays import F32, Quads
from synthgen.heatmaps import heat_maps


def word(length: int, at: tuple[float, float], *, high: float = 24.0, wide: float = 15.0, tilt_deg: float = 0.0) -> Quads:
    """Return the quads of a straight word of `length` characters about its middle `at`, turned clockwise."""
    edges = (np.arange(length + 1) - length / 2) * wide
    flat = np.stack([np.stack([edges[[n, n + 1, n + 1, n]], np.array([-1, -1, 1, 1]) * high / 2], axis=-1) for n in range(length)])
    return turned(flat.astype(np.float32), tilt_deg) + np.array(at, dtype=np.float32)


def turned(points: F32, tilt_deg: float) -> F32:
    """Return points (..., 2), turned clockwise, as seen, about the origin."""
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    return np.asarray(points @ np.array([[c, s], [-s, c]]), dtype=np.float32)


def whole(characters: Quads) -> F32:
    """Return the quad (4, 2) of a straight word."""
    return np.stack([characters[0, 0], characters[-1, 1], characters[-1, 2], characters[0, 3]])


def maps_of(words: list[Quads], size: tuple[int, int]) -> F32:
    """Return region and affinity of words of characters on a picture of `size` (height, width), `(height / 2, width / 2, 2)`."""
    numbers = np.repeat(np.arange(len(words), dtype=np.int32), [len(one) for one in words])
    quads = np.concatenate([np.zeros((0, 4, 2), dtype=np.float32), *words])
    return np.stack(heat_maps(quads, numbers, size), axis=-1).astype(np.float32) / np.float32(255)


def noise(seed: int, size: tuple[int, int] = (40, 56)) -> F32:
    """Return maps (height, width, 2) of blobs of every form."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((size[0] // 4 + 1, size[1] // 4 + 1, 2)) * 1.3
    rows, columns = (np.arange(side) / 4 for side in size)
    r, c = rows.astype(int), columns.astype(int)
    down, across = (rows - r)[:, None, None], (columns - c)[None, :, None]
    above = coarse[r][:, c] * (1 - across) + coarse[r][:, c + 1 - (c + 1 == coarse.shape[1])] * across
    r = np.minimum(r + 1, coarse.shape[0] - 1)
    below = coarse[r][:, c] * (1 - across) + coarse[r][:, c + 1 - (c + 1 == coarse.shape[1])] * across
    return np.asarray((above * (1 - down) + below * down) ** 2, dtype=np.float32)
