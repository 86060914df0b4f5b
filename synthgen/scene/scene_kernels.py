"""Scenes, compiled: pieces painted in order, each only inside its window of the picture. Plain arrays in, caller-owned arrays out.

Shapes are painted row by row, straight into the picture's planes: a row's working arrays stay in the nearest cache. Lines of text are
copied out into contiguous planes, as the passes of the word painter want them, and back.

The passes are imported, against the house rule that kernels share a file: one file of 2,000 lines would be worse. After an edit of
`kernels.py`, `make clean` removes what was compiled with the old ones.
"""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F32, F64, I32, I64, U8, U16
from synthgen.compiled import kernel
from synthgen.scene.kernels import (
    FULL,
    HALF,
    NEAREST,
    ONE,
    TWO,
    ZERO,
    F,
    Scratch,
    bend,
    blend,
    character_boxes,
    choose_ink,
    clear_rim,
    copy,
    cosine,
    cover_letters,
    ground_under,
    invert,
    lay_depth,
    lay_glyphs,
    lay_ground,
    lay_letters,
    multiply,
    part_of,
    plain_ink,
    project,
    sample_field,
    share,
    sine,
    take,
    texture_ink,
)
from synthgen.scene.pieces import (
    BARCODE,
    BURST,
    CYLINDER,
    ELLIPSE,
    FLAT,
    LINE,
    RECTANGLE,
    SHADE,
    WRINKLED,
    Faces,
    Pieces,
)
from synthgen.scene.plan import ARC, NO_BEND, WAVE, Looks
from synthgen.scene.records import Atlas, Grounds, Lines

PI = 3.141592653589793
TURN = F(2 * PI)
STEEPEST = 1.526  # radians of a cylinder's face that are seen to each side; its sine is SILHOUETTE
SILHOUETTE = F(0.999)
SECOND_WAVE, SECOND_PHASE = 0.8, 1.7  # of wrinkles along x beside those along y: equal ones would look woven
EDGE_POINTS = 24  # a side of a bent piece, to find its window
OFF = F(1e6)  # line px of points that show no text
CANVAS_MARGIN = 10  # line px: the fields' reach, and one cell of rim
GRID = 7  # points a side of a character's quad
BESIDE = F(2)  # px
DENSE = 1500  # pixels of a line, all of which are measured
POINTS = F(22)  # of a burst
NOTCH = F(0.7)  # of a ribbon's ends, of half its height

# Bars and spaces of EAN-13. Source: GS1 General Specifications, section 5.2.1: modules of set A, first at the left; B is the mirrored
# complement of A, C the complement; parity of the left six digits by the first.
SET_A = np.array(
    [0b0001101, 0b0011001, 0b0010011, 0b0111101, 0b0100011, 0b0110001, 0b0101111, 0b0111011, 0b0110111, 0b0001011], dtype=np.int64
)
PARITY = np.array([0b000000, 0b001011, 0b001101, 0b001110, 0b010011, 0b011001, 0b011100, 0b010101, 0b010110, 0b011010], dtype=np.int64)
MODULES, QUIET = 113, 11  # in all, and before the first bar
GUARD_SHARE = F(0.07)  # of the height, by which guard bars are longer


class Way(NamedTuple):
    """The way of a piece between its local units and the picture."""

    forward: F64  # (9,) bent label -> picture
    inverse: F64  # (9,) picture -> local (or bent line) where the face is flat, else picture -> bent label
    affine: F64  # (6,) local -> label
    back: F64  # (6,) label -> local
    face_bend: int
    radius: float
    look_down: float  # of WRINKLED: radians a label unit
    phase: float
    middle_x: float
    middle_y: float
    line_bend: int
    line_radius: float
    line_view: float
    middle_u: float
    per_unit: float  # picture px a unit of the bent label, at its middle


class Scene(NamedTuple):
    """All that is painted."""

    faces: Faces
    pieces: Pieces
    looks: Looks
    lines: Lines
    codes: U16
    char_offsets: I64  # (lines + 1,)
    boxes: F32  # (chars, 4) ink of each character, line px
    line_boxes: F32  # (lines, 4)
    digit: I32  # (classes + 1,) which digit a class is, -1: none


class Canvas(NamedTuple):
    """The picture in work."""

    rgb: F32  # (3, pixels)
    owner: I32  # (pixels,) piece that hides all before it, -1: none
    height: int
    width: int


@kernel
def fast_sine(x: F) -> F:
    """Return sin x to 4e-6; becomes vector instructions."""
    r = x / TURN
    r -= np.floor(r + HALF)
    r = HALF - r if r > F(0.25) else r
    r = -HALF - r if r < F(-0.25) else r
    x = r * TURN
    y = x * x
    return x * (ONE - y / F(6) * (ONE - y / F(20) * (ONE - y / F(42) * (ONE - y / F(72)))))


@kernel
def fast_arctangent(x: F) -> F:
    """Return atan x to 1e-6; becomes vector instructions. Source: Abramowitz & Stegun 1964, 4.4.49."""
    near = abs(x) <= ONE
    z = x if near else ONE / x
    y = z * z
    high = F(0.1065626393) + y * (F(-0.0752896400) + y * (F(0.0429096138) + y * (F(-0.0161657367) + y * F(0.0028662257))))
    series = z * (ONE + y * (F(-0.3333314528) + y * (F(0.1999355085) + y * (F(-0.1420889944) + y * high))))
    far = (F(PI / 2) if x > ZERO else F(-PI / 2)) - series
    return series if near else far


