"""Where each line lies: character boxes, bends, homographies. Compiled; plain arrays in, caller-owned arrays out."""

import numpy as np
from numba import njit

from synthgen.arrays import F32, F64, I32, I64
from synthgen.scene.plan import ARC, CYLINDER, WAVE, Looks
from synthgen.scene.records import Atlas, Lines

PI = 3.141592653589793
NARROWEST_PX = 8  # JPEG blocks are 8 wide
GRID, GRID_INSIDE = 7, 30  # points a side, and how many of all must be in the picture: half, and 5 for what the grid misses
BULGE_PX = 1.5  # line px that an arc may swell over the straight side of a character's quad


@njit(cache=True, nogil=True, error_model="numpy")
def sine(x: float) -> float:
    """Return sin x to 1e-9 for |x| <= 8 pi. Own series: libm's last bit differs between processors."""
    turns = x / (2 * PI)
    x -= 2 * PI * np.floor(turns + 0.5)
    if x > PI / 2:
        x = PI - x
    elif x < -PI / 2:
        x = -PI - x
    y = x * x  # Taylor to x^13
    return x * (1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110 * (1 - y / 156))))))


@njit(cache=True, nogil=True, error_model="numpy")
def cosine(x: float) -> float:
    """Return cos x, as exact as `sine`."""
    return sine(x + PI / 2)


@njit(cache=True, nogil=True, error_model="numpy")
def arctangent(x: float) -> float:
    """Return atan x to 2e-8. Source: Abramowitz & Stegun 1964, 4.4.49."""
    near = abs(x) <= 1
    z = x if near else 1 / x
    y = z * z
    series = 1 + y * (
        -0.3333314528
        + y
        * (
            0.1999355085
            + y * (-0.1420889944 + y * (0.1065626393 + y * (-0.0752896400 + y * (0.0429096138 + y * (-0.0161657367 + y * 0.0028662257)))))
        )
    )
    if near:
        return z * series
    return (PI / 2 if x > 0 else -PI / 2) - z * series


@njit(cache=True, nogil=True, error_model="numpy")
def bend(kind: int, radius: float, view: float, u: float, v: float) -> tuple[float, float]:
    """Return where a point of the straight line goes; u is from the word's middle, `radius` signed (arc) or an amplitude (wave)."""
    if kind == ARC:  # letters turn with the baseline
        angle = u / radius
        return (radius - v) * sine(angle), radius - (radius - v) * cosine(angle)
    if kind == WAVE:  # view: 0 to 1, the wave's length and phase
        return u, v + radius * sine(u / (40 + 60 * view) + 6 * view)
    if kind == CYLINDER:  # a jar seen from a little above or below
        angle = u / radius
        return radius * sine(angle), v + view * radius * (1 - cosine(angle))
    return u, v


@njit(cache=True, nogil=True, error_model="numpy")
def unbend(kind: int, radius: float, view: float, p: float, q: float) -> tuple[float, float]:
    """Return the point of the straight line that `bend` takes to (p, q); v = 1e6 where there is none."""
    if kind == ARC:
        down = radius - q
        if down * radius <= 0:
            return 0.0, 1e6
        reach = np.sqrt(p * p + down * down)
        return radius * arctangent(p / down), radius - (reach if radius > 0 else -reach)
    if kind == WAVE:
        return p, q - radius * sine(p / (40 + 60 * view) + 6 * view)
    if kind == CYLINDER:
        s = p / radius
        if abs(s) >= 0.999:
            return 0.0, 1e6
        c = np.sqrt(1 - s * s)
        return radius * arctangent(s / c), q - view * radius * (1 - c)
    return p, q


@njit(cache=True, nogil=True, error_model="numpy")
def project(h: F64, x: float, y: float) -> tuple[float, float]:
    """Return the point (x, y) under the homography h (9,), row by row; 1e6 behind the eye."""
    w = h[6] * x + h[7] * y + h[8]
    if w < 1e-6:
        return 1e6, 1e6
    return (h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w


@njit(cache=True, nogil=True, error_model="numpy")
def multiply(a: F64, b: F64, out: F64) -> None:
    """Write the 3 x 3 product a b, all (9,), to `out`."""
    for r in range(3):
        for c in range(3):
            out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c]


@njit(cache=True, nogil=True, error_model="numpy")
def invert(h: F64, out: F64) -> None:
    """Write the inverse of the homography h (9,) to `out`, up to a factor that keeps out's depth positive in the picture."""
    out[0], out[1], out[2] = h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4]
    out[3], out[4], out[5] = h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5]
    out[6], out[7], out[8] = h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3]
    det = h[0] * out[0] + h[1] * out[3] + h[2] * out[6]
    for k in range(9):
        out[k] /= det


