"""Words that the detector took for one, told apart by the spaces that were read between them."""

from collections.abc import Iterator

import numpy as np

from synthgen.arrays import Quads


def split(quad: Quads, text: str) -> Iterator[tuple[Quads, str]]:
    """Yield the words of a text with their parts of its quad (4, 2): each takes its characters' share of the width, a space one's too.

    What is left of a quad of one word is all of it, whatever spaces surround the text.
    """
    corners, whole, at = quad.astype(np.float64), text.strip(), 0
    for word in whole.split(" "):
        if word:
            left, right = at / len(whole), (at + len(word)) / len(whole)
            upper, lower = corners[1] - corners[0], corners[2] - corners[3]
            ends = [corners[0] + left * upper, corners[0] + right * upper, corners[3] + right * lower, corners[3] + left * lower]
            yield np.array(ends, dtype=np.float32), word
        at += len(word) + 1
