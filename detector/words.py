"""Words of one photo as they pass between the rooms of the detector; all points are px of the photo as it was given."""

from dataclasses import dataclass

from synthgen.arrays import F32, I32, Bools, Quads


@dataclass(frozen=True)
class FoundWords:
    """Words that a detector found, n of them, in reading order."""

    quads: Quads  # (n, 4, 2)
    polygons: tuple[F32, ...]  # (2k, 2) each, k >= 2: upper outline from left to right, then the lower one back
    scores: F32  # (n,) highest region score within the word, 0 to 1
    lines: I32  # (n,) number of the line of text, 0 and up


@dataclass(frozen=True)
class TrueWords:
    """Words that are known to be there, n of them."""

    quads: Quads  # (n, 4, 2)
    texts: tuple[str, ...]  # "" where it is not known
    ignored: Bools  # (n,) whether it is neither asked for nor wrong to find it: `###`, or too small or hidden to be read
