"""Geometry and pixels of a block of samples, compiled: lines set, bent, projected, painted. Plain arrays in, caller-owned arrays out.

All in one file, as the compiler's cache does not see edits in another. A picture in work is three planes of float32, 0 to 255, one value
after the other, so that each pass is one straight loop that the compiler turns into vector instructions. Constants are float32: one stray
float64 halves the vector width.
"""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F32, F64, I32, I64, U8, U32, Bools
from synthgen.compiled import kernel
from synthgen.scene.plan import ARC, BAND, BOX, CANDIDATES, CYLINDER, ELLIPSE, MULTIPLY, NO_BEND, NO_PANEL, SCREEN, WAVE, Looks
from synthgen.scene.records import Atlas, Grounds, Lines

PI = 3.141592653589793
NARROWEST_PX = 8  # JPEG blocks are 8 wide
GRID, GRID_INSIDE = 7, 30  # points a side, and how many of all must be in the picture: half, and 5 for what the grid misses
BULGE_PX = 1.5  # line px that an arc may swell over the straight side of a character's quad
F = np.float32
ZERO, HALF, ONE, TWO, FULL = F(0), F(0.5), F(1), F(2), F(255)
FIELD_ZERO, FIELD_STEP = F(128), F(1 / 20)  # of the glyph fields
MARGIN = 36  # line px of canvas around the word, where neighbours show
SIDES = 4  # other texts of a sample: left, right, above, below
LUMA_R, LUMA_G, LUMA_B = F(0.299), F(0.587), F(0.114)  # Source: ITU-R BT.601
ATTEMPTS = 3  # as planned; plain ink; plain ink in plain light
BENEATH_PX = (120, 400)  # height, width of the canvas of a text beneath the word
NEAREST = F(1e-4)  # depth of points behind the eye: they are sent far off
AROUND = F(4)  # line px beyond the ink's box that count as its ground: a hyphen fills its own
GROUND_STEP, CONTRAST_STEP = 5, 3  # pixels to the next that a statistic looks at: hundreds are enough for a mean
UNDERLINE = 6.5  # line px below the baseline
RIM = 4  # blurs reach so many pixels to each side
NOISE_RUN = 8192  # noise is read from the bank in runs so long


@kernel
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


@kernel
def cosine(x: float) -> float:
    """Return cos x, as exact as `sine`."""
    return sine(x + PI / 2)


@kernel
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


@kernel
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


@kernel
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


@kernel
def project(h: F64, x: float, y: float) -> tuple[float, float]:
    """Return the point (x, y) under the homography h (9,), row by row; 1e6 behind the eye."""
    w = h[6] * x + h[7] * y + h[8]
    if w < 1e-6:
        return 1e6, 1e6
    return (h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w


@kernel
def multiply(a: F64, b: F64, out: F64) -> None:
    """Write the 3 x 3 product a b, all (9,), to `out`."""
    for r in range(3):
        for c in range(3):
            out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c]


@kernel
def invert(h: F64, out: F64) -> None:
    """Write the inverse of the homography h (9,) to `out`, up to a factor that keeps out's depth positive in the picture."""
    out[0], out[1], out[2] = h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4]
    out[3], out[4], out[5] = h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5]
    out[6], out[7], out[8] = h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3]
    det = h[0] * out[0] + h[1] * out[3] + h[2] * out[6]
    for k in range(9):
        out[k] /= det


@kernel
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


@kernel
def reach(boxes: F32, frame: F64, middle_v: float, half: F64) -> None:
    """Write how far bent boxes reach from the word's middle, across and down, to `half` (2,); `frame` as for `place_quads`."""
    half[:] = 1.0
    for k in range(boxes.shape[0]):
        for corner in range(4):
            u = boxes[k, 0] if corner in (0, 3) else boxes[k, 2]
            v = boxes[k, 1] if corner in (0, 1) else boxes[k, 3]
            p, q = bend(int(frame[1]), frame[2], frame[3], u - frame[0], v - middle_v)
            half[0], half[1] = max(half[0], abs(p)), max(half[1], abs(q))


@kernel
def plane(look: Looks, half: F64, h: F64) -> None:
    """Write the homography from the bent line, seen from its middle, to an unscaled picture.

    `half` (2,): how far it reaches; the depth changes by `depth_x` and `depth_y` up to there, so that no point is behind the eye.
    """
    tilt = look.tilt_deg * PI / 180
    c, s = cosine(tilt), sine(tilt)
    shape = np.array([look.stretch, -look.slant, 0.0, look.shear * look.stretch, 1 - look.shear * look.slant, 0.0, 0.0, 0.0, 1.0])
    turn = np.array([c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0])
    depth = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, look.depth_x / half[0], look.depth_y / half[1], 1.0])
    turned = np.empty(9)
    multiply(turn, shape, turned)
    multiply(turned, depth, h)


@kernel
def place_quads(boxes: F32, frame: F64, h: F64, middle_v: float, quads: F32) -> None:
    """Write the quads `(chars, 4, 2)` of boxes in line px, bent and projected by h; `frame`: middle u, bend kind, radius, view."""
    for k in range(boxes.shape[0]):
        for corner in range(4):
            u = boxes[k, 0] if corner in (0, 3) else boxes[k, 2]
            v = boxes[k, 1] if corner in (0, 1) else boxes[k, 3]
            p, q = bend(int(frame[1]), frame[2], frame[3], u - frame[0], v - middle_v)
            quads[k, corner, 0], quads[k, corner, 1] = project(h, p, q)


@kernel
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


@kernel
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


@kernel
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


@kernel
def lay_out(looks: Looks, lines: Lines, atlas: Atlas, face: I32, char_offsets: I64, crop_px: I32, frames: Looks, quads: F32) -> None:
    """Set each text as a line, bend and project it, and crop to it.

    `lines.x` is changed in place: letters spaced, pens at whole line pixels (as the glyph fields are laid). `crop_px`: height and
    widest width of the pictures. Writes `frames` (n,) of FRAME and `quads` (all characters, 4, 2) in picture px.
    """
    h, fit, whole, half = np.empty(9), np.empty(9), np.empty(9), np.empty(2)
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
        radius = bend_radius(look, box[2] - box[0], box[3] - box[1], (boxes[:, 2] - boxes[:, 0]).max())
        place = np.array([(box[0] + box[2]) / 2, look.bend, radius, look.bend_view])
        middle_v = (box[1] + box[3]) / 2
        reach(boxes, place, middle_v, half)
        plane(look, half, h)
        own = quads[first:last]
        pads = np.array([look.pad_left, look.pad_top, look.pad_right, look.pad_bottom, max(box[3] - box[1], metrics[2])])
        size = np.empty(2)
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


