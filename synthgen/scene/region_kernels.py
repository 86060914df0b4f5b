"""Where in a picture text can stand: smooth places, planes on them, and lines that fit. Compiled; caller-owned arrays out."""

import numpy as np

from synthgen.arrays import F32, F64, I32, I64, U8, U16
from synthgen.compiled import kernel
from synthgen.scene.kernels import bend
from synthgen.scene.records import Atlas, Lines

CELL_PX = 8  # of the grid that smoothness is measured on
SAMPLES = 4  # a side of a cell: every second pixel
LUMA = (2, 5, 1)  # of 8, red, green, blue. Source: BT.601 rounded to whole eighths, exact on every host
STEP_PX = 0.45 * CELL_PX  # rectangles grow by it: no cell's middle can slip between its points where a plane enlarges up to 1.5 times
DEPTHS = (0.8, 1.25)  # of a point on a plane; 1 in its middle. Keeps the enlargement below 1.5
FOCAL = 1.5  # of the longer side of the picture: 37 degrees from end to end
NEAR = 8  # cells on each side of a plane's middle that its direction is read from
COHERENT = 0.35  # least share of gradients in one direction to be followed; 0: even, 1: all alike
SEEDS = 3  # cells drawn for each attempt; the one with the most room is used
TURNED, TILT, YAW, PITCH, WIDE, HIGH, BORDER = range(SEEDS, SEEDS + 7)  # columns of an attempt's draws
DRAWS = SEEDS + 7
LEAST_PX = (45.0, 14.0)  # width and height of a region: a short word of 12 px
EVEN = 1.6  # times the middle level: an even texture's cells are within it
SPECKLE = 2
BORDER_PX = 40.0  # that a region may reach over the edge of the picture, where it may
BEND_SAMPLES = 16  # along a bent line, to find how high it is


@kernel
def measure(tile: U8, window: F64, contrast: float, levels: U8, tensor: I32) -> None:
    """Write how rough each cell of a picture is, `levels` (rows, columns), and its gradients, `tensor` (rows, columns, 3): xx, yy, xy.

    `tile` (height, width, channels); `window`: top, left in the tile, tile px a picture px. A level is the root mean square of the steps
    of brightness over two pixels, times `contrast`, at most 255.
    """
    rows, columns = levels.shape
    across = columns * SAMPLES + 1
    here, below, places = np.empty(across, np.int32), np.empty(across, np.int32), np.empty(across, np.int64)
    for x in range(across):
        places[x] = min(max(int(window[1] + (2 * x + 1) * window[2]), 0), tile.shape[1] - 1)
    tensor[:] = 0
    for y in range(rows * SAMPLES + 1):
        here, below = below, here
        sample_row(tile[min(max(int(window[0] + (2 * y + 1) * window[2]), 0), tile.shape[0] - 1)], places, below)
        if y == 0:
            continue
        row = (y - 1) // SAMPLES
        for column in range(columns):
            xx, yy, xy = np.int32(0), np.int32(0), np.int32(0)
            for x in range(column * SAMPLES, column * SAMPLES + SAMPLES):
                right, down = here[x + 1] - here[x], below[x] - here[x]
                xx, yy, xy = xx + right * right, yy + down * down, xy + right * down
            tensor[row, column, 0] += xx
            tensor[row, column, 1] += yy
            tensor[row, column, 2] += xy
    for row in range(rows):
        for column in range(columns):
            power = (tensor[row, column, 0] + tensor[row, column, 1]) / (SAMPLES * SAMPLES)
            levels[row, column] = np.uint8(min(contrast * np.sqrt(power), 255.0))


@kernel
def sample_row(row: U8, places: I64, out: I32) -> None:
    """Write the brightness, 0 to 255, of a tile's row (width, channels) at `places`."""
    if row.shape[1] == 1:
        for x in range(len(out)):
            out[x] = row[places[x], 0]
        return
    for x in range(len(out)):
        colour = row[places[x]]
        out[x] = (LUMA[0] * colour[0] + LUMA[1] * colour[1] + LUMA[2] * colour[2]) >> 3


