"""Everything that can be chosen about a data set: one tree of checked records, whose defaults are the product recipe."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from synthgen.errors import SynthgenError


class Frozen(BaseModel):
    """A record that cannot be wrong once made: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"need low <= high, got {value}")
    return value


Share = Annotated[float, Field(ge=0.0, le=1.0)]
Weight = Annotated[float, Field(ge=0.0)]
Range = Annotated[tuple[float, float], AfterValidator(_ordered)]  # (low, high), both ends included
Count = Annotated[tuple[int, int], AfterValidator(_ordered)]


class CorpusRecipe(Frozen):
    """A file of the user's own texts: one `[[text.corpora]]` table each."""

    path: Path
    column: str | None = None  # of .csv, .jsonl and .parquet; None: the only text column
    weight: Weight = 1.0  # beside `grammar` and `english`


class TextRecipe(Frozen):
    """What is written: the `[text]` table."""

    alphabet: Path | None = None  # UTF-8 file of characters; None: the 92 of DESIGN.md
    grammar: Weight = 0.5  # weight of the built-in product-text grammar
    english: Weight = 0.3  # weight of English words by frequency
    corpora: tuple[CorpusRecipe, ...] = ()
    phrase_share: Share = 0.12  # of the samples, two or more words with spaces
    phrase_words: Annotated[int, Field(ge=2, le=8)] = 4  # at most
    upper_share: Share = 0.28  # set in capitals
    title_share: Share = 0.08  # Each Word So
    lower_share: Share = 0.06
    balance_floor: Annotated[float, Field(ge=0.0, le=0.005)] = 0.00065  # least share of each character among all; 0: off


class FontRecipe(Frozen):
    """Which faces letters are drawn with: the `[fonts]` table. Weights are of families, shared by their faces."""

    packages: bool = True  # the installed `fontpkg-*` families
    folder: Path | None = None  # TTF, OTF, TTC, WOFF, WOFF2; also --fonts and fonts/
    faces_per_family: Annotated[int, Field(ge=1, le=40)] = 6
    sans: Weight = 1.0
    serif: Weight = 0.7
    display: Weight = 0.9
    hand: Weight = 0.45
    mono: Weight = 0.35
    user: Weight = 2.0  # families of `folder`


class LetterRecipe(Frozen):
    """How letters are set on their line: the `[letters]` table. Lengths in em."""

    spaced_share: Share = 0.3
    spacing_em: Range = (-0.04, 0.16)
    weight_share: Share = 0.2  # of the samples, ink spread or eaten
    weight_em: Range = (-0.008, 0.016)
    slant_share: Share = 0.08
    slant: Range = (-0.12, 0.3)  # shear, tangent of the angle
    stretch_share: Share = 0.25
    stretch: Range = (0.72, 1.35)  # of widths
    underline_share: Share = 0.02


class ShapeRecipe(Frozen):
    """How the line lies in the picture: the `[shape]` table."""

    tilt_share: Share = 0.5
    tilt_deg: Range = (-12.0, 12.0)  # clockwise, small angles likelier
    shear_share: Share = 0.2
    shear: Range = (-0.18, 0.18)  # of the whole plane, along the vertical
    perspective_share: Share = 0.35
    perspective: Range = (-0.25, 0.25)  # relative change of depth from the middle to the ends
    arc_share: Share = 0.05
    arc_deg: Range = (20.0, 110.0)  # swept by the whole word, upward or downward
    wave_share: Share = 0.02
    wave_em: Range = (0.03, 0.14)  # amplitude
    cylinder_share: Share = 0.06
    cylinder_deg: Range = (40.0, 120.0)  # of the jar's circumference under the word
    cylinder_view: Range = (-0.35, 0.35)  # sine of the angle looked down at


class CropRecipe(Frozen):
    """What the crop holds beside the word: the `[crop]` table."""

    height_px: Annotated[int, Field(ge=16, le=256)] = 32
    widest_px: Annotated[int, Field(ge=64, le=4096)] = 512
    margin: Range = (-0.04, 0.22)  # each side, of the word's height; negative cuts into it
    beside_share: Share = 0.22  # a neighbour left or right
    above_share: Share = 0.2  # lines above and below
    beneath_share: Share = 0.03  # faint other text under the word


class GroundRecipe(Frozen):
    """What lies behind the word: the `[ground]` table. Family weights are relative."""

    folder: Path | None = None  # photos; also --backgrounds and backgrounds/
    photo_share: Share = 0.35  # when there are photos
    flat: Weight = 3.0
    gradient: Weight = 1.2
    paper: Weight = 1.2
    cardboard: Weight = 0.5
    foil: Weight = 0.5
    plastic: Weight = 0.9
    wood: Weight = 0.3
    fabric: Weight = 0.3
    stripes: Weight = 0.3
    halftone: Weight = 0.2
    blobs: Weight = 0.7
    shapes: Weight = 0.4
    metal: Weight = 0.3
    speckle: Weight = 0.3
    zoom: Range = (0.7, 4.0)  # picture pixels a tile pixel
    light_share: Share = 0.38  # of the ground colours
    dark_share: Share = 0.3
    saturation: Range = (0.05, 0.95)
    grey_share: Share = 0.35  # of the colours
    texture_contrast: Range = (0.15, 0.9)
    panel_share: Share = 0.22  # a label shape behind the word
    panel_border_share: Share = 0.25