class Scratch(NamedTuple):
    """Working arrays of one call, as long as the largest picture; reused sample after sample so that they stay in cache."""

    u: F32
    v: F32
    near: F32  # distance to the glyphs' edge
    other: F32  # the same, displaced
    cover: F32
    across: F32
    down: F32
    at: U32
    rgb: F32  # (3, pixels)
    swap: F32
    padded: F32  # (2, pixels and a rim)
    large: F32  # (3, pixels) at the final size
    canvas: U8  # the line as a distance field


@kernel
def clip(x: F, low: F, high: F) -> F:
    """Return x within [low, high]."""
    return min(max(x, low), high)


@kernel
def share(x: F) -> F:
    """Return x within [0, 1]."""
    return min(max(x, ZERO), ONE)


@kernel
def lay_glyphs(lines: Lines, atlas: Atlas, text: int, du: int, dv: int, canvas: U8) -> None:
    """Join the fields of one text's glyphs into `canvas` (h, w), their pens moved by (du, dv): the nearer edge wins."""
    height, width = canvas.shape
    for k in range(lines.offsets[text], lines.offsets[text + 1]):
        row = lines.glyph[k]
        rows, columns = atlas.size[row, 0], atlas.size[row, 1]
        left = int(np.floor(lines.x[k] + atlas.origin[row, 0] + HALF)) + du
        top = int(np.floor(lines.y[k] + atlas.origin[row, 1] + HALF)) + dv
        x0, x1 = max(0, -left), min(columns, width - left)
        if x1 <= x0:
            continue
        for y in range(max(0, -top), min(rows, height - top)):
            source = atlas.fields[atlas.start[row] + y * columns + x0 : atlas.start[row] + y * columns + x1]
            target = canvas[top + y, left + x0 : left + x1]
            for x in range(x1 - x0):
                target[x] = max(target[x], source[x])


@kernel
def find_points(frame: Looks, height: int, width: int, final: F64, u: F32, v: F32) -> None:
    """Write for each pixel of a picture taken at height x width the line point it shows; `final`: height, width of the finished picture."""
    h = frame.inverse
    across, down = final[1] / width, final[0] / height
    middle_u, middle_v = F(frame.middle), F((frame.box[1] + frame.box[3]) / 2)
    for row in range(height):
        y = (row + 0.5) * down
        a, b, c = F(h[1] * y + h[2]), F(h[4] * y + h[5]), F(h[7] * y + h[8])
        da, db, dc = F(h[0] * across), F(h[3] * across), F(h[6] * across)
        at = row * width
        for column in range(width):
            x = F(column) + HALF
            w = ONE / max(c + dc * x, NEAREST)
            u[at + column], v[at + column] = (a + da * x) * w, (b + db * x) * w
        if frame.bend != NO_BEND:
            for k in range(at, at + width):
                p, q = unbend(frame.bend, frame.radius, frame.bend_view, u[k], v[k])
                u[k], v[k] = p, q
        for k in range(at, at + width):
            u[k] += middle_u
            v[k] += middle_v


@kernel
def sample_field(canvas: U8, s: Scratch, u: F32, v: F32, shift_u: F, shift_v: F, near: F32) -> None:
    """Write the distance to the glyphs' edge, line px, positive inside, at each point (u + shift_u, v + shift_v); bilinear.

    Beyond the canvas its rim is read. Two loops: the first becomes vector instructions, only the reads of the second do not.
    """
    height, width = np.int32(canvas.shape[0]), np.int32(canvas.shape[1])
    right, bottom = F(width) - F(1.01), F(height) - F(1.01)
    across, down, at = s.across, s.down, s.at
    for k in range(u.shape[0]):
        x, y = clip(u[k] + shift_u, ZERO, right), clip(v[k] + shift_v, ZERO, bottom)
        column, row = np.int32(x), np.int32(y)
        across[k], down[k] = x - F(column), y - F(row)
        at[k] = np.uint32(row * width + column)  # unsigned: a signed index is first checked for below 0
    cells = canvas.ravel()
    beside, below, across_below = np.uint32(1), np.uint32(width), np.uint32(width + 1)
    for k in range(u.shape[0]):
        cell = at[k]
        a, b, c, d = F(cells[cell]), F(cells[cell + beside]), F(cells[cell + below]), F(cells[cell + across_below])
        top, low = a + (b - a) * across[k], c + (d - c) * across[k]
        near[k] = (top + (low - top) * down[k] - FIELD_ZERO) * FIELD_STEP


@kernel
def cover_of(near: F32, grow: F, scale: F, cover: F32) -> None:
    """Write the share of each pixel inside the edge moved outward by `grow` line px; `scale`: picture px a line px."""
    for k in range(near.shape[0]):
        cover[k] = share(HALF + (near[k] + grow) * scale)


@kernel
def blend(rgb: F32, cover: F32, ink: F32, strength: F, mode: int) -> None:
    """Lay `ink` (3,) over the planes where `cover` is above 0; modes as in graphics programs: normal, multiply, screen."""
    for c in range(3):
        plane, colour = rgb[c], ink[c]
        if mode == MULTIPLY:
            for k in range(cover.shape[0]):
                plane[k] += plane[k] * (colour / FULL - ONE) * (cover[k] * strength)
        elif mode == SCREEN:
            for k in range(cover.shape[0]):
                plane[k] += (FULL - plane[k]) * (colour / FULL) * (cover[k] * strength)
        else:
            for k in range(cover.shape[0]):
                plane[k] += (colour - plane[k]) * (cover[k] * strength)


@kernel
def mirrored(place: int, length: int) -> int:
    """Return `place` folded back into [0, length), as between two mirrors."""
    place = place % (2 * length)
    return place if place < length else 2 * length - 1 - place


