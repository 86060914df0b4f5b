"""Columns and schema: what DESIGN.md promises, from flat arrays."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.shards.columns import regrouped
from synthgen.shards.schema import TABLES, WORD_SCHEMA, Layout, leaf_paths, marked
from synthgen.shards.words import word_batch
from tests.fake_words import NAMES, word_rows


def test_a_batch_says_what_the_arrays_say() -> None:
    rows = word_rows(seed=3, first=5, last=12)
    batch = word_batch(rows, NAMES)
    batch.validate(full=True)
    for k, row in enumerate(batch.to_pylist()):
        assert row["index"] == 5 + k
        assert row["image"] == {"bytes": rows.jpeg[rows.jpeg_offsets[k] : rows.jpeg_offsets[k + 1]].tobytes(), "path": None}
        assert row["text"] == rows.text[rows.text_offsets[k] : rows.text_offsets[k + 1]].tobytes().decode()
        assert np.array_equal(np.reshape(row["char_quads"], (-1, 4, 2)), rows.quads[rows.quad_offsets[k] : rows.quad_offsets[k + 1]])
        assert len(row["char_quads"]) == len(row["text"])
        assert (row["width"], row["height"], row["contrast"]) == (rows.width[k], 16, rows.contrast[k])
        assert (row["font"], row["background"]) == (NAMES.fonts[rows.font[k]], NAMES.backgrounds[rows.background[k]])
        assert (row["source"], row["split"]) == ("grammar", NAMES.splits[rows.split[k]])


def test_the_schema_is_as_promised() -> None:
    expected = (
        "index: int64, image: struct<bytes: binary, path: string>, width: int32, height: int32, text: string, "
        "char_quads: list<element: fixed_size_list<element: float>[8]>, font: string, background: string, source: string, split: string, "
        "contrast: float"
    )
    assert ", ".join(f"{field.name}: {field.type}" for field in WORD_SCHEMA).replace("item: ", "element: ") == expected


@pytest.mark.parametrize("layout", TABLES.values(), ids=TABLES)
def test_leaves_named_by_a_layout_exist(layout: Layout) -> None:
    assert {*layout.plain, *layout.repeated, *layout.measured} <= set(leaf_paths(layout.schema))


def test_leaves_are_named_as_parquet_does() -> None:
    assert "char_quads.list.element.list.element" in leaf_paths(TABLES["words"].schema)
    assert "words.list.element.polygon.list.element" in leaf_paths(TABLES["scenes"].schema)


def test_marks_stand_in_the_metadata() -> None:
    metadata = marked(WORD_SCHEMA, "f" * 64, 'ab"ü').metadata
    assert (metadata[b"synthgen.run"].decode(), metadata[b"synthgen.alphabet"].decode()) == ("f" * 64, 'ab"ü')


@given(cuts=st.sets(st.integers(1, 39)), size=st.integers(1, 45))
def test_regrouped_batches_have_the_same_rows_in_equal_numbers(cuts: set[int], size: int) -> None:
    whole = word_batch(word_rows(seed=3, first=0, last=40), NAMES)
    groups = list(regrouped((whole.slice(first, last - first) for first, last in pairwise([0, *sorted(cuts), 40])), size))
    assert [group.num_rows for group in groups] == [size] * (40 // size) + ([40 % size] if 40 % size else [])
    assert pa.Table.from_batches(groups).combine_chunks().equals(pa.Table.from_batches([whole]))


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    rows = word_rows(seed=3, first=0, last=4)
    with pytest.raises(ValueError, match=r"WordRows\.text_offsets: need 5 numbers from 0 to"):
        word_batch(replace(rows, text_offsets=rows.text_offsets[:-1]), NAMES)
    with pytest.raises(ValueError, match=r"WordRows\.jpeg_offsets: need 5 numbers"):
        word_batch(replace(rows, jpeg=rows.jpeg[1:]), NAMES)
    with pytest.raises(ValueError, match=r"WordRows\.quad_offsets: need 5 numbers from 0 to \d+, none below the last"):
        word_batch(replace(rows, quad_offsets=rows.quad_offsets[[0, 2, 1, 3, 4]]), NAMES)
    huge = np.broadcast_to(np.uint8(0), (2**31,))
    offsets = np.array([0, 0, 0, 0, 2**31])
    with pytest.raises(ValueError, match=r"WordRows\.jpeg: need less than 2\*\*31 in a block"):
        word_batch(replace(rows, jpeg=huge, jpeg_offsets=offsets), NAMES)
