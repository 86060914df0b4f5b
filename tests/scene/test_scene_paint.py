"""Painting scenes: bends that can be undone, shapes where they belong, ink where the truth says, nothing outside the picture."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.scene import scene_kernels as kernels
from synthgen.scene.pieces import BARCODE, BURST, CYLINDER, ELLIPSE, FLAT, RECTANGLE, RIBBON, SHADE, WRINKLED
from synthgen.scene.plan import ARC, NO_BEND, WAVE
from synthgen.scene.scenes import Easel, paint_scene
from synthgen.scene.words import Studio
from tests.scene_fixture import BLACK, SIZE, WHITE, Draft, easel_of, look

EAN = "4006381333931"  # the worked example in GS1's own guides: first digit 4, parity ABAABB
BARS = "10100011010100111010111101111010001001011001101010100001010000101000010111010010000101100110101"


@pytest.fixture(scope="module")
def easel(studio: Studio) -> Easel:
    return easel_of(studio)


@given(
    face=st.sampled_from([FLAT, CYLINDER, WRINKLED]),
    line=st.sampled_from([NO_BEND, ARC, WAVE]),
    u=st.floats(-60, 60),
    v=st.floats(-20, 20),
    side=st.sampled_from([-1, 1]),
)
def test_what_a_pixel_shows_is_the_point_that_is_mapped_there(face: int, line: int, u: float, v: float, side: int) -> None:
    draft = Draft()
    draft.face([1.1, 0.1, 90, -0.2, 0.9, 80, 0.0004, -0.0006, 1], face, radius=120 if face == CYLINDER else 4, view=0.05)
    draft.shape(0, (300, 200), bend=line, radius=150 * side if line == ARC else 5)
    draft.pieces[0]["affine"] = [0.9, 0.1, 3, -0.2, 1.1, 2]
    way = kernels.way_of(draft.faces[0][()], draft.pieces[0][()], 0.4, 10.0)
    x, y = kernels.to_picture(way, u, v)
    got = np.empty((3, 1), np.float32)
    column = int(np.floor(x))
    kernels.find_row(way, int(np.floor(y)), column, *got)  # of the pixel's middle
    back = kernels.to_picture(way, float(got[0, 0]), float(got[1, 0]))
    assert back == pytest.approx((column + 0.5, np.floor(y) + 0.5), abs=0.02)
    assert (got[0, 0], got[1, 0]) == pytest.approx((u, v), abs=1.6)  # within the pixel, whose diagonal is below 1.6 units here


@pytest.mark.parametrize(("outline", "share"), [(RECTANGLE, 1.0), (ELLIPSE, np.pi / 4), (BURST, 0.67), (RIBBON, 0.82)])
def test_shapes_cover_their_box_but_for_their_corners(easel: Easel, studio: Studio, outline: int, share: float) -> None:
    draft = Draft()
    draft.face([1, 0, 100, 0, 1, 80, 0, 0, 1])
    draft.shape(0, (120, 60), outline=outline, round=0.15 if outline == BURST else 0.0)
    pixels, _ = paint_scene(draft.plan(studio), easel)
    dark = 255.0 - pixels[:, :, 0]
    rows, columns = np.nonzero(dark)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx((40, 159, 50, 109), abs=2)
    assert dark.sum() / 255 / (120 * 60) == pytest.approx(share, abs=0.03)


def test_a_border_is_laid_within_the_shape(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 100, 0, 1, 80, 0, 0, 1])
    draft.shape(0, (100, 60), rgb=((0, 200, 0), (200, 0, 0)), border=5.0)
    pixels, _ = paint_scene(draft.plan(studio), easel)
    assert pixels[80, 52].tolist() == [200, 0, 0]
    assert pixels[80, 57].tolist() == [0, 200, 0]
    assert pixels[80, 48].tolist() == [255, 255, 255]


def test_a_barcode_has_the_bars_of_its_digits(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([2, 0, 130, 0, 1, 80, 0, 0, 1])
    draft.shape(0, (113, 60), kind=BARCODE, text=draft.text(EAN), rgb=(BLACK, WHITE))
    pixels, truth = paint_scene(draft.plan(studio), easel)
    row = pixels[80, :, 0].astype(int)
    left = 130 - 113 + 2 * kernels.QUIET  # two picture px a module
    got = "".join("1" if row[left + 2 * m : left + 2 * m + 2].mean() < 128 else "0" for m in range(95))
    assert got == BARS
    assert truth.word_text == ()


def test_shade_multiplies_light_and_glare_adds_to_it(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 100, 0, 1, 80, 0, 0, 1])
    draft.shape(0, (180, 120), rgb=((100, 100, 100), (0, 0, 0)))
    draft.shape(0, (100, 60), kind=SHADE, rgb=((0.5, 0.5, 0.5), (1.5, 1.5, 1.5)))
    pixels, _ = paint_scene(draft.plan(studio), easel)
    assert pixels[80, [51, 99, 148], 0].tolist() == pytest.approx([50, 100, 177], abs=3)


def test_a_jar_ends_at_its_silhouette(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 150, 0, 1, 100, 0, 0, 1], CYLINDER, radius=60.0)
    draft.shape(0, (400, 80))
    pixels, _ = paint_scene(draft.plan(studio), easel)
    columns = np.flatnonzero(pixels[100, :, 0] < 128)
    assert (columns[0], columns[-1]) == pytest.approx((90, 209), abs=1)


@pytest.mark.parametrize("far", [-5000.0, 5000.0])
def test_pieces_outside_the_picture_leave_no_trace(easel: Easel, studio: Studio, far: float) -> None:
    draft = Draft()
    draft.face([1, 0, far, 0, 1, far, 0, 0, 1])
    draft.face([1, 0, 20, 0, 1, 20, -0.5, 0, 1])  # most of it behind the eye
    draft.shape(0, (100, 60), body=1)
    draft.line(0, "nobody sees this")
    draft.shape(1, (3000, 60), rgb=(BLACK, BLACK))
    pixels, truth = paint_scene(draft.plan(studio), easel)
    assert (truth.word_text, truth.hidden) == ((), 3)
    nothing = replace(draft.plan(studio), pieces=draft.plan(studio).pieces[2:])
    np.testing.assert_array_equal(pixels, paint_scene(nothing, easel)[0])


def test_a_scene_is_the_same_after_any_other(easel: Easel, studio: Studio) -> None:
    draft, other = busy(), Draft()
    other.face([2, 0, 10, 0, 2, 10, 0, 0, 1])
    other.line(0, "entirely other")
    first, truth = paint_scene(draft.plan(studio), easel)
    paint_scene(other.plan(studio), easel)
    again, truth_again = paint_scene(draft.plan(studio), easel)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(truth.char_quads, truth_again.char_quads)
    np.testing.assert_array_equal(first, paint_scene(draft.plan(studio), easel_of(studio))[0])
    np.testing.assert_array_equal(first[:, :, ::-1], paint_scene(draft.plan(studio), easel, blue_first=True)[0])


def busy() -> Draft:
    """Return a scene with every effect of letters and of light."""
    draft = Draft(look(noise=4, defocus=1, slope_x=0.2, glare=60, glare_x=0.3, sharpen=0.4))
    draft.face([1, 0.1, 20, 0, 1, 40, 0.0005, 0, 1], WRINKLED, radius=2.0, view=0.05)
    draft.shape(0, (280, 150), at=(130.0, 60.0), rgb=((240, 200, 40), (20, 90, 20)), tile=0, border=3.0, body=1)
    draft.looking(outline=3, shadow_x=2, shadow_y=2, shadow_dark=0.5, emboss=0.5, second=WHITE)
    draft.line(0, "Outlined", (20, 30), 30)
    draft.looking(glow=4, extrude_x=2, extrude_y=2, ink_texture=0.4, worn=0.6)
    draft.line(0, "Glowing", (20, 70), 30)
    return draft


def test_ink_that_cannot_be_read_gives_way_to_plain_ink(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 20, 0, 1, 80, 0, 0, 1])
    draft.looking(ink=250)
    draft.line(0, "Pale", (0, 0), 40)
    pixels, truth = paint_scene(draft.plan(studio), easel)
    assert pixels.min() < 40
    assert not truth.word_ignore[0]


def test_a_plan_of_another_size_is_refused(easel: Easel, studio: Studio) -> None:
    with pytest.raises(ValueError, match=r"easel's size \(200, 300\), got \(64, 64\)"):
        paint_scene(replace(busy().plan(studio), size=(64, 64)), easel)


@given(
    face=st.sampled_from([FLAT, CYLINDER, WRINKLED]),
    line=st.sampled_from([NO_BEND, ARC, WAVE]),
    box=st.tuples(st.floats(-80, 0), st.floats(-30, 0), st.floats(1, 90), st.floats(1, 30)),
    tilt=st.floats(-0.5, 0.5),
)
def test_a_window_holds_every_point_of_its_box(face: int, line: int, box: tuple[float, float, float, float], tilt: float) -> None:
    draft = Draft()
    draft.face([1, tilt, 150, -tilt, 0.9, 90, 0.0005, -0.0004, 1], face, radius=70 if face == CYLINDER else 4, view=0.05)
    draft.shape(0, (10, 10), bend=line, radius=60 if line == ARC else 5)
    way = kernels.way_of(draft.faces[0][()], draft.pieces[0][()], 0.3, 5.0)
    window = np.zeros(4, np.int64)
    kernels.window_of(way, np.array(box), *SIZE, window)
    at = np.linspace(0, 1, 13)
    points = np.array([kernels.to_picture(way, box[0] + (box[2] - box[0]) * a, box[1] + (box[3] - box[1]) * b) for a in at for b in at])
    seen = points[((points >= 0) & (points < SIZE[::-1])).all(axis=1)]
    assert ((seen >= window[:2]) & (seen <= window[2:])).all()
