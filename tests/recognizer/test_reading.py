"""Pictures in, texts out, in the order of the pictures."""

from functools import partial

import numpy as np
import pytest

from recognizer import reading
from recognizer.decode import greedy
from recognizer.prepare import prepare
from recognizer.reading import WordReader, read_images
from synthgen.arrays import F32, U8
from tests.recognizer.labelled_fixture import ALPHABET, telling

TEXTS = ["Milk", "", "1.5 L", "aab"]
READER = WordReader(telling(TEXTS), greedy, ALPHABET)


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_texts_come_in_the_order_of_the_pictures_whatever_the_size_of_a_block(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK", size)
    pictures = [np.full((20 + k, 50, 3), k, dtype=np.uint8) for k in (2, 0, 3, 1, 0)]
    found = read_images(READER, pictures)
    assert [text for text, _ in found] == ["1.5 L", "Milk", "aab", "", "Milk"]
    assert all(0.99 < confidence <= 1 for _, confidence in found)


def test_grey_pictures_and_coloured_ones_are_read_alike() -> None:
    grey = np.full((20, 50), 3, dtype=np.uint8)
    assert read_images(READER, [grey, np.repeat(grey[:, :, None], 3, axis=2)]) == read_images(READER, [grey]) * 2


def test_no_pictures_give_no_texts() -> None:
    assert read_images(READER, []) == []


def test_pictures_are_made_ready_as_asked() -> None:
    seen: list[tuple[int, ...]] = []

    def score(prepared: U8) -> F32:
        seen.append(prepared.shape)
        return telling(TEXTS)(prepared)

    read_images(WordReader(score, greedy, ALPHABET), [np.zeros((9, 9), np.uint8)], partial(prepare, width=64, fit="pad"))
    assert seen == [(1, 32, 64)]