@kernel
def tile_steps(start: F, step: F, length: int, nearer: U32, further: U32, weight: F32) -> None:
    """Write the two tile cells between which each pixel of a row (or column) lies, and how near the second is."""
    for x in range(nearer.shape[0]):
        place = start + F(x) * step
        cell = int(np.floor(place))
        nearer[x], further[x], weight[x] = mirrored(cell, length), mirrored(cell + 1, length), place - F(cell)


@kernel
def stretch_row(row: U8, channels: int, nearer: U32, further: U32, weight: F32, out: F32) -> None:
    """Write one tile row at the pixels' columns to `out` (channels, width)."""
    many = np.uint32(channels)
    for c in range(channels):
        line, first = out[c], np.uint32(c)
        for x in range(weight.shape[0]):
            a, b = F(row[nearer[x] * many + first]), F(row[further[x] * many + first])
            line[x] = a + (b - a) * weight[x]


@kernel
def lay_ground(tiles: Grounds, look: Looks, step: F, height: int, width: int, rgb: F32) -> None:
    """Fill the planes with a window of the sample's tile, `step` tile px a pixel; a tone tile is coloured between the two ground colours.

    Tile rows are stretched along the row once, then mixed down the columns: enlarged windows need few of them.
    """
    tile = look.tile
    rows, columns, channels = tiles.size[tile, 0], tiles.size[tile, 1], tiles.channels[tile]
    pixels = tiles.pixels[tiles.start[tile] : tiles.start[tile] + np.int64(rows) * columns * channels].reshape(
        (np.int64(rows), np.int64(columns * channels))
    )
    x0, x1, wx = np.empty(width, np.uint32), np.empty(width, np.uint32), np.empty(width, np.float32)
    y0, y1, wy = np.empty(height, np.uint32), np.empty(height, np.uint32), np.empty(height, np.float32)
    tile_steps(F(look.tile_x * columns), -step if look.flip & 1 else step, columns, x0, x1, wx)
    tile_steps(F(look.tile_y * rows), -step if look.flip & 2 else step, rows, y0, y1, wy)
    lines, held = np.empty((2, channels, width), np.float32), np.full(2, -1)
    for y in range(height):
        upper = 0 if held[0] == y0[y] else 1
        if held[upper] != y0[y]:
            stretch_row(pixels[y0[y]], channels, x0, x1, wx, lines[upper])
            held[upper] = y0[y]
        lower = upper if y1[y] == y0[y] else 1 - upper
        if held[lower] != y1[y]:
            stretch_row(pixels[y1[y]], channels, x0, x1, wx, lines[lower])
            held[lower] = y1[y]
        for c in range(channels):
            above, below, into = lines[upper][c], lines[lower][c], rgb[c][y * width : (y + 1) * width]
            for x in range(width):
                into[x] = above[x] + (below[x] - above[x]) * wy[y]
    if channels == 1:
        for c in range(2, -1, -1):  # the tone is in the first plane: that one last
            first, reach = look.ground[0, c], (look.ground[1, c] - look.ground[0, c]) / FULL
            tone, into = rgb[0], rgb[c]
            for k in range(height * width):
                into[k] = first + reach * tone[k]


@kernel
def panel_edge(look: Looks, frame: Looks, x: F, y: F) -> F:
    """Return the distance in line px, positive outside, from the label shape behind the word, at (x, y) from the word's middle."""
    wide = F((frame.box[2] - frame.box[0]) / 2) + look.panel_x
    high = F((frame.box[3] - frame.box[1]) / 2) + look.panel_y
    if look.panel == BAND:
        return abs(y) - high
    if look.panel == BOX:  # Source: Quilez, "2D distance functions", rounded box
        radius = look.panel_round * min(wide, high)
        qx, qy = abs(x) - wide + radius, abs(y) - high + radius
        outside = np.sqrt(max(qx, ZERO) * max(qx, ZERO) + max(qy, ZERO) * max(qy, ZERO))
        return outside + min(max(qx, qy), ZERO) - radius
    if look.panel == ELLIPSE:
        a, b = wide * F(1.25), high * F(1.45)  # so that the word's corners stay inside
        return (np.sqrt(x * x / (a * a) + y * y / (b * b)) - ONE) * min(a, b)
    side = ONE if look.panel_round < HALF else -ONE  # two colours meet above or below the word
    return side * y - high


@kernel
def lay_panel(look: Looks, frame: Looks, s: Scratch, scale: F) -> None:
    """Lay the label shape, and its border, behind the word."""
    if look.panel == NO_PANEL:
        return
    middle_u, middle_v = F(frame.middle), F((frame.box[1] + frame.box[3]) / 2)
    for k in range(s.u.shape[0]):
        s.other[k] = -panel_edge(look, frame, s.u[k] - middle_u, s.v[k] - middle_v)
    cover_of(s.other, ZERO, scale, s.cover)
    blend(s.rgb, s.cover, look.panel_rgb, ONE, 0)
    if look.panel_border > 0:
        for k in range(s.u.shape[0]):
            s.cover[k] = share(HALF + (look.panel_border - abs(s.other[k])) * scale)
        blend(s.rgb, s.cover, look.second, ONE, 0)


@kernel
def ground_under(frame: Looks, s: Scratch, out: F32) -> None:
    """Write mean R, G, B and the luminance's standard deviation of the pixels in the word's box to `out` (4,).

    Every GROUND_STEP-th pixel counts.
    """
    u0, v0, u1, v1 = F(frame.box[0]) - AROUND, F(frame.box[1]) - AROUND, F(frame.box[2]) + AROUND, F(frame.box[3]) + AROUND
    out[:] = 0
    count, squares, total = F(1e-3), ZERO, ZERO
    for k in range(0, s.u.shape[0], GROUND_STEP):
        if u0 <= s.u[k] <= u1 and v0 <= s.v[k] <= v1:
            luma = LUMA_R * s.rgb[0, k] + LUMA_G * s.rgb[1, k] + LUMA_B * s.rgb[2, k]
            out[0], out[1], out[2] = out[0] + s.rgb[0, k], out[1] + s.rgb[1, k], out[2] + s.rgb[2, k]
            count, total, squares = count + ONE, total + luma, squares + luma * luma
    out[:3] /= count
    out[3] = np.sqrt(max(squares / count - (total / count) * (total / count), ZERO))


