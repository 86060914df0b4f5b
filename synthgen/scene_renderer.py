"""Scenes by index: planned, painted, their heat maps drawn; as arrays for trainers, encoded for shards."""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass

import cv2
import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, I64, U8, Image
from synthgen.assets.scene_assets import SceneAssets
from synthgen.chance import Stream, uniforms
from synthgen.heatmaps import LEAST_SEEN as LEAST_SEEN
from synthgen.heatmaps import drawable, heat_maps
from synthgen.held_out import TRAIN, VALIDATION
from synthgen.photo_recipe import SizedPhotoRecipe
from synthgen.recipe import Recipe
from synthgen.scene.packs import plan_product_scene
from synthgen.scene.photo_scenes import plan_photo_scene
from synthgen.scene.pieces import ScenePlan, Truth
from synthgen.scene.scenes import Easel, paint_scene, set_up
from synthgen.shards.scenes import SceneRows

BLOCK = 10  # scenes encoded at a time, about 12 MB of pixels
# Maps are mostly black, between runs of slopes that fit no filter: runs alone take 0.2 ms and 5 % more bytes than what OpenCV would try,
# which takes 0.8 ms.
PNG = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)


@dataclass(frozen=True)
class Scene:
    """One rendered scene."""

    index: int
    picture: Image  # (h, w, 3)
    truth: Truth
    region: U8  # (ceil(h / 2), ceil(w / 2)), 255 = 1.0
    affinity: U8
    tile: int
    quality: int  # of the JPEG it is meant to be stored as
    counts: dict[str, int]
    split: int = TRAIN  # row of held_out.SPLITS


class ScenePainter:
    """Makes scenes of one run; each worker has one, as its canvas is used again for each scene."""

    def __init__(self, assets: SceneAssets, recipe: Recipe, seed: int) -> None:
        self._assets, self._recipe, self._seed = assets, recipe, seed
        size = (recipe.scene.height_px, recipe.scene.width_px)
        self._photo = SizedPhotoRecipe.model_validate(recipe.photo_scene.model_dump() | {"height_px": size[0], "width_px": size[1]})
        self._easel: Easel = set_up(assets.stock.studio, assets.stock.studio.tiles, size)

    def side_of(self, index: int) -> int:
        """Return whether scene `index` is for TRAIN or VALIDATION."""
        if self._assets.held_out is None:
            return TRAIN
        draw = uniforms(self._seed, Stream.SPLIT, np.array([index], dtype=np.uint64), 2)[0, 1]  # the first is of words
        return VALIDATION if draw < self._recipe.split.validation_share else TRAIN

    def assets_of(self, side: int) -> SceneAssets:
        """Return what scenes of a side are made from."""
        return self._assets if self._assets.held_out is None or side == TRAIN else self._assets.held_out

    def is_product(self, index: int) -> bool:
        """Return whether scene `index` has packs, not text on a photo."""
        kind = uniforms(self._seed, Stream.SCENE_KIND, np.array([index], dtype=np.uint64), 1)[0, 0]
        return bool(kind < self._recipe.scene.product_share)

    def plan(self, index: int, side: int | None = None) -> ScenePlan:
        """Return the plan of scene `index`: packs, or text on a photo, by the recipe's share; `side` None: the scene's own."""
        assets = self.assets_of(self.side_of(index) if side is None else side)
        if self.is_product(index):
            return plan_product_scene(assets.stock, self._recipe.scene, self._seed, index)
        return plan_photo_scene(assets.stock.studio, assets.grounds, self._photo, self._seed, index)

    def scene(self, index: int, *, blue_first: bool = False, side: int | None = None) -> Scene:
        """Return scene `index`; it depends on (recipe, assets, seed, index, side) alone.

        `blue_first`: as OpenCV's encoder wants it; `side`: of its faces and backgrounds, None: drawn as the recipe's split says.
        """
        side = self.side_of(index) if side is None else side
        plan = self.plan(index, side)
        picture, truth = paint_scene(plan, self._easel, blue_first=blue_first)
        shown = truth.char_visible >= LEAST_SEEN
        region, affinity = heat_maps(truth.char_quads, np.where(shown, truth.char_word, -1).astype(np.int32), plan.size)
        counts = {
            "scene_lines_refused": plan.refused,
            "scene_lines_redrawn": truth.redrawn,
            "scene_words_hidden": truth.hidden,
            "scene_characters_without_peak": int((~shown | ~drawable(truth.char_quads)).sum()),
        }
        if self._assets.held_out is not None:
            counts["scenes_validation"] = int(side == VALIDATION)
        return Scene(index, picture, truth, region, affinity, plan.tile, int(plan.looks["quality"][0]), counts, side)


