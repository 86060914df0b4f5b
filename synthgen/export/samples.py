"""Samples as others write them down: stored pictures, lines of a CSV table, and all columns as JSON."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from json import JSONEncoder

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthgen.arrays import I64
from synthgen.errors import SynthgenError
from synthgen.quads import bounds, corners, least_turns, of_boxes
from synthgen.shards.schema import SCENE_COLUMNS, WORD_COLUMNS

IGNORED = "###"  # the text of a word that is neither asked for nor wrong to find. Source: ICDAR 2015
CORNERS = tuple(f"{axis}{corner}" for corner in (1, 2, 3, 4) for axis in "xy")
HEADS = {"words": ("file", "text"), "scenes": ("file", *CORNERS, "text")}  # of labels.csv, as our own trainers read it
NO_WORDS = "," * len(CORNERS)  # what follows the file of a scene without words: empty cells
MAPS = ("region.png", "affinity.png")  # endings
LEAST_PX = 0.5  # by which a box goes beyond a misshapen quad, so that it has an area even around a line
QUOTED = frozenset(',"\r\n')
text_json = JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder each time


@dataclass(frozen=True, slots=True)
class Sample:
    """A word or scene, ready to be written; pictures are the bytes of the shard."""

    key: str  # its index in nine digits or more
    image: bytes  # JPEG
    text: str  # of a scene: of its words to be read, a line each
    labels: tuple[str, ...]  # lines of labels.csv from the second cell on
    about: str  # all columns but pictures, as a JSON object without its braces
    maps: tuple[tuple[str, bytes], ...] = ()  # ending and PNG
    counts: Mapping[str, int] = field(default_factory=dict)  # of words in a scene, see _labels


def samples(batch: pa.RecordBatch, table: str) -> Iterator[Sample]:
    """Yield the rows of a batch with all columns of its table."""
    yield from READERS[table](batch)


def csv_cell(text: str) -> str:
    """Return a cell of a CSV table that reads as `text`. Source: RFC 4180. Differs: a lone carriage return is quoted too."""
    return text if QUOTED.isdisjoint(text) else '"' + text.replace('"', '""') + '"'


def joined(numbers: pa.Array, edges: I64) -> list[str]:
    """Return the numbers between each two edges with commas between, as the shortest decimals that are the same float32.

    Raises:
        SynthgenError: a number is infinite or none, which JSON has no word for.
    """
    if not np.isfinite(numbers.to_numpy()).all():
        raise SynthgenError("quads: need finite numbers, got others; `synthgen verify` tells where")
    texts = numbers.cast(pa.string())
    return list(pc.binary_join(pa.ListArray.from_arrays(pa.array(edges.astype(np.int32)), texts), ",").to_pylist())


def _quads(values: pa.FixedSizeListArray) -> list[str]:
    """Return the eight numbers of each quad, with commas between."""
    return joined(values.flatten(), 8 * np.arange(len(values) + 1))


def _edges(lists: pa.ListArray) -> I64:
    """Return where the items of each row begin in the flattened lists."""
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return np.asarray(offsets - offsets[0])


def _nested(quads: list[str]) -> str:
    return f"[[{'],['.join(quads)}]]" if quads else "[]"


def _words(batch: pa.RecordBatch) -> Iterator[Sample]:
    quads, edges = _quads(batch["char_quads"].flatten()), _edges(batch["char_quads"]).tolist()
    texts, names = batch["text"].to_pylist(), {name: _strings(batch[name]) for name in ("font", "background", "source", "split")}
    contrast = joined(batch["contrast"], np.arange(len(batch) + 1))
    pictures = batch["image"].field("bytes").to_pylist()
    for row, (key, head) in enumerate(_heads(batch)):
        text, written = texts[row], "".join(f',"{name}":{column[row]}' for name, column in names.items())
        own = _nested(quads[edges[row] : edges[row + 1]])
        about = f'{head},"text":{text_json(text)},"char_quads":{own}{written},"contrast":{contrast[row]}'
        yield Sample(key, pictures[row], text, (csv_cell(text),), about)


def _scenes(batch: pa.RecordBatch) -> Iterator[Sample]:
    words, spans = batch["words"].flatten(), [slice(*edges) for edges in pairwise(_edges(batch["words"]).tolist())]
    texts, ignored, outlines = words.field("text").to_pylist(), words.field("ignore").to_pylist(), _outlines(words)
    about_words, about_chars = _about_words(words), _about_chars(batch["chars"].flatten())
    char_edges = _edges(batch["chars"]).tolist()
    names = {name: _strings(batch[name]) for name in ("background", "split")}
    pictures = [batch[name].field("bytes").to_pylist() for name in ("image", "region", "affinity")]
    for row, ((key, head), span) in enumerate(zip(_heads(batch), spans, strict=True)):
        chars = slice(char_edges[row], char_edges[row + 1])
        written = "".join(f',"{name}":{column[row]}' for name, column in names.items())
        about = f'{head},"words":[{",".join(about_words[span])}],"chars":[{",".join(about_chars[chars])}]{written}'
        image, *maps = (column[row] for column in pictures)
        labels, counts = _labels(texts[span], ignored[span], outlines[span])
        read = [text for text, hidden in zip(texts[span], ignored[span], strict=True) if not hidden]
        yield Sample(key, image, "\n".join(read), labels, about, tuple(zip(MAPS, maps, strict=True)), counts)


def _labels(texts: list[str], ignored: list[bool], outlines: list[tuple[str, bool]]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the lines of a scene's words, and counts of what they hide.

    `misshapen`: words whose corners do not run clockwise round a convex quad, such as those of text seen from behind. Readers refuse a
    whole table for one of them, so that they are ignored there.
    """
    shown = [IGNORED if hidden or wrong else text for text, hidden, (_, wrong) in zip(texts, ignored, outlines, strict=True)]
    lines = tuple(f"{outline},{csv_cell(text)}" for (outline, _), text in zip(outlines, shown, strict=True))
    counts = {
        "words": len(texts),
        "ignored": sum(ignored),
        "misshapen": sum(wrong for _, wrong in outlines),
        "read_as_ignored": sum(text == IGNORED and not hidden for text, hidden in zip(texts, ignored, strict=True)),
        "without_words": int(not texts),
    }
    return lines or (NO_WORDS,), counts


