"""Where texts go on a label: boxes cut into rows and columns, and each text set in its box at the size that fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from synthgen.arrays import F64, I64, U16
from synthgen.scene.pieces import RECTANGLE
from synthgen.scene.plan import EM_PX
from synthgen.scene.records import Atlas, Lines

PITCH = 1.16  # from line to line, of the height of the ink
SLACK = 1.04  # of a wrapped line's advances: its last letter may lean over
GROWTH = (1.0, 1.12, 1.3, 1.6)  # widths tried for n lines, of an even n-th of the text
SHRINK = (1.0, 0.88, 0.78, 0.7)  # sizes tried for a paragraph
LEFT, CENTRE = 0.0, 0.5
GROUND, ACCENT, PANEL, SECOND = range(4)  # colours of a pack's scheme
BRAND_FONT, BODY_FONT, BOLD_FONT = range(3)


class Box(NamedTuple):
    """An upright box in label units."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    def inset(self, x: float, y: float | None = None) -> "Box":
        """Return the box without a rim of x left and right, y (None: x) above and below."""
        y = x if y is None else y
        return Box(self.x0 + x, self.y0 + y, self.x1 - x, self.y1 - y)

    def part(self, x0: float, y0: float, x1: float, y1: float) -> "Box":
        """Return the part between shares 0 to 1 of its width and height."""
        w, h = self.width, self.height
        return Box(self.x0 + x0 * w, self.y0 + y0 * h, self.x0 + x1 * w, self.y0 + y1 * h)

    def moved(self, x: float, y: float) -> "Box":
        """Return the box that much to the right and down."""
        return Box(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    def rows(self, weights: Sequence[float], gap: float = 0.0) -> list["Box"]:
        """Return the box cut into rows of heights as `weights`, with `gap` between."""
        unit = max(self.height - gap * (len(weights) - 1), 0.0) / sum(weights)
        out, at = [], self.y0
        for weight in weights:
            out.append(Box(self.x0, at, self.x1, at + weight * unit))
            at += weight * unit + gap
        return out


class Block(NamedTuple):
    """A text with its place on a label."""

    role: int
    box: Box
    ink_on: int  # colour of the scheme that it stands on
    sizes: tuple[float, float]  # em size, label units, least and most
    nth: int = 0  # of this role on the pack
    align: float = CENTRE
    lines: int = 1  # at most; 0: a paragraph, set at the largest size that fits whole, cut where none does
    font: int = BODY_FONT
    turned: bool = False  # reads upward
    arc: float = 0.0  # from the ink's middle down to the centre of its circle, below 0: up to it; 0: straight


class Mark(NamedTuple):
    """A shape on a label."""

    box: Box
    colour: int  # of the scheme
    outline: int = RECTANGLE
    round: float = 0.0
    border: float = 0.0
    opacity: float = 1.0
    textured: bool = False
    block: int = -1  # drawn only if this block of the label found its place
    barcode: bool = False


class Label(NamedTuple):
    """What is on a face, in painting order: marks, then blocks."""

    marks: list[Mark]
    blocks: list[Block]


class Line(NamedTuple):
    """A line of text in its place."""

    text: int  # row of the shaped texts
    first: int  # character
    last: int  # and the one behind the last
    size: float  # em, label units
    x: float  # label point of the ink's middle
    y: float


@dataclass(frozen=True)
class Shaped:
    """Texts as shaped, px of a 48 px em, ready to be cut into lines."""

    ink: list[list[float]]  # x0, y0, x1, y1 of each text's ink; all 0 where it has none
    words: list[list[tuple[int, int, float, float]]]  # first and last character, and where the word begins and ends
    glyph_of: I64  # first glyph at or behind each character of all texts, and the count at the end
    ends: I64  # (n + 1,) where each text begins in glyph_of's characters


def measured(lines: Lines, atlas: Atlas, codes: U16, offsets: I64, space: int) -> Shaped:
    """Return where the ink and the words of shaped texts are; a text from right to left counts as one word."""
    texts = np.repeat(np.arange(len(offsets) - 1), np.diff(lines.offsets))
    backward = _backward(lines)
    position = np.where(backward[texts], 0, lines.cluster) + offsets[texts]
    glyph_of = np.searchsorted(position, np.arange(len(codes) + 1)).astype(np.int64)
    pens = np.append(lines.x, np.float32(0))
    widths = _last_pen(lines)
    spaces = np.flatnonzero(codes == space) if space else np.zeros(0, dtype=np.int64)
    owner = np.searchsorted(offsets, spaces, side="right") - 1
    where = pens[glyph_of[spaces]].tolist()
    after = pens[glyph_of[spaces + 1]].tolist()
    words: list[list[tuple[int, int, float, float]]] = [[] for _ in range(len(offsets) - 1)]
    begun: list[tuple[int, float]] = [(0, 0.0)] * (len(offsets) - 1)
    for text, at, end, begin in zip(owner.tolist(), (spaces - offsets[owner]).tolist(), where, after, strict=True):
        if not backward[text]:
            words[text].append((begun[text][0], at, begun[text][1], end))
            begun[text] = (at + 1, begin)
    for text, (size, width) in enumerate(zip(np.diff(offsets).tolist(), widths.tolist(), strict=True)):
        words[text].append((begun[text][0], size, begun[text][1], width))
    return Shaped(ink_boxes(lines, atlas).tolist(), words, glyph_of, offsets)


def _backward(lines: Lines) -> I64:
    """Return 1 for texts whose glyphs stand from the last character to the first, `(n,)`."""
    begin, end = lines.offsets[:-1], np.maximum(lines.offsets[1:] - 1, lines.offsets[:-1])
    there = end < len(lines.cluster)
    begin, end = np.where(there, begin, 0), np.where(there, end, 0)
    return np.asarray(lines.cluster[begin] > lines.cluster[end], dtype=np.int64) if len(lines.cluster) else np.zeros(len(there), np.int64)


def _last_pen(lines: Lines) -> F64:
    """Return where the pen is after each text, `(n,)`."""
    ends = np.append(lines.x + lines.advance, np.float32(0))
    return np.asarray(np.where(np.diff(lines.offsets) > 0, ends[lines.offsets[1:] - 1], 0.0), dtype=np.float64)


def ink_boxes(lines: Lines, atlas: Atlas) -> F64:
    """Return the box around the ink of each text, `(n, 4)` x0, y0, x1, y1 in line px, 0 where it has none."""
    ink = atlas.ink[lines.glyph].astype(np.float64)
    ink[:, 0::2] += lines.x[:, None]
    ink[:, 1::2] += lines.y[:, None]
    ink[atlas.size[lines.glyph, 0] == 0] = (1e9, 1e9, -1e9, -1e9)
    ink = np.concatenate([ink, np.array([[1e9, 1e9, -1e9, -1e9]])])  # for empty texts: reduceat takes the next row for them
    begin = np.minimum(lines.offsets[:-1], len(ink) - 1)
    boxes = np.concatenate([np.minimum.reduceat(ink[:, :2], begin), np.maximum.reduceat(ink[:, 2:], begin)], axis=1)
    boxes[(np.diff(lines.offsets) == 0) | (boxes[:, 2] <= boxes[:, 0])] = 0
    return boxes


def fit(block: Block, text: int, shaped: Shaped) -> tuple[list[Line], int]:
    """Return the lines of a text in its box, inside it and apart from each other, and how many words found no place."""
    words, ink = shaped.words[text], shaped.ink[text]
    if ink[2] <= ink[0] or block.box.width <= 0 or block.box.height <= 0:
        return [], len(words)
    wide, high = (block.box.height, block.box.width) if block.turned else (block.box.width, block.box.height)
    cut = _paragraph(block, words, ink, (wide, high)) if block.lines == 0 else _largest(block, words, ink, (wide, high))
    if cut is None:
        return [], len(words)
    scale, rows = cut
    return _placed(block, text, scale, rows, ink), len(words) - sum(last - first for first, last in _counted(rows, words))


Row = tuple[int, int, float, float]  # first character, behind the last, and where they begin and end, line px


def _counted(rows: list[Row], words: list[Row]) -> list[tuple[int, int]]:
    """Return for each row the numbers of its first word and of the one behind its last."""
    starts = {word[0]: k for k, word in enumerate(words)}
    ends = {word[1]: k + 1 for k, word in enumerate(words)}
    return [(starts[row[0]], ends[row[1]]) for row in rows]


def _largest(block: Block, words: list[Row], ink: list[float], room: tuple[float, float]) -> tuple[float, list[Row]] | None:
    """Return the largest scale (label units a line px) and its rows, of one line or of as many as the block allows."""
    tall = ink[3] - ink[1]
    whole = (words[0][0], words[-1][1], ink[0], ink[2])
    best, rows = min(block.sizes[1] / EM_PX, room[0] / (ink[2] - ink[0]), room[1] / tall), [whole]
    for n in range(2, min(block.lines, len(words)) + 1):
        for growth in GROWTH:
            tried = wrapped(words, (words[-1][3] - words[0][2]) / n * growth)
            if len(tried) <= n:
                widest = max(row[3] - row[2] for row in tried) * SLACK
                scale = min(block.sizes[1] / EM_PX, room[0] / widest, room[1] / (tall * (1 + PITCH * (len(tried) - 1))))
                if scale > best * 1.05:  # fewer lines where they are as good
                    best, rows = scale, tried
                break
    return (best, rows) if best * EM_PX >= block.sizes[0] else None


def _paragraph(block: Block, words: list[Row], ink: list[float], room: tuple[float, float]) -> tuple[float, list[Row]] | None:
    """Return the largest scale at which the text fits whole, else the least and as many of the rows as there is room for."""
    tall = ink[3] - ink[1]
    for shrink in SHRINK:
        scale = max(block.sizes[1] * shrink, block.sizes[0]) / EM_PX
        rows = [row for row in wrapped(words, room[0] / (SLACK * scale)) if (row[3] - row[2]) * SLACK * scale <= room[0]]
        most = int((room[1] / (scale * tall) - 1) / PITCH) + 1 if room[1] >= scale * tall else 0
        if len(rows) <= most:
            break
    return (scale, rows[:most]) if rows[:most] else None


def wrapped(words: Sequence[Row], width: float) -> list[Row]:
    """Return words joined into rows no wider than `width`, as many on each as fit; a wider word has its own row."""
    rows: list[Row] = []
    for first, last, begin, end in words:
        if first == last:
            continue
        if rows and end - rows[-1][2] <= width:
            rows[-1] = (rows[-1][0], last, rows[-1][2], end)
        else:
            rows.append((first, last, begin, end))
    return rows


def _placed(block: Block, text: int, scale: float, rows: list[Row], ink: list[float]) -> list[Line]:
    """Return the rows as lines about the middle of the box, or from its left."""
    box, tall = block.box, (ink[3] - ink[1]) * scale
    middle_x, middle_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    slack = 1.0 if len(rows) == 1 and rows[0][3] == ink[2] else SLACK
    out = []
    for k, (first, last, begin, end) in enumerate(rows):
        down = (k - (len(rows) - 1) / 2) * PITCH * tall
        wide = (end - begin) * scale * slack
        if block.turned:
            along = middle_y if block.align == CENTRE else box.y1 - wide / 2
            out.append(Line(text, first, last, scale * EM_PX, middle_x + down, along))
        else:
            across = middle_x if block.align == CENTRE else box.x0 + wide / 2
            out.append(Line(text, first, last, scale * EM_PX, across, middle_y + down))
    return out


@dataclass(frozen=True)
class Cut:
    """Lines of text cut out of shaped texts."""

    codes: U16
    offsets: I64
    lines: Lines
    ink: F64  # (n, 4)


def cut_out(placed: Sequence[Line], shaped: Shaped, whole: Lines, codes: U16, atlas: Atlas) -> Cut:
    """Return the glyphs and classes of each line as texts of their own: pens from 0, at whole line px, as glyph fields are laid."""
    text = np.array([line.text for line in placed], dtype=np.int64)
    first = shaped.ends[text] + np.array([line.first for line in placed], dtype=np.int64)
    last = shaped.ends[text] + np.array([line.last for line in placed], dtype=np.int64)
    full = last == shaped.ends[text + 1]  # to the text's end: a text from right to left has its glyphs in no order of characters
    glyphs, glyph_offsets = _ranges(
        np.where(first == shaped.ends[text], whole.offsets[text], shaped.glyph_of[first]),
        np.where(full, whole.offsets[text + 1], shaped.glyph_of[last]),
    )
    chars, offsets = _ranges(first, last)
    owner = np.repeat(np.arange(len(placed)), np.diff(glyph_offsets))
    pens = np.append(whole.x, np.float32(0))[np.where(first == shaped.ends[text], whole.offsets[text], shaped.glyph_of[first])]
    lines = Lines(
        glyph=whole.glyph[glyphs],
        cluster=(whole.cluster[glyphs] - (first - shaped.ends[text])[owner]).astype(np.int32),
        x=np.rint(whole.x[glyphs] - pens[owner]).astype(np.float32),
        y=np.rint(whole.y[glyphs]),
        advance=whole.advance[glyphs],
        offsets=glyph_offsets,
    )
    return Cut(codes[chars], offsets, lines, ink_boxes(lines, atlas))


def _ranges(first: I64, last: I64) -> tuple[I64, I64]:
    """Return the numbers first[k] to last[k] - 1 of all k one after the other, and where each begins."""
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(last - first)])
    return np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], last - first), offsets
