"""Which fonts, words and backgrounds are held out of training, so that validation measures what a model makes of what it never saw.

A *member* is a family of fonts, a word, or a background; each is held out or not by a hash of its own name alone. So members do not move
when others are added, a larger share only adds to them, and all runs agree on them whatever their seeds: one may be trained on another's
training rows and measured on its validation rows. A word is its letters and digits in small letters ("(Choco-Latte)" is "chocolatte"); a
text without any is one member as it stands. Backgrounds of one colour are held out nowhere, as nothing in them can be learned by heart.

A sample is of one of three sides: *train* (none of its members is held out), *validation* (all are), *mixed* (some are), which neither
training nor validation uses. There are two ways to them:

- The recipe's `[split]` table. Seed and index decide, for `validation_share` of the samples, that one is for validation; then its font,
  text and background are drawn from the members of its side alone (`assets/sides.py`: weights and coverage of faces, weights of tiles and
  tables of words with the other side's taken out, so the painter is none the wiser). A text may still come out as another word, by drawn
  digits, a character worked in, a cut; it is then drawn again, RETEXTS times at most, and the sample is mixed in the end (counted).
  Phrases of validation are single words joined, as lines seldom hold two that are held out. Without the table nothing changes.
- `synthgen split`, which labels the rows of a finished run (`shards/relabel.py`). There all members of a row are held out by luck alone:
  with three kinds at 0.05 each 0.01 % are validation and 14 % mixed, so it is best by one kind, or two.

Scenes are split by their faces and backgrounds and not by their texts: every pack says "Nutrition Facts", and a detector cannot read.
Their textures beside the background, and the pictures that a word stands on within a pack, are drawn from the side's members too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

SPLITS = ("train", "validation", "mixed")  # names of the sides, in the column `split`
TRAIN, VALIDATION, MIXED = range(3)
KINDS = ("font", "text", "background")
ONE_COLOUR = frozenset({"plain", "texture/flat"})
SALT = b"split-257"  # by which 0.05 to 0.1 of the built-in families are of several categories, and a texture or two held out, none common
KNOWN = 1 << 18  # members whose place is kept: hashing one takes a microsecond
FACE = re.compile(r"(.+?) \d[\d.]*(?: width [\d.]+)?(?: italic)?(?: \(\d+\))?")  # as `assets.fonts` names faces


@lru_cache(maxsize=KNOWN)
def place_of(kind: str, member: str) -> float:
    """Return where a member of one of KINDS stands, 0 to 1; it is held out where that is below the share that is."""
    return int.from_bytes(blake2b(f"{kind}\0{member}".encode(), digest_size=8, person=SALT).digest(), "big") / 2**64


def family_of(face: str) -> str:
    """Return the member that a face is of: its family in small letters."""
    named = FACE.fullmatch(face)
    return (named[1] if named else face).casefold()


def words_of(text: str) -> list[str]:
    """Return the members that a text is made of."""
    bare = ("".join(filter(str.isalnum, word)) for word in text.casefold().split())
    return [word for word in bare if word] or [text.casefold().strip()]


def together(sides: Iterable[int]) -> int:
    """Return the side of what has parts of `sides`; TRAIN where there are none."""
    found = set(sides)
    return found.pop() if len(found) == 1 else MIXED if found else TRAIN


@dataclass(frozen=True)
class HeldOut:
    """What is held out: `share` of the members of each kind in `by`."""

    by: tuple[str, ...]
    share: float

    def font(self, face: str) -> int | None:
        """Return the side of a face, TRAIN or VALIDATION; None where fonts are not split."""
        return self._side("font", family_of(face)) if "font" in self.by else None

    def background(self, name: str) -> int | None:
        """Return the side of a background, TRAIN or VALIDATION; None where it is of both, or backgrounds are not split."""
        return self._side("background", name) if "background" in self.by and name not in ONE_COLOUR else None

    def text(self, text: str) -> int | None:
        """Return the side of a text; None where texts are not split."""
        return together(self._side("text", word) for word in words_of(text)) if "text" in self.by else None

    def sample(self, faces: Iterable[str], background: str, text: str | None) -> int:
        """Return the side of a sample; `text` None: not split by it."""
        parts = [*map(self.font, faces), self.background(background), None if text is None else self.text(text)]
        return together(side for side in parts if side is not None)

    def _side(self, kind: str, member: str) -> int:
        return VALIDATION if place_of(kind, member) < self.share else TRAIN
