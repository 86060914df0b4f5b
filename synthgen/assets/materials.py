"""How each material is drawn: relief in a unit of its own, `(512, 512)`; `textures` makes tone of it."""

from dataclasses import dataclass

import numpy as np

from synthgen.arrays import F32, F64
from synthgen.assets.texture_kernels import blur, cells, fractal, strokes, white

TILE_PX = 512


@dataclass(frozen=True)
class Sheet:
    """What one tile is made from: its pixels' centres, and its own numbers."""

    y: F32  # (512, 512) px
    x: F32
    u: F64  # (DRAWS,) in [0, 1)
    key: int  # for the noise kernels; below key + 1000 it is this tile's alone

    def between(self, k: int, low: float, high: float) -> np.float32:
        """Return draw k on the range from `low` to `high`."""
        return np.float32(low + (high - low) * self.u[k])

    def noise(self, high_px: float, wide_px: float, octaves: int = 1, salt: int = 0) -> F32:
        """Return smooth noise, about -1 to 1, with waves of `high_px` by `wide_px`."""
        return fractal(self.y / np.float32(high_px), self.x / np.float32(wide_px), octaves, self.key + 16 * salt)

    def grain(self, salt: int = 0) -> F32:
        """Return noise in [0, 1), each pixel on its own."""
        return white(self.y, self.x, self.key + 16 * salt + 500)

    def turned(self, turns: float) -> tuple[F32, F32]:
        """Return the coordinates (across, along) of axes turned by this share of a full turn, about the middle of the tile, px."""
        down, right = (np.float32(wave(np.float32(turns + quarter))) for quarter in (0.0, 0.25))
        y, x = self.y - np.float32(TILE_PX / 2), self.x - np.float32(TILE_PX / 2)
        return y * right - x * down, y * down + x * right


def wave(turns: F32 | F64 | np.float32) -> F32:
    """Return the sine of `turns` full turns, within 0.002; libm's last bit differs between hosts. Source: Bhaskara I, about 629."""
    halves = np.asarray(turns, dtype=np.float32) * np.float32(2)
    part = fraction(halves)
    bow = 4 * part * (1 - part)
    odd = fraction((halves - part) * np.float32(0.5)) * np.float32(2)  # 1 in every second half turn, else 0
    return np.asarray(4 * bow / (5 - bow) * (1 - 2 * odd), dtype=np.float32)


def single(x: F32 | F64) -> F32:
    """Return `x` in single precision; the compiled kernels are made for that alone, and a second precision costs a second compilation."""
    return np.asarray(x, dtype=np.float32)


def fraction(x: F32 | F64) -> F32:
    """Return how far `x` is above the next lower whole number, 0 to 1."""
    return single(x - np.floor(x))


def clipped(x: F32 | F64, low: float = 0.0, high: float = 1.0) -> F32:
    """Return `x` kept between `low` and `high`."""
    return np.asarray(np.clip(x, np.float32(low), np.float32(high)), dtype=np.float32)


def length(y: F32, x: F32) -> F32:
    """Return the length of the vectors (y, x)."""
    return single(np.sqrt(y * y + x * x))


def ramp(distance: F32 | F64, soft_px: float = 1.0) -> F32:
    """Return 0 outside, 1 inside an edge `soft_px` wide at distance 0, positive inside."""
    return clipped(distance / np.float32(soft_px) + np.float32(0.5))


def flat(sheet: Sheet) -> F32:
    """Next to even."""
    return sheet.noise(300, 300) * sheet.between(1, 0.5, 3) + sheet.grain() * sheet.between(2, 0.1, 1)


def gradient(sheet: Sheet) -> F32:
    """Linear, radial, from a corner, or a bent one."""
    across, along = sheet.turned(sheet.u[1])
    y, x = sheet.y - sheet.between(2, 100, 412), sheet.x - sheet.between(3, 100, 412)
    kind = int(sheet.u[0] * 4)
    bare = (across, length(y, x), length(sheet.y, sheet.x), across + along * along * np.float32(0.003))[kind]
    return bare + sheet.grain() * np.float32(4)  # grain keeps bands from showing


