"""Word crops cut out of scenes: rectified by their quads, with the jitter of real boxes, for readers that must see real context."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synthgen.alphabet import READER_STEPS, steps_needed
from synthgen.arrays import F64, I64, U8, U16, Image, Quads
from synthgen.chance import Stream, uniforms
from synthgen.recipe import CropRecipe
from synthgen.scene.kernels import cut_quad
from synthgen.scene.pieces import Truth
from synthgen.scene.plan import within
from synthgen.scene.words import WordBlock

WORDS_A_SCENE = 16  # neighbouring samples share a scene: painting it costs as much as a hundred crops
SCENES_APART = 1 << 40  # scenes of crops begin here, so that they are none of those in the scene shards
DRAWS = 6
LEAST_VISIBLE = 0.9


@dataclass(frozen=True)
class Cut:
    """One crop."""

    picture: U8  # (height, width, 3)
    labels: U16
    quads: Quads
    face: int
    tile: int


Painted = Callable[[int], tuple[Image, Truth, int]]  # scene number -> picture, truth, background tile


def with_scene_words(block: WordBlock, painted: Painted, recipe: CropRecipe, seed: int, source: int) -> WordBlock:
    """Return the block with `recipe.from_scenes_share` of its samples cut out of scenes; those without a readable word stay as they are.

    A crop has the channel order of `painted`, its tile's row among the backgrounds of scenes, and `source` as its source.
    """
    draws = uniforms(seed, Stream.SCENE_WORD, block.index, DRAWS)
    last: dict[int, tuple[Image, Truth, int]] = {}
    cuts: dict[int, Cut] = {}
    for row in np.flatnonzero(draws[:, 0] < recipe.from_scenes_share).tolist():
        number = SCENES_APART + int(block.index[row]) // WORDS_A_SCENE
        if number not in last:
            last = {number: painted(number)}
        cut = cut_word(last[number], recipe, draws[row, 1:])
        if cut is not None:
            cuts[row] = cut
    return replaced(block, cuts, source) if cuts else block


def cut_word(scene: tuple[Image, Truth, int], recipe: CropRecipe, draws: F64) -> Cut | None:
    """Return a readable word of a scene as a crop, or None where it has none."""
    picture, truth, tile = scene
    words = [k for k, text in enumerate(truth.word_text) if readable(truth, k, text)]
    if not words:
        return None
    word = words[int(draws[0] * len(words))]
    own = truth.char_word == word
    pads = within(draws[1:5], recipe.margin)
    quad, chars = truth.word_quads[word].astype(np.float64), truth.char_quads[own].copy()
    out = np.empty((recipe.height_px, recipe.widest_px, 3), dtype=np.uint8)
    width = cut_quad(picture, quad, pads, chars, out)
    return Cut(np.ascontiguousarray(out[:, :width]), truth.char_codes[own], chars, int(truth.word_face[word]), tile)


def readable(truth: Truth, word: int, text: str) -> bool:
    """Return whether a word can be a label: known, seen, with a quad a character, within the reader's steps."""
    seen = bool(truth.word_visible[word] >= LEAST_VISIBLE) and not truth.word_ignore[word]
    return seen and 0 < steps_needed(text) <= READER_STEPS and int((truth.char_word == word).sum()) == len(text)


def replaced(block: WordBlock, cuts: dict[int, Cut], source: int) -> WordBlock:
    """Return the block with the rows of `cuts` in place of its own."""
    rows = range(len(block.index))
    pictures = [cuts[row].picture if row in cuts else block.picture(row) for row in rows]
    labels = [cuts[row].labels if row in cuts else block.labels[block.char_offsets[row] : block.char_offsets[row + 1]] for row in rows]
    quads = [cuts[row].quads if row in cuts else block.char_quads(row) for row in rows]
    face, tile, sources, contrast = block.face.copy(), block.tile.copy(), block.source.copy(), block.contrast.copy()
    for row, cut in cuts.items():
        face[row], tile[row], sources[row], contrast[row] = cut.face, cut.tile, source, spread(cut.picture)
    return replace(
        block,
        pixels=np.concatenate([picture.reshape(-1) for picture in pictures]),
        offsets=starts([picture.size for picture in pictures]),
        width=np.array([picture.shape[1] for picture in pictures], dtype=np.int32),
        labels=np.concatenate(labels).astype(np.uint16),
        char_offsets=starts([len(label) for label in labels]),
        quads=np.concatenate(quads),
        face=face,
        tile=tile,
        source=sources,
        contrast=contrast,
        counts=block.counts | {"from_scenes": len(cuts)},
    )


def spread(picture: U8) -> float:
    """Return the largest range of a channel between its 5th and 95th percentile, 0 to 1: what a crop has for contrast, its ink unknown."""
    low, high = np.percentile(picture.reshape(-1, 3), (5, 95), axis=0)
    return float((high - low).max() / 255)


def starts(sizes: list[int]) -> I64:
    """Return where each part begins, and the end."""
    return np.cumsum([0, *sizes], dtype=np.int64)
