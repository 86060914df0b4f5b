"""The arrays that the painter takes, as named tuples: Numba takes them apart without cost."""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F32, I32, I64, U8

# How a sample's line lies in its picture. box: the word, line px; scale: picture px a line px; baseline: its v; radius: of the bend,
# or its amplitude.
FRAME = np.dtype(
    [("inverse", np.float64, 9), ("middle", np.float64), ("radius", np.float64), ("bend_view", np.float64), ("box", np.float64, 4)]
    + [
        ("scale", np.float64),
        ("baseline", np.float64),
        ("width", np.int32),
        ("bend", np.int32),
        ("ascent", np.float32),
        ("descent", np.float32),
    ]
)


class Atlas(NamedTuple):
    """Glyphs of all faces as signed distance fields, 48 px an em, 8 bits: 128 + 20 d, d in px, positive inside."""

    fields: U8  # flat, one field after the other
    start: I64  # (g,) where each field begins
    size: I32  # (g, 2) height, width
    origin: F32  # (g, 2) x, y of the field's top left from the pen, y down
    ink: F32  # (g, 4) x0, y0, x1, y1 of the ink from the pen
    metrics: F32  # (faces, 4) ascent, descent, x-height, cap height


class Lines(NamedTuple):
    """Shaped texts: glyphs in drawing order, one text after the other."""

    glyph: I32  # (k,) rows of the atlas
    cluster: I32  # (k,) first character the glyph stands for, within its text
    x: F32  # (k,) pen, line px
    y: F32  # (k,)
    advance: F32  # (k,)
    offsets: I64  # (n + 1,) glyphs of each text


class Grounds(NamedTuple):
    """Background tiles, one after the other."""

    pixels: U8  # flat, channels interleaved
    start: I64  # (t,)
    size: I32  # (t, 2) height, width
    channels: I32  # (t,) 1: tone between two colours; 3: RGB