@kernel
def choose_ink(look: Looks, ground: F32, least: F, ink: F32) -> int:
    """Write the first planned ink colour that can be read on `ground` (mean R, G, B, deviation) to `ink`; return how many were passed over.

    CANDIDATES means that none could: the ink is black or white.
    """
    for candidate in range(CANDIDATES):
        widest = ZERO
        for c in range(3):
            ink[c] = look.ink[candidate, c]
            seen = ink[c]
            if look.blend == MULTIPLY:
                seen = ground[c] * ink[c] / FULL
            elif look.blend == SCREEN:
                seen = FULL - (FULL - ground[c]) * (FULL - ink[c]) / FULL
            widest = max(widest, abs(seen - ground[c]))
        if widest * look.opacity >= least + HALF * ground[3]:
            return candidate
    plain_ink(ground, ink)
    return CANDIDATES


@kernel
def plain_ink(ground: F32, ink: F32) -> None:
    """Write black or white to `ink`, whichever is further from `ground`."""
    luma = LUMA_R * ground[0] + LUMA_G * ground[1] + LUMA_B * ground[2]
    ink[:] = F(16) if luma > F(120) else F(245)


@kernel
def grain(bank: F32, x: F, y: F) -> F:
    """Return smooth noise, about -1 to 1, at a point: bilinear between normal numbers on a unit lattice."""
    column, row = np.floor(x), np.floor(y)
    fx, fy = x - column, y - row
    at = (int(column) + int(row) * 257) & 0xFFFF
    below = (at + 257) & 0xFFFF
    top = bank[at] + (bank[at + 1] - bank[at]) * fx
    return top + (bank[below] + (bank[below + 1] - bank[below]) * fx - top) * fy


@kernel
def lay_depth(look: Looks, ink: F32, canvas: U8, s: Scratch, scale: F) -> None:
    """Lay what lies behind the letters: shadow, extruded sides, glow, outline."""
    if look.shadow_x != 0 or look.shadow_y != 0:
        sample_field(canvas, s, s.u, s.v, -look.shadow_x, -look.shadow_y, s.other)
        soft = scale * (ONE - F(0.85) * look.shadow_soft)
        cover_of(s.other, ZERO, soft, s.cover)
        blend(s.rgb, s.cover, np.zeros(3, np.float32), look.shadow_dark, 0)
    if look.extrude_x != 0 or look.extrude_y != 0:
        side = ink * F(0.45)
        for step in range(4):
            part = F(step + 1) / F(4)
            sample_field(canvas, s, s.u, s.v, -look.extrude_x * part, -look.extrude_y * part, s.other)
            cover_of(s.other, ZERO, scale, s.cover)
            blend(s.rgb, s.cover, side, ONE, 0)
    if look.glow > 0:
        for k in range(s.u.shape[0]):
            fall = share(ONE + s.near[k] / look.glow)
            s.cover[k] = fall * fall
        blend(s.rgb, s.cover, look.second, F(0.85), 0)
    if look.outline > 0:
        cover_of(s.near, look.outline, scale, s.cover)
        blend(s.rgb, s.cover, look.second, ONE, 0)


@kernel
def print_dots(look: Looks, canvas: U8, s: Scratch, scale: F) -> None:
    """Cover with the dots of an ink-jet coder: one at each cell whose middle is inside a letter."""
    cell = look.dots
    for k in range(s.u.shape[0]):
        middle_u, middle_v = (np.floor(s.u[k] / cell) + HALF) * cell, (np.floor(s.v[k] / cell) + HALF) * cell
        s.swap[k], s.other[k] = middle_u, middle_v
    sample_field(canvas, s, s.swap, s.other, ZERO, ZERO, s.near)
    for k in range(s.u.shape[0]):
        x, y = s.u[k] - s.swap[k], s.v[k] - s.other[k]
        radius = F(0.52) * cell - np.sqrt(x * x + y * y)
        s.cover[k] = share(HALF + radius * scale) if s.near[k] > -F(0.2) * cell else ZERO


@kernel
def cover_letters(look: Looks, frame: Looks, canvas: U8, s: Scratch, scale: F, bank: F32, plain: bool) -> None:
    """Write how much ink each pixel gets to `s.cover`: letters, worn or dotted, and the underline; `plain`: never thinner than drawn."""
    if look.worn > 0 and not plain:
        for k in range(s.u.shape[0]):
            s.near[k] -= look.worn * max(grain(bank, s.u[k] * F(0.3), s.v[k] * F(0.3)), ZERO) * TWO
    cover_of(s.near, max(look.weight, ZERO) if plain else look.weight, scale, s.cover)
    if look.dots > 0:
        print_dots(look, canvas, s, scale)
    if look.underline > 0:
        u0, u1 = F(frame.box[0]), F(frame.box[2])
        for k in range(s.u.shape[0]):
            if u0 <= s.u[k] <= u1:
                s.cover[k] = max(s.cover[k], share(HALF + (F(1.5) - abs(s.v[k] - F(frame.baseline + UNDERLINE))) * scale))


@kernel
def lay_letters(look: Looks, frame: Looks, ink: F32, canvas: U8, s: Scratch, plain: bool) -> None:
    """Lay the word's ink by `s.cover`: flat, fading into a second colour, textured or embossed."""
    mode, strength = (0, ONE) if plain else (look.blend, look.opacity)
    blend(s.rgb, s.cover, ink, strength, mode)
    if plain:
        return
    if look.fade_y != 0:
        middle_u, middle_v = F(frame.middle), F((frame.box[1] + frame.box[3]) / 2)
        wide, high = max(F(frame.box[2] - frame.box[0]), ONE), max(F(frame.box[3] - frame.box[1]), ONE)
        for k in range(s.u.shape[0]):
            along = look.fade_x * (s.u[k] - middle_u) / wide + look.fade_y * (s.v[k] - middle_v) / high
            s.other[k] = s.cover[k] * share(HALF + along)
        blend(s.rgb, s.other, look.second, F(0.9), mode)
    if look.emboss > 0:
        sample_field(canvas, s, s.u, s.v, F(1.4), F(1.4), s.other)
        for k in range(s.u.shape[0]):
            lift = clip(s.other[k] - s.near[k], -TWO, TWO) * look.emboss * F(50) * s.cover[k]
            for c in range(3):
                s.rgb[c, k] += lift