@kernel
def bend_face(way: Way, x: float, y: float) -> tuple[float, float]:
    """Return where the face's bend takes a point of its label; a cylinder's far side is pressed to its silhouette."""
    if way.face_bend == CYLINDER:
        angle = min(max((x - way.middle_x) / way.radius, -STEEPEST), STEEPEST)
        return way.middle_x + way.radius * sine(angle), y + way.look_down * way.radius * (1 - cosine(angle))
    if way.face_bend == WRINKLED:
        p = x + way.radius * (sine(way.look_down * (y - way.middle_y) + way.phase) - sine(way.phase))
        second = way.phase + SECOND_PHASE
        return p, y + way.radius * (sine(SECOND_WAVE * way.look_down * (p - way.middle_x) + second) - sine(second))
    return x, y


@kernel
def to_label(way: Way, u: float, v: float) -> tuple[float, float]:
    """Return the label point of a local one."""
    if way.line_bend != NO_BEND:
        u, v = bend(way.line_bend, way.line_radius, way.line_view, u - way.middle_u, v)
        u += way.middle_u
    a = way.affine
    return a[0] * u + a[1] * v + a[2], a[3] * u + a[4] * v + a[5]


@kernel
def to_bent(way: Way, u: float, v: float) -> tuple[float, float]:
    """Return the bent label's point of a local one."""
    x, y = to_label(way, u, v)
    return bend_face(way, x, y)


@kernel
def to_picture(way: Way, u: float, v: float) -> tuple[float, float]:
    """Return the picture's point of a local one, px; 1e6 behind the eye."""
    p, q = to_bent(way, u, v)
    return project(way.forward, p, q)


@kernel
def way_of(face: Faces, piece: Pieces, line_view: float, middle_u: float) -> Way:
    """Return the way of a piece; depth is scaled to be 1 at the face's middle."""
    forward, affine, back = face.homography.copy(), piece.affine.copy(), np.empty(6)
    depth = forward[6] * face.middle[0] + forward[7] * face.middle[1] + forward[8]
    forward /= depth if depth > 0 else 1.0
    ax, ay = project(forward, face.middle[0], face.middle[1])
    bx, by = project(forward, face.middle[0] + 1, face.middle[1])
    det = affine[0] * affine[4] - affine[1] * affine[3]
    back[0], back[1], back[3], back[4] = affine[4] / det, -affine[1] / det, -affine[3] / det, affine[0] / det
    back[2] = -back[0] * affine[2] - back[1] * affine[5]
    back[5] = -back[3] * affine[2] - back[4] * affine[5]
    inverse, whole, lift = np.empty(9), np.empty(9), np.zeros(9)
    if face.bend == FLAT:
        lift[:6], lift[8] = affine, 1.0
        multiply(forward, lift, whole)
        invert(whole, inverse)
    else:
        invert(forward, inverse)
    return Way(
        forward, inverse, affine, back, int(face.bend), float(face.radius), float(face["view"]), float(face.phase),
        float(face.middle[0]), float(face.middle[1]), int(piece.bend), float(piece.radius), float(line_view), float(middle_u),
        np.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay)),
    )  # fmt: skip


@kernel
def scale_at(way: Way, u: float, v: float, step: float) -> float:
    """Return picture px a local unit around a local point: the root of the change of areas."""
    ax, ay = to_picture(way, u - step, v)
    bx, by = to_picture(way, u + step, v)
    cx, cy = to_picture(way, u, v - step)
    dx, dy = to_picture(way, u, v + step)
    return np.sqrt(abs((bx - ax) * (dy - cy) - (by - ay) * (dx - cx))) / (2 * step)


@kernel
def window_of(way: Way, box: F64, height: int, width: int, out: I64) -> bool:
    """Write the part of the picture x0, y0, x1, y1 (4,) that a local box may touch; return whether there is any."""
    points = EDGE_POINTS if way.line_bend != NO_BEND or way.face_bend != FLAT else 1
    x0, y0, x1, y1 = 1e9, 1e9, -1e9, -1e9
    for k in range(points + 1):
        u, v = box[0] + (box[2] - box[0]) * k / points, box[1] + (box[3] - box[1]) * k / points
        for side in range(4):
            if side < 2:
                x, y = to_picture(way, u, box[1] if side == 0 else box[3])
            else:
                x, y = to_picture(way, box[0] if side == 2 else box[2], v)
            x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
    loose = 1.0 if points == 1 else 1.0 + 0.003 * (x1 - x0 + y1 - y0)  # of bent edges the points cut off a little
    out[0], out[1] = int(min(max(np.floor(x0 - loose), 0), width)), int(min(max(np.floor(y0 - loose), 0), height))
    out[2], out[3] = int(min(max(np.ceil(x1 + loose), 0), width)), int(min(max(np.ceil(y1 + loose), 0), height))
    return bool(out[2] > out[0] and out[3] > out[1])


@kernel
def find_row(way: Way, y: int, x0: int, u: F32, v: F32, rim: F32) -> None:
    """Write the local point that each pixel of a row shows, from column x0 on, and how much of it a cylinder's silhouette lets be seen."""
    h, at = way.inverse, y + 0.5
    a, b, c = F(h[1] * at + h[2]), F(h[4] * at + h[5]), F(h[7] * at + h[8])
    da, db, dc = F(h[0]), F(h[3]), F(h[6])
    first = F(x0) + HALF
    for k in range(u.shape[0]):
        x = first + F(np.int32(k))  # AVX2 has no instruction for eight numbers of 64 bits
        w = ONE / max(c + dc * x, NEAREST)
        u[k], v[k] = (a + da * x) * w, (b + db * x) * w
    if way.face_bend != FLAT:
        unbend_face(way, u, v, rim)
        e = way.back
        e0, e1, e2, e3, e4, e5 = F(e[0]), F(e[1]), F(e[2]), F(e[3]), F(e[4]), F(e[5])
        for k in range(u.shape[0]):
            x, z = u[k], v[k]
            u[k], v[k] = e0 * x + e1 * z + e2, e3 * x + e4 * z + e5
    if way.line_bend != NO_BEND:
        unbend_line(way, u, v)


