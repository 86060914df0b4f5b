"""Texts in their boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.alphabet import Alphabet
from synthgen.arrays import U16
from synthgen.scene import labels
from synthgen.scene.copywriting import BRAND, INGREDIENTS, ROLES
from synthgen.scene.label_layout import LEFT, Block, Box, Cut, Line, Shaped, cut_out, fit, measured, wrapped
from synthgen.scene.labels import Print
from synthgen.scene.plan import EM_PX
from synthgen.scene.records import Lines
from tests.fake_stock import ADVANCE, INK, studio_of

ALPHABET = Alphabet()
STUDIO = studio_of(ALPHABET, ["ab"])
WORDS = st.lists(st.text("abcXYZ19", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join)


def shaped_of(*texts: str) -> tuple[Shaped, Lines, U16]:
    codes = np.concatenate([ALPHABET.encode(text) for text in texts])
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    lines, _ = STUDIO.shape(np.zeros(len(texts), dtype=np.int32), texts)
    return measured(lines, STUDIO.atlas, codes, offsets, ALPHABET.classes[" "]), lines, codes


def drawn_box(block: Block, line: Line) -> Box:
    """Return the box of a line's ink on the label, from its letters alone."""
    scale, count = line.size / EM_PX, line.last - line.first
    wide, high = scale * (ADVANCE * (count - 1) + INK[2] - INK[0]), scale * (INK[3] - INK[1])
    wide, high = (high, wide) if block.turned else (wide, high)
    return Box(line.x - wide / 2, line.y - high / 2, line.x + wide / 2, line.y + high / 2)


def holds(outer: Box, inner: Box) -> bool:
    rim = 1e-6 * (1 + abs(outer.x1) + abs(outer.y1))
    return inner.x0 >= outer.x0 - rim and inner.y0 >= outer.y0 - rim and inner.x1 <= outer.x1 + rim and inner.y1 <= outer.y1 + rim


def apart(a: Box, b: Box) -> bool:
    return a.x1 <= b.x0 + 1e-6 or b.x1 <= a.x0 + 1e-6 or a.y1 <= b.y0 + 1e-6 or b.y1 <= a.y0 + 1e-6