@kernel
def texture_ink(look: Looks, s: Scratch, bank: F32) -> None:
    """Make the ink uneven, as on rough board."""
    for k in range(s.u.shape[0]):
        uneven = look.ink_texture * F(60) * s.cover[k] * grain(bank, s.u[k] * F(0.21), s.v[k] * F(0.21))
        for c in range(3):
            s.rgb[c, k] += uneven


@kernel
def shine(look: Looks, height: int, width: int, s: Scratch) -> None:
    """Light the picture: exposure, a slope of light, shade with a soft edge, a spot of glare."""
    tall, wide = ONE / F(height), ONE / F(width)
    gain, add = s.near, s.other
    for row in range(height):
        y = (F(row) + HALF) * tall - HALF
        gains, adds = gain[row * width : (row + 1) * width], add[row * width : (row + 1) * width]
        gy = (y + HALF - look.glare_y) * (y + HALF - look.glare_y)
        size = look.glare_size * look.glare_size
        for column in range(width):
            x = (F(column) + HALF) * wide - HALF
            light = look.exposure * (ONE + look.slope_x * x + look.slope_y * y)
            gains[column] = light * (ONE - look.shade * share(HALF + F(5) * (look.shade_x * x + look.shade_y * y)))
            gx = (x + HALF - look.glare_x) * F(width) * tall
            spot = share(ONE - (gx * gx + gy) / size)
            adds[column] = look.glare * spot * spot
    for c in range(3):
        plane = s.rgb[c]
        for k in range(height * width):
            plane[k] = plane[k] * gain[k] + add[k]


@kernel
def copy(source: F32, out: F32) -> None:
    """Copy one run of numbers: a slice assignment first looks for overlaps, which takes longer than a short copy."""
    for k in range(source.shape[0]):
        out[k] = source[k]


@kernel
def pad(plane: F32, height: int, width: int, padded: F32) -> None:
    """Copy a plane into `padded`, (height + 2 RIM) x (width + 2 RIM) flat, its edges repeated outward."""
    stride = width + 2 * RIM
    for y in range(-RIM, height + RIM):
        row = min(max(y, 0), height - 1) * width
        at = (y + RIM) * stride
        copy(plane[row : row + width], padded[at + RIM : at + RIM + width])
        for k in range(RIM):
            padded[at + k], padded[at + RIM + width + k] = plane[row], plane[row + width - 1]


@kernel
def crop_back(padded: F32, height: int, width: int, plane: F32) -> None:
    """Copy what `pad` laid in the middle of `padded` back to the plane."""
    stride = width + 2 * RIM
    for y in range(height):
        at = (y + RIM) * stride + RIM
        copy(padded[at : at + width], plane[y * width : (y + 1) * width])


@kernel
def add_shifted(source: F32, near: int, far: int, weight: F, out: F32) -> None:
    """Add `weight` times the sum of `source` moved by `near` and by `far` cells to `out`, but for a rim as wide as the move."""
    rim = max(abs(near), abs(far))
    length = source.shape[0] - 2 * rim
    a, b, into = source[rim + near : rim + near + length], source[rim + far : rim + far + length], out[rim : rim + length]
    for k in range(length):
        into[k] += weight * (a[k] + b[k])


@kernel
def blur(height: int, width: int, radius: F, s: Scratch) -> None:
    """Blur the planes with a separable bell of `radius` pixels; edges repeat.

    Differs: the weights are (1 - r^2)^2, close to a Gaussian of 0.38 times the radius, without an exponential.
    """
    taps = min(int(radius), RIM)
    weights = np.zeros(RIM + 1, np.float32)
    total = F(0)
    for k in range(taps + 1):
        part = ONE - F(k * k) / (radius * radius)
        weights[k] = part * part
        total += weights[k] if k == 0 else TWO * weights[k]
    stride = width + 2 * RIM
    size = (height + 2 * RIM) * stride
    source, along = s.padded[0][:size], s.padded[1][:size]
    for c in range(3):
        pad(s.rgb[c], height, width, source)
        along[:] = 0
        for k in range(taps + 1):
            add_shifted(source, -k, k, weights[k] / total * (HALF if k == 0 else ONE), along)
        source[:] = 0
        for k in range(taps + 1):
            add_shifted(along, -k * stride, k * stride, weights[k] / total * (HALF if k == 0 else ONE), source)
        crop_back(source, height, width, s.rgb[c])


@kernel
def smear(height: int, width: int, dx: F, dy: F, s: Scratch) -> None:
    """Average the planes along a straight path of (dx, dy) pixels, at most 2 RIM long: motion blur; edges repeat."""
    steps = int(max(abs(dx), abs(dy))) + 1
    stride = width + 2 * RIM
    size = (height + 2 * RIM) * stride
    source, along = s.padded[0][:size], s.padded[1][:size]
    part = ONE / F(2 * steps + 1)
    for c in range(3):
        pad(s.rgb[c], height, width, source)
        for k in range(size):
            along[k] = part * source[k]
        for step in range(1, steps + 1):
            reach = HALF * F(step) / F(steps)
            ox, oy = int(clip(np.rint(dx * reach), F(-RIM), F(RIM))), int(clip(np.rint(dy * reach), F(-RIM), F(RIM)))
            add_shifted(source, oy * stride + ox, -oy * stride - ox, part, along)
        crop_back(along, height, width, s.rgb[c])


@kernel
def sharpen(height: int, width: int, amount: F, s: Scratch) -> None:
    """Raise edges as a camera does: add `amount` of the difference to the mean of the four neighbours; edges repeat."""
    stride = width + 2 * RIM
    size = (height + 2 * RIM) * stride
    source, raised = s.padded[0][:size], s.padded[1][:size]
    for c in range(3):
        pad(s.rgb[c], height, width, source)
        for k in range(size):
            raised[k] = (ONE + amount) * source[k]
        add_shifted(source, -1, 1, -amount / F(4), raised)
        add_shifted(source, -stride, stride, -amount / F(4), raised)
        crop_back(raised, height, width, s.rgb[c])


