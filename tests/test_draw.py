"""Pictures for people: outlines where the quads are, sheets that lose no sample."""

import numpy as np
import pytest

from synthgen.draw import CAPTION_PX, GAP_PX, QUAD_RGB, contact_sheet, with_quads
from synthgen.quads import of_boxes


def test_an_outline_lies_on_its_quad_and_nowhere_else() -> None:
    picture = np.full((20, 40, 3), 90, dtype=np.uint8)
    quads = of_boxes(np.array([[5, 4, 15, 12]], dtype=np.float32))
    drawn = with_quads(picture, quads, enlarge=3)
    assert drawn.shape == (60, 120, 3)
    y, x = np.nonzero((drawn != 90).any(axis=2))
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((15, 45, 12, 36), abs=1)
    assert drawn[24, 15].astype(int) == pytest.approx(QUAD_RGB, abs=20)  # lines have soft edges
    assert (drawn[20:30, 20:40] == 90).all()
    assert (picture == 90).all()


def test_without_quads_a_picture_is_only_enlarged() -> None:
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(with_quads(picture, np.empty((0, 4, 2), np.float32), enlarge=2), picture.repeat(2, axis=0).repeat(2, axis=1))


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
