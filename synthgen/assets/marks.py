"""Places in photos that already hold text, and the free rectangles between them."""

import csv
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from synthgen.arrays import F64, I64, U8, Bools, Quads
from synthgen.errors import SynthgenError

COLUMNS = tuple(f"{axis}{corner}" for corner in range(1, 5) for axis in "xy")
CELL_PX = 8  # of the grid that rectangles are cut from
FREE_CELLS = (6, 12)  # least height and width of a free rectangle: 48 x 96 px, room for a word
FREE_MOST = 8  # rectangles of one photo
SPREAD_PX = 3  # marks grow by 2 px, where scaling mixes neighbours, and by 1 px, what rounding may lose
BLOB_SPREAD_PX = 4  # letters of a mask this near to each other are one blob
MOST_BLOBS = 256  # of a mask: more, and they are joined over twice the distance
Rectangle = tuple[int, int, int, int]  # top, left, height, width


def read_regions(path: Path) -> dict[str, Quads]:
    """Return the quads of a `regions.csv` (file,x1,y1,..,x4,y4 and any other columns) for each name in its column `file`.

    Raises:
        SynthgenError: the file cannot be read, lacks a column, or holds a value that is no number.
    """
    found: dict[str, list[list[float]]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [column for column in ("file", *COLUMNS) if column not in (rows.fieldnames or ())]
            if missing:
                raise SynthgenError(f"{path}, line 1: need the columns file,{','.join(COLUMNS)}, got {rows.fieldnames}; add {missing}")
            for row in rows:
                found.setdefault(row["file"], []).append([_number(path, rows.line_num, column, row[column]) for column in COLUMNS])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SynthgenError(f"{path}: cannot be read as CSV in UTF-8: {error}") from error
    return {name: np.array(quads, dtype=np.float32).reshape(-1, 4, 2) for name, quads in found.items()}


def _number(path: Path, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e6:  # false for nan as well
        raise SynthgenError(f"{path}, line {line}, column {column}: need a number of pixels, got {text!r}; mend the line or delete it")
    return value


def read_mask(path: Path, size: tuple[int, int]) -> Bools:
    """Return where a mask is not zero, `(height, width)` = `size`; transparent pixels and palette entry 0 are zero.

    Raises:
        SynthgenError: the mask cannot be read, or is not of the photo's size.
    """
    try:
        with Image.open(path) as image:
            image.load()
            values = np.asarray(image if image.mode in ("1", "L", "P", "RGB") or image.mode.startswith("I") else image.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise SynthgenError(f"mask {path}: cannot be read: {error}; save it as PNG") from error
    if values.shape[:2] != size:
        raise SynthgenError(f"mask {path}: need the photo's size {size} (height, width, upright), got {values.shape[:2]}; save it again")
    if values.ndim == 2:
        return np.asarray(values != 0)
    inked = (values[..., :3] != 0).any(axis=2)
    return np.asarray(inked & (values[..., 3] != 0) if values.shape[2] == 4 else inked)


def shrunk(mask: Bools, size: tuple[int, int]) -> U8:
    """Return a mask at a smaller `size` (height, width), 255 wherever a pixel of it is set, give or take one: see SPREAD_PX."""
    rows, columns = (np.arange(new) * old // new for new, old in zip(size, mask.shape, strict=True))
    marked = np.logical_or.reduceat(np.logical_or.reduceat(mask, rows, axis=0), columns, axis=1)
    return np.where(marked, np.uint8(255), np.uint8(0))


def draw_quads(marked: U8, quads: Quads) -> None:
    """Set `marked` (h, w) to 255 within the quads' hulls, in place: a quad with crossed sides covers all that it spans."""
    for quad in np.rint(quads).astype(np.int32):
        cv2.fillConvexPoly(marked, cv2.convexHull(quad), 255)


def free_rectangles(marked: U8) -> list[Rectangle]:
    """Return up to FREE_MOST rectangles of `marked` (h, w), px, that hold no mark and touch none, largest first, none over another."""
    spread = cv2.dilate(marked, np.ones((2 * SPREAD_PX + 1, 2 * SPREAD_PX + 1), dtype=np.uint8))
    rows, columns = marked.shape[0] // CELL_PX, marked.shape[1] // CELL_PX
    blocks = spread[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    taken = np.asarray(blocks.any(axis=(1, 3)))
    found: list[Rectangle] = []
    while len(found) < FREE_MOST and (best := largest_free(taken)):
        top, left, height, width = best
        taken[top : top + height, left : left + width] = True
        found.append((top * CELL_PX, left * CELL_PX, height * CELL_PX, width * CELL_PX))
    return found


def largest_free(taken: Bools, least: tuple[int, int] = FREE_CELLS) -> Rectangle | None:
    """Return the largest rectangle of free cells at least `least` (height, width) in size; None where there is none.

    Tries each height in turn: a row of windows of that height, then the longest run of free windows; a millisecond for 32 x 128 cells.
    """
    above = np.cumsum(np.pad(taken, ((1, 0), (0, 0))), axis=0, dtype=np.int32)  # taken cells above each row
    best, largest = None, 0
    for height in range(least[0], taken.shape[0] + 1):
        count = np.cumsum(above[height:] == above[:-height], axis=1, dtype=np.int32)
        before = np.where(np.diff(count, axis=1, prepend=0) > 0, 0, count)
        runs = count - np.maximum.accumulate(before, axis=1)  # free windows up to here without a break
        top, end = divmod(int(runs.argmax()), runs.shape[1])
        width = int(runs[top, end])
        if width >= least[1] and width * height > largest:
            best, largest = (top, end - width + 1, height, width), width * height
    return best


def blob_quads(marked: U8) -> Quads:
    """Return the smallest rectangles around what is marked in a mask (h, w), a quad a blob, `(n, 4, 2)` px; at most MOST_BLOBS."""
    reach, blobs = BLOB_SPREAD_PX, MOST_BLOBS + 1
    numbers: I64 = np.zeros(marked.shape, dtype=np.int64)
    while blobs > MOST_BLOBS:  # ends: two blobs are further apart than the reach
        spread = cv2.dilate(marked, np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8))
        labels, found = cv2.connectedComponents(spread)
        blobs, numbers = labels - 1, np.asarray(found, dtype=np.int64)  # 0 is the rest of the picture
        reach *= 2
    rows, columns = np.nonzero(marked)
    blob = numbers[rows, columns]
    order = np.argsort(blob, kind="stable")
    parts = np.split(np.stack([columns, rows], axis=1)[order], np.cumsum(np.bincount(blob, minlength=blobs + 1))[:-1])[1:]
    return np.array([smallest_rectangle(part) for part in parts], dtype=np.float32).reshape(-1, 4, 2)


def smallest_rectangle(pixels: I64) -> F64:
    """Return the smallest rectangle, of any angle, that holds all `pixels` (n, 2) x, y, to their outer edges; `(4, 2)` clockwise.

    Source: it has a side along a side of the hull, Freeman & Shapira 1975. Own arithmetic: cv2.minAreaRect turns by libm's angles.
    """
    corners = (pixels[:, None] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]])).reshape(-1, 2).astype(np.int32)
    hull = cv2.convexHull(corners)[:, 0].astype(np.int64)  # of whole numbers: exact
    sides = np.roll(hull, -1, axis=0) - hull
    normals = np.stack([-sides[:, 1], sides[:, 0]], axis=1)
    along, across = hull @ sides.T, hull @ normals.T  # (points, sides)
    length = (sides * sides).sum(axis=1)
    areas = (along.max(axis=0) - along.min(axis=0)) * (across.max(axis=0) - across.min(axis=0)) / length
    k = int(areas.argmin())
    u, v = np.array([along[:, k].min(), along[:, k].max()]), np.array([across[:, k].min(), across[:, k].max()])
    box = np.array([[u[0], v[0]], [u[1], v[0]], [u[1], v[1]], [u[0], v[1]]])
    return upright(box @ np.array([sides[k], normals[k]]) / length[k])


def upright(quad: F64) -> F64:
    """Return a rectangle `(4, 2)` from the corner on that makes its first side run to the right most."""
    sides = np.roll(quad, -1, axis=0) - quad
    return np.roll(quad, -int((sides[:, 0] - np.abs(sides[:, 1])).argmax()), axis=0)
