"""The look of each sample: draw first, then decide; a field a choice, a row a sample."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synthgen.arrays import F32, F64, I32, U64, Bools
from synthgen.chance import Stream, uniforms
from synthgen.recipe import CameraRecipe, CropRecipe, GroundRecipe, InkRecipe, LetterRecipe, LightRecipe, Recipe, ShapeRecipe

CANDIDATES = 4  # ink colours drawn; the first that can be read on the ground is used
BENDS = (NO_BEND, ARC, WAVE, CYLINDER) = (0, 1, 2, 3)
BLENDS = (NORMAL, MULTIPLY, SCREEN) = (0, 1, 2)
PANELS = (NO_PANEL, BOX, BAND, ELLIPSE, SPLIT) = (0, 1, 2, 3, 4)
EM_PX = 48.0  # of the glyph fields: lengths in em become line pixels here
DRAWS = 136  # numbers a sample takes, used or not, so that no choice shifts a later one

Draws = Iterator[F64]  # one column of uniforms after the other
Pair = tuple[float, float]
NUMBERS = (  # float32
    *("spacing", "weight", "slant", "stretch", "underline", "tilt_deg", "shear", "depth_x", "depth_y", "bend_size", "bend_view"),
    *("pad_left", "pad_top", "pad_right", "pad_bottom", "left_gap", "right_gap", "above", "below", "lean", "beneath"),
    *("tile_x", "tile_y", "zoom", "panel_x", "panel_y", "panel_round", "panel_border"),
    *("edge", "opacity", "fade_x", "fade_y", "ink_texture", "outline", "shadow_x", "shadow_y", "shadow_soft", "shadow_dark"),
    *("extrude_x", "extrude_y", "emboss", "glow", "worn", "dots"),
    *("slope_x", "slope_y", "glare", "glare_x", "glare_y", "glare_size", "shade", "shade_x", "shade_y", "exposure"),
    *("taken_px", "defocus", "motion_x", "motion_y", "sharpen", "noise", "noise_at", "curve", "veil", "veil_grey"),
)
CHOICES = ("bend", "tile", "flip", "panel", "blend", "grey", "invert", "quality")  # int32
COLOURS = {"ground": (2, 3), "panel_rgb": (3,), "ink": (CANDIDATES, 3), "second": (3,), "cast": (3,)}  # float32
LOOK = np.dtype(
    [(name, np.float32) for name in NUMBERS]
    + [(name, np.int32) for name in CHOICES]
    + [(name, np.float32, shape) for name, shape in COLOURS.items()]
)
Looks = NDArray[np.void]  # (n,) of LOOK; lengths in line pixels (48 an em), colours 0 to 255


def within(draw: F64, bounds: Pair) -> F64:
    """Return draws spread evenly over `bounds`."""
    return bounds[0] + (bounds[1] - bounds[0]) * draw


def some(draw: F64, share: float, bounds: Pair, otherwise: float = 0.0) -> F64:
    """Return values within `bounds` for `share` of the rows and `otherwise` for the rest, from one draw each."""
    return np.where(draw < share, within(draw / max(share, 1e-9), bounds), otherwise)


def of_three(first: Bools, second: Bools, values: tuple[F64, F64, F64]) -> F64:
    """Return the first value where `first` is, else the second where `second` is, else the third; `np.select` takes twice as long."""
    return np.where(first, values[0], np.where(second, values[1], values[2]))


def pick(draw: F64, weights: NDArray[np.float64]) -> I32:
    """Return rows drawn with the given weights, not all 0."""
    edges = np.cumsum(weights)
    rows = np.searchsorted(edges, draw * edges[-1], side="right")
    return np.asarray(np.minimum(rows, len(weights) - 1), dtype=np.int32)


def hues(draw: F64) -> F64:
    """Return hues 0 to 1 as packs have them: reds to yellows most, then blues; greens and magentas, lurid when even, are rarer."""
    return np.asarray(np.interp(draw, (0.0, 0.46, 0.6, 0.88, 1.0), (-0.04, 0.17, 0.46, 0.7, 0.96)) % 1)


def colours(hue: F64, saturation: F64, value: F64) -> F32:
    """Return RGB `(n, 3)`, 0 to 255, of hue, saturation and value, each 0 to 1. Source: Smith 1978, "Color gamut transform pairs"."""
    wheel = (hue[:, None] * 6 + np.array([0.0, 4.0, 2.0])) % 6
    share = np.clip(np.abs(wheel - 3) - 1, 0, 1)  # 1 at the channel's own hue
    return np.asarray(255 * value[:, None] * (1 - saturation[:, None] * (1 - share)), dtype=np.float32)


def signs(draw: F64) -> F64:
    """Return -1 or 1, evenly."""
    return np.where(draw < 0.5, -1.0, 1.0)


def plan_looks(recipe: Recipe, tile_weights: F64, seed: int, index: U64) -> Looks:
    """Return every choice about how the samples look, `(len(index),)` of LOOK; row i depends on (recipe, seed, index[i]) alone.

    `tile_weights`: float64 `(tiles,)`, how likely each background tile is.
    """
    draws = iter(uniforms(seed, Stream.LOOK, index, DRAWS).T)
    looks = np.zeros(len(index), dtype=LOOK)
    for chosen in (
        _letters(recipe.letters, draws),
        _shape(recipe.shape, draws),
        _crop(recipe.crop, draws),
        _ground(recipe.ground, tile_weights, draws),
        _ink(recipe, draws),
        _finish(recipe.ink, draws),
        _light(recipe.light, draws),
        _camera(recipe.camera, recipe.crop.height_px, draws),
    ):
        for name, column in chosen.items():
            looks[name] = column
    return looks


def _letters(recipe: LetterRecipe, draws: Draws) -> dict[str, NDArray[np.generic]]:
    return {
        "spacing": EM_PX * some(next(draws), recipe.spaced_share, recipe.spacing_em),
        "weight": EM_PX * some(next(draws), recipe.weight_share, recipe.weight_em),
        "slant": some(next(draws), recipe.slant_share, recipe.slant),
        "stretch": some(next(draws), recipe.stretch_share, recipe.stretch, 1.0),
        "underline": some(next(draws), recipe.underline_share, (1.0, 1.0)),
    }


def _shape(recipe: ShapeRecipe, draws: Draws) -> dict[str, NDArray[np.generic]]:
    bend = pick(
        next(draws),
        np.array(
            [1 - recipe.arc_share - recipe.wave_share - recipe.cylinder_share, recipe.arc_share, recipe.wave_share, recipe.cylinder_share]
        ),
    )
    size, view, side = next(draws), next(draws), signs(next(draws))
    small = next(draws)  # times an even draw: small angles are likelier, as in hand-held pictures
    tilt = some(next(draws), recipe.tilt_share, recipe.tilt_deg)
    sizes = np.stack(
        [size * 0, side * within(size, recipe.arc_deg), EM_PX * within(size, recipe.wave_em), within(size, recipe.cylinder_deg)]
    )
    return {
        "tilt_deg": tilt * small,
        "shear": some(next(draws), recipe.shear_share, recipe.shear) * next(draws),
        "depth_x": some(next(draws), recipe.perspective_share, recipe.perspective),
        "depth_y": some(next(draws), recipe.perspective_share, recipe.perspective) / 2,  # words are wider than high
        "bend": bend,
        "bend_size": sizes[bend, np.arange(len(bend))],
        "bend_view": np.where(bend == CYLINDER, within(view, recipe.cylinder_view), view),
    }


def _crop(recipe: CropRecipe, draws: Draws) -> dict[str, NDArray[np.generic]]:
    pads = {name: within(next(draws), recipe.margin) for name in ("pad_left", "pad_top", "pad_right", "pad_bottom")}
    beneath = some(next(draws), recipe.beneath_share, recipe.beneath)
    above = next(draws)
    lines = np.where(beneath > 0, 0.0, recipe.above_share)  # a word beneath takes the place of other lines
    return pads | {
        "left_gap": EM_PX * some(next(draws), recipe.beside_share * 0.6, recipe.space_em),  # left, right or both
        "right_gap": EM_PX * some(next(draws), recipe.beside_share * 0.6, recipe.space_em),
        "above": np.where(above < lines * 0.7, EM_PX * within(next(draws), recipe.leading_em), 0.0),
        "below": np.where((above > lines * 0.3) & (above < lines), EM_PX * within(next(draws), recipe.leading_em), 0.0),
        "lean": within(next(draws), (-1.0, 1.0)),
        "beneath": beneath,
    }


def _tones(draw: F64, spread: F64, light: float, dark: float) -> F64:
    """Return values 0 to 1 for `light` and `dark` shares of the rows, the rest between."""
    return of_three(draw < light, draw < light + dark, (1 - 0.22 * spread, 0.04 + 0.32 * spread, 0.35 + 0.45 * spread))


def _ground(recipe: GroundRecipe, tile_weights: F64, draws: Draws) -> dict[str, NDArray[np.generic]]:
    grey = next(draws) < recipe.grey_share
    saturation = np.where(grey, 0.06, within(next(draws), recipe.saturation))
    hue, value = hues(next(draws)), _tones(next(draws), next(draws), recipe.light_share, recipe.dark_share)
    reach = within(next(draws), recipe.texture_contrast)
    first = colours(hue, saturation, value)
    other = colours(
        (hue + 0.3 * (next(draws) - 0.5)) % 1,
        np.clip(saturation + 0.4 * (next(draws) - 0.5), 0, 1),
        _tones(next(draws), next(draws), 0.4, 0.3),
    )
    panel = np.where(next(draws) < recipe.panel_share, 1 + (next(draws) * 4).astype(np.int32), NO_PANEL)
    inset = next(draws)
    return {
        "tile": pick(next(draws), tile_weights),
        "flip": (next(draws) * 4).astype(np.int32),
        "tile_x": next(draws),
        "tile_y": next(draws),
        "zoom": within(next(draws), recipe.zoom),
        "ground": np.stack([first, first + (other - first) * reach[:, None].astype(np.float32)], axis=1),
        "panel": panel,
        "panel_rgb": colours(
            hues(next(draws)),
            np.where(next(draws) < recipe.grey_share, 0.04, within(next(draws), recipe.saturation)),
            _tones(next(draws), next(draws), 0.45, 0.25),
        ),
        "panel_x": EM_PX * within(inset, recipe.panel_em),
        "panel_y": EM_PX * within(inset * next(draws), recipe.panel_em),
        "panel_round": next(draws),
        "panel_border": EM_PX * some(next(draws), recipe.panel_border_share, recipe.panel_border_em),
    }


def _ink(recipe: Recipe, draws: Draws) -> dict[str, NDArray[np.generic]]:
    ink = recipe.ink
    candidates = []
    for _ in range(CANDIDATES):
        kind, hue, value, strength = next(draws), next(draws), next(draws), next(draws)
        dark, light = kind < ink.dark_share, (kind >= ink.dark_share) & (kind < ink.dark_share + ink.light_share)
        saturation = of_three(dark, light, (0.35 * strength, 0.15 * strength * strength, 0.35 + 0.65 * strength))
        candidates.append(
            colours(hues(hue), saturation, of_three(dark, light, (0.02 + 0.28 * value, 0.82 + 0.18 * value, 0.35 + 0.65 * value)))
        )
    angle = signs(next(draws))
    gradient = next(draws) < ink.gradient_share
    blend = np.where(next(draws) < ink.multiply_share, MULTIPLY, NORMAL)
    return {
        "ink": np.stack(candidates, axis=1),
        "second": colours(hues(next(draws)), next(draws), _tones(next(draws), next(draws), 0.4, 0.4)),
        "edge": within(next(draws), ink.edge),
        "opacity": within(next(draws), ink.opacity),
        "blend": np.where(next(draws) < ink.screen_share, SCREEN, blend),
        "fade_x": np.where(gradient & (next(draws) < 0.3), angle, 0.0),
        "fade_y": np.where(gradient, angle, 0.0),
        "ink_texture": some(next(draws), ink.texture_share, ink.texture),
    }


def _finish(recipe: InkRecipe, draws: Draws) -> dict[str, NDArray[np.generic]]:
    shadow = EM_PX * some(next(draws), recipe.shadow_share, recipe.shadow_em)
    extrude = EM_PX * some(next(draws), recipe.extrude_share, recipe.extrude_em)
    across, down = within(next(draws), (-1.0, 1.0)), within(next(draws), (0.2, 1.0))  # light comes from above
    return {
        "outline": EM_PX * some(next(draws), recipe.outline_share, recipe.outline_em),
        "shadow_x": shadow * across,
        "shadow_y": shadow * down,
        "shadow_soft": within(next(draws), (0.2, 1.0)),
        "shadow_dark": within(next(draws), recipe.shadow),
        "extrude_x": extrude * across,
        "extrude_y": extrude * down,
        "emboss": some(next(draws), recipe.emboss_share, recipe.emboss),
        "glow": EM_PX * some(next(draws), recipe.glow_share, recipe.glow_em),
        "worn": some(next(draws), recipe.worn_share, recipe.worn),
        "dots": EM_PX * some(next(draws), recipe.dot_share, recipe.dot_em),
    }


def _light(recipe: LightRecipe, draws: Draws) -> dict[str, NDArray[np.generic]]:
    return {
        "slope_x": some(next(draws), recipe.gradient_share, recipe.gradient) * signs(next(draws)),
        "slope_y": some(next(draws), recipe.gradient_share, recipe.gradient) * signs(next(draws)),
        "glare": 255 * some(next(draws), recipe.glare_share, recipe.glare),
        "glare_x": next(draws),
        "glare_y": next(draws),
        "glare_size": within(next(draws), recipe.glare_size),
        "shade": some(next(draws), recipe.shade_share, recipe.shade),
        "shade_x": within(next(draws), (-1.0, 1.0)),
        "shade_y": within(next(draws), (-1.0, 1.0)),
        "exposure": within(next(draws), recipe.exposure),
    }


def _camera(recipe: CameraRecipe, height_px: int, draws: Draws) -> dict[str, NDArray[np.generic]]:
    motion = some(next(draws), recipe.motion_share, recipe.motion_px)
    along = next(draws)
    grain = next(draws)
    small = some(next(draws), recipe.small_share, recipe.small_px, height_px)
    return {
        "taken_px": np.minimum(small, height_px),
        "defocus": some(next(draws), recipe.defocus_share, recipe.defocus_px),
        "motion_x": motion * within(along, (-1.0, 1.0)),
        "motion_y": motion * (1 - np.abs(within(along, (-1.0, 1.0)))),
        "sharpen": some(next(draws), recipe.sharpen_share, recipe.sharpen),
        "noise": 255 * some(next(draws), recipe.noise_share, recipe.noise) * grain,  # strong noise is rare
        "noise_at": next(draws),
        "curve": within(next(draws), recipe.curve),
        "cast": np.stack([within(next(draws), recipe.cast) for _ in range(3)], axis=1),
        "veil": within(next(draws), recipe.fade) * next(draws),
        "veil_grey": within(next(draws), (40.0, 220.0)),
        "grey": next(draws) < recipe.grey_share,
        "invert": next(draws) < recipe.invert_share,
        "quality": np.rint(within(np.sqrt(next(draws)), recipe.quality)),  # high quality is likelier
    }
