"""Large photos: tiles that cover them, and maps without seams."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.finder import WordFinder
from detector.thresholds import Thresholds
from extractor.tiles import MARGIN, spans, tiled_maps
from synthgen.arrays import F32, U8
from tests.extractor.painted import scorer

FINDER = WordFinder(scorer, Thresholds(growth=1.0), longest=256, enlarged=1.0)


@given(length=st.integers(1, 3000), size=st.integers(1, 20).map(lambda n: 32 * n))
def test_tiles_cover_the_photo_once_and_see_beyond_what_they_give(length: int, size: int) -> None:
    found = spans(length, size)
    assert found[0].first == found[0].kept_first == 0 and found[-1].last == found[-1].kept_last == length
    assert all(before.kept_last == after.kept_first for before, after in pairwise(found))
    assert all(span.last - span.first <= size and span.first % 2 == span.kept_first % 2 == 0 for span in found)
    least = min(MARGIN, size // 4) - 4  # seams are at even px
    assert all(before.last - before.kept_last >= least and after.kept_first - after.first >= least for before, after in pairwise(found))
    assert len(found) == 1 or sum(span.last - span.first for span in found) < 3 * length + size


@pytest.mark.parametrize(("height", "width"), [(700, 1001), (256, 900), (20, 1100), (257, 255)])
def test_maps_of_tiles_are_those_of_the_whole(height: int, width: int) -> None:
    rng = np.random.default_rng(1)
    photo = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(tiled_maps(FINDER, photo), scorer(photo[None])[0])


def test_tiles_without_contrast_are_not_looked_at() -> None:
    seen = []

    def counting(prepared: U8) -> F32:
        seen.append(prepared)
        return scorer(prepared)

    photo = np.full((256, 2048, 3), 200, dtype=np.uint8)
    photo[100:110, 20:60] = 100
    maps = tiled_maps(WordFinder(counting, Thresholds(), 256, 1.0), photo)
    assert len(seen) == 1 and maps[:, 100:].max() == 0 and maps[:, :50].max() > 0