@kernel
def unbend_face(way: Way, u: F32, v: F32, rim: F32) -> None:
    """Turn points of the bent label into points of the flat one, in place; write to `rim` what a cylinder's silhouette leaves, 0 to 1."""
    radius, view, mx, my, per_unit = F(way.radius), F(way.look_down), F(way.middle_x), F(way.middle_y), F(way.per_unit)
    if way.face_bend == CYLINDER:
        for k in range(u.shape[0]):
            s = (u[k] - mx) / radius
            rim[k] = share(HALF + (ONE - abs(s)) * radius * per_unit)
            s = min(max(s, -SILHOUETTE), SILHOUETTE)
            c = np.sqrt(ONE - s * s)
            u[k] = mx + radius * fast_arctangent(s / c)
            v[k] -= view * radius * (ONE - c)
        return
    phase, second = F(way.phase), F(way.phase + SECOND_PHASE)
    still, still_second, slower = fast_sine(phase), fast_sine(second), F(SECOND_WAVE) * view
    for k in range(u.shape[0]):
        y = v[k] - radius * (fast_sine(slower * (u[k] - mx) + second) - still_second)
        u[k] -= radius * (fast_sine(view * (y - my) + phase) - still)
        v[k] = y


@kernel
def unbend_line(way: Way, u: F32, v: F32) -> None:
    """Turn points of the bent line into points of the straight one, in place."""
    radius, middle = F(way.line_radius), F(way.middle_u)
    if way.line_bend == ARC:
        side = ONE if radius > ZERO else -ONE
        for k in range(u.shape[0]):
            p, down = side * (u[k] - middle), side * (radius - v[k])
            reach = np.sqrt(p * p + down * down)
            u[k] = middle + radius * TWO * fast_arctangent(p / max(reach + down, F(1e-6)))  # half the angle: good all round
            v[k] = radius - side * reach
    elif way.line_bend == WAVE:
        length, phase = F(40 + 60 * way.line_view), F(6 * way.line_view)
        for k in range(u.shape[0]):
            v[k] -= radius * fast_sine((u[k] - middle) / length + phase)


@kernel
def depth_inside(piece: Pieces, u: F32, v: F32, near: F32) -> None:
    """Write how far inside the piece's outline each point is, local units, negative outside."""
    mu, mv = F((piece.box[0] + piece.box[2]) / 2), F((piece.box[1] + piece.box[3]) / 2)
    wide, high = F((piece.box[2] - piece.box[0]) / 2), F((piece.box[3] - piece.box[1]) / 2)
    least = min(wide, high)
    if piece.outline == RECTANGLE:  # Source: Quilez, "2D distance functions", rounded box
        radius = piece["round"] * least
        inner_x, inner_y = wide - radius, high - radius
        for k in range(u.shape[0]):
            x, y = abs(u[k] - mu) - inner_x, abs(v[k] - mv) - inner_y
            ox, oy = max(x, ZERO), max(y, ZERO)
            near[k] = radius - np.sqrt(ox * ox + oy * oy) - min(max(x, y), ZERO)
    elif piece.outline == ELLIPSE:  # the implicit function over its slope: exact at the edge, for a circle everywhere
        for k in range(u.shape[0]):
            x, y = (u[k] - mu) / wide, (v[k] - mv) / high
            r = np.sqrt(x * x + y * y)
            slope = np.sqrt(x * x / (wide * wide) + y * y / (high * high)) / max(r, F(1e-3))
            near[k] = (ONE - r) / max(slope, F(1e-6))
    elif piece.outline == BURST:
        deep, turns = piece["round"], POINTS / F(PI)
        for k in range(u.shape[0]):
            x, y = (u[k] - mu) / wide, (v[k] - mv) / high
            r = np.sqrt(x * x + y * y)
            spike = fast_arctangent(y / max(r + x, F(1e-6))) * turns
            near[k] = (ONE - deep * abs(TWO * (spike - np.floor(spike)) - ONE) - r) * least
    else:  # RIBBON
        notch = NOTCH * high
        for k in range(u.shape[0]):
            x, y = abs(u[k] - mu), abs(v[k] - mv)
            near[k] = min(high - y, HALF * (wide - notch * (ONE - y / high) - x) * F(1.6))  # 1.6 / 2: cosine of the notch's slope, about


@kernel
def folded(x: F, length: F) -> F:
    """Return x within [0, length], as between two mirrors."""
    return abs(x - TWO * length * np.floor(x / (TWO * length) + HALF))


@kernel
def read_tile(tiles: Grounds, tile: int, piece: Pieces, scale: F, u: F32, v: F32, out: F32) -> None:
    """Write a tone tile's values, 0 to 255, to `out` (3, n) at local points, a tile px about a picture px; of a photo RGB."""
    rows, columns, channels = tiles.size[tile, 0], tiles.size[tile, 1], np.int64(tiles.channels[tile])
    cells = tiles.pixels[tiles.start[tile] : tiles.start[tile] + np.int64(rows) * columns * channels]
    left, top = F(piece.box[0]), F(piece.box[1])
    wide, high = F(columns) - F(1.01), F(rows) - F(1.01)
    for k in range(u.shape[0]):
        x, y = folded((u[k] - left) * scale, wide), folded((v[k] - top) * scale, high)
        column, row = np.int64(x), np.int64(y)
        fx, fy = x - F(column), y - F(row)
        at = (row * columns + column) * channels
        below = at + columns * channels
        for c in range(channels):
            a, b, d, e = F(cells[at + c]), F(cells[at + channels + c]), F(cells[below + c]), F(cells[below + channels + c])
            upper, lower = a + (b - a) * fx, d + (e - d) * fx
            out[c, k] = upper + (lower - upper) * fy