def scene_rows(scenes: Sequence[Scene], alphabet: Alphabet, first_background: int) -> SceneRows:
    """Return the rows of scenes painted with `blue_first`; `first_background`: row of the first tile's name."""
    truths = [scene.truth for scene in scenes]
    jpegs = [jpeg(scene) for scene in scenes]
    regions, affinities = [png(scene.region) for scene in scenes], [png(scene.affinity) for scene in scenes]
    words = [text.encode() for truth in truths for text in truth.word_text]
    letters = [b"", *(char.encode() for char in alphabet.characters)]
    chars = [letters[code] for truth in truths for code in truth.char_codes.tolist()]
    polygons = [polygon for truth in truths for polygon in truth.polygons]
    return SceneRows(
        index=np.array([scene.index for scene in scenes], dtype=np.int64),
        jpeg=np.concatenate(jpegs),
        jpeg_offsets=_offsets(jpegs),
        width=np.array([scene.picture.shape[1] for scene in scenes], dtype=np.int32),
        height=np.array([scene.picture.shape[0] for scene in scenes], dtype=np.int32),
        region=np.concatenate(regions),
        region_offsets=_offsets(regions),
        affinity=np.concatenate(affinities),
        affinity_offsets=_offsets(affinities),
        background=np.array([first_background + max(scene.tile, -1) for scene in scenes], dtype=np.int32),
        split=np.array([scene.split for scene in scenes], dtype=np.int32),
        word_offsets=_offsets([truth.word_text for truth in truths]),
        word_text=np.frombuffer(b"".join(words), dtype=np.uint8),
        word_text_offsets=_offsets(words),
        word_quads=np.concatenate([truth.word_quads for truth in truths]),
        polygon=_joined(polygons),
        polygon_offsets=_offsets(polygons),
        word_line=np.concatenate([truth.word_line for truth in truths]),
        word_font=np.concatenate([truth.word_face for truth in truths]),
        word_visible=np.concatenate([truth.word_visible for truth in truths]),
        word_ignore=np.concatenate([truth.word_ignore for truth in truths]),
        char_offsets=_offsets([truth.char_codes for truth in truths]),
        char_text=np.frombuffer(b"".join(chars), dtype=np.uint8),
        char_text_offsets=_offsets(chars),
        char_word=np.concatenate([truth.char_word for truth in truths]),
        char_quads=np.concatenate([truth.char_quads for truth in truths]),
        char_visible=np.concatenate([truth.char_visible for truth in truths]),
    )


def encoded_scenes(
    painter: ScenePainter, span: range, alphabet: Alphabet, first_background: int
) -> Iterator[tuple[SceneRows, dict[str, int]]]:
    """Yield the scenes of `span` in blocks of rows, each with its counts."""
    for begin in span[::BLOCK]:
        scenes = [painter.scene(index, blue_first=True) for index in range(begin, min(begin + BLOCK, span.stop))]
        names = scenes[0].counts
        yield scene_rows(scenes, alphabet, first_background), {name: sum(scene.counts[name] for scene in scenes) for name in names}


def jpeg(scene: Scene) -> U8:
    """Return the file of a picture painted with `blue_first`."""
    return np.asarray(cv2.imencode(".jpg", scene.picture, (cv2.IMWRITE_JPEG_QUALITY, scene.quality))[1], dtype=np.uint8)


def png(heat: U8) -> U8:
    """Return the file of a heat map."""
    return np.asarray(cv2.imencode(".png", heat, PNG)[1], dtype=np.uint8)


def _joined(polygons: Sequence[F32]) -> F32:
    return np.concatenate([np.zeros((0, 2), dtype=np.float32), *polygons])


def _offsets(parts: Sequence[Sized]) -> I64:
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)
