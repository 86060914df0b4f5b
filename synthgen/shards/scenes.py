"""Scene samples as they leave the renderer, and the same as Arrow columns."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthgen.arrays import F32, I32, I64, U8, Bools, Quads
from synthgen.shards.columns import check_offsets, lists, named, pictures, plain, quads, spans
from synthgen.shards.schema import SCENE_CHAR, SCENE_COLUMNS, SCENE_SCHEMA, SCENE_WORD
from synthgen.shards.words import Names

NO_FONT = -1  # of a word that the background photo brought; stored as an empty name


@dataclass(frozen=True)
class SceneRows:
    """A block of n scenes as flat arrays, with all their words and characters; nobody changes them once they are handed over."""

    index: I64  # (n,)
    jpeg: U8  # all pictures, one after the other
    jpeg_offsets: I64  # (n + 1,)
    width: I32  # (n,) pixels
    height: I32
    region: U8  # PNG, all maps
    region_offsets: I64  # (n + 1,)
    affinity: U8
    affinity_offsets: I64
    background: I32  # (n,) rows into Names.backgrounds
    split: I32  # (n,) rows into Names.splits
    word_offsets: I64  # (n + 1,) words
    word_text: U8  # UTF-8, all texts; empty where nobody knows it
    word_text_offsets: I64  # (words + 1,) bytes
    word_quads: Quads  # (words, 4, 2)
    polygon: F32  # (points of all words, 2)
    polygon_offsets: I64  # (words + 1,) points
    word_line: I32  # (words,) line within its scene, 0 and up
    word_font: I32  # (words,) rows into Names.fonts, or NO_FONT
    word_visible: F32  # (words,) 0 to 1
    word_ignore: Bools  # (words,)
    char_offsets: I64  # (n + 1,) characters
    char_text: U8  # UTF-8
    char_text_offsets: I64  # (characters + 1,) bytes
    char_word: I32  # (characters,) word within its scene
    char_quads: Quads  # (characters, 4, 2)
    char_visible: F32  # (characters,) 0 to 1


def scene_batch(rows: SceneRows, names: Names) -> pa.RecordBatch:
    """Return the columns of SCENE_SCHEMA over the same memory: only names, flags and offsets are copied.

    Raises:
        ValueError: the arrays do not fit together.
    """
    _check(rows)
    columns = {
        "index": plain(rows.index, pa.int64()),
        "image": pictures(rows.jpeg, rows.jpeg_offsets),
        "width": plain(rows.width, pa.int32()),
        "height": plain(rows.height, pa.int32()),
        "words": lists(_words(rows, names), rows.word_offsets, SCENE_SCHEMA.field("words").type),
        "chars": lists(_chars(rows), rows.char_offsets, SCENE_SCHEMA.field("chars").type),
        "region": pictures(rows.region, rows.region_offsets),
        "affinity": pictures(rows.affinity, rows.affinity_offsets),
        "background": named(names.backgrounds, rows.background),
        "split": named(names.splits, rows.split),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in SCENE_COLUMNS], schema=SCENE_SCHEMA)


def _words(rows: SceneRows, names: Names) -> pa.StructArray:
    numbers = pa.array(np.ascontiguousarray(rows.polygon, dtype=np.float32).reshape(-1))
    fields = {
        "text": spans(rows.word_text, rows.word_text_offsets, pa.string()),
        "quad": quads(rows.word_quads),
        "polygon": lists(numbers, 2 * rows.polygon_offsets, SCENE_WORD.field("polygon").type),
        "line": plain(rows.word_line, pa.int32()),
        "font": named(("", *names.fonts), rows.word_font - np.int32(NO_FONT)),
        "visible": plain(rows.word_visible, pa.float32()),
        "ignore": plain(rows.word_ignore, pa.bool_()),
    }
    return pa.StructArray.from_arrays([fields[field.name] for field in SCENE_WORD], fields=list(SCENE_WORD))


def _chars(rows: SceneRows) -> pa.StructArray:
    fields = {
        "char": spans(rows.char_text, rows.char_text_offsets, pa.string()),
        "word": plain(rows.char_word, pa.int32()),
        "quad": quads(rows.char_quads),
        "visible": plain(rows.char_visible, pa.float32()),
    }
    return pa.StructArray.from_arrays([fields[field.name] for field in SCENE_CHAR], fields=list(SCENE_CHAR))


def _check(rows: SceneRows) -> None:
    n, words, chars = len(rows.index), len(rows.word_quads), len(rows.char_quads)
    check_offsets("SceneRows.jpeg", n, rows.jpeg_offsets, len(rows.jpeg))
    check_offsets("SceneRows.region", n, rows.region_offsets, len(rows.region))
    check_offsets("SceneRows.affinity", n, rows.affinity_offsets, len(rows.affinity))
    check_offsets("SceneRows.word", n, rows.word_offsets, words)
    check_offsets("SceneRows.word_text", words, rows.word_text_offsets, len(rows.word_text))
    check_offsets("SceneRows.polygon", words, rows.polygon_offsets, len(rows.polygon))
    check_offsets("SceneRows.char", n, rows.char_offsets, chars)
    check_offsets("SceneRows.char_text", chars, rows.char_text_offsets, len(rows.char_text))
    if (rows.word_line < 0).any():
        raise ValueError(f"SceneRows.word_line: need 0 or more, got {rows.word_line.min()}")
    words_there = np.repeat(np.diff(rows.word_offsets), np.diff(rows.char_offsets))  # (characters,) in the scene of each
    lost = (rows.char_word < 0) | (rows.char_word >= words_there)
    if lost.any():
        at = int(lost.argmax())
        raise ValueError(f"SceneRows.char_word: need a word of the same scene, of {words_there[at]}, got {rows.char_word[at]}")