@kernel
def mix_row(plane: F32, cover: F32, colour: F) -> None:
    """Lay one colour's channel over a row."""
    for k in range(cover.shape[0]):
        plane[k] += (colour - plane[k]) * cover[k]


@kernel
def colour_row(piece: Pieces, tiles: Grounds, scale: F, u: F32, v: F32, cover: F32, tone: F32, rgb: F32, first: int) -> None:
    """Lay a shape's colour, or its texture between two colours, over the part of the planes from `first` on."""
    last = first + cover.shape[0]
    if piece.tile < 0:
        for c in range(3):
            mix_row(rgb[c][first:last], cover, piece.rgb[0, c])
        return
    read_tile(tiles, piece.tile, piece, scale, u, v, tone)
    photo = tiles.channels[piece.tile] == 3
    for c in range(3):
        plane, values = rgb[c][first:last], tone[c] if photo else tone[0]
        base, reach = (ZERO, ONE) if photo else (piece.rgb[0, c], (piece.rgb[1, c] - piece.rgb[0, c]) / FULL)
        for k in range(cover.shape[0]):
            plane[k] += (base + reach * values[k] - plane[k]) * cover[k]


@kernel
def shade_row(piece: Pieces, u: F32, cover: F32, rgb: F32, first: int) -> None:
    """Multiply light across a row from the piece's left to its right; above 1: glare, that share of the way to white."""
    left, wide, count = F(piece.box[0]), F(piece.box[2] - piece.box[0]), cover.shape[0]
    for c in range(3):
        plane, a, b = rgb[c][first : first + count], piece.rgb[0, c], piece.rgb[1, c]
        for k in range(count):
            gain = a + (b - a) * share((u[k] - left) / wide)
            value = plane[k] * (ONE + (min(gain, ONE) - ONE) * cover[k])
            plane[k] = value + (FULL - value) * share((max(gain, ONE) - ONE) * cover[k])


@kernel
def bars_of(codes: U16, digit: I32, bars: F32) -> None:
    """Write how much of the barcode is bar left of each module border, in modules, `(2, MODULES + 1)`: all bars, and the guards alone.

    EAN-13 of the text's digits; 12 are UPC-A, the same with a leading 0; fewer get zeros in front, more are cut.
    """
    digits, count = np.zeros(13, np.int64), 0
    for code in codes:
        count += digit[code] >= 0
    at = max(13 - count, 0)
    for code in codes:
        if digit[code] >= 0 and at < 13:
            digits[at], at = digit[code], at + 1
    module = np.zeros((2, MODULES), np.float32)
    for guard in (0, 2, 46, 48, 92, 94):  # 101 at both ends, 01010 in the middle
        module[:, QUIET + guard] = 1
    for k in range(12):
        pattern, place = SET_A[digits[k + 1]], QUIET + (3 + 7 * k if k < 6 else 50 + 7 * (k - 6))
        even = k < 6 and (PARITY[digits[0]] >> (5 - k)) & 1
        for b in range(7):
            dark = (pattern >> b) & 1 if even else (pattern >> (6 - b)) & 1
            module[0, place + b] = 1 - dark if even or k >= 6 else dark
    bars[:, 0] = 0
    for m in range(MODULES):
        for row in range(2):
            bars[row, m + 1] = bars[row, m] + module[row, m]


@kernel
def bars_row(piece: Pieces, bars: F32, scale: F, u: F32, v: F32, cover: F32, rgb: F32, first: int) -> None:
    """Lay bars over a row: of each pixel the share that is bar."""
    wide, high = F(piece.box[2] - piece.box[0]), F(piece.box[3] - piece.box[1])
    left, low = F(piece.box[0]), F(piece.box[3]) - GUARD_SHARE * high
    per_unit, most = F(MODULES) / wide, F(MODULES) - F(0.001)
    reach = HALF * per_unit / scale
    for k in range(cover.shape[0]):
        row = 0 if v[k] < low else 1
        middle = (u[k] - left) * per_unit
        a, b = min(max(middle - reach, ZERO), most), min(max(middle + reach, ZERO), most)
        ca, cb = int(a), int(b)
        before = bars[row, ca] + (bars[row, ca + 1] - bars[row, ca]) * (a - F(ca))
        until = bars[row, cb] + (bars[row, cb + 1] - bars[row, cb]) * (b - F(cb))
        cover[k] *= share((until - before) / (TWO * reach))
    for c in range(3):
        mix_row(rgb[c][first : first + cover.shape[0]], cover, piece.rgb[0, c])


@kernel
def cover_row(piece: Pieces, scale: F, near: F32, rim: F32, bent: bool, cover: F32) -> None:
    """Write the share of each pixel that the piece covers; of SHADE with a border, its edge is that soft."""
    if piece.kind == SHADE and piece.border > 0:
        for k in range(cover.shape[0]):
            part = share(near[k] / piece.border)
            cover[k] = piece.opacity * part * part * (F(3) - TWO * part)
    else:
        for k in range(cover.shape[0]):
            cover[k] = piece.opacity * share(HALF + near[k] * scale)
    if bent:
        for k in range(cover.shape[0]):
            cover[k] *= rim[k]


