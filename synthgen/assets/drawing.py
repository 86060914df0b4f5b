"""What the faces of one font file draw: distance fields of every glyph that shaping can ask for, and what they cover."""

import ctypes
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import freetype
import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, U8, Bools
from synthgen.assets.field_kernels import ink_box, signed_field
from synthgen.assets.fontfile import FontError, open_outlines, sfnt_bytes
from synthgen.assets.fonts import Face

EM_PX = 48  # of a field
SPREAD_PX = 6  # of field round the ink
FINE_PX = 2 * EM_PX  # em of the coverage that fields are made from
FAINT = 25  # of 255: about a tenth of a pixel covered counts as ink
LOAD = freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP
SHIFT = 32  # 26.6 px: half a fine pixel right and down puts every field pixel's centre on a fine pixel's centre
UNASKED = (
    "frac",
    "numr",
    "dnom",
    "vert",
    "vrt2",
    "jalt",
)  # features that HarfBuzz leaves off in a horizontal line without a fraction slash
PAIRS = ("aA", "bB", "dD", "eE", "gG", "hH", "mM", "nN", "qQ", "rR", "tT")  # unlike in any face with true small letters
GRID = 24  # cells a side on which the two of a pair are compared
OWN_SHARE = 0.75  # of the pairs: 9 or more of 11 in faces of capitals, 7 or fewer in others (874 faces of 190 families)

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Drawing:
    """One glyph: what `Glyphs` says of `fields`, `origin` and `ink`."""

    field: U8  # (h, w), (0, 0) if blank
    origin: tuple[float, float] = (0.0, 0.0)
    ink: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


BLANK = Drawing(np.zeros((0, 0), np.uint8))


class Pen:
    """Draws the glyphs of one face."""

    def __init__(self, data: bytes, face: Face) -> None:
        self.shapes = hb.Font(hb.Face(hb.Blob(data), face.number))
        self.outlines = open_outlines(data, face.number)
        location = dict(face.location)
        if location:
            self.shapes.set_variations(location)
            axes = self.shapes.face.axis_infos
            self.outlines.set_var_design_coords([location.get(axis.tag, axis.default_value) for axis in axes])
        self.outlines.set_pixel_sizes(0, FINE_PX)
        self.outlines.set_transform(freetype.Matrix(0x10000, 0, 0, 0x10000), freetype.Vector(SHIFT, -SHIFT))

    def draw(self, glyph: int) -> Drawing:
        """Return the drawing of a glyph id.

        Raises:
            freetype.FT_Exception: its outline is broken.
        """
        self.outlines.load_glyph(glyph, LOAD)
        slot = self.outlines._FT_Face.contents.glyph.contents  # through its own wrapper, freetype-py copies a bitmap number by number
        rows, width, pitch = slot.bitmap.rows, slot.bitmap.width, slot.bitmap.pitch
        if not rows or not width:
            return BLANK
        raw = ctypes.string_at(slot.bitmap.buffer, rows * pitch)
        cover = np.ascontiguousarray(np.frombuffer(raw, np.uint8).reshape(rows, pitch)[:, :width])
        return _drawing(cover, -slot.bitmap_top, slot.bitmap_left)