def paper(sheet: Sheet) -> F32:
    """Pulp with short fibres, a little cloudy."""
    relief = sheet.noise(7, 7, 3) * np.float32(0.6) + sheet.noise(120, 120, 2, salt=1) * sheet.between(1, 0.2, 0.8)
    fibres = np.zeros_like(relief)
    _stroke(sheet, fibres, 1800, int(sheet.between(2, 14, 40)))
    grain = sheet.grain() - np.float32(0.5)
    return single(relief + fibres * sheet.between(3, 0.2, 0.6) + grain * np.float32(0.5))


def cardboard(sheet: Sheet) -> F32:
    """Fluting seen through the liner, long fibres, dark specks."""
    flute_px, bend = sheet.between(1, 13, 24), sheet.noise(200, 200, 2, salt=1)
    flutes = wave((sheet.y + bend * np.float32(5)) / flute_px)
    fibres = np.zeros_like(flutes)
    _stroke(sheet, fibres, 2600, 46)
    specks = ramp(sheet.grain(1) - np.float32(0.997), 0.002)
    return flutes * sheet.between(2, 0.15, 0.8) + fibres * np.float32(0.7) + sheet.noise(90, 160, 4) - 2 * blur(specks, 1, 1, 1)


def foil(sheet: Sheet) -> F32:
    """Crumpled: straight folds every way, each strong in places only, lit from one side; facets that face the light glare."""
    height = np.zeros_like(sheet.y)
    bend = sheet.noise(150, 150, 2, salt=1)
    for k in range(7):
        across, _ = sheet.turned(sheet.u[8 + k])
        period = sheet.between(16 + k, 26, 40 + 20 * k)
        fold = across / period + bend * np.float32(0.6 + 0.25 * (k % 3)) + np.float32(sheet.u[24 + k])
        height += np.abs(2 * fraction(fold / 2) - 1) * period * clipped(sheet.noise(90, 90, 1, salt=2 + k) * 3 + np.float32(0.3))
    lit, _ = sheet.turned(sheet.u[1])
    down, right = lit[1, 0] - lit[0, 0], lit[0, 1] - lit[0, 0]
    light = down * (np.roll(height, -1, axis=0) - height) + right * (np.roll(height, -1, axis=1) - height)
    light[-1], light[:, -1] = light[-2], light[:, -2]  # the last row and column have no neighbour below and right
    shine = clipped(blur(light, 1, 1, 1) * sheet.between(2, 0.3, 0.7))
    uneven = sheet.noise(300, 300) * np.float32(0.6) + sheet.grain() * np.float32(0.2)
    return single(light * np.float32(0.35) + shine * shine * np.float32(2) + uneven)


def plastic(sheet: Sheet) -> F32:
    """Film: soft bands of sheen along the pack, thin bright wrinkles across it."""
    across, along = sheet.turned(sheet.u[1])
    bend = sheet.noise(220, 220, 2)
    sheen = clipped(wave(across / sheet.between(2, 160, 420) + bend * np.float32(0.35)))
    pulled = fractal(across / sheet.between(3, 20, 45) + bend * 2, along / np.float32(190), 2, sheet.key + 40)
    crease = clipped(1 - np.abs(pulled) * 5)
    return single(sheen * sheen * 2 + crease * crease * clipped(sheet.noise(110, 110, 1, salt=3) * 3) * sheet.between(4, 0.2, 1.8) + bend)


def wood(sheet: Sheet) -> F32:
    """A sawn board: rings cut lengthwise, fibres and pores along the grain."""
    y = sheet.y - sheet.between(1, -200, 700) + sheet.noise(260, 500, 3) * sheet.between(2, 60, 150)
    x = (sheet.x - sheet.between(3, 0, 512)) * sheet.between(4, 0.08, 0.2)
    rings = length(y, x) / sheet.between(5, 14, 34) + sheet.noise(8, 160, 2, salt=1) * np.float32(0.25)
    part = fraction(rings)
    late = part * part * part * ramp(1 - part, 0.12)  # slow growth darkens a ring, then it ends at once
    fibre = fractal(sheet.y / np.float32(2.5), sheet.x / np.float32(110), 2, sheet.key + 60)
    pores = clipped(fractal(sheet.y / np.float32(3), sheet.x / np.float32(38), 1, sheet.key + 70) * 3 - 1)
    grain = fibre * np.float32(0.5) - pores * sheet.between(7, 0.3, 1.1)
    return single(grain - late * sheet.between(6, 0.8, 2) + sheet.noise(120, 400, 2, salt=2))