@kernel
def border_row(piece: Pieces, scale: F, near: F32, cover: F32, rgb: F32, first: int) -> None:
    """Lay a shape's border over a row and leave in `cover` what is within it, so that no fill shows beyond the border."""
    count = cover.shape[0]
    for k in range(count):
        near[k] = share(HALF + (near[k] - piece.border) * scale)
    for c in range(3):
        mix_row(rgb[c][first : first + count], cover, piece.rgb[1, c])
    for k in range(count):
        cover[k] *= near[k]


@kernel
def paint_shape(row: int, scene: Scene, tiles: Grounds, canvas: Canvas, s: Scratch) -> None:
    """Paint a piece that is no text; a body takes over the pixels that it covers by half."""
    piece = scene.pieces[row]
    way, window = way_of(scene.faces[piece.face], piece, 0.0, 0.0), np.empty(4, np.int64)
    if not window_of(way, piece.box, canvas.height, canvas.width, window):
        return
    middle_u, middle_v = (piece.box[0] + piece.box[2]) / 2, (piece.box[1] + piece.box[3]) / 2
    scale = F(scale_at(way, middle_u, middle_v, min(piece.box[2] - piece.box[0], piece.box[3] - piece.box[1]) * 0.01))
    bars = np.empty((2, MODULES + 1), np.float32)
    if piece.kind == BARCODE:
        text = piece.text
        bars_of(scene.codes[scene.char_offsets[text] : scene.char_offsets[text + 1]], scene.digit, bars)
    x0, n = window[0], window[2] - window[0]
    u, v, near, cover, rim, tone = s.u[:n], s.v[:n], s.near[:n], s.cover[:n], s.swap[:n], np.empty((3, n), np.float32)
    for y in range(window[1], window[3]):
        find_row(way, y, x0, u, v, rim)
        depth_inside(piece, u, v, near)
        cover_row(piece, scale, near, rim, way.face_bend == CYLINDER, cover)
        first = y * canvas.width + x0
        if piece.body:
            owner = canvas.owner[first : first + n]
            for k in range(n):
                owner[k] = row if cover[k] > HALF * piece.opacity else owner[k]
        if piece.kind == SHADE:
            shade_row(piece, u, cover, canvas.rgb, first)
            continue
        if piece.kind == BARCODE:
            for c in range(3):
                mix_row(canvas.rgb[c][first : first + n], cover, piece.rgb[1, c])
            bars_row(piece, bars, scale, u, v, cover, canvas.rgb, first)
            continue
        if piece.border > 0:
            border_row(piece, scale, near, cover, canvas.rgb, first)
        colour_row(piece, tiles, scale, u, v, cover, tone, canvas.rgb, first)


@kernel
def move_window(planes: F32, canvas: Canvas, window: I64, out: bool) -> None:
    """Copy the window of the picture into contiguous planes (3, pixels), or back with `out`."""
    n = window[2] - window[0]
    for c in range(3):
        for y in range(window[1], window[3]):
            at, first = y * canvas.width + window[0], (y - window[1]) * n
            if out:
                copy(planes[c][first : first + n], canvas.rgb[c][at : at + n])
            else:
                copy(canvas.rgb[c][at : at + n], planes[c][first : first + n])


@kernel
def reach_of(look: Looks) -> float:
    """Return how far a line's effects go beyond its ink, line px."""
    aside = max(abs(look.shadow_x), abs(look.shadow_y), abs(look.extrude_x), abs(look.extrude_y))
    return float(aside + max(look.outline, look.glow, look.weight, ZERO) + 1)


@kernel
def set_canvas(scene: Scene, atlas: Atlas, text: int, reach: float, corner: I64) -> U8:
    """Return the line as a distance field (h, w), room for effects around it; its corner is written to `corner` (2,), whole line px."""
    box, margin = scene.line_boxes[text], CANVAS_MARGIN + int(reach)
    corner[0], corner[1] = int(np.floor(box[0])) - margin, int(np.floor(box[1])) - margin
    cells = np.zeros((int(box[3]) + margin + 2 - corner[1], int(box[2]) + margin + 2 - corner[0]), np.uint8)
    lay_glyphs(scene.lines, atlas, text, -corner[0], -corner[1], cells)
    clear_rim(cells)
    return cells


@kernel
def contrast_seen(frame: Looks, s: Scratch) -> F:
    """Return how far the mean of the inked pixels is from that of the ground between them, largest over R, G, B, 0 to 1.

    The word painter's measure, but of every third pixel of long lines.
    """
    u0, v0, u1, v1 = F(frame.box[0]), F(frame.box[1]), F(frame.box[2]), F(frame.box[3])
    ink, ground = np.zeros(3, np.float32), np.zeros(3, np.float32)
    inked, bare = F(1e-3), F(1e-3)
    for k in range(0, s.u.shape[0], 3 if s.u.shape[0] > DENSE else 1):
        if u0 <= s.u[k] <= u1 and v0 <= s.v[k] <= v1:
            part = s.cover[k]
            inked, bare = inked + part, bare + ONE - part
            for c in range(3):
                ink[c] += part * s.rgb[c, k]
                ground[c] += (ONE - part) * s.rgb[c, k]
    widest = ZERO
    for c in range(3):
        widest = max(widest, abs(ink[c] / inked - ground[c] / bare))
    return widest / FULL


