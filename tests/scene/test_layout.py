"""Layout: bends and homographies can be undone, boxes are where the glyphs are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.arrays import F32, F64
from synthgen.assets.studio import Opened
from synthgen.scene import kernels
from synthgen.scene.kernels import find_points
from synthgen.scene.plan import ARC, BENDS, CYLINDER, LOOK, NO_BEND, WAVE, plan_looks
from synthgen.scene.records import FRAME, Atlas, Lines
from synthgen.scene.words import Studio
from tests.studio_fixture import first, looking

finite = st.floats(-100, 100, allow_nan=False)
nine = st.lists(st.floats(-0.2, 0.2), min_size=9, max_size=9).map(lambda parts: np.eye(3).ravel() + np.array(parts))


@given(x=st.floats(-8 * math.pi, 8 * math.pi))
def test_sine_and_cosine_are_as_exact_as_they_say(x: float) -> None:
    assert kernels.sine(x) == pytest.approx(math.sin(x), abs=1e-9)
    assert kernels.cosine(x) == pytest.approx(math.cos(x), abs=1e-9)


@given(x=st.floats(-1e6, 1e6))
def test_arctangent_is_as_exact_as_it_says(x: float) -> None:
    assert kernels.arctangent(x) == pytest.approx(math.atan(x), abs=2e-8)


@given(
    kind=st.sampled_from(BENDS),
    place=st.tuples(st.floats(-1.45, 1.45), st.floats(-0.7, 0.7)),
    size=st.floats(30, 2000),
    view=st.floats(-1, 1),
    upward=st.booleans(),
)
@settings(max_examples=300)
def test_unbend_undoes_bend(kind: int, place: tuple[float, float], size: float, view: float, upward: bool) -> None:
    radius = {NO_BEND: 0.0, ARC: size if upward else -size, WAVE: size / 300, CYLINDER: size}[kind]
    view = abs(view) if kind == WAVE else view
    u, v = place[0] * size, place[1] * size
    p, q = kernels.bend(kind, radius, view, u, v)
    assert kernels.unbend(kind, radius, view, p, q) == pytest.approx((u, v), abs=2e-6 * size)


def test_what_no_bend_reaches_has_no_point() -> None:
    assert kernels.unbend(ARC, 50.0, 0.0, 0.0, 60.0) == (0.0, 1e6)  # beyond the centre
    assert kernels.unbend(ARC, -50.0, 0.0, 0.0, -60.0) == (0.0, 1e6)
    assert kernels.unbend(CYLINDER, 50.0, 0.0, 50.0, 0.0) == (0.0, 1e6)  # beside the jar
    assert kernels.project(np.array([1.0, 0, 0, 0, 1, 0, -1, 0, 1]), 2.0, 0.0) == (1e6, 1e6)  # behind the eye


@given(a=nine, b=nine, x=finite, y=finite)
def test_homographies_agree_with_linear_algebra(a: F64, b: F64, x: float, y: float) -> None:
    out, back = np.empty(9), np.empty(9)
    kernels.multiply(a, b, out)
    np.testing.assert_allclose(out.reshape(3, 3), a.reshape(3, 3) @ b.reshape(3, 3), atol=1e-12)
    kernels.invert(a, back)
    np.testing.assert_allclose(back.reshape(3, 3), np.linalg.inv(a.reshape(3, 3)), rtol=1e-6, atol=1e-6)
    h = a.copy()
    h[6:] = h[6] / 500, h[7] / 500, 1.0
    px, py, w = h.reshape(3, 3) @ (x, y, 1.0)
    assert kernels.project(h, x, y) == pytest.approx((px / w, py / w), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("bend", BENDS)
def test_find_points_leads_back_to_the_line_from_where_place_quads_went(bend: int) -> None:
    looks = np.zeros(1, dtype=LOOK)
    for name, value in (("stretch", 0.9), ("slant", 0.2), ("tilt_deg", 8.0), ("shear", 0.1), ("depth_x", 0.15), ("depth_y", -0.08)):
        looks[name] = value
    looks["bend"], looks["bend_size"], looks["bend_view"] = bend, {WAVE: 4.0}.get(bend, 60.0), 0.3
    look, box, frame = looks[0], np.array([3.0, -30.0, 203.0, 10.0]), np.zeros(1, dtype=FRAME)[0]
    h, fit, whole, quads = np.empty(9), np.empty(9), np.empty(9), np.empty((20, 4, 2), np.float32)
    kernels.plane(look, np.array([(box[2] - box[0]) / 2, (box[3] - box[1]) / 2]), h)
    u = np.linspace(3, 203, 21, dtype=np.float32)
    boxes: F32 = np.stack([u[:-1], np.full(20, -30, np.float32), u[1:], np.full(20, 10, np.float32)], axis=1)
    place = np.array([103.0, bend, kernels.bend_radius(look, 200.0, 40.0, 10.0), 0.3])
    kernels.place_quads(boxes, place, h, -10.0, quads)
    size = np.array([64.0, 4096.0])
    kernels.crop_to(quads, np.array([0.2, 0.2, 0.2, 0.2, 40.0]), 20.0, size, fit)
    kernels.multiply(fit, h, whole)
    kernels.place_quads(boxes, place, whole, -10.0, quads)
    kernels.invert(whole, frame["inverse"])
    frame["middle"], frame["bend"], frame["radius"], frame["bend_view"], frame["box"] = 103.0, bend, place[2], 0.3, box
    height, width = 64, int(size[1])
    found_u, found_v = np.empty(height * width, np.float32), np.empty(height * width, np.float32)
    find_points(frame, height, width, np.array([64.0, size[1]]), found_u, found_v)
    for corner, (x_of, y_of) in enumerate(((0, 1), (2, 1), (2, 3), (0, 3))):
        for field, wanted in ((found_u, boxes[:, x_of]), (found_v, boxes[:, y_of])):
            got = at_points(field.reshape(height, width), quads[:, corner])
            np.testing.assert_allclose(got, wanted, atol=0.35)  # line px; the field is read between pixel middles


def at_points(field: F32, points: F32) -> F64:
    """Return `field`, sampled at pixel middles, at points x, y: bilinear."""
    x, y = points[:, 0].astype(np.float64) - 0.5, points[:, 1].astype(np.float64) - 0.5
    c, r = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - c, y - r
    top = field[r, c] * (1 - fx) + field[r, c + 1] * fx
    return np.asarray(top * (1 - fy) + (field[r + 1, c] * (1 - fx) + field[r + 1, c + 1] * fx) * fy)


def line_of(*glyphs: tuple[int, int, float, float]) -> Lines:
    """Return one text of glyphs (row, cluster, x, advance)."""
    row, cluster, x, advance = zip(*glyphs, strict=True)
    return Lines(
        np.array(row, np.int32),
        np.array(cluster, np.int32),
        np.array(x, np.float32),
        np.zeros(len(row), np.float32),
        np.array(advance, np.float32),
        np.array([0, len(row)], np.int64),
    )


def made_atlas(*inks: tuple[float, float, float, float]) -> Atlas:
    """Return an atlas with a blank glyph first and one glyph for each ink box; read-only as the mapped one."""
    count = len(inks) + 1
    arrays = (
        np.zeros(16 * count, np.uint8),
        np.arange(count, dtype=np.int64) * 16,
        np.array([(0, 0), *[(4, 4)] * len(inks)], np.int32),
        np.zeros((count, 2), np.float32),
        np.array([(0.0, 0.0, 0.0, 0.0), *inks], np.float32),
        np.array([(40.0, 10.0, 24.0, 34.0)], np.float32),
    )
    for array in arrays:
        array.flags.writeable = False
    return Atlas(*arrays)


def boxes_of(lines: Lines, atlas: Atlas, chars: int) -> F32:
    boxes = np.empty((chars, 4), np.float32)
    kernels.character_boxes(lines, atlas, 0, 24.0, boxes)
    return boxes


INK = (2.0, -30.0, 18.0, 1.0)


def test_a_box_is_the_ink_of_its_glyph_and_a_spaces_box_its_advance() -> None:
    boxes = boxes_of(line_of((1, 0, 0.0, 20.0), (0, 1, 20.0, 12.0), (1, 2, 32.0, 20.0)), made_atlas(INK), 3)
    assert boxes.tolist() == [[2, -30, 18, 1], [20, -24, 32, 0], [34, -30, 50, 1]]


def test_a_ligature_is_split_evenly() -> None:
    boxes = boxes_of(line_of((1, 0, 0.0, 20.0), (1, 3, 20.0, 20.0)), made_atlas((0.0, -30.0, 18.0, 0.0)), 4)
    assert boxes[:3, [0, 2]].tolist() == [[0, 6], [6, 12], [12, 18]]
    assert (boxes[:, 1] == -30).all()


def test_glyphs_of_one_cluster_share_one_box() -> None:
    boxes = boxes_of(line_of((1, 0, 0.0, 20.0), (2, 0, 20.0, 0.0)), made_atlas(INK, (-12.0, -44.0, -6.0, -36.0)), 1)
    assert boxes.tolist() == [[2, -44, 18, 1]]


def test_in_a_text_from_right_to_left_boxes_run_backward() -> None:
    boxes = boxes_of(line_of((1, 2, 0.0, 20.0), (1, 0, 20.0, 20.0)), made_atlas((0.0, -30.0, 18.0, 0.0)), 3)
    assert boxes[:, 0].tolist() == [29, 20, 0]  # the first two characters are one glyph: the first stands right


def test_half_of_a_quad_must_be_inside() -> None:
    def lies(x0: float, y0: float, x1: float, y1: float) -> bool:
        quad = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float32)
        return bool(kernels.halves_inside(quad, 100.0, 32.0))

    assert lies(0, 0, 100, 32) and lies(-4, 0, 10, 32) and lies(40, 10, 60, 40)
    assert not lies(-6, 0, 4, 32)
    assert not lies(-4.5, -4.5, 5.5, 5.5)  # the middle is inside, three quarters of the area are not
    sliver = np.array([[[-9.0, 10.0], [-8.0, 11.0], [11.0, -8.0], [10.0, -9.0]]], np.float32)
    assert not kernels.halves_inside(sliver, 100.0, 32.0)  # nor is a slanted one that only crosses a corner


def test_an_arc_never_bends_so_far_that_a_letter_leaves_its_quad() -> None:
    look = np.zeros(1, dtype=LOOK)
    look["bend"], look["bend_size"] = ARC, 110.0
    for sign in (1, -1):
        look["bend_size"] = sign * 110.0
        radius = kernels.bend_radius(look[0], 45.0, 36.0, 45.0)
        assert radius * sign > 0
        assert 45.0**2 / (8 * abs(radius)) <= kernels.BULGE_PX + 1e-9
    assert kernels.bend_radius(look[0], 400.0, 36.0, 20.0) == pytest.approx(-400 / math.radians(110))


def test_letters_are_spaced_by_the_look_and_marks_stay_with_their_letter(studio: Studio) -> None:
    face = np.zeros(1, dtype=np.int32)
    lines, _ = studio.shape(face, ["mmm"])
    looks = plan_looks(looking(studio).recipe, studio.tile_weights, 0, first(1))
    looks["spacing"], frames, quads = 5.0, np.zeros(1, dtype=FRAME), np.empty((3, 4, 2), np.float32)
    before = lines.x.copy()
    crop = np.array([32, 512], dtype=np.int32)
    kernels.lay_out(looks, lines, studio.atlas, face, np.array([0, 3], dtype=np.int64), crop, frames, quads)
    assert (lines.x - before).tolist() == pytest.approx([0, 5, 10], abs=0.51)  # pens are at whole pixels


def test_lines_of_the_studio_have_one_box_a_character(opened: Opened) -> None:
    studio = opened.studio
    text = "office AVATAR fi jy"
    for face in range(len(opened.faces)):
        if studio.faces.covers[face][studio.alphabet.encode(text)].all():
            lines, missing = studio.shape(np.array([face], dtype=np.int32), [text])
            boxes = boxes_of(lines, studio.atlas, len(text))
            assert not missing.any()
            assert (boxes[:, 0] < boxes[:, 2]).all() and (boxes[:, 1] < boxes[:, 3]).all(), opened.faces[face].name
