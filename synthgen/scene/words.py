"""Word crops: indices in, pictures with labels and character quads out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, F64, I32, I64, U8, U16, U64, Bools, Quads
from synthgen.chance import Stream, uniforms
from synthgen.recipe import Recipe
from synthgen.scene.faces import FaceTable, choose_faces, covered
from synthgen.scene.kernels import SIDES, lay_out, paint
from synthgen.scene.own_texts import Keeps, OwnTexts, plan_own_texts
from synthgen.scene.plan import Looks, plan_looks
from synthgen.scene.records import FRAME, Atlas, Grounds, Lines
from synthgen.scene.texts import TextRules, Texts, TextTable, plan_neighbours

BANK = 1 << 16  # normal numbers
BANK_RIM = 1 << 13  # beyond, so that a row never wraps
ASTRAY = 2  # side of a sample whose text is not of its studio's: mixed


@dataclass(frozen=True)
class Studio:
    """All that pictures are made from; read-only, shared by every block."""

    recipe: Recipe
    alphabet: Alphabet
    texts: TextTable
    rules: TextRules
    faces: FaceTable
    atlas: Atlas
    tiles: Grounds
    tile_weights: F64  # (tiles,)
    bank: F32  # (BANK + BANK_RIM,) normal numbers
    shape: Callable[[I32, Sequence[str]], tuple[Lines, Bools]]  # faces, texts -> glyphs in line px, texts with one missing
    side: int = 0  # row of held_out.SPLITS
    keeps: Keeps | None = None  # which texts may be shown; None: all


@dataclass(frozen=True)
class WordBlock:
    """Rendered words, a row a sample."""

    index: U64  # (n,)
    pixels: U8  # flat, (height, width, 3) each
    offsets: I64  # (n + 1,) into pixels
    height: int
    width: I32  # (n,)
    labels: U16  # classes, flat
    char_offsets: I64  # (n + 1,) into labels and quads
    quads: Quads  # (chars, 4, 2)
    face: I32  # (n,)
    tile: I32  # (n,)
    source: I32  # (n,)
    contrast: F32  # (n,) 0 to 1
    quality: I32  # (n,) of the JPEG it is meant to be stored as
    alphabet: Alphabet  # of the classes
    counts: dict[str, int]  # refused: texts that did not fit or had no face; redrawn: inks and pictures
    split: I32  # (n,) rows of held_out.SPLITS

    def picture(self, row: int) -> U8:
        """Return the picture of a row, uint8 `(height, width, 3)`, a view."""
        return self.pixels[self.offsets[row] : self.offsets[row + 1]].reshape(self.height, int(self.width[row]), 3)

    def text(self, row: int) -> str:
        """Return the label of a row."""
        return self.alphabet.decode(self.labels[self.char_offsets[row] : self.char_offsets[row + 1]])

    def char_quads(self, row: int) -> Quads:
        """Return a quad for each character of a row's label, float32 `(characters, 4, 2)`, pixels, a view."""
        return self.quads[self.char_offsets[row] : self.char_offsets[row + 1]]


def noise_bank() -> F32:
    """Return normal numbers, float32 `(BANK + BANK_RIM,)`. Source: sum of twelve uniforms (Irwin-Hall), without a logarithm."""
    draws = uniforms(0, Stream.TEXTURE, np.arange(BANK, dtype=np.uint64), 12)
    total = np.full(BANK, -6.0)
    for column in draws.T:  # in order: a reduction's order may differ between processors
        total += column
    return np.concatenate([total, total[:BANK_RIM]]).astype(np.float32)


