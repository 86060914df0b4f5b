"""Samples by index: the same as arrays, as rows and as files."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from synthgen import quads as geometry
from synthgen.alphabet import Alphabet
from synthgen.assets.studio import Opened
from synthgen.engine.local import LocalEngine
from synthgen.job import Job, run
from synthgen.recipe import Recipe
from synthgen.renderer import BLOCK, Renderer, encoded, open_renderer, stream, utf8
from synthgen.scene.words import render_words
from synthgen.shards.read import read
from synthgen.shards.words import WordRows
from tests.studio_fixture import FEW_FACES, first

ARRAYS = ("index", "jpeg", "width", "height", "text", "quads", "font", "background", "source", "split", "contrast")


def rows_of(opened: Opened, begin: int, end: int, seed: int = 3) -> list[WordRows]:
    return [rows for rows, _ in Renderer(opened, seed).words(begin, end)]


def joined(parts: list[WordRows], name: str) -> bytes:
    return bytes(np.concatenate([getattr(part, name) for part in parts]).tobytes())


def test_rows_do_not_depend_on_the_span_that_was_asked_for(opened: Opened) -> None:
    whole, parts = (
        rows_of(opened, 0, BLOCK + 90),
        [rows for a, b in ((0, 7), (7, 300), (300, BLOCK + 90)) for rows in rows_of(opened, a, b)],
    )
    for name in ARRAYS:
        assert joined(whole, name) == joined(parts, name), name
    assert [len(rows.index) for rows in whole] == [BLOCK, 90]


def test_seeds_and_indices_give_other_rows(opened: Opened) -> None:
    spans = [rows_of(opened, begin, begin + 50, seed) for begin, seed in ((0, 3), (0, 4), (50, 3))]
    assert len({joined(rows, "jpeg") for rows in spans}) == 3


def test_a_jpeg_holds_the_picture_in_its_own_colours(opened: Opened) -> None:
    rows, block = rows_of(opened, 0, 120)[0], render_words(opened.studio, 3, first(120))
    far = []
    for row, (a, b) in enumerate(pairwise(rows.jpeg_offsets)):
        picture = cv2.imdecode(rows.jpeg[a:b], cv2.IMREAD_COLOR_RGB)
        assert picture is not None and picture.shape == (rows.height[row], rows.width[row], 3)
        far.append(np.abs(picture.astype(int) - block.picture(row)).mean())
    assert np.median(far) < 8
    assert np.array_equal(rows.quads, block.quads)


def test_better_quality_takes_more_bytes(opened: Opened) -> None:
    block = render_words(opened.studio, 3, first(50), blue_first=True)
    sizes = [len(encoded(replace(block, quality=np.full(50, q, np.int32)), opened.studio.alphabet).jpeg) for q in (40, 70, 95)]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3


@pytest.mark.parametrize("characters", ["ab c", "a\u00fc\u20ac\u4e00"])
def test_labels_become_utf8(characters: str) -> None:
    alphabet = Alphabet(characters)
    labels = np.array([1, 2, 3, 4, 4, 1], dtype=np.uint16)
    text, offsets = utf8(alphabet, labels, np.array([0, 2, 5, 6], dtype=np.int64))
    spelt = [bytes(text[a:b]).decode() for a, b in pairwise(offsets.tolist())]
    assert spelt == [alphabet.decode(part) for part in (labels[:2], labels[2:5], labels[5:])]


def test_streamed_words_are_those_of_a_run(opened: Opened, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    cache = tmp_path_factory.getbasetemp() / "assets"
    recipe = Recipe.checked(dict(FEW_FACES), place="few faces")
    job = Job(recipe=recipe, seed=5, n=70, out=tmp_path, factory=open_renderer, assets=opened.digests, shard_size=40, cache=cache)
    report = run(job, LocalEngine(1, inline=True), resume=False, progress=lambda part: None)
    table = [row for batch in read(tmp_path) for row in batch.to_pylist()]
    blocks = list(stream(recipe, range(70), seed=5, block=32, cache=cache))
    texts = [opened.studio.alphabet.decode(block.labels[a:b]) for block in blocks for a, b in pairwise(block.char_offsets)]
    assert [row["text"] for row in table] == texts
    assert [row["index"] for row in table] == list(range(70))
    assert [len(row["char_quads"]) for row in table] == [len(row["text"]) for row in table]
    flat = np.concatenate([np.array(row["char_quads"], np.float32).reshape(-1, 4, 2) for row in table])
    assert np.array_equal(flat, np.concatenate([block.quads for block in blocks]))
    assert geometry.areas(flat).min() > 0
    assert report.redrawn == sum(block.counts["redrawn"] for block in blocks)
    assert {row["font"] for row in table} <= {face.name for face in opened.faces}
    assert {row["background"] for row in table} <= set(opened.backgrounds)
    assert {row["source"] for row in table} <= set(opened.sources) and {row["split"] for row in table} == {"train"}


def test_a_worker_opens_what_the_run_opened(opened: Opened, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    cache = tmp_path_factory.getbasetemp() / "assets"
    job = Job(recipe=opened.studio.recipe, seed=3, n=1, out=tmp_path, factory=open_renderer, assets=opened.digests, cache=cache)
    renderer = open_renderer(job)
    assert renderer.names == Renderer(opened, 3).names
    rows, counts = next(renderer.words(0, 30))
    assert joined([rows], "jpeg") == joined(rows_of(opened, 0, 30), "jpeg") and counts["redrawn"] >= 0