def fabric(sheet: Sheet) -> F32:
    """A plain or twill weave: round threads that pass over and under each other, none quite alike."""
    thread_px, step = sheet.between(1, 5, 13), 1 + int(sheet.u[2] * 2)
    v = (sheet.y + sheet.noise(90, 90, 2, salt=1) * 3) / thread_px
    u = (sheet.x + sheet.noise(90, 90, 2, salt=2) * 3) / thread_px
    weft, warp = fraction(v), fraction(u)
    turn = (v - weft + u - warp) / np.float32(step + 1)
    over = np.where(fraction(turn) < np.float32(0.5), np.float32(1), np.float32(0))
    round_weft, round_warp = 4 * weft * (1 - weft), 4 * warp * (1 - warp)
    height = over * round_weft * (np.float32(0.6) + np.float32(0.4) * round_warp)
    height += (1 - over) * round_warp * (np.float32(0.6) + np.float32(0.4) * round_weft) * np.float32(0.85)
    own = over * white(v, np.zeros_like(v), sheet.key + 80) + (1 - over) * white(u, np.ones_like(u), sheet.key + 81)
    return single(height + own * sheet.between(3, 0.1, 0.6) + (sheet.grain() - np.float32(0.5)) * np.float32(0.5))


def stripes(sheet: Sheet) -> F32:
    """One to four bands that repeat, each of its own width and tone, at the slants printers use."""
    slant = (0.0, 0.25, 0.125, 0.875, 0.0, 0.25, 0.07, 0.18)[int(sheet.u[1] * 8)]
    across, _ = sheet.turned(slant)
    bands = 2 + int(sheet.u[2] * 3)
    period = sheet.between(3, 16, 130)
    place = fraction(across / period)
    edges = np.cumsum(0.25 + sheet.u[8 : 8 + bands])
    edges = edges / edges[-1]
    relief = np.full_like(across, sheet.u[16])
    for k in range(1, bands):
        inside = ramp((place - np.float32(edges[k - 1])) * period) * ramp((np.float32(edges[k]) - place) * period)
        relief += inside * np.float32((k % 2) * 1.2 + sheet.u[16 + k] - sheet.u[16])
    return relief + sheet.grain() * np.float32(0.06)


def halftone(sheet: Sheet) -> F32:
    """A dot screen whose dots grow with the tone beneath."""
    pitch = sheet.between(1, 4, 15)
    across, along = sheet.turned((0.0, 0.04, 0.125, 0.2083)[int(sheet.u[2] * 4)])  # the usual screens: 0, 15, 45, 75 degrees
    v, u = fraction(across / pitch) - np.float32(0.5), fraction(along / pitch) - np.float32(0.5)
    slope, _ = sheet.turned(sheet.u[3])
    tone = clipped(
        np.float32(0.36) + slope * sheet.between(4, 0, 0.0009) + sheet.noise(170, 170, 2) * sheet.between(5, 0.02, 0.3), 0.06, 0.66
    )
    return ramp((tone - length(v, u)) * pitch, 1.2)


def blobs(sheet: Sheet) -> F32:
    """Things far out of focus."""
    relief = sheet.noise(300, 300) * np.float32(0.5)
    for k in range(3 + int(sheet.u[1] * 14)):
        cy, cx, radius, tone = sheet.u[8 + 4 * k : 12 + 4 * k]
        _lay(relief, _disc(sheet, cy, cx, 18 + 90 * radius * radius), float(tone) * 2 - 1, 0.75)
    reach = int(sheet.between(2, 3, 26))
    return blur(relief, reach, reach, 2) + sheet.grain() * np.float32(0.03)


def shapes(sheet: Sheet) -> F32:
    """Printed figures with hard edges, one kind a tile, over one another or see-through."""
    relief = np.full_like(sheet.y, np.float32(sheet.u[2]))
    figure = (_disc, _triangle, _leaf, _waves)[int(sheet.u[0] * 4)]
    cover = sheet.between(3, 0.5, 1.2)
    largest = sheet.between(4, 40, 150)
    for k in range(6 + int(sheet.u[5] * 26)):
        cy, cx, size, tone = sheet.u[8 + 4 * k : 12 + 4 * k]
        _lay(relief, figure(sheet, cy, cx, 12 + float(largest) * size), round(float(tone) * 4) / 4, min(1.0, float(cover)))
    return relief + sheet.grain() * np.float32(0.02)