def _outlines(words: pa.StructArray) -> list[tuple[str, bool]]:
    """Return eight numbers for each word, and whether they are those of a box around it, for a misshapen quad."""
    quads = words.field("quad").flatten().to_numpy().reshape(-1, 4, 2)
    wrong = ~(least_turns(*corners(quads)) > 0)
    boxes = of_boxes(bounds(quads) + np.array([-LEAST_PX, -LEAST_PX, LEAST_PX, LEAST_PX], dtype=np.float32))
    told = np.where(wrong[:, None, None], boxes, quads).reshape(-1)
    return list(zip(joined(pa.array(told), 8 * np.arange(len(quads) + 1)), wrong.tolist(), strict=True))


def _heads(batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
    """Yield key and the first columns of each row."""
    columns = (batch[name].to_pylist() for name in ("index", "width", "height"))
    for index, width, height in zip(*columns, strict=True):
        yield f"{index:09d}", f'"index":{index},"width":{width},"height":{height}'


def _strings(column: pa.Array) -> list[str]:
    """Return strings of which few differ as JSON."""
    coded = column.dictionary_encode()
    told = [text_json(name) for name in coded.dictionary.to_pylist()]
    return [told[code] for code in coded.indices.to_pylist()]


def _about_words(words: pa.StructArray) -> list[str]:
    polygons = joined(words.field("polygon").flatten(), _edges(words.field("polygon")))
    rows = zip(
        map(text_json, words.field("text").to_pylist()),
        _quads(words.field("quad")),
        polygons,
        words.field("line").to_pylist(),
        _strings(words.field("font")),
        joined(words.field("visible"), np.arange(len(words) + 1)),
        ("true" if hidden else "false" for hidden in words.field("ignore").to_pylist()),
        strict=True,
    )
    form = '{{"text":{},"quad":[{}],"polygon":[{}],"line":{},"font":{},"visible":{},"ignore":{}}}'
    return [form.format(*row) for row in rows]


def _about_chars(chars: pa.StructArray) -> list[str]:
    rows = zip(
        _strings(chars.field("char")),
        chars.field("word").to_pylist(),
        _quads(chars.field("quad")),
        joined(chars.field("visible"), np.arange(len(chars) + 1)),
        strict=True,
    )
    return [f'{{"char":{char},"word":{word},"quad":[{quad}],"visible":{visible}}}' for char, word, quad, visible in rows]


READERS: Mapping[str, Callable[[pa.RecordBatch], Iterator[Sample]]] = {"words": _words, "scenes": _scenes}
COLUMNS = {"words": WORD_COLUMNS, "scenes": SCENE_COLUMNS}
