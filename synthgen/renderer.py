"""Word samples by index, without disk: encoded blocks for shards, plain arrays for trainers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import I64, U8, U16, U64, Bools, Image
from synthgen.assets.cache import default_folder
from synthgen.assets.mapped import release
from synthgen.assets.scene_assets import SceneAssets, open_scene_assets
from synthgen.assets.studio import Opened, open_studio
from synthgen.chance import Stream, uniforms
from synthgen.errors import SynthgenError
from synthgen.held_out import MIXED, SPLITS, VALIDATION
from synthgen.job import Job
from synthgen.recipe import Recipe
from synthgen.scene.block_parts import in_order
from synthgen.scene.pieces import Truth
from synthgen.scene.scene_words import with_scene_words
from synthgen.scene.words import Studio, WordBlock, render_words
from synthgen.scene_renderer import Scene, ScenePainter, encoded_scenes
from synthgen.shards.scenes import SceneRows
from synthgen.shards.words import Names, WordRows

BLOCK = 500  # samples painted at a time: with fewer, calls of NumPy cost more than what they do; with more, nothing is gained
MOST_MAPPED_BYTES = 200_000_000  # of tiles a worker may hold; of more, what blocks have touched is let go after BLOCKS_HELD of them
BLOCKS_HELD = 4  # to let go after each took up to 5 % longer; a block touches about 14 MB of 1,300, with photos everywhere about 40
PLAIN = "plain"  # name of a scene's ground that is one colour
FROM_SCENE = "scene"  # source of a word cut out of a scene


class Renderer:
    """Makes encoded blocks of one run, words and scenes; each worker has one."""

    def __init__(self, opened: Opened, seed: int, scenes: SceneAssets | None = None) -> None:
        """Take the opened assets; `scenes`: those of scenes, None where none are asked for."""
        self._studio, self._held_out, self._seed = opened.studio, opened.held_out, seed
        self._painter = None if scenes is None else ScenePainter(scenes, opened.studio.recipe, seed)
        self._first_background = len(opened.backgrounds) + 1
        backgrounds = opened.backgrounds if scenes is None else (*opened.backgrounds, PLAIN, *scenes.backgrounds)
        sources = opened.sources if scenes is None else (*opened.sources, FROM_SCENE)
        self.names = Names(tuple(face.name for face in opened.faces), backgrounds, sources, SPLITS)

    def words(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
        """Yield the words first to last - 1 in blocks, with what was refused and redrawn."""
        tiles = self._studio.tiles.pixels
        for number, block in enumerate(self.blocks(range(first, last), BLOCK, blue_first=True), start=1):
            yield encoded(block, self._studio.alphabet), block.counts
            if tiles.nbytes > MOST_MAPPED_BYTES and number % BLOCKS_HELD == 0:
                release(tiles)

    def blocks(self, span: range, size: int = BLOCK, *, blue_first: bool = False) -> Iterator[WordBlock]:
        """Yield the words of `span` (step 1), `size` at a time; `blue_first`: channels as OpenCV's encoder wants them, else RGB."""
        for begin in span[::size]:
            index = np.arange(begin, min(begin + size, span.stop), dtype=np.uint64)
            yield self._block(index, blue_first=blue_first)

    def _block(self, index: U64, *, blue_first: bool) -> WordBlock:
        """Return samples, each painted with what its side has."""
        if self._held_out is None:
            return self._painted(self._studio, index, blue_first=blue_first)
        held = self._held(index)
        sides = ((self._studio, index[~held]), (self._held_out, index[held]))
        block = in_order([self._painted(studio, own, blue_first=blue_first) for studio, own in sides if len(own)], index)
        return replace(block, counts=block.counts | {f"words_{SPLITS[k]}": int((block.split == k).sum()) for k in (VALIDATION, MIXED)})

    def _held(self, index: U64) -> Bools:
        """Return which samples are for validation."""
        return np.asarray(uniforms(self._seed, Stream.SPLIT, index, 1)[:, 0] < self._studio.recipe.split.validation_share)

    def studio_of(self, index: int) -> Studio:
        """Return what sample `index` is painted with."""
        return self._studio if self._held_out is None or not self._held(np.array([index], dtype=np.uint64))[0] else self._held_out

    def _painted(self, studio: Studio, index: U64, *, blue_first: bool) -> WordBlock:
        return self._with_scene_words(studio, render_words(studio, self._seed, index, blue_first=blue_first), blue_first=blue_first)

    def scenes(self, first: int, last: int) -> Iterator[tuple[SceneRows, dict[str, int]]]:
        """Yield the scenes first to last - 1 in blocks, with what was refused, redrawn and hidden."""
        if self._painter is None:
            raise ValueError("renderer: need the assets of scenes, got none")
        yield from encoded_scenes(self._painter, range(first, last), self._studio.alphabet, self._first_background)

    def _with_scene_words(self, studio: Studio, block: WordBlock, *, blue_first: bool) -> WordBlock:
        recipe, painter = studio.recipe.crop, self._painter
        if painter is None or recipe.from_scenes_share == 0:
            return block

        def painted(number: int) -> tuple[Image, Truth, int]:
            scene = painter.scene(number, blue_first=blue_first, side=studio.side)
            return scene.picture, own_truth(studio, scene.truth), self._first_background + scene.tile

        return with_scene_words(block, painted, recipe, self._seed, len(self.names.sources) - 1)


