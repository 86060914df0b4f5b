"""The picture of a view shows the scene where the homography says, and nothing breaks up in it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.scenes import Scene
from detector.viewing import size_of, view_picture
from detector.views import Variety, homography, moved, plan_views
from synthgen import SynthgenError
from synthgen.arrays import F32, F64, Image
from synthgen.quads import inside
from tests.detector.made_scenes import SIZE, made_scene
from tests.detector.test_views import STILL, index

INK = 40  # above the ground


def coded(picture: Image, ending: str = ".png") -> bytes:
    quality = (cv2.IMWRITE_JPEG_QUALITY, 98) if ending == ".jpg" else ()
    return cv2.imencode(ending, picture[..., ::-1], quality)[1].tobytes()


def scaled(zoom: float) -> F64:
    return np.diag([zoom, zoom, 1.0])


def covered(quad: F32, size: int) -> F64:
    """Return the share of each px of a view that a quad covers, `(size, size)`, to 1 / 9."""
    y, x = (np.mgrid[: 3 * size, : 3 * size] + 0.5) / 3
    hit = inside(quad, np.stack([x.ravel(), y.ravel()], axis=1))
    return np.asarray(hit.reshape(size, 3, size, 3).mean(axis=(1, 3)))


@pytest.mark.parametrize("form", ["pixels", ".png", ".jpg"])
def test_ink_lies_in_the_quads_of_its_characters(form: str) -> None:
    """Ink of each character alone: its centre of mass is that of its quad in the view, to a quarter of a px, and none is outside."""
    variety = replace(Variety(), blurred_share=0, jpeg_share=0, brightness=0, contrast=0)
    seen = 0
    for number, view in enumerate(plan_views(variety, 5, index(24))):
        scene = made_scene((((20, 30, 16, 1), (40, 110, 44, 1), (200, 180, 24, 1))[number % 3],))
        picture = scene.picture if form == "pixels" else coded(np.asarray(scene.picture), form)
        way = homography(view, scene.word_quads, SIZE, 96)
        quad = moved(way, scene.char_quads)[0]
        if quad.min() < 2 or quad.max() > 94:
            continue
        seen += 1
        view["fill"] = 10  # as the ground
        shown = view_picture(picture, way, view, 96).mean(axis=2).astype(np.float64) - 10
        share = covered(quad, 96)
        ink = np.where(shown > INK, shown, 0)
        y, x = np.mgrid[:96, :96] + 0.5
        for at in (x, y):
            assert (at * ink).sum() / ink.sum() == pytest.approx((at * share).sum() / share.sum(), abs=0.25)
        assert ink.sum() / 220 == pytest.approx(share.sum(), rel=0.12)
        grown = cv2.dilate(share, np.ones((5, 5)))
        assert ink[grown == 0].sum() == 0
    assert seen >= 8


@pytest.mark.parametrize("form", ["pixels", ".png", ".jpg"])
@pytest.mark.parametrize("zoom", [0.5, 0.4, 0.25, 0.125])
def test_fine_stripes_become_grey_when_they_are_reduced(form: str, zoom: float) -> None:
    stripes = np.zeros((512, 512, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    picture = stripes if form == "pixels" else coded(stripes, form)
    shown = view_picture(picture, scaled(zoom), plan_views(STILL, 5, index(1))[0], 32).astype(int)
    assert np.abs(shown - 127).max() < 12


def test_a_scene_that_is_not_reduced_is_not_blurred() -> None:
    scene = made_scene()
    assert np.array_equal(
        view_picture(scene.picture, scaled(1), plan_views(STILL, 5, index(1))[0], 160), np.asarray(scene.picture)[:160, :160]
    )


def test_colours_come_in_the_order_red_green_blue_whatever_the_scene_is_kept_in() -> None:
    red = np.zeros((64, 64, 3), dtype=np.uint8)
    red[:] = (200, 60, 20)
    view = plan_views(STILL, 5, index(1))[0]
    for picture in (red, coded(red), coded(red, ".jpg")):
        for quality in (0, 95):
            view["quality"] = quality
            assert np.abs(view_picture(picture, scaled(1), view, 32).astype(int) - (200, 60, 20)).max() < 8


def test_colours_are_changed_as_planned() -> None:
    scene = made_scene()
    view = plan_views(STILL, 5, index(1))[0]
    plain = view_picture(scene.picture, scaled(1), view, 64).astype(int)
    view["colours"] = np.array([[1, 0, 0, 20], [0, 1, 0, 0], [0, 0, 0.5, 0]])
    other = view_picture(scene.picture, scaled(1), view, 64).astype(int)
    assert np.abs(other - plain * (1, 1, 0.5) - (20, 0, 0)).max() <= 1


def test_blur_and_jpeg_leave_less_of_an_edge() -> None:
    scene, view = made_scene(), plan_views(STILL, 5, index(1))[0]
    plain = view_picture(scene.picture, scaled(1), view, 128).astype(int)
    view["blur_px"] = 1.5
    blurred = view_picture(scene.picture, scaled(1), view, 128).astype(int)
    view["blur_px"], view["quality"] = 0, 20
    stored = view_picture(scene.picture, scaled(1), view, 128).astype(int)
    assert np.abs(np.diff(blurred, axis=1)).max() < 0.6 * np.abs(np.diff(plain, axis=1)).max()
    assert 0 < np.abs(stored - plain).mean() < 10


def test_outside_the_scene_is_what_the_view_says() -> None:
    view = plan_views(STILL, 5, index(1))[0]
    view["fill"] = 77
    assert (view_picture(made_scene().picture, np.array([[1.0, 0, 400], [0, 1, 0], [0, 0, 1]]), view, 32) == 77).all()


def test_the_size_of_a_file_is_read_without_its_pixels() -> None:
    scene = made_scene()
    for picture in (scene.picture, coded(np.asarray(scene.picture)), coded(np.asarray(scene.picture), ".jpg")):
        assert size_of(picture) == SIZE


def test_broken_files_are_told() -> None:
    scene: Scene = made_scene()
    for broken in (b"no picture", b""):
        with pytest.raises(SynthgenError, match=r"^need a picture that can be decoded, got another; render its shard again$"):
            size_of(broken)
    cut = coded(np.asarray(scene.picture))[:60]
    assert size_of(cut) == SIZE
    with pytest.raises(SynthgenError, match="need a picture that can be decoded, got another"):
        view_picture(cut, scaled(1), plan_views(STILL, 5, index(1))[0], 32)
