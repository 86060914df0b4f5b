"""Text to placed glyphs, as HarfBuzz sets it: kerning, ligatures, joined scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uharfbuzz as hb

from synthgen.arrays import F32, I32, I64, U8, Bools
from synthgen.assets.drawing import EM_PX
from synthgen.assets.fontfile import FontError, sfnt_bytes
from synthgen.assets.fonts import Face
from synthgen.assets.glyphs import Glyphs
from synthgen.compiled import kernel
from synthgen.errors import SynthgenError

STEPS_PER_PX = 1024  # HarfBuzz counts in whole steps; a power of two, so that float32 holds them
LANGUAGE = "en"  # HarfBuzz's own default is the language of the host
PRINT = hb.BufferSerializeFlags.NO_GLYPH_NAMES


@dataclass(frozen=True)
class Runs:
    """The glyphs (k) of texts (n), one text behind the other, each from left to right; px of a `EM_PX` em, y down, first pen at 0.

    Clusters ascend in a text that runs left to right and descend in one that runs right to left.
    """

    glyph: I32  # (k,) row in `Glyphs`; 0 where it is not there: see `missing`
    cluster: I32  # (k,) index in its own text of the first character that the glyph stands for
    x: F32  # (k,) where the glyph's own origin goes
    y: F32  # (k,)
    advance: F32  # (k,) from this pen position to the next
    offsets: I64  # (n + 1,) text i has glyphs offsets[i] to offsets[i + 1]
    width: F32  # (n,) sum of the advances
    missing: Bools  # (n,) a glyph of the text is .notdef, or not in the atlas


class Shaper:
    """Shapes texts in any of the faces; keeps the fonts it has opened."""

    def __init__(self, faces: Sequence[Face], glyphs: Glyphs) -> None:
        self._faces, self._glyphs = faces, glyphs
        self._files: dict[tuple[Path, int], hb.Face] = {}
        self._fonts: dict[int, hb.Font] = {}
        self._buffer = hb.Buffer()

    def shape(self, face: I32, texts: Sequence[str]) -> Runs:
        """Return `texts` shaped, text i in the face of number `face[i]`, in its own direction and script, with default features.

        Raises:
            SynthgenError: a font file is gone.
        """
        told = "".join([self._told(number, text) for number, text in zip(face.tolist(), texts, strict=True)])
        data = np.frombuffer(told.encode(), np.uint8)
        tables = (self._glyphs.first, self._glyphs.glyph_id)
        return Runs(*read_runs(data, np.asarray(face, np.int32), told.count("="), *tables))

    def _told(self, number: int, text: str) -> str:
        """Return a shaped text as HarfBuzz prints it: to read its lists of glyph objects into arrays takes longer."""
        font, buffer = self._fonts.get(number) or self._font(number), self._buffer
        buffer.reset()
        buffer.add_str(text)
        buffer.language = LANGUAGE
        buffer.guess_segment_properties()
        hb.shape(font, buffer)
        return str(buffer.serialize(font, flags=PRINT) or "[]")

    def _font(self, number: int) -> hb.Font:
        face = self._faces[number]
        place = (face.path, face.number)
        try:
            file = self._files.get(place) or hb.Face(hb.Blob(sfnt_bytes(face.path)), face.number)
        except FontError as error:
            raise SynthgenError(f"font {face.path}: {error}; bring it back, or render with a list of fonts made anew") from error
        font = hb.Font(file)
        font.scale = (EM_PX * STEPS_PER_PX, EM_PX * STEPS_PER_PX)
        if face.location:
            font.set_variations(dict(face.location))
        self._files[place], self._fonts[number] = file, font
        return font


@kernel
def read_runs(told: U8, face: I32, count: int, first: I32, glyph_id: I32) -> tuple[I32, I32, F32, F32, F32, I64, F32, Bools]:
    """Return the fields of `Runs` from HarfBuzz's print of all texts: `[gid=cluster@dx,dy+advance|...]`, its `@dx,dy` only if not 0.

    `count` is the number of glyphs. Source: hb_buffer_serialize_glyphs(), text format without names.
    """
    glyph, cluster = np.zeros(count, np.int32), np.zeros(count, np.int32)
    x, y, advance = np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32)
    offsets = np.zeros(len(face) + 1, np.int64)
    width, missing = np.zeros(len(face), np.float32), np.zeros(len(face), np.bool_)
    zero = np.int64(0)
    text, k, at, pen = 0, 0, 0, zero
    while at < len(told):
        if told[at] == 93:  # ]
            width[text] = np.float32(pen) / np.float32(STEPS_PER_PX)
            text, pen = text + 1, zero
            offsets[text] = k
        elif 48 <= told[at] <= 57:
            wanted, at = _number(told, at)
            row = first[face[text]] + np.searchsorted(glyph_id[first[face[text]] : first[face[text] + 1]], wanted)
            known = row < first[face[text] + 1] and glyph_id[row] == wanted
            glyph[k] = row if known else 0
            missing[text] |= not known
            cluster[k], at = _number(told, at + 1)
            right, up, step = zero, zero, zero
            while told[at] != 124 and told[at] != 93:  # | ]
                mark = told[at]
                value, at = _number(told, at + 1)
                if mark == 64:  # @
                    right = value
                elif mark == 44:  # ,
                    up = value
                else:  # +
                    step = value
            x[k], y[k] = np.float32(pen + right) / np.float32(STEPS_PER_PX), np.float32(-up) / np.float32(STEPS_PER_PX)
            advance[k] = np.float32(step) / np.float32(STEPS_PER_PX)
            pen, k = pen + step, k + 1
            continue  # at | or ]
        at += 1
    return glyph, cluster, x, y, advance, offsets, width, missing


@kernel
def _number(told: U8, at: int) -> tuple[np.int64, int]:
    """Return the whole number that starts at `at`, and where it ends."""
    sign, value = np.int64(1), np.int64(0)
    if told[at] == 45:  # -
        sign, at = np.int64(-1), at + 1
    while 48 <= told[at] <= 57:
        value, at = value * 10 + np.int64(told[at]) - 48, at + 1
    return sign * value, at
