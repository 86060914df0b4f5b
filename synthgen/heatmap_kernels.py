"""Gaussians warped into quads, compiled. Exact to the bit on every host: + - * / and sqrt alone.

Template coordinates (u, v) put the quad's corners, in order, at (-1, -1), (1, -1), (1, 1), (-1, 1), so the crossing of its diagonals
at (0, 0). Along the diagonals, with p = (u + v) / 2 and r = (u - v) / 2, the perspective map of square to quad is plain: seen from the
crossing, (p, r) lies at (p fall + r rise) / (1 + lean_p p + lean_r r).
Source: our own derivation; it solves the system of Heckbert, "Fundamentals of texture mapping and image warping", 1989, section 2.2.3,
for a square that is symmetric about 0, where parallelograms have no lean.
"""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F32, F64, U8
from synthgen.compiled import kernel

F = np.float32
SIGMA = 0.4  # of half the enlarged box: 40 of 200 / 2. Source: EasyOCR, trainer/craft/config/syn_train.yaml, gauss_sigma, gauss_init_size
ENLARGED = 1.5  # of both axes. Source: the same, enlarge_region and enlarge_affinity of 0.5
LEAST_AREA_PX = 1.0  # px^2; what is smaller cannot be seen and would fall between the map's pixels
LEAST_PART = 1e-3  # of a diagonal, on either side of the crossing; 0 is a triangle, less than 0 not convex
DOWN = 2  # image px a map px, along both axes
QUARTER = -1 / (8 * SIGMA * SIGMA)  # a quarter of the Gaussian's exponent at squared radius 1
C1, C2, C3, C4, C5 = F(QUARTER), F(QUARTER**2 / 2), F(QUARTER**3 / 6), F(QUARTER * QUARTER**3 / 24), F(QUARTER**2 * QUARTER**3 / 120)
ONE, ZERO, FULL, HALF = F(1), F(0), F(255), F(0.5)


class Warp(NamedTuple):
    """The way from image px, seen from the crossing of the diagonals, to sqrt(2) (p, r) as (ux x + uy y, vx x + vy y) over 1 + wx x + wy y.

    sqrt(2) makes the template's circle of radius 1 the unit circle here too.
    """

    ux: float
    uy: float
    vx: float
    vy: float
    wx: float
    wy: float
    top: float  # of the image of the unit circle, in px from the crossing
    bottom: float


@kernel
def crossings(quads: F32) -> F64:
    """Return x and y of where the diagonals of each of `quads` (n, 4, 2) cross, and the share of diagonals 0-2 and 1-3 before it, `(n, 4)`.

    All four are NaN for quads that have no Gaussian: not finite, not convex, or of less than LEAST_AREA_PX.
    """
    found = np.full((quads.shape[0], 4), np.nan)
    for i in range(quads.shape[0]):
        x0, y0 = np.float64(quads[i, 0, 0]), np.float64(quads[i, 0, 1])
        dx, dy = quads[i, 2, 0] - x0, quads[i, 2, 1] - y0
        ex, ey = np.float64(quads[i, 3, 0]) - quads[i, 1, 0], np.float64(quads[i, 3, 1]) - quads[i, 1, 1]
        fx, fy = quads[i, 1, 0] - x0, quads[i, 1, 1] - y0
        doubled = dx * ey - dy * ex  # area of a convex quad, twice; negative for mirrored text
        first, second = (fx * ey - fy * ex) / doubled, (fx * dy - fy * dx) / doubled
        least, most = min(first, second), max(first, second)
        if abs(doubled) >= 2 * LEAST_AREA_PX and least >= LEAST_PART and most <= 1 - LEAST_PART:
            found[i] = x0 + first * dx, y0 + first * dy, first, second
    return found


