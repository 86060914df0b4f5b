"""From photos to words with a scorer that knows what it is to see."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from detector.finder import WordFinder
from detector.thresholds import Thresholds
from synthgen.arrays import F32, U8, Quads
from tests.detector.drawn_words import maps_of, whole, word


@dataclass
class Seer:
    """A scorer that sees `words`, given in px of the photo, on any picture; what is padded is all text to it."""

    words: list[Quads]
    size: tuple[int, int]  # of the photo
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def __call__(self, pictures: U8) -> F32:
        self.shapes.append(pictures.shape)
        height, width = pictures.shape[1:3]
        filled = np.flatnonzero(pictures[0].max(axis=(1, 2)))[-1] + 1, np.flatnonzero(pictures[0].max(axis=(0, 2)))[-1] + 1
        scale = np.float32(filled[1] / self.size[1])
        maps = maps_of([one * scale for one in self.words], (height, width))
        maps[-(-filled[0] // 2) :, :, 0] = maps[:, -(-filled[1] // 2) :, 0] = 1
        return maps[None]


def photo(size: tuple[int, int]) -> U8:
    return np.full((*size, 3), 200, dtype=np.uint8)


@pytest.mark.parametrize(("size", "longest"), [((200, 300), 1280), ((200, 300), 320), ((203, 301), 1280)])
def test_words_are_found_where_they_are_on_the_photo(size: tuple[int, int], longest: int) -> None:
    drawn = [word(5, (80, 50)), word(7, (180, 120), tilt_deg=10), word(4, (240, 52))]
    look = WordFinder(Seer(drawn, size), longest=longest).look(photo(size))
    true = np.stack([whole(drawn[k]) for k in (0, 2, 1)])
    assert look.words.lines.tolist() == [0, 0, 1]
    assert np.abs(look.words.quads - true).max() < 5
    assert np.abs(look.words.quads.mean(axis=1) - true.mean(axis=1)).max() < 1
    assert look.scale == min(1.5, longest / 301 if size[1] == 301 else longest / 300)


def test_the_maps_are_those_of_the_photo_without_its_padding() -> None:
    seer = Seer([word(5, (50, 30))], (60, 101))
    look = WordFinder(seer, enlarged=1.0).look(photo((60, 101)))
    assert seer.shapes == [(1, 64, 128, 3)]
    assert look.maps.shape == (30, 51, 2)
    assert look.maps.dtype == np.float32
    assert len(look.words.quads) == 1  # the padding has none


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (5, 3), (64, 64)])
def test_a_photo_without_words_gives_none_however_small(size: tuple[int, int]) -> None:
    look = WordFinder(Seer([], size)).look(photo(size))
    assert look.words.quads.shape == (0, 4, 2)
    assert look.words.polygons == ()
    assert look.maps.shape[:2] == tuple(-(-round(side * 1.5) // 2) for side in size)


def test_the_thresholds_decide() -> None:
    seer = Seer([word(5, (50, 30))], (60, 100))
    finder = WordFinder(lambda pictures: seer(pictures) * np.float32(0.6))
    assert len(finder.look(photo((60, 100))).words.quads) == 0
    finder = WordFinder(finder.scorer, Thresholds(text=0.5, low_text=0.3, link=0.3))
    assert len(finder.look(photo((60, 100))).words.quads) == 1
