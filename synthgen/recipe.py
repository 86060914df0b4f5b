"""Everything that can be chosen about a data set: one tree of checked records, whose defaults are the product recipe."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from synthgen.errors import SynthgenError
from synthgen.photo_recipe import PhotoSceneRecipe
from synthgen.recipe_fields import Frozen, Range, Share, Weight, together, within
from synthgen.scene_recipe import SceneRecipe
from synthgen.split_recipe import SplitRecipe


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

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        return together(self, "upper_share", "title_share", "lower_share")


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

    spaced_share: Share = 0.25
    spacing_em: Annotated[Range, within(-0.2, 2)] = (-0.04, 0.12)
    weight_share: Share = 0.2  # of the samples, ink spread or eaten
    weight_em: Annotated[Range, within(-0.1, 0.1)] = (-0.008, 0.016)
    slant_share: Share = 0.08
    slant: Annotated[Range, within(-1, 1)] = (-0.12, 0.3)  # shear, tangent of the angle
    stretch_share: Share = 0.35
    stretch: Annotated[Range, within(0.4, 3)] = (0.6, 1.15)  # of widths
    underline_share: Share = 0.02


class ShapeRecipe(Frozen):
    """How the line lies in the picture: the `[shape]` table."""

    tilt_share: Share = 0.5
    tilt_deg: Annotated[Range, within(-180, 180)] = (-12.0, 12.0)  # clockwise, small angles likelier
    shear_share: Share = 0.2
    shear: Annotated[Range, within(-1, 1)] = (-0.18, 0.18)  # of the whole plane, along the vertical
    perspective_share: Share = 0.35
    perspective: Annotated[Range, within(-0.4, 0.4)] = (-0.25, 0.25)  # relative change of depth from the middle to the ends
    arc_share: Share = 0.05
    arc_deg: Annotated[Range, within(1, 150)] = (20.0, 110.0)  # swept by the whole word, upward or downward
    wave_share: Share = 0.02
    wave_em: Annotated[Range, within(0, 0.5)] = (0.03, 0.14)  # amplitude
    cylinder_share: Share = 0.06
    cylinder_deg: Annotated[Range, within(1, 150)] = (40.0, 120.0)  # of the jar's circumference under the word
    cylinder_view: Annotated[Range, within(-0.9, 0.9)] = (-0.35, 0.35)  # sine of the angle looked down at

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        return together(self, "arc_share", "wave_share", "cylinder_share")


class CropRecipe(Frozen):
    """What the crop holds beside the word: the `[crop]` table."""

    height_px: Annotated[int, Field(ge=16, le=256)] = 32
    widest_px: Annotated[int, Field(ge=64, le=4096)] = 512
    margin: Annotated[Range, within(-0.45, 3)] = (0.0, 0.28)  # each side, of the word's height; negative cuts into it
    beside_share: Share = 0.22  # a neighbour left or right
    space_em: Annotated[Range, within(0, 4)] = (0.22, 0.6)  # to it
    above_share: Share = 0.2  # lines above and below
    leading_em: Annotated[Range, within(0.5, 4)] = (1.0, 1.5)  # from line to line
    from_scenes_share: Share = 0.0  # cut out of scenes instead: slower, about a scene for 16 of them
    beneath_share: Share = 0.03  # faint other text under the word
    beneath: Annotated[Range, within(0, 1)] = (0.12, 0.4)  # its opacity


class GroundRecipe(Frozen):
    """What lies behind the word: the `[ground]` table. Family weights are relative."""

    folder: Path | None = None  # photos; also --backgrounds and backgrounds/
    photo_share: Share = 0.35  # when there are photos
    flat: Weight = 4.0
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
    zoom: Annotated[Range, within(0.1, 50)] = (0.7, 4.0)  # picture pixels a tile pixel
    light_share: Share = 0.42  # of the ground colours
    dark_share: Share = 0.38
    saturation: Annotated[Range, within(0, 1)] = (0.05, 0.9)
    grey_share: Share = 0.35  # of the colours
    texture_contrast: Annotated[Range, within(0, 1)] = (0.05, 0.69)
    panel_share: Share = 0.22  # a label shape behind the word
    panel_em: Annotated[Range, within(0, 2)] = (0.05, 0.5)  # from the word to its edge
    panel_border_share: Share = 0.25
    panel_border_em: Annotated[Range, within(0, 0.5)] = (0.02, 0.08)

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        return together(self, "light_share", "dark_share")


class InkRecipe(Frozen):
    """How the word is printed: the `[ink]` table. Lengths in em."""

    dark_share: Share = 0.4  # of the inks; the rest beside `light_share` is coloured
    light_share: Share = 0.46
    edge: Annotated[Range, within(0.05, 4)] = (0.55, 1.0)  # steepness; 1: from bare to inked within one pixel
    opacity: Annotated[Range, within(0.05, 1)] = (0.85, 1.0)
    multiply_share: Share = 0.15
    screen_share: Share = 0.05
    gradient_share: Share = 0.1
    texture_share: Share = 0.08
    texture: Annotated[Range, within(0, 2)] = (0.15, 0.6)  # how uneven
    outline_share: Share = 0.07
    outline_em: Annotated[Range, within(0, 0.12)] = (0.015, 0.06)
    shadow_share: Share = 0.09
    shadow_em: Annotated[Range, within(0, 0.3)] = (0.02, 0.09)
    shadow: Annotated[Range, within(0, 1)] = (0.3, 0.85)  # how dark
    extrude_share: Share = 0.03
    extrude_em: Annotated[Range, within(0, 0.3)] = (0.03, 0.1)
    emboss_share: Share = 0.04
    emboss: Annotated[Range, within(0, 3)] = (0.25, 0.9)
    glow_share: Share = 0.03
    glow_em: Annotated[Range, within(0.005, 0.13)] = (0.04, 0.12)
    worn_share: Share = 0.06
    worn: Annotated[Range, within(0, 3)] = (0.3, 1.0)
    dot_share: Share = 0.02  # dots of an ink-jet date coder
    dot_em: Annotated[Range, within(0.04, 0.5)] = (0.07, 0.1)  # from dot to dot
    least_contrast: Share = 0.24  # of 255, of planned ink on its ground; pictures below half of it are painted again, plainer

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        return together(self, "dark_share", "light_share")


class LightRecipe(Frozen):
    """What light does: the `[light]` table."""

    gradient_share: Share = 0.3
    gradient: Annotated[Range, within(0, 2)] = (0.02, 0.18)
    glare_share: Share = 0.07
    glare: Annotated[Range, within(0, 2)] = (0.15, 0.6)
    glare_size: Annotated[Range, within(0.05, 10)] = (0.3, 1.2)  # radius, of the picture's height
    shade_share: Share = 0.07
    shade: Annotated[Range, within(0, 1)] = (0.15, 0.5)
    exposure: Annotated[Range, within(0.05, 4)] = (0.7, 1.25)


class CameraRecipe(Frozen):
    """What the camera does: the `[camera]` table. Pixels are of the finished picture."""

    small_share: Share = 0.4  # taken at fewer pixels, then scaled up
    small_px: Annotated[Range, within(6, 256)] = (13.0, 30.0)  # height taken at
    defocus_share: Share = 0.22
    defocus_px: Annotated[Range, within(0, 4)] = (0.4, 1.2)  # radius
    motion_share: Share = 0.12
    motion_px: Annotated[Range, within(0, 8)] = (1.5, 5.0)
    sharpen_share: Share = 0.3
    sharpen: Annotated[Range, within(0, 3)] = (0.1, 0.8)
    noise_share: Share = 0.6
    noise: Annotated[Range, within(0, 1)] = (0.002, 0.022)  # standard deviation, of 255
    curve: Annotated[Range, within(-1, 1)] = (-0.35, 0.35)  # bend of the tone curve
    cast: Annotated[Range, within(0.1, 3)] = (0.91, 1.08)  # gain of each channel
    fade: Annotated[Range, within(0, 0.9)] = (0.0, 0.12)  # veil: share of grey mixed in
    grey_share: Share = 0.05
    invert_share: Share = 0.02
    quality: Annotated[Range, within(1, 100)] = (65.0, 98.0)  # JPEG


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
    scene: SceneRecipe = SceneRecipe()
    photo_scene: PhotoSceneRecipe = PhotoSceneRecipe()
    split: SplitRecipe = SplitRecipe()

    @model_validator(mode="after")
    def _text_fits_scenes(self) -> Self:
        for name, table in (("scene", self.scene), ("photo_scene", self.photo_scene)):
            largest = table.most_share * self.scene.height_px
            if table.least_px > largest:
                raise ValueError(f"need {name}.least_px <= {name}.most_share * scene.height_px = {largest:.4g}, got {table.least_px:.4g}")
        return self

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
            raise SynthgenError("\n".join(f"{place}: {_told(cls, fault)}" for fault in error.errors())) from error


def _told(model: type[BaseModel], fault: ErrorDetails) -> str:
    """Return place, rule and value of a fault, and for an unknown key the nearest known one."""
    place, kind = fault["loc"], fault["type"]
    key = ".".join(str(part) for part in place)
    if kind == "value_error":  # ours: the value is in it
        return f"{key}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    if kind != "extra_forbidden":
        return f"{key}: {fault['msg']}, got {fault['input']!r}"
    for part in place[:-1]:
        if isinstance(part, str):
            model = CorpusRecipe if part == "corpora" else cast("type[BaseModel]", model.model_fields[part].annotation)
    near = difflib.get_close_matches(str(place[-1]), list(model.model_fields), n=1, cutoff=0.0)
    return f"{key}: no such key; the nearest known one is {'.'.join(map(str, (*place[:-1], *near)))!r}"
