"""The characters a reader can name, and how any text is folded into them."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from synthgen.arrays import U16
from synthgen.errors import SynthgenError

PRINTABLE_92 = "".join(chr(code) for code in range(32, 127) if chr(code) not in "`^~")
READER_STEPS = 31  # time steps of the CRNN: DESIGN.md, table of the reader
LARGEST = 4096  # characters; classes above are the wild slots of the grammar
ASCII_OF = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "\u2044": "/",
        "\u00d7": "x",
        "\u2022": "*",
        "\u00b7": ".",
    }
)


@dataclass(frozen=True)
class Alphabet:
    """An ordered set of characters: class 0 is CTC blank and padding, class k the k-th character."""

    characters: str = PRINTABLE_92

    def __post_init__(self) -> None:
        twice = sorted({c for c in self.characters if self.characters.count(c) > 1})
        if twice:
            raise SynthgenError(f"alphabet: each character once, got {twice} more than once; remove the copies")
        if not 1 <= len(self.characters) <= LARGEST:
            raise SynthgenError(f"alphabet: need 1 to {LARGEST} characters, got {len(self.characters)}")

    @classmethod
    def read(cls, path: Path) -> "Alphabet":
        """Return the alphabet of a UTF-8 text file: every character in it but line ends, in order.

        Raises:
            SynthgenError: the file cannot be read, holds a character twice, or holds none.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SynthgenError(f"alphabet {path}: cannot be read as UTF-8 text: {error}") from error
        return cls("".join(c for c in text if c not in "\r\n"))

    @cached_property
    def classes(self) -> dict[str, int]:
        """Class of each character, 1 to `len(characters)`."""
        return {c: k for k, c in enumerate(self.characters, start=1)}

    @cached_property
    def upper(self) -> U16:
        """Class of each class's capital, `(classes + 1,)`; its own where it has none."""
        return self._mapped(str.upper)

    @cached_property
    def lower(self) -> U16:
        """Class of each class's small letter, `(classes + 1,)`; its own where it has none."""
        return self._mapped(str.lower)

    def _mapped(self, change: Callable[[str], str]) -> U16:
        row = [0, *(self.classes.get(change(c), k) for c, k in self.classes.items())]
        return np.array(row, dtype=np.uint16)

    def encode(self, text: str) -> U16:
        """Return the classes of `text`, `(len(text),)`.

        Raises:
            KeyError: a character is not in the alphabet; `fold` first.
        """
        return np.array([self.classes[c] for c in text], dtype=np.uint16)

    def decode(self, classes: U16) -> str:
        """Return the text of `classes`, none of them 0."""
        return "".join(self.characters[k - 1] for k in classes)

    def fold(self, text: str) -> str | None:
        """Return `text` in this alphabet (NFKC, plain quotes and dashes, accents dropped), or None where a character has no counterpart."""
        out = []
        for char in unicodedata.normalize("NFC", text):
            kept = self._counterpart(" " if char.isspace() else char)
            if kept is None:
                return None
            out.append(kept)
        return " ".join("".join(out).split())

    def _counterpart(self, char: str) -> str | None:
        forms = (char, unicodedata.normalize("NFKC", char).translate(ASCII_OF), char.translate(ASCII_OF))
        bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)).translate(ASCII_OF)
        return next((form for form in (*forms, bare) if form and all(c in self.classes for c in form)), None)


def steps_needed(text: str) -> int:
    """Return the time steps CTC needs for `text`: one a character and a blank between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))
