"""Words that were found and read as a page: in reading order, by lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.lines import reading_order
from detector.words import FoundWords
from extractor.page import Line, Page, Word, letter_confidence
from extractor.splitting import split
from extractor.turns import DOWN, OVER, Read
from synthgen.arrays import F32, I32, I64, Quads

# Power of the least confidence that is asked of a lone letter or sign: .95 where it is .7 of words. Most are scraps of pictures. Source:
# benchmarks/RESULTS.md, what was tried.
LONE = 0.15
UNITS = frozenset("gGlL")  # of one letter; behind a number they are no scraps


@dataclass(frozen=True)
class Kept:
    """Where words are and what they say, n of them."""

    quads: Quads  # (n, 4, 2), from the text's own top left
    polygons: tuple[F32 | None, ...]
    scores: F32  # (n,)
    reads: tuple[Read, ...]


def page_of(size: tuple[int, int], found: FoundWords, reads: Sequence[Read], least_confidence: float) -> Page:
    """Return what was found and read on a photo of `size` (height, width) without places where nothing was read, or not surely
    enough: `least_confidence` is what is asked of a word's letters.

    Text that runs another way than most of it comes after that, each way for itself: a label's side is no part of the lines of its front.
    """
    chosen = [k for k, sure in enumerate(sure_of(found, reads, least_confidence)) if sure]
    kept = Kept(
        quads=np.array([turned(found.quads[k], reads[k].turn) for k in chosen], dtype=np.float32).reshape(-1, 4, 2),
        polygons=tuple(_outline(found.polygons[k], reads[k]) for k in chosen),
        scores=found.scores[chosen],
        reads=tuple(reads[k] for k in chosen),
    )
    kept = _told_apart(kept)
    order, lines = _order(kept)
    words = tuple(_word(kept, k, line) for k, line in zip(order.tolist(), lines.tolist(), strict=True))
    return Page(*size, words=words, lines=_lines(words), left_out=len(reads) - len(chosen))


def _told_apart(kept: Kept) -> Kept:
    """Return words, in place of one that was read with spaces those between them, each as sure in its letters as the whole.

    A curved one stays whole, as its outline says nothing of where the spaces are.
    """
    parts = [
        (k, quad, text)
        for k, (whole, polygon, read) in enumerate(zip(kept.quads, kept.polygons, kept.reads, strict=True))
        for quad, text in (split(whole, read.text) if polygon is None else [(whole, read.text.strip())])
    ]
    return Kept(
        quads=np.array([quad for _, quad, _ in parts], dtype=np.float32).reshape(-1, 4, 2),
        polygons=tuple(kept.polygons[k] for k, _, _ in parts),
        scores=kept.scores[[k for k, _, _ in parts]],
        reads=tuple(_part(kept.reads[k], text) for k, _, text in parts),
    )


def _part(read: Read, text: str) -> Read:
    """Return one of the words of a reading, as sure in its letters as all of it."""
    if text == read.text:
        return read
    return replace(read, text=text, confidence=letter_confidence(read.text, read.confidence) ** (len(text) + 1))


def sure_of(found: FoundWords, reads: Sequence[Read], least_confidence: float) -> list[bool]:
    """Return which words were read surely enough, units behind their numbers as units."""
    return [is_sure(read, least_confidence, unit=_is_unit(reads, found, k)) for k, read in enumerate(reads)]


def _is_unit(reads: Sequence[Read], found: FoundWords, word: int) -> bool:
    """Return whether a word is a unit of one letter behind a number on its line, as in "500 g"."""
    before = word - 1
    follows = before >= 0 and found.lines[before] == found.lines[word] and reads[before].text[-1:].isdigit()
    return bool(follows and reads[word].text in UNITS)


def is_sure(read: Read, least_confidence: float, *, unit: bool = False) -> bool:
    """Return whether a word was read at all, and surely enough: of `least_confidence` in its letters; a lone one of more, unless a unit."""
    asked = least_confidence if unit or sum(map(str.isalnum, read.text)) > 1 else least_confidence**LONE
    return bool(read.text.strip()) and letter_confidence(read.text, read.confidence) >= asked


def turned(quad: Quads, turn: int) -> Quads:
    """Return a quad (4, 2) from the top left of its text, whose strip was turned anticlockwise by `turn` quarters to be read."""
    return np.roll(quad, -turn, axis=0)


def turned_back(page: Page, quarters: int) -> Page:
    """Return the page of a photo that was turned anticlockwise by `quarters`, 1 or 3, before it was read, in px of what it was."""
    height, width = page.width, page.height

    def back(points: F32) -> F32:
        x, y = points.T
        return np.stack([width - y, x] if quarters == DOWN else [y, height - x], axis=1)

    words = (replace(one, quad=back(one.quad), polygon=None if one.polygon is None else back(one.polygon)) for one in page.words)
    return replace(page, height=height, width=width, words=tuple(words))


def _outline(polygon: F32, read: Read) -> F32 | None:
    """Return the outline of a word that is read within it, from the text's own upper left; None for one that is as its quad."""
    if not read.bent:
        return None
    return np.roll(polygon, -(len(polygon) // 2), axis=0) if read.turn == OVER else polygon


def _order(kept: Kept) -> tuple[I64, I32]:
    """Return the order `(n,)` in which words are read, and the line of each as ordered: by the way they run, that of most words first."""
    ways = np.array([read.turn for read in kept.reads], dtype=np.int64)
    most_first = sorted(set(ways.tolist()), key=lambda way: (-(ways == way).sum(), way))
    order, lines, count = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], 0
    for way in most_first:
        of_way = np.flatnonzero(ways == way)
        places, own = reading_order(kept.quads[of_way])
        order.append(of_way[places])
        lines.append(own + np.int32(count))
        count += int(own.max()) + 1
    return np.concatenate(order), np.concatenate(lines)


def _word(kept: Kept, word: int, line: int) -> Word:
    read = kept.reads[word]
    return Word(read.text, kept.quads[word], kept.polygons[word], float(kept.scores[word]), read.confidence, line)


def _lines(words: Sequence[Word]) -> tuple[Line, ...]:
    on_line: dict[int, list[int]] = {}
    for k, word in enumerate(words):
        on_line.setdefault(word.line, []).append(k)
    return tuple(Line(" ".join(words[k].text for k in these), tuple(these)) for these in on_line.values())