@kernel
def expose(look: Looks, rgb: F32, bank: F32) -> None:
    """Turn light into a camera's values: veil, tone curve, colour cast, sensor noise; grey and inverted pictures. 0 to 255 after."""
    bend, pixels = look.curve / FULL, rgb.shape[1]
    for c in range(3):
        gain, base = look.cast[c] * (ONE - look.veil), look.veil_grey * look.veil
        for first in range(0, pixels, NOISE_RUN):
            row = rgb[c][first : first + NOISE_RUN]
            luma = (int(look.noise_at * F(65535)) + 7919 * first) & 0xFFFF
            own = (luma + 10007 * (c + 1)) & 0xFFFF
            shared, single = bank[luma : luma + NOISE_RUN], bank[own : own + NOISE_RUN]
            for x in range(row.shape[0]):
                value = clip(row[x], ZERO, FULL)
                value = (value + bend * value * (FULL - value)) * gain + base
                row[x] = clip(value + look.noise * (F(0.75) * shared[x] + F(0.6) * single[x]), ZERO, FULL)
    red, green, blue = rgb[0], rgb[1], rgb[2]
    if look.grey:
        for k in range(pixels):
            red[k] = LUMA_R * red[k] + LUMA_G * green[k] + LUMA_B * blue[k]
        green[:] = red
        blue[:] = red
    if look.invert:
        for c in range(3):
            plane = rgb[c]
            for k in range(pixels):
                plane[k] = FULL - plane[k]


@kernel
def contrast_of(frame: Looks, s: Scratch) -> F:
    """Return how far the mean of the inked pixels is from that of the ground between them, largest over R, G, B, 0 to 1.

    Every CONTRAST_STEP-th pixel counts.
    """
    u0, v0, u1, v1 = F(frame.box[0]) - AROUND, F(frame.box[1]) - AROUND, F(frame.box[2]) + AROUND, F(frame.box[3]) + AROUND
    ink, ground = np.zeros(3, np.float32), np.zeros(3, np.float32)
    inked, bare = F(1e-3), F(1e-3)
    for k in range(0, s.u.shape[0], CONTRAST_STEP):
        if u0 <= s.u[k] <= u1 and v0 <= s.v[k] <= v1:
            part = s.cover[k]
            inked += part
            bare += ONE - part
            for c in range(3):
                ink[c] += part * s.rgb[c, k]
                ground[c] += (ONE - part) * s.rgb[c, k]
    widest = ZERO
    for c in range(3):
        widest = max(widest, abs(ink[c] / inked - ground[c] / bare))
    return widest / FULL


@kernel
def enlarge(rgb: F32, taken: I64, final: I64, out: F32) -> None:
    """Scale the planes, taken = (height, width), to `out` (3, pixels), final = (height, width); bilinear, pixel centres aligned."""
    height, width = final[0], final[1]
    x0, x1, wx = np.empty(width, np.uint32), np.empty(width, np.uint32), np.empty(width, np.float32)
    for x in range(width):
        place = min(max((x + 0.5) * taken[1] / width - 0.5, 0.0), taken[1] - 1.0)
        x0[x] = np.uint32(place)
        x1[x], wx[x] = min(x0[x] + 1, taken[1] - 1), F(place - x0[x])
    rows = np.empty((taken[0], width), np.float32)
    for c in range(3):
        for y in range(taken[0]):
            source, into = rgb[c][y * taken[1] : (y + 1) * taken[1]], rows[y]
            for x in range(width):
                into[x] = source[x0[x]] + (source[x1[x]] - source[x0[x]]) * wx[x]
        for y in range(height):
            place = min(max((y + 0.5) * taken[0] / height - 0.5, 0.0), taken[0] - 1.0)
            above = int(place)
            upper, lower, weight = rows[above], rows[min(above + 1, taken[0] - 1)], F(place - above)
            mixed = out[c][y * width : (y + 1) * width]
            for x in range(width):
                mixed[x] = upper[x] + (lower[x] - upper[x]) * weight


@kernel
def interleave(first: F32, second: F32, third: F32, out: U8) -> None:
    """Write three planes, 0 to 255, to `out` (3 pixels,), value beside value, rounded."""
    for k in range(first.shape[0]):
        out[3 * k] = np.uint8(first[k] + HALF)
        out[3 * k + 1] = np.uint8(second[k] + HALF)
        out[3 * k + 2] = np.uint8(third[k] + HALF)


@kernel
def finish(whole: Scratch, taken: I64, final: I64, blue_first: bool, out: U8) -> None:
    """Write the picture in work, taken = (height, width), to `out`, final = (height, width), interleaved uint8."""
    pixels = final[0] * final[1]
    planes = part_of(whole, taken[0] * taken[1]).rgb
    if taken[0] != final[0]:
        large = whole.large.ravel()[: 3 * pixels].reshape((3, pixels))
        enlarge(planes, taken, final, large)
        planes = large
    red, green, blue = planes[0], planes[1], planes[2]
    if blue_first:
        interleave(blue, green, red, out)
    else:
        interleave(red, green, blue, out)


@kernel
def set_line(i: int, look: Looks, frame: Looks, lines: Lines, others: Lines, usable: Bools, atlas: Atlas, s: Scratch) -> U8:
    """Return the canvas (h, w) with the word and its neighbours; its corner is at line point `canvas_corner`."""
    u0, v0 = canvas_corner(frame)
    width, height = int(frame.box[2]) + MARGIN - u0, int(frame.box[3]) + MARGIN - v0
    canvas = s.canvas[: height * width].reshape((height, width))
    canvas[:] = 0
    lay_glyphs(lines, atlas, i, -u0, -v0, canvas)
    for side in range(SIDES):
        text = SIDES * i + side
        if not usable[text] or look.beneath > 0:
            continue
        end = others.offsets[text + 1] - 1
        length = int(others.x[end] + others.advance[end])
        middle = int(frame.middle + look.lean * F(40)) - length // 2
        if side == 0 and look.left_gap > 0:
            lay_glyphs(others, atlas, text, -u0 - length - int(look.left_gap), -v0, canvas)
        elif side == 1 and look.right_gap > 0:
            lay_glyphs(others, atlas, text, -u0 + int(frame.box[2] + look.right_gap), -v0, canvas)
        elif side == 2 and look.above > 0:
            lay_glyphs(others, atlas, text, -u0 + middle, -v0 - int(look.above), canvas)
        elif side == 3 and look.below > 0:
            lay_glyphs(others, atlas, text, -u0 + middle, -v0 + int(look.below), canvas)
    clear_rim(canvas)
    return canvas


