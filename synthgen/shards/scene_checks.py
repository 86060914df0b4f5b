"""What must hold for rows of scenes; all of it over whole columns.

A character of which nothing is seen has a quad all the same: on the far side of a jar it is mirrored, and that is no fault.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthgen.arrays import F32, I64, U32, Bools
from synthgen.quad_shapes import inside_shares, leave
from synthgen.shards.findings import Findings, shown
from synthgen.shards.flat import code_points, edges_of, parents_of, quads_of, text_at
from synthgen.shards.row_checks import JPEG, PNG, check_files, check_letters, check_names, check_shapes, check_share, check_sizes

# `visible` is counted on 7 x 7 points of a quad, so a picture's edge may be a row of them off; quads of 4,000 scenes were off by 0.11.
VISIBLE_SLACK = 1 / 7


def check_scenes(batch: pa.RecordBatch, known: Bools, findings: Findings) -> None:
    """Check rows without nulls; `known`: which characters are in the alphabet."""
    check_sizes(batch, findings)
    for name, ends in (("image", JPEG), ("region", PNG), ("affinity", PNG)):
        check_files(batch, name, ends, findings)
    check_names(batch, ("background", "split"), findings)
    words, chars = Items.of(batch, "words"), Items.of(batch, "chars")
    _check_words(words, known, findings)
    _check_chars(batch, chars, known, findings)
    _check_spelling(words, chars, findings)


@dataclass(frozen=True)
class Items:
    """The structs of a column of lists, one after the other."""

    fields: pa.StructArray
    edges: I64  # (rows + 1,)
    parents: I64  # (items,) row of each

    @classmethod
    def of(cls, batch: pa.RecordBatch, name: str) -> "Items":
        """Return those of a column."""
        edges = edges_of(batch.column(name))
        return cls(batch.column(name).flatten(), edges, parents_of(edges))

    def numbers(self, name: str) -> F32:
        """Return a field of numbers or flags, `(items,)`."""
        return np.asarray(self.fields.field(name).to_numpy(zero_copy_only=False))


def _check_words(words: Items, known: Bools, findings: Findings) -> None:
    text, parents = words.fields.field("text"), words.parents
    points, edges = code_points(text)
    check_letters(points, known, "words.text", parents[parents_of(edges)], findings)
    unread = (np.diff(edges) == 0) & ~words.numbers("ignore").astype(np.bool_)
    findings.rows("words.text empty", unread, lambda _: ("a text, or ignore", "''"), parents)
    quads = quads_of(words.fields.field("quad"))
    check_shapes(quads, np.ones(len(quads), dtype=np.bool_), "words.quad", parents, findings)
    check_share(words.numbers("visible"), "words.visible", findings, parents)
    line = words.numbers("line")
    findings.rows("words.line", line < 0, lambda k: ("0 or more", str(line[k])), parents)
    back = np.zeros(len(line), dtype=np.bool_)
    back[1:] = (line[1:] < line[:-1]) & (parents[1:] == parents[:-1])
    findings.rows("words.line order", back, lambda k: (f"{line[k - 1]} or more, as words come line by line", str(line[k])), parents)
    _check_polygons(words, findings)


def _check_polygons(words: Items, findings: Findings) -> None:
    column = words.fields.field("polygon")
    edges = edges_of(column)
    counts = np.diff(edges)
    findings.rows("words.polygon", (counts < 6) | (counts % 2 > 0), lambda k: ("3 points or more", f"{counts[k]} numbers"), words.parents)
    numbers = column.flatten().to_numpy()
    strange = ~np.isfinite(numbers)
    findings.rows("words.polygon", strange, lambda k: ("finite points", str(numbers[k])), words.parents[parents_of(edges)])


def _check_chars(batch: pa.RecordBatch, chars: Items, known: Bools, findings: Findings) -> None:
    letters, parents = chars.fields.field("char"), chars.parents
    points, edges = code_points(letters)
    check_letters(points, known, "chars.char", parents[parents_of(edges)], findings)
    findings.rows("chars.char", np.diff(edges) != 1, lambda k: ("one character", shown(ascii(text_at(letters, k)))), parents)
    visible = chars.numbers("visible")
    check_share(visible, "chars.visible", findings, parents)
    x, y, right = check_shapes(quads_of(chars.fields.field("quad")), visible > 0, "chars.quad", parents, findings)
    width, height = (batch.column(name).to_numpy()[parents] for name in ("width", "height"))
    out = np.flatnonzero(right & (leave(x, y, width, height) > 0))
    shares = np.ones(len(visible))
    shares[out] = inside_shares(x[:, out], y[:, out], width[out], height[out])
    hidden = shares < visible - VISIBLE_SLACK
    findings.rows(
        "chars.visible inside", hidden, lambda k: (f"at most {shares[k]:.2f}, the share in the picture", str(visible[k])), parents
    )


def _check_spelling(words: Items, chars: Items, findings: Findings) -> None:
    """Check that each character is of a word of its scene, and that those of a word, in order, are its text."""
    own, there = chars.numbers("word").astype(np.int64), np.diff(words.edges)[chars.parents]
    lost = (own < 0) | (own >= there)
    findings.rows("chars.word", lost, lambda k: (f"a word of the scene, of {there[k]}", str(own[k])), chars.parents)
    texts = words.fields.field("text")
    points, edges = code_points(texts)
    letters, begins = code_points(chars.fields.field("char"))
    kept = np.flatnonzero(~lost & (np.diff(begins) == 1))
    word = words.edges[chars.parents[kept]] + own[kept]
    spelt = letters[begins[kept[np.argsort(word, kind="stable")]]]
    ends = np.concatenate([[0], np.cumsum(np.bincount(word, minlength=len(texts)))])

    def told(k: int) -> tuple[str, str]:
        return shown(ascii(text_at(texts, k))), shown(ascii("".join(map(chr, spelt[ends[k] : ends[k + 1]]))))

    findings.rows("chars of word", _unlike((points, edges), (spelt, ends)), told, words.parents)


def _unlike(texts: tuple[U32, I64], others: tuple[U32, I64]) -> Bools:
    """Return which of as many texts, characters and offsets each, are not the same."""
    (points, edges), (spelt, ends) = texts, others
    unlike = np.asarray(np.diff(edges) != np.diff(ends))
    parents = parents_of(edges)
    mine = np.flatnonzero(~unlike[parents])  # characters of texts of the same length
    theirs = ends[parents[mine]] + mine - edges[parents[mine]]
    unlike[parents[mine[points[mine] != spelt[theirs]]]] = True
    return unlike