def _drawing(cover: U8, top: int, left: int) -> Drawing:
    """Return the drawing of coverage `(h, w)` whose first pixel is (top, left) from the pen, in shifted fine px, y down."""
    x0, y0, x1, y1 = ink_box(cover, FAINT).tolist()
    if x1 == 0:
        return BLANK
    rows, columns = cover.shape
    first = ((top - 1) // 2 - SPREAD_PX, (left - 1) // 2 - SPREAD_PX)
    last = ((top + rows + 1) // 2 + SPREAD_PX, (left + columns + 1) // 2 + SPREAD_PX)
    field = signed_field(cover, top - 2 * first[0], left - 2 * first[1], last[0] - first[0], last[1] - first[1])
    right, down = left - 0.5, top - 0.5  # the shift undone
    return Drawing(field, (float(first[1]), float(first[0])), ((right + x0) / 2, (down + y0) / 2, (right + x1) / 2, (down + y1) / 2))


def draw_file(faces: Sequence[Face], alphabet: Alphabet) -> Arrays:
    """Return the tables of `Glyphs` for faces of one file, and two of their own.

    `reason` (faces,) says why a face cannot be used and has no glyphs, "" if it can; `sketch` (faces, 16) is equal for equal letters.
    """
    try:
        data = sfnt_bytes(faces[0].path)
        ids = reachable_glyphs(hb.Face(hb.Blob(data), faces[0].number), alphabet)
    except FontError as error:
        return join([_no_face(str(error), alphabet) for _ in faces])
    return join([_draw_face(data, face, ids, alphabet) for face in faces])


def reachable_glyphs(face: hb.Face, alphabet: Alphabet) -> list[int]:
    """Return the ids of all glyphs that shaping makes of the alphabet's characters with default features, ascending, without .notdef."""
    wanted = hb.SubsetInput()
    wanted.unicode_set.update(map(ord, alphabet.characters))
    for feature in UNASKED:
        wanted.layout_feature_tag_set.discard(int.from_bytes(feature.encode(), "big"))
    if "\u2044" in alphabet.characters:  # the fraction slash turns these on
        wanted.layout_feature_tag_set.update(int.from_bytes(feature, "big") for feature in (b"frac", b"numr", b"dnom"))
    try:
        kept = hb.SubsetPlan(face, wanted).old_to_new_glyph_mapping
    except (RuntimeError, MemoryError) as error:  # what uharfbuzz raises where HarfBuzz gives up
        raise FontError(f"has tables that HarfBuzz cannot follow: {error}") from error
    return sorted(glyph for glyph in dict(kept) if glyph)


def _draw_face(data: bytes, face: Face, ids: Sequence[int], alphabet: Alphabet) -> Arrays:
    try:
        pen = Pen(data, face)
        drawn = {glyph: pen.draw(glyph) for glyph in (0, *ids)}
    except (FontError, freetype.FT_Exception) as error:
        return _no_face(f"cannot be drawn: {error}", alphabet)
    letters = {char: pen.shapes.get_nominal_glyph(ord(char)) or 0 for char in alphabet.characters}
    covers = np.array([False, *(_is_drawn(char, glyph, drawn, pen) for char, glyph in letters.items())])
    lacking = [char for k, char in enumerate(alphabet.characters, start=1) if char.isalnum() and not covers[k]]
    if lacking:
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        return _no_face(f"draws no {' '.join(lacking[:5])}{more} of the alphabet's letters and digits", alphabet)
    by_char = {char: drawn[glyph] for k, (char, glyph) in enumerate(letters.items(), start=1) if covers[k]}
    return {**_tables([drawn[glyph] for glyph in ids], ids), **_traits(by_char), "covers": covers[None], "reason": np.array([""])}


def _is_drawn(char: str, glyph: int, drawn: Mapping[int, Drawing], pen: Pen) -> bool:
    """Return whether a character's glyph says it: a space moves on, anything else has ink, and not that of the box for what is missing."""
    if glyph not in drawn or glyph == 0:
        return False
    if char.isspace():
        return bool(pen.shapes.get_glyph_h_advance(glyph) > 0)
    field, tofu = drawn[glyph].field, drawn[0].field
    return bool(field.size) and not np.array_equal(field, tofu)


def _tables(drawn: Sequence[Drawing], ids: Sequence[int]) -> Arrays:
    size = np.array([drawing.field.shape for drawing in drawn], np.int32).reshape(-1, 2)
    ends = np.cumsum(size.prod(axis=1, dtype=np.int64))
    return {
        "fields": np.concatenate([np.zeros(0, np.uint8), *(drawing.field.ravel() for drawing in drawn)]),
        "start": np.concatenate([np.zeros(1, np.int64), ends])[:-1],
        "size": size,
        "origin": np.array([drawing.origin for drawing in drawn], np.float32).reshape(-1, 2),
        "ink": np.array([drawing.ink for drawing in drawn], np.float32).reshape(-1, 4),
        "glyph_id": np.array(ids, np.int32),
        "first": np.array([0, len(ids)], np.int32),
    }


def _traits(by_char: Mapping[str, Drawing]) -> Arrays:
    """Return `caps_only` (1,), `metrics` (1, 4) and `sketch` (1, 16) of a face, from its covered characters."""
    whole = hashlib.blake2b(digest_size=16)
    for char, drawing in by_char.items():
        if char.isalnum():
            whole.update(f"{char}{drawing.origin}{drawing.field.shape}".encode() + drawing.field.tobytes())
    return {
        "caps_only": np.array([draws_capitals(by_char)]),
        "metrics": _metrics(by_char)[None],
        "sketch": np.frombuffer(whole.digest(), np.uint8)[None],
    }


def _metrics(by_char: Mapping[str, Drawing]) -> F32:
    """Return ascent, descent, height of x and of H (4,), px, from the ink of letters and digits; the ascent where x or H is not drawn."""
    tops = {char: -drawing.ink[1] for char, drawing in by_char.items() if char.isalnum()}
    ascent = max([0.0, *tops.values()])
    descent = max([0.0, *(drawing.ink[3] for char, drawing in by_char.items() if char.isalnum())])
    return np.array([ascent, descent, tops.get("x", ascent), tops.get("H", ascent)], np.float32)


def draws_capitals(by_char: Mapping[str, Drawing]) -> bool:
    """Return whether small letters are drawn as capitals, also as smaller or wider ones: stretched to one size, each is likest its own.

    How like is no measure: heavy letters overlap by 0.75 with any other, thin small capitals by 0.69 with their capitals.
    """
    pairs = [pair for pair in PAIRS if pair[0] in by_char and pair[1] in by_char]
    small, large = ([_stretched(by_char[pair[case]]) for pair in pairs] for case in (0, 1))
    own = sum(max(range(len(pairs)), key=lambda k: _overlap(letter, large[k])) == place for place, letter in enumerate(small))
    return bool(pairs) and own >= OWN_SHARE * len(pairs)


def _overlap(one: Bools, other: Bools) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def _stretched(drawing: Drawing) -> Bools:
    """Return the ink of a glyph on `(GRID, GRID)` cells over its ink box."""
    x0, y0, x1, y1 = drawing.ink
    share = (np.arange(GRID) + 0.5) / GRID
    rows, columns = (y0 + (y1 - y0) * share - drawing.origin[1]).astype(int), (x0 + (x1 - x0) * share - drawing.origin[0]).astype(int)
    return np.asarray(drawing.field[np.ix_(rows, columns)] >= 128)


def _no_face(reason: str, alphabet: Alphabet) -> Arrays:
    return {
        **_tables([], []),
        "covers": np.zeros((1, len(alphabet.characters) + 1), np.bool_),
        "caps_only": np.zeros(1, np.bool_),
        "metrics": np.zeros((1, 4), np.float32),
        "sketch": np.zeros((1, 16), np.uint8),
        "reason": np.array([reason]),
    }


def pick(tables: Arrays, row: int) -> Arrays:
    """Return the tables of one face out of those of several."""
    low, high = tables["first"][row : row + 2].tolist()
    start, size = tables["start"][low:high], tables["size"][low:high]
    begin = int(start[0]) if len(start) else 0
    length = int(size.prod(axis=1, dtype=np.int64).sum())
    by_glyph = {key: tables[key][low:high] for key in ("size", "origin", "ink", "glyph_id")}
    by_face = {key: tables[key][row : row + 1] for key in ("covers", "caps_only", "metrics", "sketch", "reason")}
    first = np.array([0, high - low], np.int32)
    return {"fields": tables["fields"][begin : begin + length], "start": start - begin, "first": first, **by_glyph, **by_face}


def join(parts: Sequence[Arrays]) -> Arrays:
    """Return the tables of all parts' faces as one, in order; `start` and `first` moved along."""
    out = {key: np.concatenate([part[key] for part in parts]) for key in parts[0] if key not in ("start", "first")}
    out["start"] = np.concatenate(
        [start + moved for start, moved in zip(_all(parts, "start"), _offsets(_all(parts, "fields")), strict=True)]
    )
    ends = [first[1:] + moved for first, moved in zip(_all(parts, "first"), _offsets(_all(parts, "glyph_id")), strict=True)]
    out["first"] = np.concatenate([np.zeros(1, np.int32), *ends]).astype(np.int32)
    return out


def _all(parts: Sequence[Arrays], key: str) -> list[NDArray[np.generic]]:
    return [part[key] for part in parts]


def _offsets(arrays: Sequence[NDArray[np.generic]]) -> list[int]:
    """Return where each array starts once they lie behind each other."""
    return [0, *np.cumsum([len(array) for array in arrays]).tolist()[:-1]]
