"""Which way words stand, by fakes that are sure of some ways and not of others."""

from collections.abc import Sequence

import numpy as np
import pytest

from extractor.turns import DOWN, FLAT, OVER, UP, Read, Reading, Sheet, quarters_of, read_sheets
from synthgen.arrays import Image

SHAPES = {"flat": (20, 60), "tall": (60, 20)}


class Reader:
    """Reads strips by their number, in their corner px, and by how often they were turned, which the px beside it tells."""

    def __init__(self, answers: dict[int, dict[int, Reading]]) -> None:
        self.answers, self.asked = answers, list[tuple[int, int]]()

    def __call__(self, strips: Sequence[Image]) -> list[Reading]:
        keys = [_key(strip) for strip in strips]
        self.asked += keys
        return [self.answers[word].get(turn, ("~.", 0.01)) for word, turn in keys]


def _key(strip: Image) -> tuple[int, int]:
    corners = [strip[0, 0], strip[0, -1], strip[-1, -1], strip[-1, 0]]  # the marked corner was the first one
    turn = next(k for k, corner in enumerate(corners) if corner[1])
    return int(corners[turn][0]), {0: FLAT, 3: DOWN, 2: OVER, 1: UP}[turn]


def strip(number: int, shape: str) -> Image:
    picture = np.zeros((*SHAPES[shape], 3), dtype=np.uint8)
    picture[0, 0] = (number, 255, 0)
    return picture


def sheet(*words: tuple[str, int]) -> Sheet:
    """Return a sheet of words by shape and line; they are numbered."""
    return Sheet(tuple(strip(k, shape) for k, (shape, _) in enumerate(words)), np.array([line for _, line in words], dtype=np.int32))


def read(answers: dict[int, dict[int, Reading]], *words: tuple[str, int]) -> list[Read]:
    return read_sheets(Reader(answers), [sheet(*words)])[0]


SURE, UNSURE = 0.9, 0.05


def flat(count: int) -> list[tuple[str, int]]:
    return [("flat", k) for k in range(count)]


def test_flat_words_that_are_surely_read_are_read_once() -> None:
    reader = Reader({k: {FLAT: ("word", SURE)} for k in range(3)})
    assert read_sheets(reader, [sheet(*flat(3))])[0] == [Read("word", SURE, FLAT)] * 3
    assert sorted(reader.asked) == [(0, FLAT), (1, FLAT), (2, FLAT)]


@pytest.mark.parametrize("way", [FLAT, DOWN, UP])
def test_a_tall_word_is_read_the_way_it_is_surest(way: int) -> None:
    answers = {0: {FLAT: ("left", SURE)}, 1: {FLAT: ("right", SURE)}, 2: {way: ("side", SURE)}}
    assert read(answers, *flat(2), ("tall", 2))[2] == Read("side", SURE, way)


def test_a_tall_letter_stays_upright_though_it_is_a_surer_dash_when_turned() -> None:
    answers = {0: {FLAT: ("left", SURE)}, 1: {FLAT: ("I", 0.4), DOWN: ("-", 0.99), UP: ("-", 0.99)}}
    assert read(answers, ("flat", 0), ("tall", 0))[1] == Read("I", 0.4, FLAT)


def test_a_page_that_is_upside_down_is_read_so_its_unsure_words_too() -> None:
    answers = {k: {FLAT: ("pJom", UNSURE), OVER: ("word", SURE)} for k in range(4)}
    answers[3] = {FLAT: ("ol", 0.3), OVER: ("lo", 0.2)}
    assert [found.turn for found in read(answers, *flat(4))] == [OVER] * 4


def test_one_word_that_reads_better_upside_down_does_not_turn_a_page() -> None:
    answers: dict[int, dict[int, Reading]] = {k: {FLAT: ("word", SURE)} for k in range(4)}
    answers[1] = {FLAT: ("SEE", 0.3), OVER: ("335", 0.9)}
    assert [found.turn for found in read(answers, *flat(4))] == [FLAT] * 4


def test_a_line_that_is_upside_down_on_an_upright_page_is_read_so() -> None:
    answers: dict[int, dict[int, Reading]] = {k: {FLAT: ("word", SURE)} for k in range(5)}
    answers |= {k: {FLAT: ("pJom", UNSURE), OVER: ("word", SURE)} for k in (5, 6)}
    lines = [(shape, min(k, 5)) for k, (shape, _) in enumerate(flat(7))]
    assert [found.turn for found in read(answers, *lines)] == [FLAT] * 5 + [OVER] * 2


