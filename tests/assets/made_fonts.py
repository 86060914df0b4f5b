"""Tiny fonts, made as tests need them."""

from collections.abc import Mapping
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in units of 1/1000 em, y up


def box_glyph(box: Box | None) -> Glyph:
    pen = TTGlyphPen(None)
    if box is not None:
        x0, y0, x1, y1 = box
        pen.moveTo((x0, y0))
        for corner in ((x0, y1), (x1, y1), (x1, y0)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


def make_font(
    path: Path, boxes: Mapping[str, Box | None], tofu: Box = (50, 0, 450, 700), family: str = "Made", pictorial: bool = False
) -> Path:
    """Write a font that draws each character of `boxes` as a box, none if None; `tofu` is .notdef. Every advance is 500 units."""
    names = {char: f"g{ord(char):x}" for char in boxes}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(char): name for char, name in names.items()})
    builder.setupGlyf({".notdef": box_glyph(tofu), **{names[char]: box_glyph(box) for char, box in boxes.items()}})
    left = {".notdef": tofu[0], **{names[char]: box[0] if box else 0 for char, box in boxes.items()}}
    builder.setupHorizontalMetrics({name: (500, x0) for name, x0 in left.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.font["OS/2"].panose.bFamilyType = 5 if pictorial else 2
    builder.setupPost()
    builder.save(path)
    return path


def letters(chars: str) -> dict[str, Box | None]:
    """Return a box of its own for every character."""
    return {char: (50, 0, 100 + ord(char), 500) for char in chars}