@kernel
def block_rough(levels: U8, share: float, bounds: I32, blocked: U8) -> int:
    """Set `blocked` to 1 where a cell is rough, to 0 elsewhere; return the highest level that is smooth.

    Smooth are the `share` of smoothest cells, and all up to EVEN times the middle level: a wall of brick is a place for text as a whole.
    The limit is kept within `bounds`: below them all is smooth (a studio ground), above them nothing is (noise, leaves). A rough cell
    with fewer than SPECKLE rough neighbours is smooth: a speck does not break a region.
    """
    counts = np.zeros(256, np.int64)
    for level in levels.flat:
        counts[level] += 1
    limit = max(level_of(counts, share), int(EVEN * level_of(counts, 0.5)))
    limit = min(max(limit, bounds[0]), bounds[1])
    rows, columns = levels.shape
    for row in range(rows):
        for column in range(columns):
            blocked[row, column] = 0
            if levels[row, column] > limit:
                near = -1  # itself
                for r in range(max(row - 1, 0), min(row + 2, rows)):
                    for c in range(max(column - 1, 0), min(column + 2, columns)):
                        near += levels[r, c] > limit
                blocked[row, column] = near >= SPECKLE
    return int(limit)


@kernel
def level_of(counts: I64, share: float) -> int:
    """Return the lowest level that `share` of the counted cells do not exceed."""
    level, seen, wanted = 0, counts[0], share * counts.sum()
    while seen < wanted:
        level += 1
        seen += counts[level]
    return level


@kernel
def block_quad(blocked: U8, quad: F64, reach: float) -> None:
    """Set the cells to 1 whose middle lies in the quad (4, 2), picture px, or within `reach` px of it; of a crossed one, in its box."""
    area, bent = 0.0, 0
    for k in range(4):
        a, b, c = quad[k], quad[(k + 1) % 4], quad[(k + 2) % 4]
        turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
        area += turn
        bent += 1 if turn > 0 else -1
    simple = abs(bent) == 4
    side = 1.0 if area > 0 else -1.0
    first_row = max(int((quad[:, 1].min() - reach) / CELL_PX - 1), 0)
    first_column = max(int((quad[:, 0].min() - reach) / CELL_PX - 1), 0)
    last_row = min(int((quad[:, 1].max() + reach) / CELL_PX + 1), blocked.shape[0] - 1)
    last_column = min(int((quad[:, 0].max() + reach) / CELL_PX + 1), blocked.shape[1] - 1)
    for row in range(first_row, last_row + 1):
        y = (row + 0.5) * CELL_PX
        for column in range(first_column, last_column + 1):
            x = (column + 0.5) * CELL_PX
            within = quad[:, 0].min() - reach <= x <= quad[:, 0].max() + reach and quad[:, 1].min() - reach <= y <= quad[:, 1].max() + reach
            k = 0
            while within and simple and k < 4:
                a, b = quad[k], quad[(k + 1) % 4]
                along, down = b[0] - a[0], b[1] - a[1]
                within = side * (along * (y - a[1]) - down * (x - a[0])) >= -reach * np.sqrt(along * along + down * down)
                k += 1
            if within:
                blocked[row, column] = 1


@kernel
def find_room(blocked: U8, room: I32) -> None:
    """Write how far the next blocked cell or the edge is from each cell, `room`, in cells; 0 on a blocked one."""
    rows, columns = blocked.shape
    for row in range(rows):
        for column in range(columns):
            room[row, column] = 0
            if not blocked[row, column]:
                if row > 0 and 0 < column < columns - 1:
                    above = min(room[row - 1, column - 1], room[row - 1, column], room[row - 1, column + 1])
                    room[row, column] = 1 + min(above, room[row, column - 1])
                else:
                    room[row, column] = 1
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            if row < rows - 1 and 0 < column < columns - 1:
                below = min(room[row + 1, column - 1], room[row + 1, column], room[row + 1, column + 1])
                room[row, column] = min(room[row, column], 1 + min(below, room[row, column + 1]))
            else:
                room[row, column] = min(room[row, column], 1)


