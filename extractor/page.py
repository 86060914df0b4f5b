"""What was read on a photo, as it passes to whoever asked; all points are px of the upright photo, x right, y down."""

from dataclasses import dataclass

from synthgen.arrays import F32, U8, Quads


def letter_confidence(text: str, confidence: float) -> float:
    """Return the geometric mean of the confidence in the letters of a text and in its end, so that long words are not the less sure."""
    return float(confidence ** (1 / (len(text) + 1)))


@dataclass(frozen=True)
class Word:
    """A word as it was found and read."""

    text: str
    quad: Quads  # float32 (4, 2), clockwise from the text's own top left
    polygon: F32 | None  # (2k, 2) upper outline from the text's left to its right, then the lower one back; None: the quad is as close
    score: float  # the detector's, 0 to 1: the highest region score within the word
    confidence: float  # the reader's, 0 to 1: probability of the text
    line: int  # index into `Page.lines`

    @property
    def letter_confidence(self) -> float:
        """The reader's confidence in a letter of the word, 0 to 1, see `letter_confidence`."""
        return letter_confidence(self.text, self.confidence)


@dataclass(frozen=True)
class Line:
    """Words that stand on one line."""

    text: str  # the words', a space between two
    words: tuple[int, ...]  # indices into `Page.words`, in reading order


@dataclass(frozen=True)
class Page:
    """All that was read on one photo."""

    height: int  # px of the upright photo
    width: int
    words: tuple[Word, ...]  # in reading order
    lines: tuple[Line, ...]  # the same
    left_out: int = 0  # places found where nothing could be read, or not surely enough

    @property
    def text(self) -> str:
        """The lines, each on its own."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Maps:
    """How the detector saw a photo; 255 is a score of 1."""

    region: U8  # (h, w), where letters are
    affinity: U8  # (h, w), where letters of one word join
    scale: float  # map px for one px of the photo