class InkRecipe(Frozen):
    """How the word is printed: the `[ink]` table. Lengths in em."""

    dark_share: Share = 0.36  # of the inks; the rest beside `light_share` is coloured
    light_share: Share = 0.38
    opacity: Range = (0.75, 1.0)
    multiply_share: Share = 0.15
    screen_share: Share = 0.05
    gradient_share: Share = 0.1
    texture_share: Share = 0.08
    outline_share: Share = 0.07
    outline_em: Range = (0.015, 0.06)
    shadow_share: Share = 0.09
    shadow_em: Range = (0.02, 0.09)
    extrude_share: Share = 0.03
    extrude_em: Range = (0.03, 0.1)
    emboss_share: Share = 0.04
    glow_share: Share = 0.03
    glow_em: Range = (0.04, 0.12)
    worn_share: Share = 0.06
    dot_share: Share = 0.02  # dots of an ink-jet date coder
    least_contrast: Share = 0.13  # of 255, largest over the channels, between the word's ink and the ground around it


class LightRecipe(Frozen):
    """What light does: the `[light]` table."""

    gradient_share: Share = 0.45
    gradient: Range = (0.03, 0.3)
    glare_share: Share = 0.07
    glare: Range = (0.15, 0.6)
    shade_share: Share = 0.07
    shade: Range = (0.15, 0.5)
    exposure: Range = (0.62, 1.12)


class CameraRecipe(Frozen):
    """What the camera does: the `[camera]` table. Pixels are of the finished picture."""

    small_share: Share = 0.55  # taken at fewer pixels, then scaled up
    small_px: Range = (10.0, 30.0)  # height taken at
    defocus_share: Share = 0.4
    defocus_px: Range = (0.4, 1.8)  # radius
    motion_share: Share = 0.06
    motion_px: Range = (1.5, 5.0)
    sharpen_share: Share = 0.2
    sharpen: Range = (0.2, 0.9)
    noise_share: Share = 0.55
    noise: Range = (0.004, 0.05)  # standard deviation, of 255
    curve: Range = (-0.35, 0.35)  # bend of the tone curve
    cast: Range = (0.88, 1.08)  # gain of each channel
    fade: Range = (0.0, 0.22)  # veil: share of grey mixed in
    grey_share: Share = 0.05
    invert_share: Share = 0.02
    quality: Range = (38.0, 96.0)  # JPEG


class Recipe(Frozen):
    """One data set: every table has defaults, and the defaults are the product recipe."""

    text: TextRecipe = TextRecipe()
    fonts: FontRecipe = FontRecipe()
    letters: LetterRecipe = LetterRecipe()
    shape: ShapeRecipe = ShapeRecipe()
    crop: CropRecipe = CropRecipe()
    ground: GroundRecipe = GroundRecipe()
    ink: InkRecipe = InkRecipe()
    light: LightRecipe = LightRecipe()
    camera: CameraRecipe = CameraRecipe()

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """Return the recipe of a TOML file; what it leaves out has its default.

        Raises:
            SynthgenError: not readable, not TOML, an unknown key, or a value out of bounds; all faults are named at once.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SynthgenError(f"recipe {path}: cannot be read as TOML: {error}") from error
        return cls.checked(table, place=str(path))

    @classmethod
    def checked(cls, table: dict[str, Any], *, place: str) -> "Recipe":
        """Return the recipe of nested tables.

        Raises:
            SynthgenError: as for `read`; `place` begins each message.
        """
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            faults = (_fault(cls, fault["loc"], fault["type"], f"{fault['msg']}, got {fault['input']!r}") for fault in error.errors())
            raise SynthgenError("\n".join(f"{place}: {fault}" for fault in faults)) from error


def _fault(model: type[BaseModel], place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in place)
    if kind != "extra_forbidden":
        return f"{key}: {message.removeprefix('Value error, ')}"
    known = _keys(model, place[:-1])
    near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.0)
    return f"{key}: no such key; the nearest known one is {'.'.join(map(str, (*place[:-1], *near)))!r}"


def _keys(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    for part in place:
        if isinstance(part, str):
            inner = model.model_fields[part].annotation
            model = CorpusRecipe if part == "corpora" else inner  # type: ignore[assignment]
    return list(model.model_fields)