@kernel
def paint_line(row: int, scene: Scene, frame: Looks, atlas: Atlas, bank: F32, canvas: Canvas, whole: Scratch, least: F, tally: I64) -> F:
    """Paint a line of text; return its contrast, -1 outside the picture. `tally`: inks passed over, lines painted again plainly."""
    piece = scene.pieces[row]
    look, text = scene.looks[max(piece.look, 0)], piece.text
    box = scene.line_boxes[text].astype(np.float64)
    way = way_of(scene.faces[piece.face], piece, float(look.bend_view), (box[0] + box[2]) / 2)
    size = scale_at(way, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1.0)
    reach, window, corner = reach_of(look), np.empty(4, np.int64), np.empty(2, np.int64)
    grown = np.array([-1.0, -1.0, 1.0, 1.0]) * (reach + min(1 / max(size, 1e-3), 12.0)) + box
    if not window_of(way, grown, canvas.height, canvas.width, window):
        return -ONE
    n = window[2] - window[0]
    s = part_of(whole, n * (window[3] - window[1]))
    cells = set_canvas(scene, atlas, text, reach, corner)
    place_points(way, window, corner, s)
    for side in range(4):
        frame.box[side] = box[side] - corner[side % 2] - 0.5
    frame.middle = (frame.box[0] + frame.box[2]) / 2
    scale, ground, ink, contrast = F(size) * look.edge, np.empty(4, np.float32), np.empty(3, np.float32), ZERO
    for attempt in range(2):
        plain = attempt > 0 or piece.look < 0
        move_window(s.rgb, canvas, window, False)
        ground_under(frame, s, ground)
        if plain:
            plain_ink(ground, ink)
        else:
            tally[0] += choose_ink(look, ground, least, ink)
        lay_line(look, frame, ink, cells, bank, s, scale, plain)
        contrast = contrast_seen(frame, s)
        if plain or contrast * FULL >= HALF * least:
            break
        tally[1] += 1
    move_window(s.rgb, canvas, window, True)
    return contrast


@kernel
def place_points(way: Way, window: I64, corner: I64, s: Scratch) -> None:
    """Write the canvas point that each pixel of the window shows; cells are sampled at their middles."""
    n = window[2] - window[0]
    shift_u, shift_v = F(-corner[0]) - HALF, F(-corner[1]) - HALF
    for y in range(window[1], window[3]):
        first = (y - window[1]) * n
        u, v, rim = s.u[first : first + n], s.v[first : first + n], s.swap[first : first + n]
        find_row(way, y, window[0], u, v, rim)
        for k in range(n):
            u[k] += shift_u
            v[k] += shift_v
        if way.face_bend == CYLINDER:
            for k in range(n):
                v[k] = v[k] if rim[k] > HALF else OFF


@kernel
def lay_line(look: Looks, frame: Looks, ink: F32, cells: U8, bank: F32, s: Scratch, scale: F, plain: bool) -> None:
    """Lay a line of text and its effects over the window."""
    sample_field(cells, s, s.u, s.v, ZERO, ZERO, s.near)
    if plain:
        for k in range(s.u.shape[0]):
            s.cover[k] = share(HALF + s.near[k] * scale)
        blend(s.rgb, s.cover, ink, ONE, 0)
        return
    lay_depth(look, ink, cells, s, scale)
    cover_letters(look, frame, cells, s, scale, bank, False)
    lay_letters(look, frame, ink, cells, s, False)
    if look.ink_texture > 0:
        texture_ink(look, s, bank)


@kernel
def measure_lines(lines: Lines, atlas: Atlas, face: I32, char_offsets: I64, boxes: F32, line_boxes: F32) -> None:
    """Write the ink box of each character (chars, 4) and of each line (lines, 4), line px; an empty line has no size."""
    line_boxes[:] = 0
    for i in range(len(face)):
        first, last = char_offsets[i], char_offsets[i + 1]
        if last == first or lines.offsets[i + 1] == lines.offsets[i]:
            boxes[first:last] = 0
            continue
        own = boxes[first:last]
        character_boxes(lines, atlas, i, atlas.metrics[face[i], 2], own)
        line_boxes[i, 0], line_boxes[i, 1] = own[:, 0].min(), own[:, 1].min()
        line_boxes[i, 2], line_boxes[i, 3] = own[:, 2].max(), own[:, 3].max()


@kernel
def lay_floor(ground: Looks, tiles: Grounds, step: F, canvas: Canvas) -> None:
    """Fill the picture: a window of a tile, or a plain ground that goes from the first colour at the top to the second."""
    if ground.tile >= 0:
        lay_ground(tiles, ground, step, canvas.height, canvas.width, canvas.rgb)
        return
    for c in range(3):
        for y in range(canvas.height):
            part = (F(y) + HALF) / F(canvas.height)
            canvas.rgb[c][y * canvas.width : (y + 1) * canvas.width] = ground.ground[0, c] * (ONE - part) + ground.ground[1, c] * part


@kernel
def paint_pieces(
    scene: Scene, ground: Looks, step: float, frame: Looks, atlas: Atlas, tiles: Grounds, bank: F32, canvas: Canvas, s: Scratch,
    least: float, contrast: F32, tally: I64,
) -> None:  # fmt: skip
    """Paint ground and pieces in order, and take the picture.

    `ground` (1,) of LOOK: tile, its window's place and colours; `step`: tile px a picture px. `frame` (1,) of FRAME is working space.
    Writes the canvas, `contrast` (lines,) 0 to 1, -1 where not in the picture, and `tally` (2,): inks passed over, lines painted again.
    """
    canvas.owner[:] = -1
    contrast[:] = -1
    lay_floor(ground[0], tiles, F(step), canvas)
    for row in range(len(scene.pieces)):
        piece = scene.pieces[row]
        if piece.kind != LINE:
            paint_shape(row, scene, tiles, canvas, s)
        elif scene.line_boxes[piece.text, 2] > scene.line_boxes[piece.text, 0]:
            contrast[piece.text] = paint_line(row, scene, frame[0], atlas, bank, canvas, s, F(least), tally)
    whole = Scratch(
        s.u, s.v, s.near, s.other, s.cover, s.across, s.down, s.at, canvas.rgb, s.swap, s.padded, s.large, s.canvas
    )  # fmt: skip
    take(scene.looks[0], canvas.height, canvas.width, whole, ONE, bank)


