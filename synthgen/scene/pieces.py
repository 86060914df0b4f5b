"""What a scene is made of: pieces in painting order, each a shape or a line of text with its way into the picture.

A pack's face is a flat *label* in label units, x right, y down. It may be bent (a jar, a can, a wrinkled pouch) and then seen in
perspective:

    local (u, v) of a piece -- bend of the line --> -- affine --> label (x, y) -- bend of the face --> -- homography --> picture px

A line of text has glyph pixels (48 an em, baseline v = 0) as local units; a shape has label units, its middle at (0, 0).
An ARC bends the baseline to a circle of `radius` about local (m, radius), m the middle of the line's ink: positive, the text reads along
the top of the circle. A WAVE's length and phase are its Look's `bend_view`. Spacing and underline of the Look are not painted.

A shape's colours are those at tone 0 and 255 of its texture; without one it has the first, and its border the second. A BARCODE has bars in
the first and spaces in the second. A SHADE multiplies light by the first at its left edge to the second at its right; above 1 it is glare,
that share more of the way to white; its `border` is how wide its soft edge is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthgen.arrays import F32, I32, I64, U16, Bools, Quads
from synthgen.scene.plan import Looks
from synthgen.scene.records import Lines

KINDS = (SHAPE, LINE, BARCODE, SHADE) = (0, 1, 2, 3)
# A burst is a star with many points, as round "NEW!" badges have; a ribbon has notched ends.
OUTLINES = (RECTANGLE, ELLIPSE, BURST, RIBBON) = (0, 1, 2, 3)
FACE_BENDS = (FLAT, CYLINDER, WRINKLED) = (0, 1, 2)

FACE = np.dtype(
    [
        ("homography", np.float64, 9),  # bent label -> picture px, row by row, depth positive
        ("bend", np.int32),  # FACE_BENDS
        ("radius", np.float64),  # CYLINDER: label units; WRINKLED: amplitude, label units
        ("view", np.float64),  # CYLINDER: sine of the angle looked down at; WRINKLED: radians a label unit
        ("phase", np.float64),  # WRINKLED, radians
        ("middle", np.float64, 2),  # label point that the bend leaves in place
    ]
)  # how a pack's face, or a plane in a photo, lies in the picture
PIECE = np.dtype(
    [
        ("kind", np.int32),
        ("face", np.int32),  # row of FACE
        ("affine", np.float64, 6),  # local -> label, two rows of three
        ("bend", np.int32),  # of a line: plan.NO_BEND, ARC or WAVE, about the line's middle
        ("radius", np.float64),
        ("box", np.float64, 4),  # local u0, v0, u1, v1: of a shape its extent, of a line its ink (filled in from the glyphs)
        ("outline", np.int32),
        ("round", np.float32),  # RECTANGLE: corner radius, share of half its shorter side; BURST: depth of its points
        ("rgb", np.float32, (2, 3)),  # 0 to 255; of a SHADE factors, left and right
        ("tile", np.int32),  # texture of a shape, -1: none
        ("border", np.float32),  # local units, 0: none, in the second colour
        ("opacity", np.float32),
        ("body", np.int32),  # 1: hides all that was painted before it, so that text under it is no longer visible
        ("text", np.int32),  # row of the scene's lines of text, -1: none
        ("look", np.int32),  # row of Looks for ink, outline, shadow, ...: of a line; -1: none
    ]
)
Faces = NDArray[np.void]  # (f,) of FACE
Pieces = NDArray[np.void]  # (p,) of PIECE


@dataclass(frozen=True)
class SceneTexts:
    """The lines of text of one scene, in reading order within each block."""

    codes: U16  # classes of all lines, words parted by the space
    offsets: I64  # (lines + 1,)
    face: I32  # (lines,) font face
    role: tuple[str, ...]  # (lines,) brand, name, flavour, claim, weight, ingredients, nutrition, barcode, date, price, photo
    lines: Lines  # shaped, row by row


@dataclass(frozen=True)
class ScenePlan:
    """One scene, ready to be painted."""

    index: int
    size: tuple[int, int]  # height, width
    tile: int  # background tile, -1: a plain colour
    ground: F32  # (2, 3) RGB 0 to 255: colours of a tone tile, or of the plain ground
    window: tuple[float, float, float]  # top, left of the window in the tile, tile px; and tile px a picture px
    faces: Faces
    pieces: Pieces
    looks: Looks  # (k,) of LOOK, by PIECE.look; row 0 also has the light and camera of the whole picture
    texts: SceneTexts
    marked: Quads  # (m, 4, 2) picture px: regions of the photo that hold unread text, words to ignore
    negative: bool  # has no text on purpose
    attempts: int  # places tried
    refused: int  # lines that found no place


@dataclass(frozen=True)
class Truth:
    """What is in a painted scene: words, their characters, and how much of each is seen."""

    word_text: tuple[str, ...]
    word_quads: Quads
    polygons: tuple[F32, ...]  # (points, 2) each: upper outline left to right, lower right to left
    word_line: I32
    word_face: I32
    word_visible: F32
    word_ignore: Bools
    char_codes: U16  # spaces have no character quad: words are parted there
    char_word: I32
    char_quads: Quads
    char_visible: F32
    hidden: int = 0  # words left out because nothing of them is seen
    redrawn: int = 0  # lines painted again in plain ink, as nobody could read them