def render_words(studio: Studio, seed: int, index: U64, *, blue_first: bool = False) -> WordBlock:
    """Return the samples of `index`; each depends on (recipe, assets, seed, its index) alone, not on its block.

    `blue_first`: channels as OpenCV's encoder wants them, else RGB.
    """
    texts = (own := plan_own_texts(studio.texts, studio.rules, studio.keeps, seed, index)).texts
    face, labels = choose_faces(studio.faces, texts.codes, texts.offsets, seed, index)
    looks = plan_looks(studio.recipe, studio.tile_weights, seed, index)
    looks["spacing"][studio.faces.joined[face]] = 0
    lines, missing = studio.shape(face, strings(studio.alphabet, texts.codes, texts.offsets))
    if missing.any():  # the atlas holds all that the alphabet's characters can become
        raise ValueError(f"shaping: sample {index[missing.argmax()]} has a glyph that is not in the atlas of face {face[missing.argmax()]}")
    crop = studio.recipe.crop
    frames, quads = placed(studio, looks, lines, face, texts.offsets)
    others, usable = shape_neighbours(studio, looks, face, seed, index)
    width = frames["width"].astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum(width.astype(np.int64) * crop.height_px * 3)])
    pixels, contrast, tally = np.empty(offsets[-1], dtype=np.uint8), np.empty(len(index), dtype=np.float32), np.zeros(3, dtype=np.int64)
    limits = np.array([crop.height_px, 255 * studio.recipe.ink.least_contrast])
    paint(
        looks, frames, lines, others, usable, studio.atlas, studio.tiles, studio.bank, limits, blue_first, offsets, pixels, contrast, tally
    )
    return WordBlock(
        index=index,
        pixels=pixels,
        offsets=offsets,
        height=crop.height_px,
        width=width,
        labels=labels,
        char_offsets=texts.offsets,
        quads=quads,
        face=face,
        tile=looks["tile"].copy(),
        source=texts.source,
        contrast=contrast,
        quality=looks["quality"].copy(),
        alphabet=studio.alphabet,
        counts=_counts(own, tally, split=studio.keeps is not None),
        split=np.where(own.astray, ASTRAY, studio.side).astype(np.int32),
    )


def _counts(own: OwnTexts, tally: I64, *, split: bool) -> dict[str, int]:
    """Return what was refused and made again; `tally` (3,) as `paint` writes it."""
    counts = {"refused": own.texts.refused, "redrawn": int(tally[1]), "faint": int(tally[2]), "inks_passed_over": int(tally[0])}
    return counts | ({"texts_of_other_side_redrawn": own.redrawn} if split else {})


def placed(studio: Studio, looks: Looks, lines: Lines, face: I32, char_offsets: I64) -> tuple[Looks, Quads]:
    """Return how each line lies in its picture, `(n,)` of FRAME, and its character quads; letters are spaced in `lines`."""
    frames, quads = np.zeros(len(looks), dtype=FRAME), np.empty((char_offsets[-1], 4, 2), dtype=np.float32)
    crop = np.array([studio.recipe.crop.height_px, studio.recipe.crop.widest_px], dtype=np.int32)
    lay_out(looks, lines, studio.atlas, face, char_offsets, crop, frames, quads)
    return frames, quads


def strings(alphabet: Alphabet, codes: U16, offsets: I64) -> list[str]:
    """Return the texts of classes, decoded a block at a time."""
    points = np.frombuffer(alphabet.characters.encode("utf-32-le"), dtype="<u4")
    whole = points[codes.astype(np.int64) - 1].tobytes().decode("utf-32-le")
    edges = offsets.tolist()
    return [whole[first:last] for first, last in pairwise(edges)]


def plan_others(studio: Studio, looks: Looks, seed: int, index: U64) -> tuple[I64, Texts]:
    """Return the other texts that the samples ask for; text k is number `rows[k] % SIDES` (left, right, above, below) of its sample.

    A text beneath the word stands in the place of the left one.
    """
    beneath = looks["beneath"] > 0
    wanted = np.stack([(looks["left_gap"] > 0) | beneath, looks["right_gap"] > 0, looks["above"] > 0, looks["below"] > 0], axis=1)
    wanted[beneath, 1:] = False
    rows = np.flatnonzero(wanted)
    return rows, plan_neighbours(studio.texts, studio.rules, seed, index[rows // SIDES], (rows % SIDES).astype(np.uint64))


def shape_neighbours(studio: Studio, looks: Looks, face: I32, seed: int, index: U64) -> tuple[Lines, Bools]:
    """Return the other texts of each sample, SIDES a sample in the word's face, and which of them may be drawn; unneeded ones are empty."""
    rows, texts = plan_others(studio, looks, seed, index)
    drawn = np.flatnonzero(covered(studio.faces.covers, face[rows // SIDES], texts.codes, texts.offsets))
    rows, every = rows[drawn], strings(studio.alphabet, texts.codes, texts.offsets)
    lines, missing = studio.shape(face[rows // SIDES], [every[k] for k in drawn])
    usable, lengths = np.zeros(SIDES * len(index), dtype=np.bool_), np.zeros(SIDES * len(index), dtype=np.int64)
    usable[rows], lengths[rows] = ~missing, np.diff(lines.offsets)
    return lines._replace(offsets=np.concatenate([[0], np.cumsum(lengths)])), usable
