"""Inks and colours of print on packs and price tags, and what light and camera do to the scene."""

import numpy as np

from synthgen.arrays import F32, U64
from synthgen.scene.pack_bodies import Rgb, Scheme
from synthgen.scene.pack_stock import Stock
from synthgen.scene.plan import NORMAL, Looks, plan_looks
from synthgen.scene_recipe import SceneRecipe

SCENE_SEED = 0x7363_656E_65  # "scene": mixed into the seed of looks, so that they never repeat those of word crops
LOOKS_A_PRODUCT = 5  # one for each colour that print stands on, and the brand's
CALM = ("outline", "shadow_x", "shadow_y", "extrude_x", "extrude_y", "emboss", "glow", "worn", "dots", "ink_texture", "fade_x", "fade_y")
STRAIGHT = ("spacing", "weight", "slant", "underline", "tilt_deg", "shear", "depth_x", "depth_y", "bend", "beneath", "panel")
INK_RGB: tuple[Rgb, Rgb] = ((24.0, 22.0, 26.0), (252.0, 251.0, 246.0))  # printer's black, and white
LUMINANCE = (np.float32(0.299), np.float32(0.587), np.float32(0.114))  # Source: ITU-R BT.601
LEAST_EXPOSURE = 0.85  # shop pictures are well lit
APART = 80.0  # luminance that a coloured ink has over or under its ground
TAG_PAPER: tuple[Rgb, Rgb] = ((248.0, 247.0, 242.0), (252.0, 226.0, 60.0))
TAG_BAND: tuple[Rgb, Rgb] = ((30.0, 30.0, 34.0), (206.0, 26.0, 30.0))


def tag_scheme(scheme: Scheme) -> Scheme:
    """Return the colours of a price tag: white or yellow paper, red or black bands, not its product's."""
    paper, band = (TAG_PAPER[0], TAG_BAND[0]) if scheme.gloss < 0.6 else (TAG_PAPER[1], TAG_BAND[1])
    return Scheme((paper, band, paper, band), scheme.tile, scheme.gloss)


def pack_looks(stock: Stock, recipe: SceneRecipe, schemes: list[Scheme], seed: int, index: int) -> Looks:
    """Return the picture's look, then LOOKS_A_PRODUCT of each product: print is calm, brands may be outlined, raised, shaded."""
    first, many = np.array([index], dtype=np.uint64) * np.uint64(64), 1 + LOOKS_A_PRODUCT * len(schemes)
    rows: U64 = np.asarray(first + np.arange(many, dtype=np.uint64), dtype=np.uint64)
    looks = plan_looks(stock.studio.recipe, stock.studio.tile_weights, seed ^ SCENE_SEED, rows)
    own = looks[1:].reshape(len(schemes), LOOKS_A_PRODUCT)
    for name in CALM:
        own[name][:, :4] = 0
    for name in STRAIGHT:
        looks[name] = 0
    looks["stretch"] = 1
    own["opacity"], own["blend"] = 1, NORMAL
    grounds = np.array([scheme.colours for scheme in schemes], dtype=np.float32)  # (products, 4, 3)
    own["ink"] = _inks(grounds)
    whole = looks[0]
    whole["taken_px"] = recipe.height_px if whole["sharpen"] > 0 else recipe.height_px * (0.7 + 0.3 * min(whole["noise_at"], 1.0))
    whole["exposure"] = max(whole["exposure"], LEAST_EXPOSURE)
    whole["invert"] = 0
    return looks


def _inks(grounds: F32) -> F32:
    """Return ink candidates `(products, LOOKS_A_PRODUCT, 4, 3)` for print on each of a scheme's colours, and for the brand."""
    tone = _tone(grounds)
    black, white = np.array(INK_RGB, dtype=np.float32)
    bright = (tone > 135)[..., None]
    plain = np.where(bright, black, white)  # (products, 4, 3)
    other = np.where(bright, white, black)
    coloured = grounds[:, [1, 0, 1, 2]]  # the accent on the ground, the ground on the accent, ...
    far = np.abs(_tone(coloured) - tone)[..., None] > APART
    inks = np.stack([np.where(far, coloured, plain), plain, plain, other], axis=2)
    inks[:, 2:, 0] = plain[:, 2:]  # tables and badges are printed in black or white
    brand = np.stack([inks[:, 0, 0], plain[:, 0], plain[:, 1], other[:, 0]], axis=1)
    return np.concatenate([inks, brand[:, None]], axis=1)


def _tone(rgb: F32) -> F32:
    """Return the luminance of colours `(..., 3)`; not a dot product, whose last bit differs between processors."""
    red, green, blue = LUMINANCE
    return np.asarray(rgb[..., 0] * red + rgb[..., 1] * green + rgb[..., 2] * blue, dtype=np.float32)