@kernel
def free_cell(blocked: U8, place: float) -> int:
    """Return the first free cell at or after `place`, 0 to 1, of all, row by row and round again; -1 where there is none."""
    cells = blocked.size
    start = int(place * cells)
    flat = blocked.reshape(cells)
    for k in range(cells):
        cell = start + k if start + k < cells else start + k - cells
        if not flat[cell]:
            return cell
    return -1


@kernel
def direction(tensor: I32, row: int, column: int, steepest: float) -> float:
    """Return the tangent of the angle, clockwise, of the edges around a cell or across them, the smaller; 2 where there is no clear one.

    `steepest`: tangents beyond it are none. Source: structure tensor, Bigun & Granlund 1987; the half angle by square roots alone.
    """
    xx, yy, xy = 0.0, 0.0, 0.0
    for r in range(max(row - NEAR, 0), min(row + NEAR + 1, tensor.shape[0])):
        for c in range(max(column - NEAR, 0), min(column + NEAR + 1, tensor.shape[1])):
            xx, yy, xy = xx + tensor[r, c, 0], yy + tensor[r, c, 1], xy + tensor[r, c, 2]
    even, cross = xx - yy, 2 * xy
    length = np.sqrt(even * even + cross * cross)
    if length <= COHERENT * (xx + yy):
        return 2.0
    across = abs(even) / length  # cosine of twice the angle, folded below 45 degrees
    tangent = np.sqrt((1 - min(across, 1.0)) / (1 + across))
    if (cross < 0) != (even < 0):
        tangent = -tangent
    return tangent if abs(tangent) <= steepest else 2.0


@kernel
def lay_plane(x: float, y: float, slopes: F64, focal: float, h: F64) -> None:
    """Write the homography (9,) of a plane seen at (x, y), its origin; one unit is one picture px there.

    `slopes`: tangents of its turn in the picture, its yaw and its pitch. A pinhole camera `focal` px from the plane's origin.
    """
    turn = 1 / np.sqrt(1 + slopes[0] * slopes[0])
    yaw, pitch = 1 / np.sqrt(1 + slopes[1] * slopes[1]), 1 / np.sqrt(1 + slopes[2] * slopes[2])
    c, s, side, lean = turn, slopes[0] * turn, slopes[1] * yaw, slopes[2] * pitch
    h[6], h[7], h[8] = -side / focal, yaw * lean / focal, 1.0
    right_u, right_v, down_v = yaw, side * lean, pitch
    h[0], h[1], h[2] = c * right_u + x * h[6], c * right_v - s * down_v + x * h[7], x
    h[3], h[4], h[5] = s * right_u + y * h[6], s * right_v + c * down_v + y * h[7], y


