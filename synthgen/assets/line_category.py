"""Which category of the built-in grammar a line was expanded from."""

from collections.abc import Mapping
from functools import lru_cache

from synthgen.alphabet import Alphabet
from synthgen.assets.corpora import Folder
from synthgen.assets.grammar import PLACEHOLDER_CODES, lines_by_category


def category_of(line: str, alphabet: Alphabet) -> str:
    """Return the first category with a line that is, or else holds, `line`; "unknown" where none does.

    `line` is as the table of words has it: folded, words parted by one space, wild slots as grammar.PLACEHOLDERS. It may be a part of one,
    as words that no reader can carry cut their lines in two.
    """
    folded = _folded(alphabet)
    whole = next((name for name, texts in folded.items() if line in texts), None)
    return whole or next((name for name, texts in folded.items() if any(line in text for text in texts)), "unknown")


@lru_cache(maxsize=1)  # half a second for 60,000 lines
def _folded(alphabet: Alphabet) -> Mapping[str, frozenset[str]]:
    folder = Folder(alphabet, dict(PLACEHOLDER_CODES))
    return {name: frozenset(" ".join(text.translate(folder).split()) for text in texts) for name, texts in lines_by_category().items()}
