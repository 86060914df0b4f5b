"""Scenes in the manner of SynthText: any photo, with lines and paragraphs lying on its smooth places."""

from dataclasses import dataclass

import numpy as np

from synthgen.arrays import F64, I64, U64, Quads
from synthgen.chance import Stream, uniforms
from synthgen.photo_recipe import MOST_REGIONS, SizedPhotoRecipe
from synthgen.scene import region_kernels as kernels
from synthgen.scene.photo_lines import SEED, spread, write
from synthgen.scene.pieces import FACE, Faces, ScenePlan
from synthgen.scene.plan import NO_BEND, Looks, pick, plan_looks
from synthgen.scene.records import Grounds
from synthgen.scene.regions import ATTEMPTS, Ground, RegionRules, Regions, find_regions, survey
from synthgen.scene.words import Studio


@dataclass(frozen=True)
class SceneGrounds:
    """Photos and textures behind scenes, and where the photos already hold text."""

    tiles: Grounds
    weights: F64  # (tiles,)
    quads: Quads  # (m, 4, 2) tile px
    offsets: I64  # (tiles + 1,) quads of each tile


def plan_photo_scene(studio: Studio, grounds: SceneGrounds, recipe: SizedPhotoRecipe, seed: int, index: int) -> ScenePlan:
    """Return scene `index`: it depends on (recipes, assets, seed, index) alone. A picture without room has fewer words, or none."""
    own = np.array([index], dtype=np.uint64)
    draws = iter(uniforms(seed ^ SEED, Stream.SCENE, own, 8)[0].tolist())
    negative, most = next(draws) < recipe.negative_share, int(within_one(next(draws), (recipe.regions / 2, recipe.regions + 0.999)))
    tile = int(pick(np.array([next(draws)]), grounds.weights)[0])
    size = (recipe.height_px, recipe.width_px)
    window = choose_window(tuple(grounds.tiles.size[tile].tolist()), size, within_one(next(draws), recipe.zoom), (next(draws), next(draws)))
    rows = 1 if negative else 1 + most
    looks = plan_looks(studio.recipe, studio.tile_weights, seed ^ SEED, spread(own, MOST_REGIONS + 1, rows))
    calm(looks, tile, recipe.height_px, studio.recipe.crop.height_px)
    marked = shown(grounds, tile, window, size)
    if negative:
        regions = Regions(np.empty((0, 9)), np.empty((0, 4)), 0)
    else:
        regions = regions_of(ground_of(grounds, tile, window, looks[0]), size, marked, recipe, (seed, own, most))
    texts, pieces, refused = write(studio, recipe, regions, looks, (seed, own))
    return ScenePlan(
        index=index,
        size=size,
        tile=tile,
        ground=looks["ground"][0].copy(),
        window=window,
        faces=faces_of(regions),
        pieces=pieces,
        looks=looks,
        texts=texts,
        marked=marked,
        negative=negative,
        attempts=regions.attempts,
        refused=refused,
    )


def within_one(draw: float, bounds: tuple[float, float]) -> float:
    """Return a draw spread evenly over `bounds`."""
    return bounds[0] + (bounds[1] - bounds[0]) * draw


def choose_window(tile: tuple[int, ...], size: tuple[int, int], zoom: float, place: tuple[float, float]) -> tuple[float, float, float]:
    """Return top and left of a picture of `size` in a tile, and the tile px a picture px; `zoom` of the largest there is."""
    step = zoom * min(tile[0] / size[0], tile[1] / size[1])
    return place[0] * (tile[0] - step * size[0]), place[1] * (tile[1] - step * size[1]), step


def shown(grounds: SceneGrounds, tile: int, window: tuple[float, float, float], size: tuple[int, int]) -> Quads:
    """Return the marked quads of a tile that the picture shows a part of, picture px."""
    own = grounds.quads[grounds.offsets[tile] : grounds.offsets[tile + 1]]
    quads = (own - np.array([window[1], window[0]], dtype=np.float32)) / np.float32(window[2])
    low, high = quads.min(axis=1), quads.max(axis=1)
    seen = (high > 0).all(axis=1) & (low < np.array([size[1], size[0]])).all(axis=1)
    return np.asarray(quads[seen], dtype=np.float32)


def calm(looks: Looks, tile: int, height_px: int, crop_px: int) -> None:
    """Take from looks what word crops alone have, in place; `looks[0]` is the whole picture's."""
    looks["bend"], looks["flip"], looks["tile"] = NO_BEND, 0, tile
    looks["invert"] = 0  # a negative of a photo is no photo
    taken = 1 - 0.4 * (1 - looks["taken_px"] / crop_px)  # small print must survive: no scene is taken at less than 0.6 of its pixels
    looks["taken_px"] = height_px * taken


def ground_of(grounds: SceneGrounds, tile: int, window: tuple[float, float, float], look: np.void) -> Ground:
    """Return the tile with its window; a tone tile has the contrast of the look's two colours."""
    height, width = grounds.tiles.size[tile].tolist()
    channels, start = int(grounds.tiles.channels[tile]), int(grounds.tiles.start[tile])
    pixels = grounds.tiles.pixels[start : start + height * width * channels].reshape(height, width, channels)
    steps = np.abs(look["ground"][1] - look["ground"][0])
    return Ground(pixels, np.array(window), 1.0 if channels == 3 else float(steps.max()) / 255)


def regions_of(ground: Ground, size: tuple[int, int], marked: Quads, recipe: SizedPhotoRecipe, chance: tuple[int, U64, int]) -> Regions:
    """Return the regions of a picture; `chance`: seed, index of the scene and the most regions wanted."""
    seed, own, most = chance
    rules = RegionRules(
        smooth_share=recipe.smooth_share,
        steepest=(recipe.turn, recipe.yaw, recipe.pitch),
        turned_share=recipe.turned_share,
        border_share=recipe.border_share,
        widest=(recipe.widest_share * size[1], recipe.highest_share * size[0]),
    )
    draws = uniforms(seed, Stream.REGION, spread(own, ATTEMPTS, ATTEMPTS), kernels.DRAWS)
    return find_regions(survey(ground, size, marked, recipe.smooth_share), rules, draws, most)


def faces_of(regions: Regions) -> Faces:
    """Return the planes of regions as faces, flat."""
    faces = np.zeros(len(regions.boxes), dtype=FACE)
    faces["homography"] = regions.planes
    faces["middle"] = (regions.boxes[:, :2] + regions.boxes[:, 2:]) / 2
    return faces
