"""A studio of few faces and quiet recipes: what the tests of the renderer paint with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from synthgen.arrays import U64
from synthgen.assets.studio import Opened, open_studio
from synthgen.recipe import Recipe
from synthgen.scene.records import Grounds
from synthgen.scene.words import Studio

Table = dict[str, object]
Tables = dict[str, Table]
FEW_FACES: Tables = {"fonts": {"faces_per_family": 1}}
WITHOUT_LOOKS = ("text", "fonts", "scene", "photo_scene", "split")  # tables that do not change word crops


def open_few(cache: Path) -> Opened:
    """Return a studio of one face a family, as `FEW_FACES` in a recipe file gives."""
    return open_studio(Recipe.checked(dict(FEW_FACES), place="few faces"), cache)


def tables_of(recipe: BaseModel) -> dict[str, BaseModel]:
    return {name: getattr(recipe, name) for name in type(recipe).model_fields}


def quiet_tables() -> Tables:
    """Return the tables of a recipe in which nothing happens to the word: dark ink, no effect, no neighbour, no bend."""
    shares: Tables = {
        name: {key: 0.0 for key in type(table).model_fields if key.endswith("_share")}
        for name, table in tables_of(Recipe()).items()
        if name not in WITHOUT_LOOKS
    }
    still: Tables = {
        "ink": {"dark_share": 1.0, "opacity": (1.0, 1.0), "edge": (1.0, 1.0)},
        "ground": {"light_share": 1.0, "grey_share": 1.0, "texture_contrast": (0.0, 0.0)},
        "light": {"exposure": (1.0, 1.0)},
        "camera": {"curve": (0.0, 0.0), "cast": (1.0, 1.0), "fade": (0.0, 0.0), "quality": (95.0, 95.0)},
        "crop": {"margin": (0.1, 0.3)},
    }
    return merged(shares, still)


def merged(*parts: Tables) -> Tables:
    """Return tables joined key by key, later ones first."""
    out: Tables = {}
    for part in parts:
        for name, table in part.items():
            out[name] = {**out.get(name, {}), **table}
    return out


def looking(studio: Studio, *parts: Tables) -> Studio:
    """Return the studio with the looks of another recipe; texts, faces and tiles stay."""
    return replace(studio, recipe=Recipe.checked(dict(merged(*parts)), place="looks"))


def on_paper(studio: Studio, grey: int = 255) -> Studio:
    """Return the studio with one even tile alone."""
    pixels = np.full(8 * 8 * 3, grey, dtype=np.uint8)
    pixels.flags.writeable = False  # as mapped files are: else every kernel is compiled again
    tile = Grounds(pixels, np.zeros(1, np.int64), np.full((1, 2), 8, np.int32), np.full(1, 3, np.int32))
    return replace(studio, tiles=tile, tile_weights=np.ones(1))


def first(count: int, begin: int = 0) -> U64:
    return np.arange(begin, begin + count, dtype=np.uint64)
