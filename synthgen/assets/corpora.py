"""The texts to write, from the grammar, the English language and the user's own files, as one table of words."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from unicodedata import normalize

import numpy as np

from synthgen.alphabet import READER_STEPS, Alphabet
from synthgen.arrays import F64, I64, U16, U64, Bools
from synthgen.assets import grammar
from synthgen.assets.columns import SUFFIXES, read_lines
from synthgen.chance import mix
from synthgen.errors import SynthgenError
from synthgen.recipe import CorpusRecipe, TextRecipe
from synthgen.scene.text_kernels import WILD, WordArrays
from synthgen.scene.texts import WILD_SETS, TextTable

ENGLISH_WORDS = 40_000
CHUNK = 1 << 15  # lines turned into classes at once: a few MB at 12 bytes a character
GAP, END, FOREIGN = 65_533, 65_534, 65_535  # classes that are no character: between words, between lines, outside the alphabet
FOREIGN_MARK = "\uffff"  # a noncharacter: no text may hold it
FORM = re.compile(r"(?P<path>.+?\.(?:txt|csv|tsv|jsonl|parquet))(?::(?P<column>.+?))?(?:=(?P<weight>[^=]*))?", re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    """Words of one source or of a part of it, in order."""

    codes: U16
    size: I64  # (w,) classes of each word
    line: I64  # (w,) number of the line each is of
    mark: U64  # (w,) equal for equal lines
    broken: Bools  # (w,) a word before it in its line was left out


@dataclass(frozen=True)
class Source:
    """The words of one source, with what was dropped on the way."""

    name: str
    weight: float
    words: Words
    dropped: dict[str, int]
    cumulative: F64 | None = None  # of each word; None: all alike


def parse_corpus(text: str) -> CorpusRecipe:
    """Return the corpus that `PATH[:COLUMN][=WEIGHT]` names.

    Raises:
        SynthgenError: another form, an unknown suffix, or a weight that is not a number of at least 0.
    """
    form = FORM.fullmatch(text)
    if form is None:
        raise SynthgenError(f"--corpus {text!r}: need PATH[:COLUMN][=WEIGHT], PATH ending in {', '.join(SUFFIXES)}")
    given = form["weight"]
    try:
        weight = 1.0 if given is None else float(given)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise SynthgenError(f"--corpus {text!r}: need a weight of at least 0 after =, got {given!r}; say {form['path']}=0.5")
    return CorpusRecipe(path=Path(form["path"]), column=form["column"], weight=weight)


def load_texts(recipe: TextRecipe, alphabet: Alphabet) -> TextTable:
    """Return the words of all sources of the recipe whose weight is above 0, in the order grammar, english, files.

    Raises:
        SynthgenError: a file cannot be read (see `read_lines`), a source leaves no word in this alphabet, or all weights are 0.
    """
    weights = [recipe.grammar, recipe.english, *(corpus.weight for corpus in recipe.corpora)]
    if not 0 < math.fsum(weights) < math.inf:
        raise SynthgenError(f"text: need weights with a sum above 0, got {weights} for grammar, english and corpora; raise one")
    sources = []
    if recipe.grammar > 0:
        sources.append(_grammar(recipe.grammar, alphabet))
    if recipe.english > 0:
        sources.append(_english(recipe.english, alphabet))
    for corpus in recipe.corpora:
        if corpus.weight > 0:
            sources.append(_file(corpus, alphabet))
    return _joined(sources)


def _grammar(weight: float, alphabet: Alphabet) -> Source:
    known = [all(c in alphabet.classes for c in letters) for letters in WILD_SETS]
    wild = {char: code for (char, code), there in zip(grammar.PLACEHOLDER_CODES.items(), known, strict=True) if there}
    words, dropped = _encoded(grammar.lines(), Folder(alphabet, wild))
    return Source("grammar", weight, _some(words, "text.grammar", dropped), dict(dropped))


def _english(weight: float, alphabet: Alphabet) -> Source:
    """Return the most frequent words, each as likely as the square root of its frequency, so that rare words are seen too."""
    from wordfreq import top_n_list, word_frequency  # here: its tables take 0.2 s

    listed: list[str] = top_n_list("en", ENGLISH_WORDS)
    words, dropped = _encoded(listed, Folder(alphabet, {}))
    words = _some(words, "text.english", dropped)
    often = np.array([round(word_frequency(word, "en") * 1e12) for word in listed], dtype=np.float64)  # rounded: pow's last bit differs
    total = np.cumsum(np.sqrt(often)[words.line])
    return Source("english", weight, words, dict(dropped), total / total[-1])


def _file(corpus: CorpusRecipe, alphabet: Alphabet) -> Source:
    words, dropped = _encoded(read_lines(corpus), Folder(alphabet, {}))
    words = _some(words, f"corpus {corpus.path}", dropped)
    kept = _first_of_equal(words)
    dropped["repeated_lines"] = len(np.unique(words.line)) - len(np.unique(words.line[kept]))
    name = corpus.path.name + (f":{corpus.column}" if corpus.column else "")
    return Source(name, corpus.weight, _taken(words, kept), dict(dropped))


def _some(words: Words, place: str, dropped: Counter[str]) -> Words:
    if len(words.size) == 0:
        found = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in dropped.items() if count) or "no lines"
        raise SynthgenError(f"{place}: need at least one word in the alphabet, got {found}; set its weight to 0 or give other texts")
    return words


def _joined(sources: list[Source]) -> TextTable:
    size = np.concatenate([source.words.size for source in sources])
    parts = [np.zeros(0) if source.cumulative is None else source.cumulative for source in sources]
    names = _apart([source.name for source in sources])
    words = WordArrays(
        codes=np.concatenate([source.words.codes for source in sources]),
        start=_offsets(size).astype(np.int32),
        last=np.concatenate([_ends(source.words) for source in sources]),
        first=_offsets(np.array([len(source.words.size) for source in sources])),
        cumulative=np.concatenate(parts),
        cumulative_first=_offsets(np.array([len(part) for part in parts])),
    )
    dropped = {name: source.dropped for name, source in zip(names, sources, strict=True)}
    return TextTable(words, np.array([source.weight for source in sources]), names, dropped)


def _offsets(size: I64) -> I64:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(size, dtype=np.int64)])


def _ends(words: Words) -> Bools:
    """Return for each word whether no word follows it in its line, or one that does was left out in between."""
    return np.append((words.line[1:] != words.line[:-1]) | words.broken[1:], True)


def _apart(names: list[str]) -> tuple[str, ...]:
    """Return the names, a second one of a kind with its number: two folders may hold a `words.txt` each."""
    return tuple(f"{name}#{names[: k + 1].count(name)}" if name in names[:k] else name for k, name in enumerate(names))


class Folder(dict[int, str]):
    """What each character becomes, found when first met: `str.translate` asks for it by code point."""

    def __init__(self, alphabet: Alphabet, wild: dict[str, int]) -> None:
        super().__init__({ord(char): char for char in (*wild, "\n")})
        self._alphabet = alphabet
        codes = {" ": GAP, "\n": END, FOREIGN_MARK: FOREIGN, **wild}
        known = {**alphabet.classes, **codes}
        self.classes = np.full(max(map(ord, known)) + 1, FOREIGN, dtype=np.uint16)
        for char, code in known.items():
            self.classes[ord(char)] = code

    def __missing__(self, point: int) -> str:
        char = chr(point)
        forms = (self._alphabet.fold(form) for form in (char, char.upper(), char.lower()))  # the alphabet may have capitals alone
        found = " " if char.isspace() else next((form or " " for form in forms if form is not None), FOREIGN_MARK)
        return self.setdefault(point, found)


def _encoded(lines: Iterable[str], folder: Folder) -> tuple[Words, Counter[str]]:
    """Return the words of `lines`, and how many lines and words were left out, by reason."""
    dropped: Counter[str] = Counter(foreign_lines=0, empty_lines=0, long_words=0)
    parts, begin = [], 0
    for chunk in _chunks(lines):
        parts.append(_part(chunk, begin, folder, dropped))
        begin += len(chunk)
    if not parts:
        return _part([], 0, folder, dropped), dropped
    return Words(*(np.concatenate(column) for column in zip(*map(_columns, parts), strict=True))), dropped


def _columns(words: Words) -> tuple[U16, I64, I64, U64, Bools]:
    return words.codes, words.size, words.line, words.mark, words.broken


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    source = iter(lines)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _part(lines: list[str], begin: int, folder: Folder, dropped: Counter[str]) -> Words:
    """Return the words of some lines, the first of them line `begin`; adds to `dropped`."""
    text = normalize("NFC", "".join([line.replace("\n", " ") + "\n" for line in lines])).translate(folder)
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    classes = folder.classes[points]
    within = (classes != GAP) & (classes != END)
    starts = within & ~np.concatenate([[False], within[:-1]])
    line = np.cumsum(classes == END)  # of each character
    foreign = np.bincount(line[classes == FOREIGN], minlength=len(lines)) > 0
    dropped["foreign_lines"] += int(foreign.sum())
    dropped["empty_lines"] += len(lines) - len(np.unique(line[starts]))
    codes, word = classes[within], np.cumsum(starts)[within] - 1
    words = Words(
        codes=codes,
        size=np.bincount(word, minlength=int(starts.sum())).astype(np.int64),
        line=line[starts].astype(np.int64) + begin,
        mark=_marks(codes, line[within], word, len(lines))[line[starts]],
        broken=np.zeros(int(starts.sum()), dtype=np.bool_),
    )
    return _without_long(_taken(words, ~foreign[line[starts]]), dropped)


def _marks(codes: U16, line: I64, word: I64, lines: int) -> U64:
    """Return a 64-bit number for each line; two unlike lines of a million share one in 40 million runs."""
    first = np.searchsorted(line, np.arange(lines + 1))
    place = np.arange(len(codes)) - first[line]
    nth = word - word[first[line]] if len(word) else word
    keys = mix(codes.astype(np.uint64) + (place.astype(np.uint64) << np.uint64(16)) + (nth.astype(np.uint64) << np.uint64(40)))
    total = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(keys, dtype=np.uint64)])  # wraps, and so do the differences
    return np.asarray(total[first[1:]] - total[first[:-1]], dtype=np.uint64)


def _without_long(words: Words, dropped: Counter[str]) -> Words:
    """Return the words that the reader's steps can carry; the word after one left out is `broken` off."""
    word = np.repeat(np.arange(len(words.size)), words.size)
    twins = (words.codes[1:] == words.codes[:-1]) & (word[1:] == word[:-1]) & (words.codes[1:] < WILD)  # wild twins may come out unlike
    steps = words.size + np.bincount(word[1:][twins], minlength=len(words.size))
    long = steps > READER_STEPS
    dropped["long_words"] += int(long.sum())
    after = np.concatenate([[False], long[:-1]]) if len(long) else long
    broken = after.astype(np.bool_)
    return _taken(Words(words.codes, words.size, words.line, words.mark, broken), ~long)


def _first_of_equal(words: Words) -> Bools:
    """Return for each word whether its line is the first of those equal to it."""
    _, first, which = np.unique(words.mark, return_index=True, return_inverse=True)
    return np.asarray(words.line == words.line[first][which], dtype=np.bool_)


def _taken(words: Words, kept: Bools) -> Words:
    codes = words.codes[np.repeat(kept, words.size)]
    return Words(codes, words.size[kept], words.line[kept], words.mark[kept], words.broken[kept])