@kernel
def _warp(quad: F32, first: float, second: float) -> Warp:
    """Return the way back from `quad` (4, 2), enlarged, whose diagonals are cut at shares `first` and `second` of them."""
    fall, rise = ENLARGED * 2 * first * (1 - first), ENLARGED * 2 * second * (1 - second)
    lean_p, lean_r = 2 * first - 1, 1 - 2 * second
    px, py = fall * (np.float64(quad[2, 0]) - quad[0, 0]), fall * (np.float64(quad[2, 1]) - quad[0, 1])
    rx, ry = rise * (np.float64(quad[1, 0]) - quad[3, 0]), rise * (np.float64(quad[1, 1]) - quad[3, 1])
    whole = px * ry - py * rx
    ux, uy, vx, vy = ry / whole, -rx / whole, -py / whole, px / whole
    # y is extreme where a level line touches the circle: even y^2 + 2 odd y - flat = 0
    even, odd, flat = 2 - lean_p * lean_p - lean_r * lean_r, py * lean_p + ry * lean_r, py * py + ry * ry
    root, two = np.sqrt(odd * odd + even * flat), np.sqrt(2.0)
    wx, wy = -(lean_p * ux + lean_r * vx), -(lean_p * uy + lean_r * vy)
    return Warp(two * ux, two * uy, two * vx, two * vy, wx, wy, (-odd - root) / even, (root - odd) / even)


@kernel
def _first_centre(at: float, count: int) -> np.int64:
    """Return the first of `count` map pixels whose centre is at image px `at` or after; `count` if there is none."""
    return np.int64(min(max(np.ceil((at - DOWN / 2) / DOWN), 0.0), np.float64(count)))  # cut before the cast: int(1e30) is undefined


@kernel
def _lay_row(u: tuple[F, F], v: tuple[F, F], w: tuple[F, F], row: U8) -> None:
    """Raise `row` to the Gaussian of (u, v) / w, each given as (value at the first pixel, step). The loop becomes vector instructions.

    exp(-t) is the fourth power of the Taylor series of exp(-t / 4) to the fifth order: off by 0.04 / 255 at most.
    """
    for x in range(row.size):
        along = F(x)
        a, b, c = u[0] + u[1] * along, v[0] + v[1] * along, w[0] + w[1] * along
        square = (a * a + b * b) / (c * c)
        root = ONE + square * (C1 + square * (C2 + square * (C3 + square * (C4 + square * C5))))
        level = root * root
        level = level * level * FULL + HALF
        # rounding may put the last pixel a little outside, and a cast of what is not 0 to 255 is undefined
        row[x] = max(row[x], np.uint8(np.int32(level if square <= ONE else ZERO)))


@kernel
def lay_gaussians(quads: F32, crossed: F64, heat: U8) -> None:
    """Raise `heat` (h, w) to the Gaussian of each of `quads` (n, 4, 2) in image px, where `crossed` (n, 4) is not NaN.

    Only pixels within the circle's image are visited: a row's share of it is where a quadratic in x is not positive.
    """
    height, width = heat.shape
    for i in range(quads.shape[0]):
        if np.isnan(crossed[i, 0]):
            continue
        way = _warp(quads[i], crossed[i, 2], crossed[i, 3])
        middle_x, middle_y = crossed[i, 0], crossed[i, 1]
        square = way.ux * way.ux + way.vx * way.vx - way.wx * way.wx
        for r in range(_first_centre(middle_y + way.top, height), _first_centre(middle_y + way.bottom, height)):
            y = (r + 0.5) * DOWN - middle_y
            u, v, w = way.uy * y, way.vy * y, 1 + way.wy * y
            half = way.ux * u + way.vx * v - way.wx * w
            reach = np.sqrt(max(half * half - square * (u * u + v * v - w * w), 0.0))
            start = _first_centre(middle_x - (half + reach) / square, width)
            stop = _first_centre(middle_x + (reach - half) / square, width)
            if start < stop:
                x = (start + 0.5) * DOWN - middle_x
                _lay_row(
                    (F(u + way.ux * x), F(DOWN * way.ux)),
                    (F(v + way.vx * x), F(DOWN * way.vx)),
                    (F(w + way.wx * x), F(DOWN * way.wx)),
                    heat[r, start:stop],
                )