@kernel
def quad_of(way: Way, box: F32, quad: F32) -> None:
    """Write the picture's quad (4, 2) of a local box, corner by corner."""
    for corner in range(4):
        u, v = box[0 if corner in (0, 3) else 2], box[1 if corner in (0, 1) else 3]
        quad[corner, 0], quad[corner, 1] = to_picture(way, u, v)


@kernel
def turns_away(way: Way, box: F32, out: F64) -> None:
    """Write how far round a cylinder the corners of a character are, 1 at the silhouette; of another face 0: (4,)."""
    out[:] = 0
    if way.face_bend == CYLINDER:
        for corner in range(4):
            x, _ = to_label(way, box[0 if corner in (0, 3) else 2], box[1 if corner in (0, 1) else 3])
            out[corner] = (x - way.middle_x) / (STEEPEST * way.radius)


@kernel
def seen_of(quad: F32, away: F64, row: int, canvas: Canvas, pixels: U8, spread: F32) -> F:
    """Return which share of GRID x GRID points of a character's quad shows: in the picture, not hidden by a body after piece `row`.

    `away`: see `turns_away`; `pixels` (h w, 3): the finished picture. Widens `spread` (2, 3), least and largest values so far, by what is
    there. Written out, the extremes in variables: with a call a point, or an array, it takes six times as long.
    """
    seen, step = 0, ONE / F(GRID)
    red, green, blue = spread[0, 0], spread[0, 1], spread[0, 2]
    most_red, most_green, most_blue = spread[1, 0], spread[1, 1], spread[1, 2]
    for j in range(GRID):
        b = (F(j) + HALF) * step
        left, right = quad[0, 0] + (quad[3, 0] - quad[0, 0]) * b, quad[1, 0] + (quad[2, 0] - quad[1, 0]) * b
        top, low = quad[0, 1] + (quad[3, 1] - quad[0, 1]) * b, quad[1, 1] + (quad[2, 1] - quad[1, 1]) * b
        start, end = away[0] + (away[3] - away[0]) * b, away[1] + (away[2] - away[1]) * b
        for i in range(GRID):
            a = (F(i) + HALF) * step
            if abs(start + (end - start) * a) > 1:
                continue
            x, y = left + (right - left) * a, top + (low - top) * a
            if not (ZERO <= x < F(canvas.width) and ZERO <= y < F(canvas.height)):
                continue
            at = np.int64(y) * canvas.width + np.int64(x)
            if canvas.owner[at] > row:
                continue
            seen += 1
            r, g, c = F(pixels[at, 0]), F(pixels[at, 1]), F(pixels[at, 2])
            red, green, blue = min(red, r), min(green, g), min(blue, c)
            most_red, most_green, most_blue = max(most_red, r), max(most_green, g), max(most_blue, c)
    spread[0, 0], spread[0, 1], spread[0, 2] = red, green, blue
    spread[1, 0], spread[1, 1], spread[1, 2] = most_red, most_green, most_blue
    return F(seen) / F(GRID * GRID)


@kernel
def look_beside(quad: F32, row: int, canvas: Canvas, pixels: U8, spread: F32) -> None:
    """Widen `spread` by the ground BESIDE px from the middle of each side: a dash fills its own quad; the rest: see `seen_of`."""
    middle_x = (quad[0, 0] + quad[1, 0] + quad[2, 0] + quad[3, 0]) / F(4)
    middle_y = (quad[0, 1] + quad[1, 1] + quad[2, 1] + quad[3, 1]) / F(4)
    for side in range(4):
        x = (quad[side, 0] + quad[(side + 1) % 4, 0]) * HALF
        y = (quad[side, 1] + quad[(side + 1) % 4, 1]) * HALF
        dx, dy = x - middle_x, y - middle_y
        far = BESIDE / max(np.sqrt(dx * dx + dy * dy), F(0.1))
        x, y = x + dx * far, y + dy * far
        if ZERO <= x < F(canvas.width) and ZERO <= y < F(canvas.height):
            at = np.int64(y) * canvas.width + np.int64(x)
            for c in range(3 if canvas.owner[at] <= row else 0):
                value = F(pixels[at, c])
                spread[0, c], spread[1, c] = min(spread[0, c], value), max(spread[1, c], value)


@kernel
def along_baseline(way: Way, boxes: F32, whole: F32, quad: F32) -> None:
    """Write the picture's quad of the smallest rectangle along the word's baseline around its character quads.

    `boxes` (chars, 4), `whole` (4,): the word's box. Of a bent word the baseline runs from its first to its last character.
    """
    mu, mv = (whole[0] + whole[2]) / 2, (whole[1] + whole[3]) / 2
    x, y = to_bent(way, mu, mv)
    wide = max(whole[2] - whole[0], 1.0)
    ax, ay = to_bent(way, mu - wide / 2, mv)
    bx, by = to_bent(way, mu + wide / 2, mv)
    cx, cy = to_bent(way, mu, mv - 0.5)
    dx, dy = to_bent(way, mu, mv + 0.5)
    j00, j10, j01, j11 = (bx - ax) / wide, (by - ay) / wide, dx - cx, dy - cy
    det = j00 * j11 - j01 * j10
    u0, v0, u1, v1 = 1e9, 1e9, -1e9, -1e9
    if abs(det) < 1e-6 * (abs(j00 * j11) + abs(j01 * j10) + 1e-12):  # on a jar's far side: nothing to see
        quad_of(way, whole, quad)
        return
    for k in range(boxes.shape[0]):
        for corner in range(4):
            p, q = to_bent(way, boxes[k, 0 if corner in (0, 3) else 2], boxes[k, 1 if corner in (0, 1) else 3])
            u, v = (j11 * (p - x) - j01 * (q - y)) / det, (j00 * (q - y) - j10 * (p - x)) / det
            u0, v0, u1, v1 = min(u0, u), min(v0, v), max(u1, u), max(v1, v)
    for corner in range(4):
        u, v = u0 if corner in (0, 3) else u1, v0 if corner in (0, 1) else v1
        quad[corner, 0], quad[corner, 1] = project(way.forward, x + j00 * u + j01 * v, y + j10 * u + j11 * v)