def test_single_letters_do_not_say_that_a_page_is_upside_down() -> None:
    answers = {k: {FLAT: ("W", UNSURE), OVER: ("M", SURE)} for k in range(4)}
    assert [found.turn for found in read(answers, *flat(4))] == [FLAT] * 4


def test_single_letters_do_not_keep_a_page_from_being_upside_down_and_turn_with_it() -> None:
    answers: dict[int, dict[int, Reading]] = {k: {FLAT: ("pJom", UNSURE), OVER: ("word", SURE)} for k in range(2)}
    answers |= {k: {FLAT: ("o", 0.3), OVER: ("o", 0.3)} for k in range(2, 5)}
    assert [found.turn for found in read(answers, *flat(5))] == [OVER] * 5


@pytest.mark.parametrize("way", [DOWN, UP])
def test_a_page_turned_by_a_quarter_is_read_so_its_short_words_too(way: int) -> None:
    answers = {k: {way: ("word", SURE)} for k in range(3)} | {3: {FLAT: ("zo", 0.2), way: ("OZ", 0.7)}}
    assert [found.turn for found in read(answers, *[("tall", k) for k in range(3)], ("flat", 3))] == [way] * 4


def test_a_word_that_is_much_surer_keeps_its_own_way_on_a_turned_page() -> None:
    answers = {k: {DOWN: ("word", SURE)} for k in range(3)} | {3: {FLAT: ("tag", SURE)}}
    assert [found.turn for found in read(answers, *[("tall", k) for k in range(3)], ("flat", 3))] == [DOWN] * 3 + [FLAT]


@pytest.mark.parametrize(("bent_sure", "bent"), [(0.8, True), (0.1, False)])
def test_a_word_that_may_be_curved_is_read_within_its_polygon_if_that_is_surer(bent_sure: float, bent: bool) -> None:
    def reader(strips: Sequence[Image]) -> list[Reading]:
        return [("arc", bent_sure) if one[0, 0, 2] else ("erc", 0.5) for one in strips]

    curved = strip(0, "flat")
    curved[..., 2] = 9
    one = Sheet((strip(0, "flat"),), np.zeros(1, np.int32), {0: curved})
    assert read_sheets(reader, [one])[0] == [Read("arc", bent_sure, FLAT, True) if bent else Read("erc", 0.5, FLAT)]


def test_nothing_read_is_no_sureness() -> None:
    answers: dict[int, dict[int, Reading]] = {0: {FLAT: ("", 1.0), DOWN: ("side", 0.3), UP: ("", 1.0)}}
    assert read(answers, ("tall", 0)) == [Read("side", 0.3, DOWN)]


def test_the_words_of_all_sheets_are_read_together_by_their_widths_and_given_back_in_place() -> None:
    batches = []

    def reader(strips: Sequence[Image]) -> list[Reading]:
        batches.append([one.shape[1] / one.shape[0] for one in strips])
        return [(f"w{one.shape[1]}", SURE) for one in strips]

    widths = [[90, 30, 60], [70, 40], []]
    sheets = [Sheet(tuple(np.zeros((20, w, 3), np.uint8) for w in row), np.arange(len(row), dtype=np.int32)) for row in widths]
    assert [[found.text for found in page] for page in read_sheets(reader, sheets)] == [[f"w{w}" for w in row] for row in widths]
    assert batches == [sorted(batches[0])] and len(batches[0]) == 5


@pytest.mark.parametrize(
    ("reads", "quarters"),
    [
        ([], FLAT),
        ([Read("word", SURE, FLAT)], FLAT),
        ([Read("word", SURE, OVER)], FLAT),
        ([Read("word", SURE, UP)], UP),
        ([Read("side", SURE, DOWN), Read("word", SURE, FLAT)], FLAT),
        ([Read("ex", SURE, DOWN), Read("bo", SURE, FLAT), Read("0", SURE, FLAT)], DOWN),
        ([Read("side", UNSURE / 10, DOWN), Read("word", 0.0, FLAT)], FLAT),
    ],
)
def test_a_photo_is_to_be_turned_if_most_of_what_is_read_runs_up_or_down(reads: list[Read], quarters: int) -> None:
    assert quarters_of(reads) == quarters
