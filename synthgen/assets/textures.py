"""Procedural tiles: the materials of packs, cartons and shelf tags, as tone alone; the painter gives them colour."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthgen.arrays import F32, U8
from synthgen.assets import materials
from synthgen.assets.cache import cached, digest
from synthgen.assets.materials import TILE_PX, Sheet
from synthgen.assets.tiles import Tiles, from_arrays, starts
from synthgen.chance import Stream, uniforms

PER_FAMILY = 8
VERSION = 1  # raise it when any tile changes: it names the cache
DRAWS = 256  # numbers for each tile
MIDDLE = 128.0  # mean tone

FAMILIES: dict[str, tuple[Callable[[Sheet], F32], float, float]] = {  # how it is drawn, least and most standard deviation of its tone
    "flat": (materials.flat, 0.7, 1.8),
    "gradient": (materials.gradient, 14, 50),
    "paper": (materials.paper, 3, 7),
    "cardboard": (materials.cardboard, 7, 16),
    "foil": (materials.foil, 26, 44),
    "plastic": (materials.plastic, 14, 40),
    "wood": (materials.wood, 14, 34),
    "fabric": (materials.fabric, 12, 34),
    "stripes": (materials.stripes, 20, 62),
    "halftone": (materials.halftone, 20, 60),
    "blobs": (materials.blobs, 20, 50),
    "shapes": (materials.shapes, 24, 60),
    "metal": (materials.metal, 10, 28),
    "speckle": (materials.speckle, 9, 30),
}


def draw_texture(family: str, number: int) -> U8:
    """Return the tone of a tile, `(512, 512)`: mean about 128, its spread drawn from the family's range; of (family, number) alone."""
    draw, least, most = FAMILIES[family]
    index = list(FAMILIES).index(family) * 256 + number
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float32) + np.float32(0.5)
    u = uniforms(0, Stream.TEXTURE, np.array([index], dtype=np.uint64), DRAWS)[0]
    u[0] = (number + 0.5) / PER_FAMILY % 1  # kinds take turns, so that eight tiles hold all of them
    return _toned(draw(Sheet(y=y, x=x, u=u, key=(index + 1) * 4096)), least + (most - least) * u[-1])


def _toned(relief: F32, spread: float) -> U8:
    """Return `relief` as tone of mean about 128 and standard deviation `spread`; whole-number sums, as float sums differ between hosts."""
    low, high = float(relief.min()), float(relief.max())
    level = ((relief - np.float32(low)) * np.float32(65535 / max(high - low, 1e-6))).astype(np.int64)
    mean = int(level.sum()) / level.size
    variance = int((level * level).sum()) / level.size - mean * mean
    tone = (level - mean) * (spread / math.sqrt(max(variance, 1.0))) + MIDDLE
    return np.asarray(np.clip(np.floor(tone + 0.5), 0, 255), dtype=np.uint8)


def make_textures(cache: Path) -> Tiles:
    """Return eight tiles of each family, one channel, 512 x 512, mapped from the folder `cache`; made there the first time.

    Raises:
        SynthgenError: the folder cannot be written.
    """
    return from_arrays(cached(cache, _name(), _all_textures))


def _all_textures() -> dict[str, NDArray[np.generic]]:
    made = [(family, number) for family in FAMILIES for number in range(PER_FAMILY)]
    size = (TILE_PX, TILE_PX, 1)
    index = Tiles(
        pixels=np.concatenate([draw_texture(family, number).ravel() for family, number in made]),
        start=starts([size] * len(made)),
        size=np.array([size[:2]] * len(made), dtype=np.int32),
        channels=np.ones(len(made), dtype=np.int32),
        family=np.repeat(np.arange(len(FAMILIES), dtype=np.int32), PER_FAMILY),
        names=tuple(f"texture/{family}" for family, _ in made),
        families=tuple(FAMILIES),
        digest=digest(_name()),
    )
    return {**index.index(), "pixels": index.pixels}


def _name() -> str:
    return f"textures-{VERSION}-{PER_FAMILY}x{TILE_PX}"
