"""What one font file is: its bytes as HarfBuzz and FreeType want them, and the traits of each face in it."""

import struct
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import freetype
import uharfbuzz as hb
from fontTools.ttLib import TTFont

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
WIDTHS = (
    100.0,
    50.0,
    62.5,
    75.0,
    87.5,
    100.0,
    112.5,
    125.0,
    150.0,
    200.0,
)  # % of normal, by usWidthClass; Source: OpenType, table OS/2; 0 is unset
PICTORIAL = 5  # Source: OpenType, OS/2 panose, bFamilyType "Latin Symbol"


class FontError(Exception):
    """A font file that cannot be used; the message is the reason, for a `Refusal`."""


@dataclass(frozen=True)
class Traits:
    """What a face in a file says of itself."""

    number: int  # in a collection
    family: str  # "" where it has no name
    weight: float  # 1 to 1000, 400 is regular
    width: float  # % of normal
    italic: bool
    axes: tuple[tuple[str, float, float], ...]  # tag, least, most


def sfnt_bytes(path: Path) -> bytes:
    """Return the file as TrueType or OpenType, a collection as it is; WOFF and WOFF2 unpacked.

    Raises:
        FontError: it cannot be read or unpacked.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FontError(f"cannot be read: {error}") from error
    return _unpacked(data) if data[:4] in (b"wOFF", b"wOF2") else data


def _unpacked(data: bytes) -> bytes:
    plain = BytesIO()
    try:
        font = TTFont(BytesIO(data))
        font.flavor = None
        font.save(plain, reorderTables=False)
    except Exception as error:  # fontTools and its codecs raise nearly any type on broken bytes
        raise FontError(f"cannot be unpacked: {type(error).__name__}: {error}") from error
    return plain.getvalue()


def read_traits(path: Path) -> list[Traits]:
    """Return the traits of every face in the file.

    Raises:
        FontError: a face cannot be opened, has no outlines, or draws symbols.
    """
    data = sfnt_bytes(path)
    return [_traits(data, number) for number in range(open_outlines(data, 0).num_faces)]


def open_outlines(data: bytes, number: int) -> freetype.Face:
    """Return FreeType's face of `sfnt_bytes`.

    Raises:
        FontError: FreeType cannot open it, or it holds pictures instead of outlines.
    """
    try:
        face = freetype.Face(BytesIO(data), number)
    except freetype.FT_Exception as error:
        raise FontError(f"is no font that FreeType can open: {error}") from error
    if not face.is_scalable:
        raise FontError("has no outlines, only pictures of letters")
    return face


def _traits(data: bytes, number: int) -> Traits:
    outlines = open_outlines(data, number)
    face = hb.Face(hb.Blob(data), number)
    weight, width, italic, pictorial = _os2(bytes(face.reference_table("OS/2").data), outlines)
    encodings = {charmap.encoding for charmap in outlines.charmaps}
    if pictorial or encodings == {freetype.FT_ENCODING_MS_SYMBOL}:
        raise FontError("draws symbols instead of letters (by its panose class or its only character map)")
    axes = tuple((axis.tag, float(axis.min_value), float(axis.max_value)) for axis in face.axis_infos)
    family = face.get_name(16, "en") or face.get_name(1, "en") or ""  # typographic family, family; Source: OpenType, table name
    return Traits(number, family.strip(), weight, width, italic, axes)


def _os2(table: bytes, outlines: freetype.Face) -> tuple[float, float, bool, bool]:
    """Return weight, width, italic, pictorial; from the style flags where there is no OS/2 table. Source: OpenType, table OS/2."""
    if len(table) < 64:
        bold, italic = (bool(outlines.style_flags & flag) for flag in (freetype.FT_STYLE_FLAG_BOLD, freetype.FT_STYLE_FLAG_ITALIC))
        return (700.0 if bold else 400.0), 100.0, italic, False
    weight, width = struct.unpack_from(">HH", table, 4)
    (selection,) = struct.unpack_from(">H", table, 62)
    weight = weight * 100 if 1 <= weight <= 9 else weight  # some old files count hundreds
    return float(weight or 400), WIDTHS[min(width, 9)], bool(selection & 0x201), table[32] == PICTORIAL  # 0x201: italic, oblique
