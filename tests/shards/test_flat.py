"""Arrow columns as flat arrays: the characters of strings, counted as Python does."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from synthgen.shards.flat import code_points, parents_of

texts = st.lists(st.text(max_size=5), max_size=6)


@given(texts, st.integers(0, 3))
def test_characters_are_those_of_python_in_slices_too(strings: list[str], skipped: int) -> None:
    points, edges = code_points(pa.array(["\u20ac"] * skipped + strings, type=pa.string())[skipped:])
    assert "".join(map(chr, points)) == "".join(strings)
    assert np.diff(edges).tolist() == [len(text) for text in strings]
    assert parents_of(edges).tolist() == [row for row, text in enumerate(strings) for _ in text]


@given(st.lists(st.binary(max_size=4), max_size=5))
def test_bytes_that_are_no_utf8_are_characters_that_no_alphabet_has(parts: list[bytes]) -> None:
    parts = [part.decode("utf-8", "ignore").encode() + b"\xff" for part in parts]  # no character goes on in the next string
    strings = pa.array(parts, type=pa.binary()).view(pa.string())
    points, edges = code_points(strings)
    assert all(0xDC80 <= points[end - 1] <= 0xDCFF for end in edges[1:])
    assert np.diff(edges).tolist() == [len(part.decode("utf-8", "surrogateescape")) for part in parts]