def own_truth(studio: Studio, truth: Truth) -> Truth:
    """Return what is in a scene with words that the studio may not show as words to ignore: scenes are not split by text, crops are."""
    if studio.keeps is None or not truth.word_text:
        return truth
    codes = [truth.char_codes[truth.char_word == word] for word in range(len(truth.word_text))]
    kept = studio.keeps(np.concatenate(codes), np.cumsum([0, *map(len, codes)], dtype=np.int64))
    return replace(truth, word_ignore=truth.word_ignore | ~kept)


def needs_scenes(recipe: Recipe, scenes: int) -> bool:
    """Return whether a run paints scenes: for their own shards, or to cut words out of."""
    return scenes > 0 or recipe.crop.from_scenes_share > 0


def open_renderer(job: Job, cure: str = "put it back and go on with --resume, or render to another OUT") -> Renderer:
    """Return the renderer of a job; its recipe's assets come from the cache. `cure`: of an asset that was changed.

    Raises:
        SynthgenError: an asset is no longer what it was when the run began.
    """
    recipe, cache = Recipe.model_validate(job.recipe.model_dump()), job.cache or default_folder()
    opened = open_studio(recipe, cache)
    for name, digest in job.assets.items():
        found = opened.digests.get(name, "none")
        if found != digest:
            raise SynthgenError(f"{name}: need what the run began with, digest {digest}, got {found}: it was changed since; {cure}")
    return Renderer(opened, job.seed, open_scene_assets(opened, recipe, cache) if needs_scenes(recipe, job.scenes) else None)


def encoded(block: WordBlock, alphabet: Alphabet) -> WordRows:
    """Return the rows of a block painted with `blue_first`, its pictures as JPEG of their own quality."""
    rows = range(len(block.index))
    jpegs = [cv2.imencode(".jpg", block.picture(row), (cv2.IMWRITE_JPEG_QUALITY, int(block.quality[row])))[1] for row in rows]
    text, text_offsets = utf8(alphabet, block.labels, block.char_offsets)
    return WordRows(
        index=block.index.astype(np.int64),
        jpeg=np.concatenate(jpegs),
        jpeg_offsets=np.concatenate([[0], np.cumsum([len(jpeg) for jpeg in jpegs])]),
        width=block.width,
        height=np.full(len(block.index), block.height, dtype=np.int32),
        text=text,
        text_offsets=text_offsets,
        quads=block.quads,
        quad_offsets=block.char_offsets,
        font=block.face,
        background=block.tile,
        source=block.source,
        split=block.split,
        contrast=block.contrast,
    )


def utf8(alphabet: Alphabet, labels: U16, offsets: I64) -> tuple[U8, I64]:
    """Return all labels as UTF-8, `(bytes,)`, and where each begins, `(n + 1,)`."""
    parts = [char.encode() for char in alphabet.characters]
    lengths = np.array([0, *map(len, parts)])[labels]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    if len(ends) - 1 == ends[-1]:  # one byte a character
        return np.frombuffer(b"\0" + b"".join(parts), dtype=np.uint8)[labels], offsets
    return np.frombuffer(b"".join(parts[k - 1] for k in labels), dtype=np.uint8), ends[offsets]


class BlockRenderer:
    """Samples by index, without disk: the same that `synthgen render` writes before JPEG; for one thread at a time."""

    def __init__(self, recipe: Recipe, *, seed: int, cache: Path | None = None, train_only: bool = False) -> None:
        """Open the recipe's assets; `train_only`: samples that the recipe's split would give to validation are for training too.

        Raises:
            SynthgenError: the recipe's assets cannot be used.
        """
        folder = cache or default_folder()
        opened = open_studio(recipe, folder)
        scenes = open_scene_assets(opened, recipe, folder) if needs_scenes(recipe, 0) else None
        self._renderer = Renderer(replace(opened, held_out=None) if train_only else opened, seed, scenes)

    def block(self, span: range) -> WordBlock:
        """Return the samples of `span` (step 1, not empty) as arrays, RGB."""
        return next(self._renderer.blocks(span, len(span)))

    def blocks(self, span: range, size: int) -> Iterator[WordBlock]:
        """Yield the samples of `span` (step 1), `size` at a time."""
        return self._renderer.blocks(span, size)


class SceneRenderer:
    """Scenes by index, without disk: the same that `synthgen render` writes before JPEG; for one thread at a time."""

    def __init__(self, recipe: Recipe, *, seed: int, cache: Path | None = None, train_only: bool = False) -> None:
        """Open the recipe's assets; `train_only`: scenes that the recipe's split would give to validation are for training too.

        Raises:
            SynthgenError: the recipe's assets cannot be used.
        """
        folder = cache or default_folder()
        opened = open_studio(recipe, folder)
        assets = open_scene_assets(opened, recipe, folder)
        self._painter = ScenePainter(replace(assets, held_out=None) if train_only else assets, opened.studio.recipe, seed)

    def scene(self, index: int) -> Scene:
        """Return scene `index`: picture (RGB), words and characters, heat maps."""
        return self._painter.scene(index)


def stream(recipe: Recipe, span: range, *, seed: int, block: int = BLOCK, cache: Path | None = None) -> Iterator[WordBlock]:
    """Yield the samples of `span` (step 1) in blocks of arrays, RGB, without disk: the same that `synthgen render` writes before JPEG.

    Raises:
        SynthgenError: the recipe's assets cannot be used.
    """
    yield from BlockRenderer(recipe, seed=seed, cache=cache).blocks(span, block)
