"""Noise, cells, blur and strokes: what textures are made of.

Integer hashes, + - * / and sqrt alone, so that every host gets the same bits.
"""

import numpy as np

from synthgen.arrays import F32
from synthgen.compiled import kernel


@kernel
def scatter(row: int, column: int, key: int) -> np.uint64:
    """Return 64 well mixed bits of a lattice point. Source: the finalizer of SplitMix64, as in `chance.mix`."""
    bits = np.uint64(row) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(column) * np.uint64(0xC2B2AE3D27D4EB4F) + np.uint64(key)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@kernel
def share_of(bits: np.uint64, place: int) -> np.float32:
    """Return 16 of the 64 bits, those of place 0 to 3, as a number in [0, 1)."""
    return np.float32((bits >> np.uint64(16 * place)) & np.uint64(0xFFFF)) * np.float32(1 / 65536)


@kernel
def _corners(row: int, column: int, key: int, slopes: F32) -> None:
    """Fill `slopes` (4, 2) with the gradients (down, right) at the corners of a lattice cell."""
    for k in range(4):
        bits = scatter(row + k // 2, column + k % 2, key)
        slopes[k, 0] = share_of(bits, 0) * np.float32(2) - np.float32(1)
        slopes[k, 1] = share_of(bits, 1) * np.float32(2) - np.float32(1)


@kernel
def fractal(y: F32, x: F32, octaves: int, key: int) -> F32:
    """Return gradient noise at the points `y`, `x` (h, w), in lattice cells: about -1 to 1, each octave twice as fine and half as strong.

    Source: Perlin, "Improving noise", SIGGRAPH 2002, section 2 (the fade). Differs: gradients are not of unit length.
    """
    out = np.zeros(y.shape, np.float32)
    slopes = np.empty((4, 2), np.float32)
    for octave in range(octaves):
        times, strength = np.float32(1 << octave), np.float32(1) / np.float32(1 << octave)
        last_row, last_column = -(1 << 40), 0
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                v, u = y[i, j] * times, x[i, j] * times
                row, column = int(np.floor(v)), int(np.floor(u))
                if row != last_row or column != last_column:  # neighbours mostly share a cell, and hashing is the dear part
                    _corners(row, column, key + octave, slopes)
                    last_row, last_column = row, column
                v, u = v - np.float32(row), u - np.float32(column)
                fade_v = v * v * v * (v * (v * np.float32(6) - np.float32(15)) + np.float32(10))
                fade_u = u * u * u * (u * (u * np.float32(6) - np.float32(15)) + np.float32(10))
                one = np.float32(1)
                a = slopes[0, 0] * v + slopes[0, 1] * u
                b = slopes[1, 0] * v + slopes[1, 1] * (u - one)
                c = slopes[2, 0] * (v - one) + slopes[2, 1] * u
                d = slopes[3, 0] * (v - one) + slopes[3, 1] * (u - one)
                top, bottom = a + (b - a) * fade_u, c + (d - c) * fade_u
                out[i, j] += strength * (top + (bottom - top) * fade_v)
    return out


@kernel
def white(y: F32, x: F32, key: int) -> F32:
    """Return a number in [0, 1) for the lattice cell of each of the points `y`, `x` (h, w), each cell on its own."""
    out = np.empty(y.shape, np.float32)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            out[i, j] = share_of(scatter(int(np.floor(y[i, j])), int(np.floor(x[i, j])), key), 0)
    return out


@kernel
def cells(y: F32, x: F32, key: int) -> F32:
    """Return six numbers of the seed nearest to each of the points `y`, `x` (h, w), one seed a lattice cell: (6, h, w).

    They are how much further the next seed is, the way to this one down and right, and three numbers in [0, 1) of its own.

    Source: Worley, "A cellular texture basis function", SIGGRAPH 1996. Differs: looks at 3 x 3 cells only.
    """
    out = np.empty((6, *y.shape), np.float32)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            row, column = int(np.floor(y[i, j])), int(np.floor(x[i, j]))
            near, far = np.float32(100), np.float32(100)
            for k in range(9):
                r, c = row + k // 3 - 1, column + k % 3 - 1
                bits = scatter(r, c, key)
                down, right = np.float32(r) + share_of(bits, 0) - y[i, j], np.float32(c) + share_of(bits, 1) - x[i, j]
                distance = down * down + right * right
                if distance < near:
                    near, far = distance, near
                    out[1, i, j], out[2, i, j] = down, right
                    own = bits
                elif distance < far:
                    far = distance
            out[0, i, j] = np.sqrt(far) - np.sqrt(near)
            other = scatter(int(own & np.uint64(0xFFFFFFFF)), 1, key)
            for k in range(3):
                out[3 + k, i, j] = share_of(other, k)
    return out


@kernel
def blur(image: F32, high: int, wide: int, passes: int) -> F32:
    """Return `image` (h, w) under a box of `2 * high + 1` by `2 * wide + 1`, `passes` times over; edge pixels go on for ever."""
    height, width = image.shape
    now, then = image.copy(), np.empty_like(image)
    for _ in range(passes):
        for i in range(height):
            total = np.float64(0)  # float32 would drift along a row
            for j in range(-wide, wide + 1):
                total += now[i, min(max(j, 0), width - 1)]
            for j in range(width):
                then[i, j] = total / (2 * wide + 1)
                total += now[i, min(j + wide + 1, width - 1)] - now[i, max(j - wide, 0)]
        totals = np.zeros(width, np.float64)
        for i in range(-high, high + 1):
            totals += then[min(max(i, 0), height - 1)]
        for i in range(height):
            for j in range(width):
                now[i, j] = totals[j] / (2 * high + 1)
                totals[j] += then[min(i + high + 1, height - 1), j] - then[max(i - high, 0), j]
    return now


@kernel
def strokes(image: F32, draws: F32, steps: int) -> None:
    """Draw thin curved fibres into `image` (h, w), in place: a row of `draws` (n, 6) in [0, 1) each; `steps` is the longest, in px.

    The six are: y, x, direction down and right, bend, strength (half of the fibres are lighter than the ground, half darker).
    """
    height, width = image.shape
    for n in range(draws.shape[0]):
        y, x = draws[n, 0] * height, draws[n, 1] * width
        down, right = draws[n, 2] * 2 - 1, draws[n, 3] * 2 - 1
        bend, ink = (draws[n, 4] - 0.5) * 0.12, draws[n, 5] * 2 - 1
        for _ in range(int(steps * (0.3 + 0.7 * draws[n, 4]))):
            length = np.sqrt(down * down + right * right) + 1e-6
            down, right = down / length, right / length
            y, x = y + down, x + right
            down, right = down + bend * right, right - bend * down
            row, column = int(np.floor(y)), int(np.floor(x))
            v, u = y - row, x - column
            image[row % height, column % width] += ink * (1 - v) * (1 - u)
            image[row % height, (column + 1) % width] += ink * (1 - v) * u
            image[(row + 1) % height, column % width] += ink * v * (1 - u)
            image[(row + 1) % height, (column + 1) % width] += ink * v * u
