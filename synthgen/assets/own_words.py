"""The words of one side of a split, as a table like that of all words."""

from itertools import pairwise

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F64, I64, Bools
from synthgen.assets.grammar import PLACEHOLDERS
from synthgen.errors import SynthgenError
from synthgen.held_out import SPLITS, VALIDATION, HeldOut
from synthgen.scene.text_kernels import WILD, WordArrays
from synthgen.scene.texts import TextTable


def own_words(table: TextTable, alphabet: Alphabet, held: HeldOut, side: int) -> TextTable:
    """Return the table without the words of the other side; words with wild slots are of both, what they become is for the painter.

    For validation, words of lines lose their lines: few lines hold two words that are held out, so its phrases are words joined.

    Raises:
        SynthgenError: a source has no word on this side.
    """
    words = table.words
    texts = spelt(words, alphabet)
    kept = np.array([any(char in PLACEHOLDERS for char in text) or held.text(text) == side for text in texts], dtype=np.bool_)
    sizes = np.diff(words.start)
    counts = [int(kept[a:b].sum()) for a, b in pairwise(words.first.tolist())]
    if 0 in counts:
        name = table.names[counts.index(0)]
        rule = f"need a word of {name} for {SPLITS[side]}, got none of {int(np.diff(words.first)[counts.index(0)])}"
        raise SynthgenError(f"split.held_out_share: {rule} at {held.share:g}; change it, or take 'text' out of split.by")
    chances, chances_first = _chances(words, kept, listed=side == VALIDATION)
    own = WordArrays(
        codes=words.codes[np.repeat(kept, sizes)],
        start=_edges(sizes[kept]).astype(np.int32),
        last=(words.last | np.append(~kept[1:], True))[kept],
        first=_edges(np.array(counts)),
        cumulative=chances,
        cumulative_first=chances_first,
    )
    return TextTable(own, table.weight, table.names, table.dropped)


def spelt(words: WordArrays, alphabet: Alphabet) -> list[str]:
    """Return all words of a table as text, wild slots as grammar.PLACEHOLDERS."""
    points = np.zeros(WILD + len(PLACEHOLDERS), dtype="<u4")
    points[1 : len(alphabet.characters) + 1] = [ord(char) for char in alphabet.characters]
    points[WILD:] = [ord(char) for char in PLACEHOLDERS]
    whole = points[words.codes].tobytes().decode("utf-32-le")
    return [whole[a:b] for a, b in pairwise(words.start.tolist())]


def _chances(words: WordArrays, kept: Bools, *, listed: bool) -> tuple[F64, I64]:
    """Return WordArrays.cumulative of the kept words; `listed`: of all sources, words alike where they had none."""
    parts = []
    for source, (low, high) in enumerate(pairwise(words.first.tolist())):
        a, b = words.cumulative_first[source : source + 2].tolist()
        own = kept[low:high]
        if b == a and not listed:
            parts.append(np.zeros(0))
            continue
        total = np.cumsum(np.diff(words.cumulative[a:b], prepend=0.0)[own] if b > a else np.ones(int(own.sum())))
        parts.append(total / total[-1])
    return np.concatenate(parts), _edges(np.array([len(part) for part in parts]))


def _edges(sizes: I64) -> I64:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])
