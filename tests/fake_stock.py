"""A studio with two made faces of equally wide letters, and the words of a few lines: no fonts, no files."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import I32, Bools
from synthgen.assets.products import load_products
from synthgen.recipe import Recipe, TextRecipe
from synthgen.scene.faces import FaceTable
from synthgen.scene.pack_stock import Stock, open_stock
from synthgen.scene.records import Atlas, Grounds, Lines
from synthgen.scene.text_kernels import WordArrays
from synthgen.scene.texts import TextRules, TextTable
from synthgen.scene.words import Studio

ADVANCE, INK = 24.0, (2.0, -30.0, 22.0, 6.0)  # line px


def text_table(alphabet: Alphabet, words: Sequence[str]) -> TextTable:
    codes = [alphabet.encode(word) for word in words]
    start = np.cumsum([0, *map(len, codes)]).astype(np.int32)
    arrays = WordArrays(
        codes=np.concatenate(codes),
        start=start,
        last=np.ones(len(words), dtype=np.bool_),
        first=np.array([0, len(words)]),
        cumulative=np.zeros(0),
        cumulative_first=np.zeros(2, dtype=np.int64),
    )
    return TextTable(arrays, np.ones(1), ("made",), {})


def atlas_of(alphabet: Alphabet) -> Atlas:
    """Return letters that are all alike; the space has no ink."""
    glyphs = len(alphabet.characters) + 1
    blank = np.array([k == alphabet.classes.get(" ", -1) for k in range(glyphs)])
    return Atlas(
        fields=np.zeros(0, dtype=np.uint8),
        start=np.zeros(glyphs, dtype=np.int64),
        size=np.where(blank[:, None], 0, 36).astype(np.int32).repeat(2, axis=1),
        origin=np.zeros((glyphs, 2), dtype=np.float32),
        ink=np.tile(np.array(INK, dtype=np.float32), (glyphs, 1)),
        metrics=np.array([[36, 10, 22, 30]] * 2, dtype=np.float32),
    )


def studio_of(alphabet: Alphabet, words: Sequence[str]) -> Studio:
    glyphs = len(alphabet.characters) + 1

    def shape(face: I32, texts: Sequence[str]) -> tuple[Lines, Bools]:
        codes = [alphabet.encode(text) for text in texts]
        places = [np.arange(len(code)) for code in codes]
        cluster = np.concatenate([np.zeros(0, dtype=np.int64), *places])
        glyph = np.concatenate([np.zeros(0, dtype=np.uint16), *codes]).astype(np.int32)
        x = (ADVANCE * cluster).astype(np.float32)
        offsets = np.cumsum([0, *map(len, codes)]).astype(np.int64)
        lines = Lines(glyph, cluster.astype(np.int32), x, np.zeros_like(x), np.full(len(x), ADVANCE, dtype=np.float32), offsets)
        return lines, np.zeros(len(texts), dtype=np.bool_)

    return Studio(
        recipe=Recipe(),
        alphabet=alphabet,
        texts=text_table(alphabet, words),
        rules=cast("TextRules", None),  # scenes do not balance characters
        faces=FaceTable(
            covers=np.ones((2, glyphs), dtype=np.bool_),
            caps_only=np.zeros(2, dtype=np.bool_),
            joined=np.zeros(2, dtype=np.bool_),
            weights=np.ones(2),
            upper=alphabet.upper,
        ),
        atlas=atlas_of(alphabet),
        tiles=Grounds(np.zeros(2 * 640_000, np.uint8), np.array([0, 640_000]), np.full((2, 2), 800, np.int32), np.ones(2, np.int32)),
        tile_weights=np.ones(2),
        bank=np.zeros(0, dtype=np.float32),
        shape=shape,
    )


def stock_of(alphabet: Alphabet, words: Sequence[str] = ("ab",), recipe: TextRecipe | None = None) -> Stock:
    studio = studio_of(alphabet, words)
    products = load_products(recipe or TextRecipe(), alphabet, studio.texts)
    return open_stock(studio, products, ("sans", "display"))
