"""Lines of text as product packs carry them, expanded from the templates of `data/grammar.toml`."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle, islice

import numpy as np

from synthgen.chance import Stream, uniforms
from synthgen.scene.texts import WILD_SLOTS

LINES = 60_000
SEED = 20_150_717  # of the grammar's own lines; another one is another corpus, so "Changed pixels" in the CHANGELOG
DRAWS = 48  # a line; the longest template takes about 40, a longer one begins again at the first
PROBE = 64  # lines of a category that measure its words a line
SLOT = re.compile(r"\{([a-z0-9_-]+)\}")
SPAN = re.compile(r"(\d+)-(\d+)")
PLACEHOLDERS = "\ue000\ue001\ue002\ue003"  # private-use characters for the wild slots, in the order of WILD_SLOTS
MARKS = dict(zip("91Aa", PLACEHOLDERS, strict=True))  # as the templates write them
PLACEHOLDER_CODES = dict(zip(PLACEHOLDERS, WILD_SLOTS, strict=True))

Entries = tuple["Template", ...]


@dataclass(frozen=True)
class Template:
    """A template cut at its slots: literal, slot, literal, ..., literal; one literal more than slots."""

    literals: tuple[str, ...]
    slots: tuple[Entries | tuple[str, ...], ...]

    def expand(self, draws: Iterator[float]) -> str:
        """Return the text with one entry drawn for each slot, a draw each, depth first."""
        out = [self.literals[0]]
        for entries, literal in zip(self.slots, self.literals[1:], strict=True):
            entry = entries[int(next(draws) * len(entries))]
            out.append(entry if isinstance(entry, str) else entry.expand(draws))
            out.append(literal)
        return "".join(out)


@dataclass(frozen=True)
class Category:
    """Templates of one kind of text, and their part of all words."""

    name: str
    share: float
    templates: Entries


class _Parser:
    """Turns template strings into templates; lists are parsed once, when first named."""

    def __init__(self, lists: dict[str, list[str]]) -> None:
        self._lists = lists
        self._entries: dict[str, Entries | tuple[str, ...]] = {}

    def template(self, text: str) -> Template:
        pieces = SLOT.split(_with_marks(text))
        return Template(tuple(pieces[::2]), tuple(self._slot(name) for name in pieces[1::2]))

    def _slot(self, name: str) -> Entries | tuple[str, ...]:
        if name not in self._entries:
            span = SPAN.fullmatch(name)
            self._entries[name] = _numbers(*span.groups()) if span else self._list(name)
        return self._entries[name]

    def _list(self, name: str) -> Entries | tuple[str, ...]:
        texts = self._lists[name]
        if any(SLOT.search(text) for text in texts):
            return tuple(self.template(text) for text in texts)
        return tuple(texts)


def _with_marks(text: str) -> str:
    """Return `text` with its wild slots as placeholder characters, which need no draw here."""
    for mark, char in MARKS.items():
        text = text.replace(f"{{{mark}}}", char)
    return text


def _numbers(low: str, high: str) -> tuple[str, ...]:
    return tuple(f"{n:0{len(low)}d}" for n in range(int(low), int(high) + 1))


def categories() -> tuple[Category, ...]:
    """Return the categories of `data/grammar.toml`."""
    tree = tomllib.loads((files("synthgen.assets") / "data" / "grammar.toml").read_text(encoding="utf-8"))
    parser = _Parser(tree["lists"])
    return tuple(Category(c["name"], c["share"], tuple(map(parser.template, c["lines"]))) for c in tree["category"])


def lines(count: int = LINES) -> list[str]:
    """Return about `count` lines, always the same; wild slots stand as PLACEHOLDERS, one character each."""
    return [text for texts in lines_by_category(count).values() for text in texts]


def lines_by_category(count: int = LINES) -> dict[str, list[str]]:
    """Return the same lines by the name of their category, in order."""
    known = categories()
    tries = [_expand(category, number, PROBE) for number, category in enumerate(known)]
    words_a_line = [sum(text.count(" ") + 1 for text in probe) / PROBE for probe in tries]
    parts = [category.share / words for category, words in zip(known, words_a_line, strict=True)]
    whole = sum(parts)
    wanted = [round(count * part / whole) for part in parts]
    return {category.name: _expand(category, number, wanted[number]) for number, category in enumerate(known)}


def _expand(category: Category, number: int, count: int) -> list[str]:
    """Return `count` lines of a category; line k is the same for any count."""
    index = np.arange(count, dtype=np.uint64) + (np.uint64(number) << np.uint64(32))
    rows = uniforms(SEED, Stream.GRAMMAR, index, DRAWS).tolist()
    templates = category.templates
    return [templates[int(row[0] * len(templates))].expand(islice(cycle(row), 1, None)) for row in rows]
