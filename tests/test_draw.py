"""Pictures for people: outlines where the quads are, maps in the colours of heat, sheets that lose no sample."""

import numpy as np
import pytest

from synthgen.arrays import Image
from synthgen.draw import (
    CAPTION_PX,
    GAP_PX,
    MAPS,
    OPACITY,
    OUTLINES,
    SHOWN_PX,
    Layer,
    contact_sheet,
    drawn,
    heated,
    in_order,
    stored_layers,
)
from synthgen.quads import of_boxes

GREY = np.full((20, 40, 3), 90, dtype=np.uint8)
BOX = of_boxes(np.array([[5, 4, 15, 12]], dtype=np.float32))


def touched(picture: Image, ground: Image = GREY) -> tuple[int, int, int, int]:
    """Return the first and last column and row that are not as before."""
    y, x = np.nonzero((picture != ground).any(axis=2))
    return int(x.min()), int(x.max()), int(y.min()), int(y.max())


@pytest.mark.parametrize("kind", OUTLINES)
def test_an_outline_lies_on_its_quad_in_its_colour_and_nowhere_else(kind: str) -> None:
    shown = drawn(GREY, [Layer(kind, [*BOX])], enlarge=3)
    assert shown.shape == (60, 120, 3)
    assert touched(shown, GREY.repeat(3, axis=0).repeat(3, axis=1)) == pytest.approx((15, 45, 12, 36), abs=1)
    assert shown[24, 15].astype(int) == pytest.approx(OUTLINES[kind].rgb, abs=20)  # lines have soft edges
    assert (shown[20:30, 20:40] == 90).all() and (GREY == 90).all()


def test_without_layers_a_picture_is_only_enlarged() -> None:
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(drawn(picture, enlarge=2), picture.repeat(2, axis=0).repeat(2, axis=1))


def test_what_is_not_finite_is_left_out_and_what_is_far_away_is_cut() -> None:
    odd = [np.full((4, 2), np.nan, np.float32), np.array([[0, 0], [np.inf, 0], [0, 9]], np.float32), np.zeros((0, 2), np.float32)]
    assert np.array_equal(drawn(GREY, [Layer("words", odd, texts=["a", "b", "c"])]), GREY)
    far = np.array([[-1e30, 10], [1e30, 10]], dtype=np.float32)
    assert touched(drawn(GREY, [Layer("words", [far])])) == pytest.approx((0, 39, 10, 10), abs=1)


def test_layers_are_drawn_in_one_order_whatever_order_they_come_in() -> None:
    kinds = [*OUTLINES]
    layers = [Layer(kind, [*BOX]) for kind in kinds]
    assert [layer.kind for layer in in_order(layers[::-1])] == kinds
    assert np.array_equal(drawn(GREY, layers[::-1]), drawn(GREY, layers))
    assert drawn(GREY, layers)[8, 5].astype(int) == pytest.approx(OUTLINES[kinds[-1]].rgb, abs=40)
    assert len({look.rgb for look in OUTLINES.values()}) == len({look.label for look in OUTLINES.values()}) == len(kinds)


def test_lines_are_wider_on_larger_pictures() -> None:
    large = np.zeros((3 * SHOWN_PX, 40, 3), dtype=np.uint8)
    shown = drawn(large, [Layer("chars", [np.array([[20, -9], [20, 9999]], np.float32)])])
    assert (shown[50] == OUTLINES["chars"].rgb).all(axis=1).sum() >= 3


def test_a_text_stands_at_its_outline_over_all_lines() -> None:
    shown = drawn(
        GREY.repeat(5, axis=0).repeat(5, axis=1), [Layer("missed", [*(BOX * 4 + 20)], texts=["Mg"]), Layer("words", [*(BOX * 4)])]
    )
    letters = np.asarray((np.abs(shown.astype(int) - OUTLINES["missed"].rgb) < 40).all(axis=2))
    assert letters[15:35].any() and (shown[15:35, 38:70] < 30).all(axis=2).any()  # dark round the letters


@pytest.mark.parametrize("kind", MAPS)
def test_a_map_is_in_its_colours_where_it_is_high_and_lets_the_picture_through_where_it_is_0(kind: str) -> None:
    values = np.zeros((10, 20), dtype=np.uint8)
    values[:, 10:], values[:, :5] = 255, 128
    shown = heated(GREY, values, kind)
    top, middle = (np.array(MAPS[kind].ramp[row], dtype=float) for row in (-1, 2))
    assert shown[10, 35].astype(int) == pytest.approx(np.rint(90 * (1 - OPACITY) + top * OPACITY), abs=1)
    assert shown[10, 3].astype(int) == pytest.approx(np.rint(90 * (1 - OPACITY) + middle * OPACITY), abs=2)
    assert (shown[:, 12:18] == 90).all()
    assert np.array_equal(drawn(GREY, maps={kind: values}), shown)


def test_maps_lie_under_outlines() -> None:
    full = np.full((10, 20), 255, dtype=np.uint8)
    shown = drawn(GREY, [Layer("words", [*BOX])], {"affinity": full, "region": full})
    assert np.array_equal(shown[18, 30], heated(heated(GREY, full, "region"), full, "affinity")[18, 30])
    assert shown[8, 5].astype(int) == pytest.approx(OUTLINES["words"].rgb, abs=60)


def test_layers_of_a_stored_row_have_every_outline_once_and_what_is_missing_is_not_drawn() -> None:
    quad, other = [float(k) for k in range(8)], [9.0 + k for k in range(8)]
    (chars,) = stored_layers({"char_quads": [quad, None, [None, *quad[1:]]]})
    assert chars.kind == "chars" and np.array_equal(chars.outlines[0].ravel(), quad)
    assert [len(points) for points in chars.outlines] == [4, 0, 4] and np.isnan(chars.outlines[2]).any()
    words = [{"quad": quad, "ignore": True, "polygon": [*quad, 1.0]}, {"quad": other, "ignore": False, "polygon": other}]
    layers = {layer.kind: layer for layer in stored_layers({"words": words, "chars": [{"quad": other}]})}
    assert {kind: [*layer.words] for kind, layer in layers.items()} == {"chars": [], "polygons": [0, 1], "ignored": [0], "words": [1]}
    assert np.array_equal(layers["ignored"].outlines[0].ravel(), quad) and np.array_equal(layers["words"].outlines[0].ravel(), other)
    assert layers["polygons"].outlines[0].shape == (4, 2)


def test_a_sheet_holds_every_picture_once_and_its_caption() -> None:
    pictures = [np.full((10, 30 + 7 * k, 3), 20 + 5 * k, dtype=np.uint8) for k in range(20)]
    sheet = contact_sheet(pictures, ["word"] * 20, width_px=200)
    line_px = 10 + CAPTION_PX + 2 * GAP_PX
    assert sheet.shape[1] == 200 and sheet.shape[0] % line_px == 0
    whole = [bool(((sheet == picture[0, 0]).all(axis=2)).sum() >= picture.shape[0] * picture.shape[1]) for picture in pictures]
    assert all(whole)
    captions = sheet.reshape(-1, line_px, 200, 3)[:, GAP_PX + 10 :]
    assert (captions < 200).any(axis=(1, 2, 3)).all()


def test_a_picture_wider_than_the_sheet_is_cut() -> None:
    sheet = contact_sheet([np.zeros((10, 500, 3), np.uint8)], ["long"], width_px=100)
    assert sheet.shape[1] == 100