@settings(max_examples=300, deadline=None)
@given(WORDS, st.tuples(st.floats(5, 400), st.floats(5, 400)), st.integers(0, 4), st.booleans(), st.sampled_from([LEFT, 0.5]))
def test_lines_lie_in_their_box_apart_and_within_their_sizes(
    text: str, size: tuple[float, float], lines: int, turned: bool, align: float
) -> None:
    block = Block(INGREDIENTS, Box(10, -20, 10 + size[0], -20 + size[1]), 0, (6.0, 60.0), lines=lines, turned=turned, align=align)
    shaped, _, _ = shaped_of(text)
    placed, left = fit(block, 0, shaped)
    boxes = [drawn_box(block, line) for line in placed]
    assert all(holds(block.box, box) for box in boxes)
    assert all(apart(a, b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert all(6.0 - 1e-9 <= line.size <= 60.0 + 1e-9 for line in placed)
    assert len(placed) <= lines or lines == 0 or len(placed) == 1
    said = [text[line.first : line.last] for line in placed]
    assert len(" ".join(said).split()) + left == len(text.split())


def test_a_text_too_long_for_its_box_is_left_out_and_counted() -> None:
    shaped, _, _ = shaped_of("abcdefghij klm")
    assert fit(Block(BRAND, Box(0, 0, 20, 20), 0, (8.0, 60.0)), 0, shaped) == ([], 2)


def test_a_larger_box_gives_larger_letters() -> None:
    shaped, _, _ = shaped_of("Soup")
    sizes = [fit(Block(BRAND, Box(0, 0, w, 100), 0, (4.0, 400.0)), 0, shaped)[0][0].size for w in (40, 80, 120)]
    assert sizes == sorted(sizes)
    assert sizes[2] == pytest.approx(3 * sizes[0])


def test_two_lines_are_taken_where_they_are_larger() -> None:
    shaped, _, _ = shaped_of("abcdef ghijkl")
    one, two = (fit(Block(BRAND, Box(0, 0, 100, 100), 0, (4.0, 400.0), lines=n), 0, shaped)[0] for n in (1, 2))
    assert (len(one), len(two)) == (1, 2)
    assert two[0].size > one[0].size


@given(WORDS, st.floats(10, 600))
def test_wrapping_keeps_all_words_in_order_and_rows_narrow(text: str, width: float) -> None:
    words = shaped_of(text)[0].words[0]
    rows = wrapped(words, width)
    assert [text[row[0] : row[1]] for row in rows] == [" ".join(part) for part in parts(text, rows)]
    assert all(row[3] - row[2] <= width or " " not in text[row[0] : row[1]] for row in rows)


def parts(text: str, rows: list[tuple[int, int, float, float]]) -> list[list[str]]:
    words, out = iter(text.split(" ")), []
    for row in rows:
        out.append([next(words) for _ in text[row[0] : row[1]].split(" ")])
    assert next(words, None) is None
    return out


def test_lines_cut_out_have_the_glyphs_of_their_characters() -> None:
    texts = ("one two three", "four")
    shaped, lines, codes = shaped_of(*texts)
    placed = [Line(0, 4, 7, 10, 0, 0), Line(1, 0, 4, 10, 0, 0), Line(0, 8, 13, 10, 0, 0)]
    cut: Cut = cut_out(placed, shaped, lines, codes, STUDIO.atlas)
    said = [ALPHABET.decode(cut.codes[cut.offsets[k] : cut.offsets[k + 1]]) for k in range(3)]
    assert said == ["two", "four", "three"]
    assert np.array_equal(cut.lines.glyph, cut.codes)
    assert cut.lines.cluster.tolist() == [0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4]
    assert (cut.lines.x == ADVANCE * cut.lines.cluster).all()
    assert cut.ink[0].tolist() == [INK[0], INK[1], 2 * ADVANCE + INK[2], INK[3]]


def test_a_text_from_right_to_left_is_one_word() -> None:
    codes = ALPHABET.encode("ab cd")
    reverse = np.arange(4, -1, -1, dtype=np.int32)
    x = (ADVANCE * np.arange(5)).astype(np.float32)
    lines = Lines(codes[reverse].astype(np.int32), reverse, x, 0 * x, 0 * x + np.float32(ADVANCE), np.array([0, 5]))
    shaped = measured(lines, STUDIO.atlas, codes, np.array([0, 5]), ALPHABET.classes[" "])
    assert shaped.words == [[(0, 5, 0.0, 5 * ADVANCE)]]
    cut = cut_out([Line(0, 0, 5, 10, 0, 0)], shaped, lines, codes, STUDIO.atlas)
    assert np.array_equal(cut.lines.cluster, reverse)


@pytest.mark.parametrize("make", [labels.front, labels.back, labels.lid, labels.tag])
@settings(max_examples=60, deadline=None)
@given(st.floats(40, 700), st.floats(40, 700), st.lists(st.floats(0, 0.999999), min_size=labels.DRAWS, max_size=labels.DRAWS))
def test_boxes_of_a_label_lie_on_it_and_apart(make: object, w: float, h: float, draws: list[float]) -> None:
    label = make(w, h, Print(8.0, 11.0, 210.0), iter(draws))  # type: ignore[operator]
    straight = [block.box for block in label.blocks if not block.arc]
    assert all(holds(Box(-w / 2, -h / 2, w / 2, h / 2), box) for box in straight if box.width > 0 and box.height > 0)
    assert all(apart(a, b) for k, a in enumerate(straight) for b in straight[:k])
    assert all(mark.block < len(label.blocks) for mark in label.marks)
    assert all(0 <= block.role < len(ROLES) for block in label.blocks)
