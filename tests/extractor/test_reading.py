"""From a photo to its page, with painted photos."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from extractor.options import Options
from extractor.page import Page
from extractor.reading import Extractor
from synthgen.arrays import F32, F64, U8, Image, Quads
from tests.extractor.painted import GARBAGE, TEXTS, blank, extractor, paint, scorer

LINES = (("KRAFT",), ("Sandwich", "Spread"), ("15", "FL", "OZ", "(443", "mL)"))
HEIGHT, WIDTH = 300, 420
TEXT = "KRAFT\nSandwich Spread\n15 FL OZ (443 mL)"


def jar() -> Image:
    """Return a photo with LINES on it, painted from the last word to the first."""
    photo = blank(HEIGHT, WIDTH)
    for row, line in reversed(list(enumerate(LINES))):
        for k, text in reversed(list(enumerate(line))):
            paint(photo, (20 + 78 * k, 30 + 80 * row), (30, 60), text)
    return photo


def texts(page: Page) -> list[str]:
    return [word.text for word in page.words]


def test_words_lines_and_text_are_in_reading_order() -> None:
    page = extractor().extract(jar())
    assert page.text == TEXT and texts(page) == [text for line in LINES for text in line]
    assert [line.words for line in page.lines] == [(0,), (1, 2), (3, 4, 5, 6, 7)]
    assert [word.line for word in page.words] == [0, 1, 1, 2, 2, 2, 2, 2]
    assert (page.height, page.width, page.left_out) == (HEIGHT, WIDTH, 0)
    assert all(word.polygon is None and word.confidence == 0.9 and word.score == 1 for word in page.words)


def turned_back(quad: Quads, quarters: int) -> F64:
    """Return points of a photo that was turned anticlockwise by `quarters` as points of what it was."""
    x, y = quad.astype(np.float64).T
    return np.stack({0: (x, y), 1: (WIDTH - y, x), 2: (WIDTH - x, HEIGHT - y), 3: (y, HEIGHT - x)}[quarters], axis=1)


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_photo_says_the_same_and_its_quads_begin_at_the_texts_own_top_left(quarters: int) -> None:
    upright = extractor().extract(jar())
    page = extractor().extract(np.ascontiguousarray(np.rot90(jar(), quarters)))
    assert page.text == TEXT
    for word, same in zip(page.words, upright.words, strict=True):
        assert turned_back(word.quad, quarters) == pytest.approx(same.quad, abs=2.1)  # a map px


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_photo_that_lies_on_its_side_is_looked_at_upright_again_as_detectors_break_up_what_runs_down(quarters: int) -> None:
    def broken(prepared: U8) -> F32:
        maps = scorer(prepared)
        _, _, boxes, _ = cv2.connectedComponentsWithStats((maps[0, ..., 0] > 0.5).astype(np.uint8))
        for x, y, wide, high, _ in boxes[2:]:  # but one
            if high > wide:
                maps[0, y + high // 2 - 1 : y + high // 2 + 2, x : x + wide] = 0
        return maps

    lying = np.ascontiguousarray(np.rot90(jar(), quarters))
    page, maps = replace(extractor(), scorer=broken).look(lying)
    assert page.text == TEXT and maps.region.shape == tuple(-(-side // 2) for side in lying.shape[:2])
    upright = extractor().extract(jar())
    for word, same in zip(page.words, upright.words, strict=True):
        assert turned_back(word.quad, quarters) == pytest.approx(same.quad, abs=2.1)
    x, y = page.words[0].quad.mean(axis=0) / 2
    assert maps.region[int(y), int(x)] == 255


def test_text_along_a_side_comes_after_the_front() -> None:
    photo = blank(HEIGHT, WIDTH)
    for row, text in enumerate(("KRAFT", "Sandwich", "Spread")):
        paint(photo, (120, 30 + 80 * row), (30, 60), text)
    side = blank(60, 200)
    paint(side, (60, 10), (30, 90), "Net")
    photo[50:250, 10:70] = np.rot90(side)  # reads upwards
    page = extractor().extract(photo)
    assert page.text == "KRAFT\nSandwich\nSpread\nNet"
    assert page.words[3].quad[1, 1] < page.words[3].quad[0, 1] - 60


def test_what_cannot_be_read_is_left_out_and_counted() -> None:
    photo = jar()
    paint(photo, (20 + 78 * 2, 30), (30, 60), "")
    page = extractor(least_confidence=0.5).extract(photo)
    assert page.text == TEXT and page.left_out == 1
    assert extractor(least_confidence=0.0).extract(photo).text.splitlines()[0] == f"KRAFT {GARBAGE[0]}"


@pytest.mark.parametrize(
    ("text", "confidence", "least", "kept"),
    [
        ("KRAFT", 0.7**6, 0.7, True),
        ("KRAFT", 0.69**6, 0.7, False),
        ("5", 0.85, 0.7, False),
        ("5", 0.95, 0.7, True),
        ("=", 0.85, 0.7, False),
        ("%5", 0.85, 0.7, False),
        ("", 1.0, 0.0, False),
        ("5", 0.001, 0.0, True),
    ],
)
def test_words_are_kept_by_the_confidence_in_their_letters(text: str, confidence: float, least: float, kept: bool) -> None:
    sure = Extractor(scorer, lambda strips: [(text, confidence)] * len(strips), Options(enlarged=1.0, least_confidence=least))
    photo = blank(60, 100)
    paint(photo, (10, 10), (20, 60), "KRAFT")
    page = sure.extract(photo)
    assert texts(page) == [text] * kept and page.left_out == 1 - kept


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (31, 900)])
def test_tiny_and_narrow_photos_have_pages_too(shape: tuple[int, int]) -> None:
    page = extractor().extract(blank(*shape))
    assert page == Page(*shape, words=(), lines=()) and page.text == ""


def test_the_maps_are_those_of_the_photo_and_say_their_scale() -> None:
    page, maps = extractor(size=210).look(jar())
    assert maps.scale == 0.25 and maps.region.shape == maps.affinity.shape == (75, 105)
    assert maps.region[8 + 3, 5 + 7] == 255 and maps.affinity.max() == 0
    assert page.text == TEXT


def test_pages_of_many_photos_are_those_of_each() -> None:
    photos = [jar(), blank(50, 50), np.ascontiguousarray(jar()[::-1, ::-1]), jar()[:100]]
    pages = extractor().pages(photos)
    assert [page.text for page in pages] == [TEXT, "", TEXT, "KRAFT"]
    assert repr(pages) == repr([extractor().extract(photo) for photo in photos])
    assert extractor().pages([]) == []


@pytest.mark.parametrize("quarters", [0, 1])
def test_threads_share_an_extractor(quarters: int) -> None:
    shared, photo = extractor(), np.ascontiguousarray(np.rot90(jar(), quarters))
    with ThreadPoolExecutor(4) as pool:
        assert {page.text for page in pool.map(shared.extract, [photo] * 8)} == {TEXT}


@pytest.mark.parametrize(
    "wrong", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((0, 8, 3), np.uint8), np.zeros((8, 8, 3), np.float32)]
)
def test_what_is_no_photo_is_refused(wrong: Image) -> None:
    with pytest.raises(ValueError, match=r"extract: need a photo, uint8 \(height, width, 3\) of 1 px at least, got"):
        extractor().extract(wrong)


def test_every_painted_text_can_be_told() -> None:
    photo = blank(40 * len(TEXTS), 100)
    for k, text in enumerate(TEXTS[1:]):
        paint(photo, (10, 10 + 40 * k), (20, 70), text)
    assert texts(extractor().extract(photo)) == list(TEXTS[1:])