@njit(cache=True, nogil=True, error_model="numpy")
def character_boxes(lines: Lines, atlas: Atlas, text: int, x_height: float, boxes: F32) -> None:
    """Write the ink box of each character of a text, `boxes` (chars, 4) x0, y0, x1, y1 in line px.

    A blank's box is its advance, from the x-height to the baseline; glyphs of one cluster share one box; a ligature is split evenly.
    """
    chars = boxes.shape[0]
    begin, end = lines.offsets[text], lines.offsets[text + 1]
    backward = lines.cluster[begin] > lines.cluster[end - 1]  # right to left
    boxes[:, :2], boxes[:, 2:] = 1e9, -1e9
    for k in range(begin, end):
        first, last = lines.cluster[k], chars
        for other in range(begin, end):
            if lines.cluster[other] > first:
                last = min(last, lines.cluster[other])
        row = lines.glyph[k]
        x0, x1 = lines.x[k], lines.x[k] + lines.advance[k]
        y0, y1 = -x_height, 0.0
        if atlas.size[row, 0] > 0:
            x0, y0 = lines.x[k] + atlas.ink[row, 0], lines.y[k] + atlas.ink[row, 1]
            x1, y1 = lines.x[k] + atlas.ink[row, 2], lines.y[k] + atlas.ink[row, 3]
        each = (x1 - x0) / (last - first)
        for c in range(first, last):
            place = last - 1 - c if backward else c - first
            boxes[c, 0], boxes[c, 2] = min(boxes[c, 0], x0 + place * each), max(boxes[c, 2], x0 + (place + 1) * each)
            boxes[c, 1], boxes[c, 3] = min(boxes[c, 1], y0), max(boxes[c, 3], y1)


@njit(cache=True, nogil=True, error_model="numpy")
def plane(look: Looks, box: F64, h: F64) -> None:
    """Write the homography from the bent line, seen from the middle of `box`, to an unscaled picture."""
    tilt = look.tilt_deg * PI / 180
    c, s = cosine(tilt), sine(tilt)
    half_u, half_v = max((box[2] - box[0]) / 2 * look.stretch, 1.0), max((box[3] - box[1]) / 2, 1.0)
    shape = np.array([look.stretch, -look.slant, 0.0, look.shear * look.stretch, 1 - look.shear * look.slant, 0.0, 0.0, 0.0, 1.0])
    turn = np.array([c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0])
    depth = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, look.depth_x / half_u, look.depth_y / half_v, 1.0])
    turned = np.empty(9)
    multiply(turn, shape, turned)
    multiply(turned, depth, h)


@njit(cache=True, nogil=True, error_model="numpy")
def place_quads(boxes: F32, frame: F64, h: F64, middle_v: float, quads: F32) -> None:
    """Write the quads `(chars, 4, 2)` of boxes in line px, bent and projected by h; `frame`: middle u, bend kind, radius, view."""
    for k in range(boxes.shape[0]):
        for corner in range(4):
            u = boxes[k, 0] if corner in (0, 3) else boxes[k, 2]
            v = boxes[k, 1] if corner in (0, 1) else boxes[k, 3]
            p, q = bend(int(frame[1]), frame[2], frame[3], u - frame[0], v - middle_v)
            quads[k, corner, 0], quads[k, corner, 1] = project(h, p, q)


@njit(cache=True, nogil=True, error_model="numpy")
def bend_radius(look: Looks, width: float, height: float, widest: float) -> float:
    """Return the signed radius (arc), amplitude (wave) or radius (cylinder) in line px for a word `width` by `height`.

    `widest`: width of its widest character.
    """
    if look.bend == WAVE:
        return look.bend_size
    angle = look.bend_size * PI / 180
    if look.bend == ARC:
        least = max(1.3 * height, widest * widest / (8 * BULGE_PX))  # else letters meet at the centre, or leave their quads
        radius = width / angle
        return max(radius, least) if radius > 0 else min(radius, -least)
    if look.bend == CYLINDER:
        return max(width / angle, 0.55 * width)
    return 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def crop_to(quads: F32, pads: F64, least_px: float, size: F64, fit: F64) -> None:
    """Write to `fit` the map (9,) from the box around `quads`, padded by shares of its height, to a picture `size` = (height, widest).

    `size[1]` becomes the picture's width. `least_px`: the box is at least so high, or a full stop would fill the picture.
    """
    x0, y0, x1, y1 = quads[:, :, 0].min(), quads[:, :, 1].min(), quads[:, :, 0].max(), quads[:, :, 1].max()
    missing = max(least_px - (y1 - y0), 0.0) / 2
    unit = min(y1 - y0 + 2 * missing, pads[4])
    x0, x1 = x0 - pads[0] * unit, x1 + pads[2] * unit
    y0, y1 = y0 - pads[1] * unit - missing, y1 + pads[3] * unit + missing
    scale = size[0] / (y1 - y0)
    width = min(max(np.rint(scale * (x1 - x0)), NARROWEST_PX), size[1])
    size[1] = width
    across = width / (x1 - x0)
    fit[:] = 0
    fit[0], fit[2], fit[4], fit[5], fit[8] = across, -x0 * across, scale, -y0 * scale, 1