@kernel
def trace(way: Way, whole: F32, chars: int, quad: F32, outline: F32) -> int:
    """Write the outline of a word, upper left to right, lower right to left; return its points: 4, if bent 2 a character and 1, twice."""
    if way.line_bend == NO_BEND and way.face_bend == FLAT:
        outline[:4] = quad
        return 4
    steps = 2 * chars
    for k in range(steps + 1):
        u = whole[0] + (whole[2] - whole[0]) * k / steps
        outline[k, 0], outline[k, 1] = to_picture(way, u, whole[1])
        outline[2 * steps + 1 - k, 0], outline[2 * steps + 1 - k, 1] = to_picture(way, u, whole[3])
    return 2 * steps + 2


class Found(NamedTuple):
    """Room for what is in a scene: as many rows as there can be; how many there are is returned."""

    char_code: U16  # (chars,)
    char_word: I32  # (chars,)
    char_quads: F32  # (chars, 4, 2)
    char_visible: F32  # (chars,)
    word_quads: F32  # (chars, 4, 2)
    word_line: I32  # (chars,)
    word_visible: F32  # (chars,)
    word_height: F32  # (chars,) px, of an x at least
    word_width: F32  # (chars,) px a character
    word_spread: F32  # (chars,) widest difference of one channel within the word, 0 to 1
    outline: F32  # (4 chars + 2 words, 2)
    outline_ends: I64  # (chars,)


@kernel
def find_words(scene: Scene, order: I64, space: int, heights: F32, canvas: Canvas, pixels: U8, found: Found) -> tuple[int, int, int]:
    """Write words and characters of the painted lines; return how many words and characters there are, and how many words are hidden.

    `order`: rows of the pieces that are lines, in reading order. `heights` (lines,): of an x in the line's face, line px.
    """
    words, chars, hidden = 0, 0, 0
    for row in order:
        piece = scene.pieces[row]
        text = piece.text
        line = scene.line_boxes[text]
        if line[2] <= line[0]:
            continue
        look = scene.looks[max(piece.look, 0)]
        way = way_of(scene.faces[piece.face], piece, float(look.bend_view), (float(line[0]) + float(line[2])) / 2)
        first, end = scene.char_offsets[text], scene.char_offsets[text + 1]
        while first < end:
            last = first
            while last < end and scene.codes[last] != space:
                last += 1
            if last > first:
                kept = write_word(scene, way, row, first, last, heights[text], canvas, pixels, found, words, chars)
                if kept:
                    found.word_line[words] = text
                    words, chars = words + 1, chars + last - first
                else:
                    hidden += 1
            first = last + 1
    return words, chars, hidden


@kernel
def write_word(
    scene: Scene, way: Way, row: int, first: int, last: int, x_height: F, canvas: Canvas, pixels: U8, found: Found, word: int, char: int
) -> bool:
    """Write one word, characters `first` to `last`, to row `word`; return whether any of it is seen."""
    boxes, count = scene.boxes[first:last], last - first
    whole, spread, away = np.empty(4, np.float32), np.empty((2, 3), np.float32), np.empty(4)
    whole[0], whole[1] = boxes[:, 0].min(), boxes[:, 1].min()
    whole[2], whole[3] = boxes[:, 2].max(), boxes[:, 3].max()
    spread[0], spread[1] = FULL, ZERO
    total = ZERO
    for k in range(count):
        quad_of(way, boxes[k], found.char_quads[char + k])
        turns_away(way, boxes[k], away)
        seen = seen_of(found.char_quads[char + k], away, row, canvas, pixels, spread)
        if seen > 0:
            look_beside(found.char_quads[char + k], row, canvas, pixels, spread)
        total += seen
        found.char_visible[char + k] = seen
        found.char_word[char + k], found.char_code[char + k] = word, scene.codes[first + k]
    if total == 0:
        return False
    quad = found.word_quads[word]
    along_baseline(way, boxes, whole, quad)
    begin = found.outline_ends[word - 1] if word > 0 else 0
    found.outline_ends[word] = begin + trace(way, whole, count, quad, found.outline[begin:])
    found.word_visible[word] = total / F(count)
    grow = max(x_height / max(whole[3] - whole[1], ONE), ONE)  # a dash is as readable as the letters beside it
    found.word_height[word] = grow * (distance(quad[0], quad[3]) + distance(quad[1], quad[2])) / TWO
    found.word_width[word] = (distance(quad[0], quad[1]) + distance(quad[3], quad[2])) / F(2 * count)
    widest = ZERO
    for c in range(3):
        widest = max(widest, spread[1, c] - spread[0, c])
    found.word_spread[word] = widest / FULL
    return True


@kernel
def distance(a: F32, b: F32) -> F:
    """Return how far two points (2,) are apart."""
    return F(np.sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])))
