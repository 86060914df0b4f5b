"""Words of one side: those that are held out, or the others, with the chances and lines that are left of them."""

from itertools import pairwise

import numpy as np
import pytest

from synthgen.alphabet import Alphabet
from synthgen.assets.own_words import own_words, spelt
from synthgen.errors import SynthgenError
from synthgen.held_out import TRAIN, VALIDATION, HeldOut
from synthgen.scene.text_kernels import WordArrays
from synthgen.scene.texts import WILD_DIGIT, TextTable

ALPHABET = Alphabet()
HELD = HeldOut(("text",), 0.4)
LINES = ("one two three", "Four five", "six", "seven eight nine ten eleven")
LISTED = ("the", "of", "and", "to", "in", "for", "is", "on", "that", "by")


def table_of(lines: tuple[str, ...] = LINES, listed: tuple[str, ...] = LISTED) -> TextTable:
    """Return a source of lines, with a wild word at the end of each, and one of words that are less likely one by one."""
    codes, last = [], []
    for line in lines:
        parts = line.split()
        codes += [*map(ALPHABET.encode, parts), np.array([WILD_DIGIT, WILD_DIGIT], dtype=np.uint16)]
        last += [False] * len(parts) + [True]
    first = [0, len(codes), len(codes) + len(listed)]
    codes += [ALPHABET.encode(word) for word in listed]
    chances = np.arange(len(listed), 0, -1.0)
    words = WordArrays(
        codes=np.concatenate(codes),
        start=np.cumsum([0, *map(len, codes)]).astype(np.int32),
        last=np.array([*last, *[True] * len(listed)]),
        first=np.array(first),
        cumulative=np.cumsum(chances / chances.sum()),
        cumulative_first=np.array([0, 0, len(listed)]),
    )
    return TextTable(words, np.array([0.7, 0.3]), ("lines", "listed"), {})


def is_wild(word: str) -> bool:
    return not word.isascii()


def test_each_word_is_on_one_side_and_wild_ones_are_on_both() -> None:
    table = table_of()
    every = spelt(table.words, ALPHABET)
    train, validation = (spelt(own_words(table, ALPHABET, HELD, side).words, ALPHABET) for side in (TRAIN, VALIDATION))
    assert [word for word in every if is_wild(word)] == [word for word in train if is_wild(word)] == [w for w in validation if is_wild(w)]
    plain = {side: [word for word in words if not is_wild(word)] for side, words in ((TRAIN, train), (VALIDATION, validation))}
    assert sorted(plain[TRAIN] + plain[VALIDATION]) == sorted(word for word in every if not is_wild(word))
    for side, words in plain.items():
        assert words and all(HELD.text(word) == side for word in words)


def test_lines_are_cut_where_words_were_taken_out() -> None:
    table = table_of()
    own = own_words(table, ALPHABET, HELD, TRAIN).words
    words, whole = spelt(own, ALPHABET), " ".join(spelt(table.words, ALPHABET))
    for row in range(int(own.first[1]) - 1):
        assert own.last[row] or f"{words[row]} {words[row + 1]}" in whole
    assert own.last[own.first[1] - 1]


def test_chances_of_listed_words_keep_their_proportions() -> None:
    own = own_words(table_of(), ALPHABET, HELD, TRAIN).words
    words = spelt(own, ALPHABET)[own.first[1] :]
    low, high = own.cumulative_first[1:].tolist()
    found = np.diff(own.cumulative[low:high], prepend=0.0)
    wanted = np.array([len(LISTED) - LISTED.index(word) for word in words], dtype=np.float64)
    np.testing.assert_allclose(found, wanted / wanted.sum())


def test_words_of_validation_are_alike_where_they_had_lines() -> None:
    own = own_words(table_of(), ALPHABET, HELD, VALIDATION).words
    for source, (low, high) in enumerate(pairwise(own.cumulative_first.tolist())):
        assert high - low == own.first[source + 1] - own.first[source] > 0
        assert own.cumulative[high - 1] == pytest.approx(1)
    np.testing.assert_allclose(np.diff(own.cumulative[: own.first[1]], prepend=0.0), 1 / own.first[1])


def test_a_source_without_words_of_a_side_is_named() -> None:
    table = table_of(listed=("the",))
    side = VALIDATION if HELD.text("the") == TRAIN else TRAIN
    with pytest.raises(SynthgenError, match=r"split\.held_out_share: need a word of listed for \w+, got none of 1 at 0\.4; change it"):
        own_words(table, ALPHABET, HELD, side)