@kernel
def clear_rim(canvas: U8) -> None:
    """Empty the canvas's outermost cells: points beyond it are read there."""
    canvas[0], canvas[-1], canvas[:, 0], canvas[:, -1] = 0, 0, 0, 0


@kernel
def canvas_corner(frame: Looks) -> tuple[int, int]:
    """Return the line point of the canvas's top left corner, whole line px."""
    return int(np.floor(frame.box[0])) - MARGIN, int(np.floor(frame.box[1])) - MARGIN


@kernel
def lay_beneath(i: int, look: Looks, frame: Looks, others: Lines, usable: Bools, atlas: Atlas, s: Scratch, scale: F) -> None:
    """Lay another text, larger and faint, beneath the word."""
    if look.beneath <= 0 or not usable[SIDES * i]:
        return
    height, width = BENEATH_PX
    canvas = s.canvas[: height * width].reshape((height, width))
    canvas[:] = 0
    lay_glyphs(others, atlas, SIDES * i, MARGIN, 70, canvas)
    clear_rim(canvas)
    grow = F(0.45) + F(0.3) * (look.lean + ONE)  # canvas px a line px
    for k in range(s.u.shape[0]):
        s.swap[k] = (s.u[k] - F(frame.box[0])) * grow + F(20) + F(0.15) * s.v[k]
        s.other[k] = s.v[k] * grow + F(58) - F(0.1) * s.u[k] * look.lean
    sample_field(canvas, s, s.swap, s.other, ZERO, ZERO, s.near)
    cover_of(s.near, ZERO, scale / grow, s.cover)
    blend(s.rgb, s.cover, look.second, look.beneath, 0)


@kernel
def paint_one(
    i: int,
    look: Looks,
    frame: Looks,
    lines: Lines,
    others: Lines,
    usable: Bools,
    atlas: Atlas,
    tiles: Grounds,
    bank: F32,
    whole: Scratch,
    crop: F64,
    attempt: int,
    counts: I64,
) -> F:
    """Paint a sample into `whole.rgb` at the size it is taken at; return its contrast. `crop`: final height, least contrast, 0 to 255."""
    height = int(np.rint(look.taken_px))
    final = np.array([crop[0], float(frame.width)])
    width = max(int(np.rint(final[1] * height / final[0])), 4)
    pixels = height * width
    s = part_of(whole, pixels)
    shrink = F(height / final[0])
    scale = F(frame.scale) * shrink * look.edge
    find_points(frame, height, width, final, s.u, s.v)
    lay_ground(tiles, look, ONE / (look.zoom * shrink), height, width, s.rgb)
    lay_panel(look, frame, s, scale)
    lay_beneath(i, look, frame, others, usable, atlas, s, scale)
    ground, ink = np.empty(4, np.float32), np.empty(3, np.float32)
    ground_under(frame, s, ground)
    plain = attempt > 0
    if plain:
        plain_ink(ground, ink)
    else:
        counts[0] += choose_ink(look, ground, F(crop[1]), ink)
    canvas = set_line(i, look, frame, lines, others, usable, atlas, s)
    u0, v0 = canvas_corner(frame)
    shift_u, shift_v = F(-u0 - 0.5), F(-v0 - 0.5)  # canvas cells are sampled at their middles
    for k in range(pixels):
        s.u[k] += shift_u
        s.v[k] += shift_v
    sample_field(canvas, s, s.u, s.v, ZERO, ZERO, s.near)
    if not plain:
        lay_depth(look, ink, canvas, s, scale)
    moved = frame.box.copy()
    frame.box[0], frame.box[1], frame.box[2], frame.box[3] = moved[0] + shift_u, moved[1] + shift_v, moved[2] + shift_u, moved[3] + shift_v
    frame.middle += shift_u
    frame.baseline = shift_v
    cover_letters(look, frame, canvas, s, scale, bank, plain)
    lay_letters(look, frame, ink, canvas, s, plain)
    if look.ink_texture > 0 and not plain:
        texture_ink(look, s, bank)
    if attempt < ATTEMPTS - 1:
        take(look, height, width, s, shrink, bank)
    contrast = contrast_of(frame, s)
    frame.box[:] = moved
    frame.middle -= shift_u
    frame.baseline = 0
    return contrast


@kernel
def take(look: Looks, height: int, width: int, s: Scratch, shrink: F, bank: F32) -> None:
    """Light the scene and take its picture."""
    shine(look, height, width, s)
    if look.defocus * shrink > HALF:
        blur(height, width, look.defocus * shrink + ONE, s)
    if abs(look.motion_x) + abs(look.motion_y) > 0:
        smear(height, width, look.motion_x * shrink, look.motion_y * shrink, s)
    if look.sharpen > 0:
        sharpen(height, width, look.sharpen, s)
    expose(look, s.rgb, bank)


@kernel
def make_scratch(height: int, width: int, canvas_px: int) -> Scratch:
    """Return working arrays for pictures of up to height x width and lines of up to `canvas_px`."""
    n = height * width
    flat, at = np.empty((8, n), np.float32), np.empty(n, np.uint32)
    planes, large = np.empty((3, n), np.float32), np.empty((3, n), np.float32)
    padded = np.empty((2, (height + 2 * RIM) * (width + 2 * RIM)), np.float32)
    canvas = np.empty(max(canvas_px, BENEATH_PX[0] * BENEATH_PX[1]), np.uint8)
    return Scratch(flat[0], flat[1], flat[2], flat[3], flat[4], flat[5], flat[6], at, planes, flat[7], padded, large, canvas)


@kernel
def part_of(whole: Scratch, pixels: int) -> Scratch:
    """Return the working arrays cut to a picture of so many pixels."""
    return Scratch(
        whole.u[:pixels], whole.v[:pixels], whole.near[:pixels], whole.other[:pixels], whole.cover[:pixels],
        whole.across, whole.down, whole.at,
        whole.rgb.ravel()[: 3 * pixels].reshape((3, pixels)), whole.swap[:pixels], whole.padded, whole.large, whole.canvas,
    )  # fmt: skip