def metal(sheet: Sheet) -> F32:
    """Brushed: streaks of many lengths under broad sheen."""
    margin = 128  # px each side, more than two passes reach: a blur at an edge is streaked
    y, x = np.mgrid[0:TILE_PX, 0 : TILE_PX + 2 * margin].astype(np.float32)
    long = blur(white(y, x, sheet.key + 500), 0, int(sheet.between(1, 20, 60)), 2)[:, margin:-margin] - np.float32(0.5)
    short = blur(white(y, x, sheet.key + 516), 0, 6, 1)[:, margin:-margin] - np.float32(0.5)
    sheen = wave(sheet.x / sheet.between(2, 300, 900) + np.float32(sheet.u[3]) + sheet.noise(400, 300) * np.float32(0.15))
    return single(long * 9 + short * np.float32(1.2) + sheen * sheet.between(4, 0.2, 1.2))


def speckle(sheet: Sheet) -> F32:
    """Recycled board (flecks and fibres) or terrazzo (chips of stone)."""
    ground = sheet.noise(60, 60, 4) * np.float32(0.25) + (sheet.grain() - np.float32(0.5)) * np.float32(0.3)
    chip_px, share = sheet.between(1, 5, 30), sheet.between(2, 0.25, 0.8)
    bent = sheet.y / chip_px + sheet.noise(30, 30, 2, salt=1) * np.float32(0.4)
    border, down, right, tone, size, there = cells(bent, sheet.x / chip_px, sheet.key + 90)
    reach = np.minimum(border * np.float32(0.8), size * np.float32(0.55) - length(down, right) * np.float32(0.6))
    chips = ramp(reach * chip_px) * np.where(there < share, np.float32(1), np.float32(0))
    fibres = np.zeros_like(ground)
    _stroke(sheet, fibres, 500, 24)
    return single(ground + chips * (tone * 3 - np.float32(1.8)) + fibres * np.float32(0.25))


def _disc(sheet: Sheet, cy: float, cx: float, size: float) -> F32:
    y, x = sheet.y - np.float32(cy * TILE_PX), sheet.x - np.float32(cx * TILE_PX)
    return np.float32(size) - length(y, x)


def _triangle(sheet: Sheet, cy: float, cx: float, size: float) -> F32:
    turns = (cy * 7 + cx * 3) % 1  # any way round, without a draw of its own
    y, x = sheet.y - np.float32(cy * TILE_PX), sheet.x - np.float32(cx * TILE_PX)
    sides = [y * wave(np.float32(turns + third)) + x * wave(np.float32(turns + third + 0.25)) for third in (0, 1 / 3, 2 / 3)]
    return single(np.float32(size) * np.float32(0.6) - np.maximum(np.maximum(sides[0], sides[1]), sides[2]))


def _leaf(sheet: Sheet, cy: float, cx: float, size: float) -> F32:
    """Two equal circles' common part, without its midrib."""
    turns = np.float32((cy * 5 + cx * 11) % 1)
    y, x = sheet.y - np.float32(cy * TILE_PX), sheet.x - np.float32(cx * TILE_PX)
    across, along = y * wave(turns + np.float32(0.25)) - x * wave(turns), y * wave(turns) + x * wave(turns + np.float32(0.25))
    away = np.abs(across) + np.float32(size * 0.7)
    return single(np.minimum(np.float32(size * 1.1) - length(away, along), np.abs(across) - np.float32(size * 0.03)))


def _waves(sheet: Sheet, cy: float, cx: float, size: float) -> F32:
    """A band that waves across the whole tile."""
    crest = wave(sheet.x / np.float32(60 + 3 * size) + np.float32(cx)) * np.float32(size * 0.25)
    return single(np.float32(size * 0.35) - np.abs(sheet.y - np.float32(cy * TILE_PX) + crest))


def _lay(relief: F32, inside: F32, tone: float, cover: float) -> None:
    relief += ramp(inside) * np.float32(cover) * (np.float32(tone) - relief)


def _stroke(sheet: Sheet, image: F32, count: int, longest_px: int) -> None:
    row, column = np.mgrid[0:count, 0:6].astype(np.float32)
    strokes(image, white(row, column, sheet.key + 900), longest_px)
