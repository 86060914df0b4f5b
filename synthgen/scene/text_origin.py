"""Which word of which line a label was made of, found by drawing it once more."""

from dataclasses import dataclass

import numpy as np

from synthgen.arrays import F64
from synthgen.scene import text_kernels as kernels
from synthgen.scene.text_kernels import RuleArrays, WordArrays

CASES = ("as it is", "capitals", "Each Word So", "small letters")  # kernels.AS_IT_IS and on


@dataclass(frozen=True)
class Origin:
    """Where a label's words stand."""

    source: int  # row of TextTable.names
    row: int  # the first word
    line: tuple[int, int]  # first word of its line and the one behind the last
    phrase: bool  # more words were asked for
    case: str  # of CASES
    rare: int  # class of the character that had to be in it, 0: none
    by_word: bool  # a word with that character was looked up; else it was worked in where it was missing


def origin_of(words: WordArrays, rules: RuleArrays, draws: F64) -> Origin:
    """Return where the label of `draws` (kernels.DRAWS,) comes from; it follows `kernels.set_label`, choice by choice."""
    source = kernels.first_above(rules.sources, 0, len(rules.sources), draws[kernels.SOURCE])
    case = CASES[kernels.first_above(rules.cases, 0, len(rules.cases), draws[kernels.CASE])]
    phrase, rare = bool(draws[kernels.PHRASE] < rules.phrase_share), 0
    label = np.zeros(rules.steps + kernels.MARGIN, dtype=np.uint16)
    if draws[kernels.BALANCE] < rules.balance[-1]:
        rare = kernels.first_above(rules.balance, 0, len(rules.balance), draws[kernels.BALANCE])
        if draws[kernels.HOW] < kernels.BY_WORD:
            size, row = kernels.set_word_with(words, rules, rare, draws, label)
            if size > 0:
                return Origin(kernels.source_of(words, row), row, line_of(words, row), False, CASES[kernels.AS_IT_IS], rare, True)  # noqa: FBT003
    row = _first_fitting(words, rules, source, draws)
    return Origin(source, row, line_of(words, row), phrase, case, rare, by_word=False)


def _first_fitting(words: WordArrays, rules: RuleArrays, source: int, draws: F64) -> int:
    """Return the word drawn first of those that fit the reader's steps, the first of all where none does; see `kernels.set_words`."""
    label = np.zeros(rules.steps + kernels.MARGIN, dtype=np.uint16)
    rows = [kernels.pick_word(words, source, draws[kernels.CANDIDATE + k]) for k in range(kernels.CANDIDATES)]
    for k, row in enumerate(rows):
        if k == 0 and draws[kernels.PHRASE] < rules.phrase_share:
            size = kernels.add_phrase(words, rules, source, row, draws, label)[0]
        else:
            size = kernels.add_word(words, rules, row, draws, label, 0)
        if size > 0:
            return int(row)
    return int(rows[0])


def line_of(words: WordArrays, row: int) -> tuple[int, int]:
    """Return the first word of a word's line, and the one behind its last."""
    begin, end = row, row + 1
    source_first = int(words.first[kernels.source_of(words, row)])
    while begin > source_first and not words.last[begin - 1]:
        begin -= 1
    while not words.last[end - 1]:
        end += 1
    return begin, end
