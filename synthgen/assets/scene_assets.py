"""What scenes are made from beside the studio of word crops: whole photos, products, and which grounds are how likely."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synthgen.arrays import F64
from synthgen.assets.scene_photos import SceneMarks, read_scene_photos
from synthgen.assets.sides import held_out, own_weights
from synthgen.assets.stored_products import open_products
from synthgen.assets.stored_texts import open_texts
from synthgen.assets.studio import Opened, tile_weights
from synthgen.assets.textures import make_textures
from synthgen.assets.tiles import Tiles, join
from synthgen.recipe import Recipe
from synthgen.scene.pack_stock import Stock, open_stock
from synthgen.scene.photo_scenes import SceneGrounds
from synthgen.scene.records import Grounds
from synthgen.scene.words import Studio


@dataclass(frozen=True)
class SceneAssets:
    """Everything the scene planners need; read-only, shared by every scene."""

    stock: Stock  # of product scenes; its studio has the tiles of scenes
    grounds: SceneGrounds  # of scenes on photos
    backgrounds: tuple[str, ...]  # name of each tile
    held_out: "SceneAssets | None" = None  # those of validation, where the recipe splits; the others are then of training


def open_scene_assets(opened: Opened, recipe: Recipe, cache: Path) -> SceneAssets:
    """Return what scenes need beside the opened studio; slow parts are made once and kept in `cache`.

    Raises:
        SynthgenError: the photo folder or a corpus cannot be used.
    """
    tiles, marks = _tiles(recipe, cache)
    weights = tile_weights(recipe.ground, tiles)
    pixels = Grounds(tiles.pixels, tiles.start, tiles.size, tiles.channels)
    alphabet, split = opened.studio.alphabet, opened.held_out is not None
    texts = open_texts(recipe.text, alphabet, cache).table if split else opened.studio.texts  # all: products are of no side
    products = open_products(recipe.text, alphabet, texts, cache)

    def of_side(studio: Studio, other: SceneAssets | None) -> SceneAssets:
        def owned(given: F64) -> F64:
            return own_weights(held_out(recipe.split), given, tiles.names, studio.side) if split else given

        own, textures = owned(weights), owned(np.asarray(tiles.channels != 3, dtype=np.float64))
        bare = replace(studio, tiles=pixels, tile_weights=_bare_weights(own, textures, marks))
        stock = open_stock(bare, products, [face.category for face in opened.faces])
        return SceneAssets(stock, SceneGrounds(pixels, _photo_weights(tiles, own), marks.quads, marks.offsets), tiles.names, other)

    return of_side(opened.studio, None if opened.held_out is None else of_side(opened.held_out, None))


def _tiles(recipe: Recipe, cache: Path) -> tuple[Tiles, SceneMarks]:
    """Return textures, then whole photos, and the quads of text that each already holds."""
    textures = make_textures(cache)
    bare = np.zeros(len(textures) + 1, dtype=np.int64)
    if recipe.ground.folder is None:
        return textures, SceneMarks(np.zeros((0, 4, 2), dtype=np.float32), bare)
    pictures, marks, _, _ = read_scene_photos(recipe.ground.folder, cache)  # counted and told when the studio was opened
    return join([textures, pictures], cache), SceneMarks(marks.quads, np.concatenate([bare[:-1], marks.offsets]))


def _bare_weights(weights: F64, textures: F64, marks: SceneMarks) -> F64:
    """Return weights without photos that hold text: packs and studios have no place for its truth; all textures where nothing is left."""
    bare = np.where(np.diff(marks.offsets) > 0, 0.0, weights)
    return np.asarray(bare if bare.sum() > 0 else textures, dtype=np.float64)


def _photo_weights(tiles: Tiles, weights: F64) -> F64:
    """Return weights of photos alone, for scenes on photos; of all tiles where there are none."""
    photos = weights * (tiles.channels == 3)
    return photos if photos.sum() > 0 else weights
