"""What stands out among many texts: repeated, longest, shortest, and which character is rare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthgen.arrays import I64
from synthgen.report.tally import Tally

LISTED = 12  # of each kind


@dataclass(frozen=True)
class Texts:
    """Figures of the texts that were read."""

    count: int
    different: int
    repeats: int  # whose text stands earlier as well
    repeats_in_font: int  # whose text stands earlier in the same font
    commonest: tuple[tuple[str, int], ...]
    longest: tuple[str, ...]
    shortest: tuple[str, ...]
    rarest: tuple[tuple[str, int, str], ...]  # character, how often, a text with it ("" if there is none)


def texts_of(tally: Tally, alphabet: str) -> Texts:
    """Return what stands out among the texts of a tally."""
    texts = pa.chunked_array(tally.texts, type=pa.string()).combine_chunks()
    coded = texts.dictionary_encode()
    unique, codes = coded.dictionary, coded.indices.to_numpy()
    often = np.bincount(codes, minlength=len(unique))
    lengths = pc.utf8_length(unique).to_numpy(zero_copy_only=False)
    return Texts(
        count=len(texts),
        different=len(unique),
        repeats=len(texts) - len(unique),
        repeats_in_font=len(texts) - _pairs(codes, tally.fonts),
        commonest=tuple((unique[int(row)].as_py(), int(often[row])) for row in _first(-often)),
        longest=tuple(unique[int(row)].as_py() for row in _first(-lengths)),
        shortest=tuple(unique[int(row)].as_py() for row in _first(lengths)),
        rarest=tuple((char, count, _example(unique, char)) for char, count in rarest(tally, alphabet)),
    )


def rarest(tally: Tally, alphabet: Sequence[str]) -> list[tuple[str, int]]:
    """Return the LISTED characters of the alphabet that are seen least, rarest first."""
    return sorted(((char, tally.characters[char]) for char in alphabet), key=lambda pair: pair[1])[:LISTED]


def _first(keys: I64) -> I64:
    """Return the rows of the LISTED least keys, in order; the earlier row first where they are equal."""
    return np.argsort(keys, kind="stable")[:LISTED]


def _pairs(texts: I64, fonts: list[pa.DictionaryArray]) -> int:
    """Return how many pairs of text and font there are."""
    if not len(texts):
        return 0
    joined = pa.chunked_array(fonts).unify_dictionaries().combine_chunks()
    font = joined.indices.to_numpy().astype(np.int64)
    return len(np.unique(texts * np.int64(len(joined.dictionary)) + font))


def _example(texts: pa.Array, char: str) -> str:
    row = pc.index(pc.match_substring(texts, char), True).as_py()
    return str(texts[row].as_py()) if row >= 0 else ""
