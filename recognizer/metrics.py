"""How well words were read: shares of whole words, edit distances, and which character was taken for which."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from synthgen.alphabet import Alphabet

Pair = tuple[str, str]  # a character of the truth and what was read for it; "" where one has none: left out, or added


def aligned(truth: str, reading: str) -> list[Pair]:
    """Return both texts side by side with the fewest edits; of several ways always the same.

    Source: Wagner & Fischer 1974, "The string-to-string correction problem". Equal ends are cut off first: no fewer edits are to be had
    with them, and few words differ in more than a part.
    """
    head = _shared(truth, reading)
    tail = _shared(truth[head:][::-1], reading[head:][::-1])
    middle = _traced(truth[head : len(truth) - tail], reading[head : len(reading) - tail])
    ends = truth[:head], truth[len(truth) - tail :]
    return [*((c, c) for c in ends[0]), *middle, *((c, c) for c in ends[1])]


def _shared(a: str, b: str) -> int:
    """Return how many first characters are equal."""
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _traced(truth: str, reading: str) -> list[Pair]:
    """Return the alignment by walking the table of distances back from its end."""
    table = _distances(truth, reading)
    i, j, pairs = len(truth), len(reading), list[Pair]()
    while i or j:
        if i and j and table[i][j] == table[i - 1][j - 1] + (truth[i - 1] != reading[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], reading[j]))
        elif i and table[i][j] == table[i - 1][j] + 1:
            i -= 1
            pairs.append((truth[i], ""))
        else:
            j -= 1
            pairs.append(("", reading[j]))
    return pairs[::-1]


def _distances(truth: str, reading: str) -> list[list[int]]:
    """Return the edits from the first i characters of `truth` to the first j of `reading`, at `[i][j]`."""
    table = [list(range(len(reading) + 1))]
    for i, c in enumerate(truth, start=1):
        above, row = table[-1], [i]
        for j, d in enumerate(reading):
            row.append(min(above[j] + (c != d), above[j + 1] + 1, row[j] + 1))
        table.append(row)
    return table


def edits(pairs: Iterable[Pair]) -> int:
    """Return the edit distance of an alignment."""
    return sum(a != b for a, b in pairs)


def alnum(text: str) -> str:
    """Return the letters and digits of `text` in lower case.

    Source: the 36-character convention, `test.py` in the code of Baek et al. 2019, arXiv:1904.01906. Differs: letters outside a to z
    stay, so that a word with one is not right without it.
    """
    return "".join(c for c in text.lower() if c.isalnum())


@dataclass(frozen=True)
class Judged:
    """One reading compared with its truth."""

    truth: str  # folded into the alphabet; as it was where that cannot be
    exact: bool
    alnum: bool | None  # None: the truth has neither letter nor digit
    pairs: tuple[Pair, ...]

    @property
    def cer(self) -> float:
        """Edits a character of the truth."""
        return edits(self.pairs) / max(len(self.truth), 1)


@dataclass(frozen=True)
class Scores:
    """How well some words were read. Shares are 0 to 1; of nothing, 0.

    `cer`: edits a character of the truth, over all words together; above 1 where much is added. `one_minus_ned`: mean over the words of
    1 - edits / length of the longer of truth and reading; two empty texts are equal.
    Source: ICDAR 2019 ArT, arXiv:1909.07145, equation of 1 - N.E.D. Differs: cases and punctuation count, as they do in `accuracy_exact`;
    the code of arXiv:1904.01906 gives 0 for two empty texts.
    """

    accuracy_exact: float  # over the alphabet, case and punctuation count
    accuracy_alnum: float  # letters and digits alone, case does not count; of `count_alnum` words
    cer: float
    one_minus_ned: float
    count: int
    count_alnum: int  # words with a letter or digit in the truth; Source: parseq leaves out the others, strhub/data/dataset.py

    def to_json(self) -> dict[str, float | int]:
        """Return the scores under the names promised to users."""
        return asdict(self)


@dataclass
class Sums:
    """What scores are made of."""

    count: int = 0
    exact: int = 0
    count_alnum: int = 0
    alnum: int = 0
    edits: int = 0
    characters: int = 0
    nearness: float = 0.0  # sum of 1 - NED

    def add(self, judged: Judged, reading: str) -> None:
        """Count one reading."""
        distance = edits(judged.pairs)
        self.count += 1
        self.exact += judged.exact
        self.count_alnum += judged.alnum is not None
        self.alnum += bool(judged.alnum)
        self.edits += distance
        self.characters += len(judged.truth)
        self.nearness += 1 - distance / max(len(judged.truth), len(reading), 1)

    def plus(self, other: "Sums") -> "Sums":
        """Return the sums of both."""
        return Sums(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    def scores(self) -> Scores:
        """Return the scores."""
        words = max(self.count, 1)
        return Scores(
            accuracy_exact=self.exact / words,
            accuracy_alnum=self.alnum / max(self.count_alnum, 1),
            cer=self.edits / max(self.characters, 1),
            one_minus_ned=self.nearness / words,
            count=self.count,
            count_alnum=self.count_alnum,
        )


class Tally:
    """Adds up readings in memory that does not grow with their number.

    A truth is folded into the alphabet first, as texts are when they are rendered. One that cannot be is compared as it is and so
    cannot be read exactly: it counts, and is counted in `outside`.
    """

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._by_length: dict[int, Sums] = {}
        self.pairs: Counter[Pair] = Counter()  # how often each character was read as which, equal ones too
        self.outside = 0  # words whose truth has characters that the reader cannot name

    def add(self, truth: str, reading: str) -> Judged:
        """Count a reading, and return how it compares."""
        folded = self._alphabet.fold(truth)
        self.outside += folded is None
        truth = truth if folded is None else folded
        bare = alnum(truth)
        judged = Judged(truth, truth == reading, bare == alnum(reading) if bare else None, tuple(aligned(truth, reading)))
        self.pairs.update(judged.pairs)
        self._by_length.setdefault(len(truth), Sums()).add(judged, reading)
        return judged

    def scores(self) -> Scores:
        """Return the scores over all that was added."""
        return sum_of(self._by_length.values()).scores()

    def by_length(self) -> dict[int, Scores]:
        """Return the scores over the words of each length of the truth, shortest first."""
        return {length: sums.scores() for length, sums in sorted(self._by_length.items())}


def sum_of(parts: Iterable[Sums]) -> Sums:
    """Return the sums of all parts together."""
    whole = Sums()
    for part in parts:
        whole = whole.plus(part)
    return whole