@kernel
def are_free(blocked: U8, h: F64, run: F64, points: int, rim: float) -> bool:
    """Return whether points of a plane lie on free cells, or up to `rim` px outside the picture; `run`: the first, and the step on."""
    x, y, depth = h[0] * run[0] + h[1] * run[1] + h[2], h[3] * run[0] + h[4] * run[1] + h[5], h[6] * run[0] + h[7] * run[1] + h[8]
    right, down, back = h[0] * run[2] + h[1] * run[3], h[3] * run[2] + h[4] * run[3], h[6] * run[2] + h[7] * run[3]
    width, height = blocked.shape[1] * CELL_PX, blocked.shape[0] * CELL_PX
    for k in range(points):
        here = depth + k * back
        if not DEPTHS[0] <= here <= DEPTHS[1]:
            return False
        px, py = (x + k * right) / here, (y + k * down) / here
        if 0 <= px < width and 0 <= py < height:
            if blocked[int(py) // CELL_PX, int(px) // CELL_PX]:
                return False
        elif not (rim > 0 and -rim <= px <= width + rim and -rim <= py <= height + rim):
            return False
    return True


@kernel
def grow(blocked: U8, h: F64, rim: float, widest: F64, box: F64) -> None:
    """Write the rectangle x0, y0, x1, y1 of a plane, round its origin, that grows on all sides while free, up to `widest` (2,) in size."""
    box[:] = 0
    closed, run = np.zeros(4, np.bool_), np.zeros(4)  # the cell at the origin is free
    turn = 0
    while not closed.all():
        side = 2 * (turn % 2) if turn % 6 < 4 else 1 + 2 * (turn % 2)  # left, right, left, right, up, down: lines are longer than high
        turn += 1
        if closed[side]:
            continue
        axis, other = side % 2, 1 - side % 2
        if box[2 + axis] - box[axis] + STEP_PX > widest[axis]:
            closed[side] = True
            continue
        edge = box[side] + (STEP_PX if side >= 2 else -STEP_PX)
        run[axis], run[other], run[2 + axis], run[2 + other] = edge, box[other], 0.0, STEP_PX
        points = int(np.rint((box[2 + other] - box[other]) / STEP_PX)) + 1
        closed[side] = not are_free(blocked, h, run, points, rim)
        if not closed[side]:
            box[side] = edge


@kernel
def place_box(h: F64, box: F64, quad: F64) -> None:
    """Write the corners (4, 2) of a plane's rectangle in the picture, px."""
    for k in range(4):
        x, y = box[0] if k in (0, 3) else box[2], box[1] if k < 2 else box[3]
        depth = h[6] * x + h[7] * y + h[8]
        quad[k, 0], quad[k, 1] = (h[0] * x + h[1] * y + h[2]) / depth, (h[3] * x + h[4] * y + h[5]) / depth


@kernel
def find_planes(blocked: U8, tensor: I32, draws: F64, limits: F64, planes: F64) -> tuple[int, int]:
    """Write up to `len(planes)` planes (9,) and their rectangles (4,), `planes` (most, 13); return how many, and how many were tried.

    `draws` (attempts, DRAWS). `limits` (7,): steepest turn, yaw and pitch as tangents; shares of regions turned a quarter and reaching over
    the border; greatest width and height of a region, px. Their cells are blocked in place.
    """
    room, box, wanted, quad, slopes = np.empty(blocked.shape, np.int32), np.empty(4), np.empty(2), np.empty((4, 2)), np.empty(3)
    focal = FOCAL * CELL_PX * max(blocked.shape[0], blocked.shape[1])
    found, tried = 0, 0
    find_room(blocked, room)  # once: how near the regions found later are does not matter much
    while found < len(planes) and tried < len(draws):
        u, h = draws[tried], planes[found, :9]
        tried += 1
        cell = free_cell(blocked, u[0])
        if cell < 0:
            break
        for k in range(1, SEEDS):
            other = free_cell(blocked, u[k])
            cell = other if room.flat[other] > room.flat[cell] else cell
        row, column = cell // blocked.shape[1], cell % blocked.shape[1]
        slopes[0] = direction(tensor, row, column, limits[0])
        if slopes[0] > 1.5:  # none: small turns are likelier, as in hand-held pictures
            slopes[0] = limits[0] * (2 * u[TILT] - 1) * abs(2 * u[TILT] - 1)
        slopes[1], slopes[2] = limits[1] * (2 * u[YAW] - 1), limits[2] * (2 * u[PITCH] - 1)
        lay_plane((column + 0.5) * CELL_PX, (row + 0.5) * CELL_PX, slopes, focal, h)
        if u[TURNED] < limits[3]:
            for k in range(3):  # x becomes down, y becomes left
                h[3 * k], h[3 * k + 1] = h[3 * k + 1], -h[3 * k]
        wanted[0] = LEAST_PX[0] + (limits[5] - LEAST_PX[0]) * (0.15 + 0.85 * u[WIDE] * u[WIDE])
        wanted[1] = LEAST_PX[1] + (limits[6] - LEAST_PX[1]) * (0.1 + 0.9 * u[HIGH] * u[HIGH])
        grow(blocked, h, BORDER_PX if u[BORDER] < limits[4] else 0.0, wanted, box)
        if box[2] - box[0] >= LEAST_PX[0] and box[3] - box[1] >= LEAST_PX[1]:
            planes[found, 9:] = box
            place_box(h, box, quad)
            block_quad(blocked, quad, CELL_PX * 0.75)
            found += 1
        else:
            blocked[row, column] = 1  # not to be tried again
    return found, tried


@kernel
def compose(words: U16, offsets: I64, first: I64, wanted: F64, space: int, out: U16, line_offsets: I64, region: I32) -> tuple[int, int]:
    """Write the lines that the words of each region make; return how many, and how many words were too long for a line of their region.

    Region r has words `first[r]` to `first[r + 1]`; `wanted` (regions, 2): lines, characters a line. `space`: its class; 0: a word a line.
    Writes classes `out`, `line_offsets` and the `region` of each line.
    """
    lines, size, refused = 0, 0, 0
    for r in range(len(wanted)):
        word, made = first[r], 0
        while word < first[r + 1] and made < wanted[r, 0]:
            begin = size
            while word < first[r + 1]:
                low, high = offsets[word], offsets[word + 1]
                joint = 1 if size > begin else 0
                if size - begin + joint + high - low > wanted[r, 1]:
                    if joint:
                        break
                    word += 1  # alone on its line, and too long
                    refused += 1
                    continue
                if joint and not space:
                    break
                if joint:
                    out[size] = space
                out[size + joint : size + joint + high - low] = words[low:high]
                size += joint + high - low
                word += 1
            if size > begin:
                region[lines] = r
                lines, made = lines + 1, made + 1
                line_offsets[lines] = size
    return lines, refused


@kernel
def set_pens(lines: Lines, atlas: Atlas, spacing: F32, inks: F64) -> None:
    """Space each line's letters and lay pens at whole pixels, `lines.x` and `.y` in place, as the glyph fields are laid; write the ink.

    `inks` (lines, 5): u0, v0, u1, v1 in line px, and the width of the widest glyph; all 0 where a line has no ink.
    """
    for i in range(len(spacing)):
        apart, ink = 0.0, inks[i]
        ink[:2], ink[2:] = 1e9, -1e9
        for k in range(lines.offsets[i], lines.offsets[i + 1]):
            lines.x[k], lines.y[k] = np.rint(lines.x[k] + apart), np.rint(lines.y[k])
            apart += spacing[i] if lines.advance[k] > 0 else 0.0  # marks stay with their letter
            glyph = lines.glyph[k]
            if atlas.size[glyph, 0] > 0:
                own = atlas.ink[glyph]
                ink[0], ink[1] = min(ink[0], lines.x[k] + own[0]), min(ink[1], lines.y[k] + own[1])
                ink[2], ink[3] = max(ink[2], lines.x[k] + own[2]), max(ink[3], lines.y[k] + own[3])
                ink[4] = max(ink[4], own[2] - own[0])
        if ink[0] > ink[2]:
            ink[:] = 0


@kernel
def bent_extent(kind: int, radius: float, view: float, ink: F64, extent: F64) -> None:
    """Write the box x0, y0, x1, y1 of a line's ink (4,) bent about the middle of its baseline, which is then at (0, 0), to `extent`."""
    half_u = (ink[2] - ink[0]) / 2
    extent[:2], extent[2:] = 1e9, -1e9
    for k in range(BEND_SAMPLES + 1):
        for v in (ink[1], ink[3]):
            p, q = bend(kind, radius, view, half_u * (2 * k / BEND_SAMPLES - 1), v)
            extent[0], extent[1] = min(extent[0], p), min(extent[1], q)
            extent[2], extent[3] = max(extent[2], p), max(extent[3], q)


@kernel
def block_extent(inks: F64, leading: float, look: F64, extent: F64) -> int:
    """Write the box x0, y0, x1, y1 of lines set under each other, all flush left, first baseline at 0; return the widest line.

    `look`: stretch and slant; lengths in line px.
    """
    extent[:] = 0
    extent[1], extent[3] = 1e9, -1e9
    widest = 0
    for k in range(len(inks)):
        width = (inks[k, 2] - inks[k, 0]) * look[0] + abs(look[1]) * (inks[k, 3] - inks[k, 1])
        if width > extent[2]:
            extent[2], widest = width, k
        extent[1], extent[3] = min(extent[1], k * leading + inks[k, 1]), max(extent[3], k * leading + inks[k, 3])
    return widest


@kernel
def fit_block(inks: F64, box: F64, sizes: F64, look: F64, kept: I32, affines: F64) -> int:
    """Write where the lines of one block go, `affines` (lines, 6), and which are `kept`, in order; return how many.

    `box` of the region; `sizes`: wanted and least size in px an em, leading in line px, alignment (0: left, 0.5, 1: right), place in the
    box along x and y, 0 to 1; `look`: stretch, slant. A line goes while the block is too small to read: the last one where its height
    is the reason, else the widest.
    """
    count, extent = len(inks), np.empty(4)
    own = inks.copy()
    for k in range(count):
        kept[k] = k
    while count > 0:
        widest = block_extent(own[:count], sizes[2], look, extent)
        across = (box[2] - box[0]) / max(extent[2], 1.0)
        down = (box[3] - box[1]) / max(extent[3] - extent[1], 1.0)
        scale = min(sizes[0] / 48.0, across, down)
        if scale * 48.0 >= sizes[1]:
            break
        gone = widest if across <= down else count - 1
        for k in range(gone, count - 1):
            kept[k] = kept[k + 1]
            own[k] = own[k + 1]
        count -= 1
    for k in range(count):
        stretch, slant = scale * look[0], -scale * look[1]
        width = (own[k, 2] - own[k, 0]) * look[0] + abs(look[1]) * (own[k, 3] - own[k, 1])
        left = box[0] + sizes[4] * (box[2] - box[0] - scale * extent[2]) + sizes[3] * scale * (extent[2] - width)
        top = box[1] + sizes[5] * (box[3] - box[1] - scale * (extent[3] - extent[1]))
        leftmost = min(slant * own[k, 1], slant * own[k, 3])  # of the sheared ink, from u0
        affines[k, 0], affines[k, 1], affines[k, 2] = stretch, slant, left - stretch * own[k, 0] - leftmost
        affines[k, 3], affines[k, 4], affines[k, 5] = 0.0, scale, top + scale * (k * sizes[2] - extent[1])
    return count


@kernel
def fit_bent(ink: F64, box: F64, sizes: F64, kind: int, shape: F64, affine: F64) -> bool:
    """Write where one line goes, bent about the middle of its baseline, `affine` (6,); return whether it is large enough.

    `shape`: radius and view of the bend; the rest as for `fit_block`.
    """
    extent = np.empty(4)
    bent_extent(kind, shape[0], shape[1], ink[:4], extent)
    across, down = box[2] - box[0], box[3] - box[1]
    scale = min(sizes[0] / 48.0, across / max(extent[2] - extent[0], 1.0), down / max(extent[3] - extent[1], 1.0))
    affine[:] = 0
    affine[0], affine[4] = scale, scale
    affine[2] = box[0] + sizes[4] * (across - scale * (extent[2] - extent[0])) - scale * (extent[0] + (ink[0] + ink[2]) / 2)
    affine[5] = box[1] + sizes[5] * (down - scale * (extent[3] - extent[1])) - scale * extent[1]
    return bool(scale * 48.0 >= sizes[1])