@njit(cache=True, nogil=True, error_model="numpy")
def halves_inside(quads: F32, width: float, height: float) -> bool:
    """Return whether at least half of every quad lies in the picture, counted on GRID x GRID points of each that sticks out."""
    for k in range(quads.shape[0]):
        x, y = quads[k, :, 0], quads[k, :, 1]
        if x.min() >= 0 and y.min() >= 0 and x.max() <= width and y.max() <= height:
            continue
        inside = 0
        for row in range(GRID):
            b = (row + 0.5) / GRID
            left, right = x[0] + (x[3] - x[0]) * b, x[1] + (x[2] - x[1]) * b
            top, low = y[0] + (y[3] - y[0]) * b, y[1] + (y[2] - y[1]) * b
            for column in range(GRID):
                a = (column + 0.5) / GRID
                px, py = left + (right - left) * a, top + (low - top) * a
                inside += 0 <= px <= width and 0 <= py <= height
        if inside < GRID_INSIDE:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def lay_out(looks: Looks, lines: Lines, atlas: Atlas, face: I32, char_offsets: I64, crop_px: I32, frames: Looks, quads: F32) -> None:
    """Set each text as a line, bend and project it, and crop to it.

    `lines.x` is changed in place: letters spaced, pens at whole line pixels (as the glyph fields are laid). `crop_px`: height and
    widest width of the pictures. Writes `frames` (n,) of FRAME and `quads` (all characters, 4, 2) in picture px.
    """
    h, fit, whole = np.empty(9), np.empty(9), np.empty(9)
    for i in range(len(looks)):
        look, frame = looks[i], frames[i]
        apart = 0.0
        for k in range(lines.offsets[i], lines.offsets[i + 1]):
            lines.x[k], lines.y[k] = np.rint(lines.x[k] + apart), np.rint(lines.y[k])
            apart += look.spacing if lines.advance[k] > 0 else 0.0  # marks stay with their letter
        metrics = atlas.metrics[face[i]]
        first, last = char_offsets[i], char_offsets[i + 1]
        boxes = np.empty((last - first, 4), np.float32)
        character_boxes(lines, atlas, i, metrics[2], boxes)
        box = np.array([boxes[:, 0].min(), boxes[:, 1].min(), boxes[:, 2].max(), boxes[:, 3].max()])
        plane(look, box, h)
        radius = bend_radius(look, box[2] - box[0], box[3] - box[1], (boxes[:, 2] - boxes[:, 0]).max())
        place = np.array([(box[0] + box[2]) / 2, look.bend, radius, look.bend_view])
        own = quads[first:last]
        pads = np.array([look.pad_left, look.pad_top, look.pad_right, look.pad_bottom, max(box[3] - box[1], metrics[2])])
        size = np.empty(2)
        middle_v = (box[1] + box[3]) / 2
        for _ in range(2):
            place_quads(boxes, place, h, middle_v, own)
            size[0], size[1] = crop_px[0], crop_px[1]
            crop_to(own, pads, metrics[2], size, fit)
            multiply(fit, h, whole)
            place_quads(boxes, place, whole, middle_v, own)
            if halves_inside(own, size[1], size[0]):
                break
            pads[:4] = np.maximum(pads[:4], 0)  # the cut would take a narrow letter
        invert(whole, frame.inverse)
        frame.middle, frame.radius, frame.bend_view, frame.bend = place[0], place[2], place[3], look.bend
        frame.box[:] = box
        frame.scale = np.sqrt(abs(fit[0] * fit[4]) * abs(look.stretch))
        frame.width, frame.ascent, frame.descent = int(size[1]), metrics[0], metrics[1]
