"""Runs of tiny samples in which nothing is wrong, and a way to plant faults in them whose checksums are right."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthgen import quads as geometry
from synthgen.job import Job, Renderer
from synthgen.recipe import Recipe
from synthgen.shards import manifest
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.read import read
from synthgen.shards.scenes import NO_FONT, SceneRows
from synthgen.shards.schema import TABLES
from synthgen.shards.storage import read_json
from synthgen.shards.store import Folder
from synthgen.shards.tfrecord import tfrecord_shard
from synthgen.shards.words import WordRows
from tests.fake_runs import fake_job, render
from tests.fake_scenes import below, joined
from tests.fake_words import NAMES, offsets_of

ALPHABET = "Abc\u00fc\u20ac "
TEXTS = ("A", "bc\u00fc", "\u20acA b", "ccc")
STEP, HEIGHT = 8, 16  # px a character
SCENE_WORDS = ("Ab", "\u00fc\u20acc", "")  # of each scene; nobody knows the last
SCENE_SIZE = (21, 50)  # an odd height: the maps have 11 rows
Row = dict[str, Any]


class SoundRenderer:
    """Paints even pictures with upright quads."""

    names = NAMES

    def words(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
        for begin in range(first, last, 7):
            yield words_of(np.arange(begin, min(begin + 7, last), dtype=np.int64)), {"refused": 1}

    def scenes(self, first: int, last: int) -> Iterator[tuple[SceneRows, dict[str, int]]]:
        yield scenes_of(np.arange(first, last, dtype=np.int64)), {"refused": 1}


def make_sound(job: Job, cure: str = "") -> Renderer:
    return SoundRenderer()


def sound_run(out: Path, form: str = "parquet") -> Path:
    """Render 40 words and 20 scenes in shards of 10."""
    render(fake_job(out, n=40, scenes=20, recipe=Recipe(), factory=make_sound, alphabet=ALPHABET, format=form))
    return out


def words_of(index: np.ndarray[tuple[int], np.dtype[np.int64]]) -> WordRows:
    texts = [TEXTS[k % len(TEXTS)] for k in index.tolist()]
    width = np.array([STEP * len(text) + 4 for text in texts], dtype=np.int32)
    jpegs = [picture(".jpg", (HEIGHT, int(w), 3), int(k)) for k, w in zip(index, width, strict=True)]
    spelt = [text.encode() for text in texts]
    n = len(index)
    return WordRows(
        index=index,
        jpeg=joined(jpegs),
        jpeg_offsets=offsets_of(jpegs),
        width=width,
        height=np.full(n, HEIGHT, dtype=np.int32),
        text=joined(spelt),
        text_offsets=offsets_of(spelt),
        quads=upright([place for text in texts for place in range(len(text))], 3.0),
        quad_offsets=offsets_of(texts),
        font=(index % 2).astype(np.int32),
        background=(index % 3).astype(np.int32),
        source=np.zeros(n, dtype=np.int32),
        split=(index % 2).astype(np.int32),
        contrast=np.full(n, 0.5, dtype=np.float32),
    )


def upright(places: list[int], top: float) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    return geometry.of_boxes(np.array([[2 + STEP * k, top, 10 + STEP * k, top + 9] for k in places], dtype=np.float32).reshape(-1, 4))


def picture(suffix: str, shape: tuple[int, ...], shade: int) -> bytes:
    return bytes(cv2.imencode(suffix, np.full(shape, 3 * shade % 256, dtype=np.uint8))[1].tobytes())


def scenes_of(index: np.ndarray[tuple[int], np.dtype[np.int64]]) -> SceneRows:
    n, half = len(index), (-(-SCENE_SIZE[0] // 2), -(-SCENE_SIZE[1] // 2))
    jpegs = [picture(".jpg", (*SCENE_SIZE, 3), k) for k in index.tolist()]
    maps = [picture(".png", half, k) for k in index.tolist()]
    texts = SCENE_WORDS * n
    spelt, letters = [text.encode() for text in texts], [letter.encode() for text in texts for letter in text]
    word, place = below(np.arange(len(texts)), np.array([len(text) for text in texts]))
    quads = upright((place + 3 * (word % 3)).tolist(), 5.0)
    visible = np.where(place == 2, 0.0, 1.0).astype(np.float32)
    quads[place == 2] = quads[place == 2, ::-1]  # on the far side of a jar: mirrored, and not seen
    word_quads = upright([3 * (k % 3) for k in range(len(texts))], 5.0)
    return SceneRows(
        index=index,
        jpeg=joined(jpegs),
        jpeg_offsets=offsets_of(jpegs),
        width=np.full(n, SCENE_SIZE[1], dtype=np.int32),
        height=np.full(n, SCENE_SIZE[0], dtype=np.int32),
        region=joined(maps),
        region_offsets=offsets_of(maps),
        affinity=joined(maps),
        affinity_offsets=offsets_of(maps),
        background=np.zeros(n, dtype=np.int32),
        split=np.zeros(n, dtype=np.int32),
        word_offsets=len(SCENE_WORDS) * np.arange(n + 1),
        word_text=joined(spelt),
        word_text_offsets=offsets_of(spelt),
        word_quads=word_quads,
        polygon=word_quads.reshape(-1, 2),
        polygon_offsets=4 * np.arange(len(texts) + 1),
        word_line=np.zeros(len(texts), dtype=np.int32),
        word_font=np.array([0 if text else NO_FONT for text in texts], dtype=np.int32),
        word_visible=np.ones(len(texts), dtype=np.float32),
        word_ignore=np.array([not text for text in texts]),
        char_offsets=len("".join(SCENE_WORDS)) * np.arange(n + 1),
        char_text=joined(letters),
        char_text_offsets=offsets_of(letters),
        char_word=(word % len(SCENE_WORDS)).astype(np.int32),
        char_quads=quads,
        char_visible=visible,
    )


def replant(out: Path, file: str, change: Callable[[list[Row]], None]) -> None:
    """Change the rows of a shard in place, and repair its record and the manifest, so that sizes and checksums are right."""
    path, table = out / file, file.split("/")[0]
    rows = [row for batch in read(path, table=table) for row in batch.to_pylist()]
    change(rows)
    layout = TABLES[table]
    batch = pa.RecordBatch.from_pylist(rows, schema=layout.schema)
    if path.suffix == ".tfrecord":
        with tfrecord_shard(path, layout) as records:
            records.write_batch(batch)
    else:
        with parquet_shard(path, pq.read_schema(path), layout) as shard:
            shard.write_batch(batch)
    repair(out)


def repair(out: Path) -> None:
    """Write records and manifest anew for the shards as they are."""
    store = Folder(out)
    parts = [manifest.parsed_part(path.read_bytes(), str(path)) for path in sorted((out / manifest.PARTS).glob("*.json"))]
    renewed = [manifest.made_part(part.file, out / part.file, part.rows, part.counts) for part in parts]
    for part in renewed:
        manifest.vouch(store, part)
    manifest.write_manifest(store, read_json(out / manifest.RUN), renewed)


def swapped(corners: list[float], a: int, b: int) -> list[float]:
    """Return eight numbers of a quad with two of its corners swapped."""
    points = [corners[2 * k : 2 * k + 2] for k in range(4)]
    points[a], points[b] = points[b], points[a]
    return [number for point in points for number in point]