@kernel
def paint(
    looks: Looks,
    frames: Looks,
    lines: Lines,
    others: Lines,
    usable: Bools,
    atlas: Atlas,
    tiles: Grounds,
    bank: F32,
    crop: F64,
    blue_first: bool,
    offsets: I64,
    pixels: U8,
    contrast: F32,
    counts: I64,
) -> None:
    """Paint a block of samples.

    `offsets` (n + 1,): where each picture begins in `pixels` (flat, (height, width, 3) each). `usable` (4 n,): which of the other texts
    may be drawn. `bank`: normal numbers, 65,536 and a rim. `crop`: height, least contrast (0 to 255).
    Writes `pixels`, `contrast` (n,), and to `counts` (3,): inks passed over, samples painted again, samples still faint after that.
    """
    height = int(crop[0])
    widest, canvas_px = 0, 0
    for i in range(len(frames)):
        box = frames[i].box
        widest = max(widest, frames[i].width)
        canvas_px = max(canvas_px, (int(box[2] - box[0]) + 2 * MARGIN + 2) * (int(box[3] - box[1]) + 2 * MARGIN + 2))
    whole = make_scratch(height, widest + 1, canvas_px)
    taken, final = np.empty(2, np.int64), np.empty(2, np.int64)
    for i in range(len(looks)):
        for attempt in range(ATTEMPTS):
            contrast[i] = paint_one(i, looks[i], frames[i], lines, others, usable, atlas, tiles, bank, whole, crop, attempt, counts)
            if contrast[i] * FULL >= HALF * F(crop[1]):
                break
            counts[1 if attempt + 1 < ATTEMPTS else 2] += 1
        taken[0] = int(np.rint(looks[i].taken_px))
        taken[1] = max(int(np.rint(frames[i].width * taken[0] / crop[0])), 4)
        final[0], final[1] = height, frames[i].width
        finish(whole, taken, final, blue_first, pixels[offsets[i] : offsets[i + 1]])


@kernel
def square_to_quad(quad: F64, h: F64) -> None:
    """Write the homography (9,) from the unit square to `quad` (4, 2). Source: Heckbert 1989, "Fundamentals of texture mapping", 2.2.3."""
    dx1, dx2, sx = quad[1, 0] - quad[2, 0], quad[3, 0] - quad[2, 0], quad[0, 0] - quad[1, 0] + quad[2, 0] - quad[3, 0]
    dy1, dy2, sy = quad[1, 1] - quad[2, 1], quad[3, 1] - quad[2, 1], quad[0, 1] - quad[1, 1] + quad[2, 1] - quad[3, 1]
    det = dx1 * dy2 - dx2 * dy1
    h[6], h[7], h[8] = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det, 1.0
    h[0], h[1], h[2] = quad[1, 0] - quad[0, 0] + h[6] * quad[1, 0], quad[3, 0] - quad[0, 0] + h[7] * quad[3, 0], quad[0, 0]
    h[3], h[4], h[5] = quad[1, 1] - quad[0, 1] + h[6] * quad[1, 1], quad[3, 1] - quad[0, 1] + h[7] * quad[3, 1], quad[0, 1]


@kernel
def read_pixel(picture: U8, x: float, y: float, out: F64) -> None:
    """Add the picture's colour at (x, y), pixel edges, to `out` (3,); bilinear, edges repeat."""
    x, y = min(max(x - 0.5, 0.0), picture.shape[1] - 1.0), min(max(y - 0.5, 0.0), picture.shape[0] - 1.0)
    column, row = int(x), int(y)
    right, below = min(column + 1, picture.shape[1] - 1), min(row + 1, picture.shape[0] - 1)
    fx, fy = x - column, y - row
    for c in range(3):
        top = picture[row, column, c] * (1 - fx) + picture[row, right, c] * fx
        low = picture[below, column, c] * (1 - fx) + picture[below, right, c] * fx
        out[c] += top + (low - top) * fy


@kernel
def cut_quad(picture: U8, quad: F64, pads: F64, chars: F32, out: U8) -> int:
    """Write the part of a picture in `quad`, padded by shares of its height, upright to `out` (height, widest, 3); return its width.

    `pads`: left, top, right, bottom. `chars` (k, 4, 2) are moved from the picture into the crop. Each pixel is the mean of as many
    points as the picture is larger.
    """
    high = (np.hypot(quad[3, 0] - quad[0, 0], quad[3, 1] - quad[0, 1]) + np.hypot(quad[2, 0] - quad[1, 0], quad[2, 1] - quad[1, 1])) / 2
    wide = (np.hypot(quad[1, 0] - quad[0, 0], quad[1, 1] - quad[0, 1]) + np.hypot(quad[2, 0] - quad[3, 0], quad[2, 1] - quad[3, 1])) / 2
    unit = np.empty(9)
    square_to_quad(quad, unit)
    left, right = -pads[0] * high / wide, 1 + pads[2] * high / wide  # in widths and heights of the word
    top, bottom = -pads[1], 1 + pads[3]
    height = out.shape[0]
    width = min(max(int(np.rint(height * wide * (right - left) / (high * (bottom - top)))), NARROWEST_PX), out.shape[1])
    points = min(max(int(np.ceil(high * (bottom - top) / height)), 1), 8)
    crop = np.array([(right - left) / width, 0.0, left, 0.0, (bottom - top) / height, top, 0.0, 0.0, 1.0])
    whole, back = np.empty(9), np.empty(9)
    multiply(unit, crop, whole)
    invert(whole, back)
    colour = np.empty(3)
    for y in range(height):
        for x in range(width):
            colour[:] = 0.5 * points * points
            for j in range(points):
                for i in range(points):
                    u, v = project(whole, x + (i + 0.5) / points, y + (j + 0.5) / points)
                    read_pixel(picture, u, v, colour)
            for c in range(3):
                out[y, x, c] = np.uint8(min(colour[c] / (points * points), 255.0))
    for k in range(chars.shape[0]):
        for corner in range(4):
            u, v = project(back, chars[k, corner, 0], chars[k, corner, 1])
            chars[k, corner, 0], chars[k, corner, 1] = u, v
    return width
