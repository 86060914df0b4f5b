"""What is said of a scene, held against its pixels."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from synthgen.arrays import F32, F64, Bools
from synthgen.quads import areas, inside
from synthgen.scene.pieces import BARCODE, CYLINDER, FLAT, WRINKLED, Truth
from synthgen.scene.plan import ARC, NO_BEND, WAVE
from synthgen.scene.scenes import Easel, paint_scene
from synthgen.scene.words import Studio
from tests.scene_fixture import SIZE, WHITE, Draft, easel_of

FACES = {
    "flat": (FLAT, 0.0, 0.0),
    "jar": (CYLINDER, 110.0, -0.3),
    "pouch": (WRINKLED, 2.5, 0.05),
}
PLANES: dict[str, list[float]] = {
    "straight": [1, 0, 150, 0, 1, 100, 0, 0, 1],
    "turned": [0.9, -0.4, 150, 0.4, 0.9, 100, 0, 0, 1],
    "seen from a side": [0.8, 0.1, 150, -0.1, 1, 100, 0.0012, 0.0008, 1],
}
LINES = {"straight": (NO_BEND, 0.0), "over an arc": (ARC, 260.0), "under an arc": (ARC, -260.0), "wave": (WAVE, 3.0)}


@pytest.fixture(scope="module")
def easel(studio: Studio) -> Easel:
    return easel_of(studio)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("line", LINES)
def test_each_character_quad_holds_its_ink_tightly(easel: Easel, studio: Studio, face: str, plane: str, line: str) -> None:
    bend, radius, view = FACES[face]
    for letter, at in zip("Hog", (-60, -10, 40), strict=True):  # one a scene: all ink is its own
        draft = Draft()
        draft.face(PLANES[plane], bend, radius, view)
        draft.line(0, letter, (at, 15), 44.0, LINES[line])
        pixels, truth = paint_scene(draft.plan(studio), easel)
        ink = (255.0 - pixels[:, :, 0].astype(float)) / 255
        (quad,) = truth.char_quads
        assert ink.sum() > 40
        assert (ink * near(quad, 0.5)).sum() >= 0.99 * ink.sum()  # a pixel is partly outside if its middle is
        assert loosest_side(ink, quad) <= 2.0


def near(quad: F32, reach: float) -> Bools:
    """Return which pixels have their middle in the quad, grown by `reach` px."""
    across, down = (unit(quad[1] + quad[2] - quad[0] - quad[3]), unit(quad[3] + quad[2] - quad[0] - quad[1]))
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    grown = quad + reach * (signs[:, :1] * across + signs[:, 1:] * down)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    return inside(grown.astype(np.float32), np.stack([x.ravel(), y.ravel()], axis=1)).reshape(SIZE)


def unit(v: F32) -> F64:
    return np.asarray(v / np.hypot(*v), dtype=np.float64)


def loosest_side(ink: F64, quad: F32) -> float:
    """Return how far, px, the quad's most distant side is from the nearest ink."""
    rows, columns = np.nonzero(ink > 0.3)  # hairlines are grey
    points, gaps = np.stack([columns, rows], axis=1) + 0.5, []
    for a, b in pairwise([*quad, quad[0]]):
        along = unit(b - a)
        gaps.append(float(np.min((points - a) @ np.array([-along[1], along[0]]))))
    return max(gaps) - 0.5


def test_a_body_over_half_a_word_halves_what_is_seen_of_it(easel: Easel, studio: Studio) -> None:
    def truth_with(body: int) -> Truth:
        draft = Draft()
        draft.face([1, 0, 0, 0, 1, 100, 0, 0, 1])
        draft.line(0, "HHHHHHHH", (20, 0), 40)
        bare = paint_scene(draft.plan(studio), easel)[1].word_quads[0]
        middle = float(bare[:, 0].mean())
        draft.face([1, 0, middle + 100, 0, 1, 100, 0, 0, 1])
        draft.shape(1, (200, 180), rgb=(WHITE, WHITE), body=body)
        return paint_scene(draft.plan(studio), easel)[1]

    assert truth_with(0).word_visible[0] == 1
    covered = truth_with(1)
    assert covered.word_visible[0] == pytest.approx(0.5, abs=0.03)
    assert covered.char_visible.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert not covered.word_ignore[0]


def test_text_on_a_body_is_seen_and_text_under_it_is_left_out_and_counted(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 150, 0, 1, 100, 0, 0, 1])
    draft.line(0, "two words", (-60, 10), 24)
    draft.shape(0, (280, 150), rgb=(WHITE, WHITE), body=1)
    draft.line(0, "shown", (-60, 10), 24)
    truth = paint_scene(draft.plan(studio), easel)[1]
    assert (truth.word_text, truth.hidden) == (("shown",), 2)
    assert truth.word_visible.tolist() == [1]


def test_words_that_leave_the_picture_are_seen_by_their_share(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 0, 0, 1, 100, 0, 0, 1])
    draft.line(0, "HHHH", (0, 0), 40)
    whole = paint_scene(draft.plan(studio), easel)[1].word_quads[0]
    draft.faces[0]["homography"][2] = -0.8 * (whole[1, 0] - whole[0, 0]) - whole[0, 0]
    truth = paint_scene(draft.plan(studio), easel)[1]
    assert truth.word_visible[0] == pytest.approx(0.2, abs=0.04)
    assert truth.word_ignore[0]


def test_a_jars_far_side_is_not_seen(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 150, 0, 1, 100, 0, 0, 1], CYLINDER, 60.0)
    draft.line(0, "HHHHHHHHHHHHHH", (0, 0), 24)
    truth = paint_scene(draft.plan(studio), easel)[1]
    assert truth.char_visible[0] == 1
    assert truth.char_visible[-1] == 0
    assert (np.diff(truth.char_visible) <= 0).all()


def test_words_are_parted_at_spaces_and_come_in_the_order_of_their_lines(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 10, 0, 1, 60, 0, 0, 1])
    draft.line(0, "first of all", (0, 0), 24)
    draft.line(0, "second line", (0, 50), 24)
    plan = draft.plan(studio)
    truth = paint_scene(replace(plan, pieces=plan.pieces[::-1].copy()), easel)[1]
    assert truth.word_text == ("first", "of", "all", "second", "line")
    assert truth.word_line.tolist() == [0, 0, 0, 1, 1]
    assert truth.char_word.tolist() == [0] * 5 + [1] * 2 + [2] * 3 + [3] * 6 + [4] * 4
    assert studio.alphabet.decode(truth.char_codes) == "firstofallsecondline"


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("face", FACES)
def test_a_word_quad_is_the_least_rectangle_along_its_baseline(easel: Easel, studio: Studio, face: str, line: str) -> None:
    bend, radius, view = FACES[face]
    draft = Draft()
    draft.face([0.9, -0.3, 150, 0.3, 0.9, 100, 0, 0, 1], bend, radius, view)
    draft.line(0, "Baseline", (-90, 10), 40, LINES[line])
    truth = paint_scene(draft.plan(studio), easel)[1]
    quad, points = truth.word_quads[0].astype(float), truth.char_quads.reshape(-1, 2).astype(float)
    right, down = unit(quad[1] - quad[0]), unit(quad[3] - quad[0])
    assert abs(right @ down) < (0.02 if bend == FLAT and line != "wave" else 0.2)  # a turn keeps rectangles; waves lean letters
    across, along = np.linalg.solve(np.stack([right, down], axis=1), (points - quad[0]).T)
    size = np.linalg.solve(np.stack([right, down], axis=1), quad[2] - quad[0])
    assert (across.min(), along.min(), across.max(), along.max()) == pytest.approx((0, 0, *size), abs=0.01)


def test_a_bent_word_has_an_outline_with_two_points_a_character_and_a_straight_one_its_quad(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 150, 0, 1, 60, 0, 0, 1])
    draft.line(0, "straight", (-90, 0), 30)
    draft.line(0, "bent", (-60, 80), 50, (ARC, 130.0))
    straight, bent = paint_scene(draft.plan(studio), easel)[1].polygons
    assert straight.shape == (4, 2)
    assert bent.shape == (2 * (2 * 4 + 1), 2)
    upper, lower = bent[:9], bent[9:]
    assert (np.diff(upper[:, 0]) > 0).all() and (np.diff(lower[:, 0]) < 0).all()
    assert areas(bent[None, [0, 8, 9, 17]])[0] > 0
    assert upper[4, 1] < upper[0, 1] - 3  # over an arc the middle is higher


def test_small_and_faint_words_are_to_be_ignored(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 10, 0, 1, 60, 0, 0, 1])
    draft.line(0, "tiny", (0, 0), 4)
    draft.line(0, "large - dash", (0, 40), 24)
    truth = paint_scene(draft.plan(studio), easel)[1]
    assert dict(zip(truth.word_text, truth.word_ignore.tolist(), strict=True)) == {"tiny": True, "large": False, "-": False, "dash": False}
    plan = draft.plan(studio)
    plan.looks["veil"][0], plan.looks["veil_grey"][0] = 0.9, 128
    assert paint_scene(plan, easel)[1].word_ignore.all()


def test_marked_regions_become_words_without_text_to_ignore(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 10, 0, 1, 60, 0, 0, 1])
    draft.line(0, "known", (0, 0), 24)
    draft.shape(0, (113, 60), at=(100, 80), kind=BARCODE, text=draft.text("123"))
    marked = np.array([[[5, 5], [50, 5], [50, 20], [5, 20]]], dtype=np.float32)
    truth = paint_scene(replace(draft.plan(studio), marked=marked), easel)[1]
    assert truth.word_text == ("known", "")
    assert truth.word_ignore.tolist() == [False, True]
    assert (truth.word_line[1], truth.word_face[1]) == (2, -1)
    np.testing.assert_array_equal(truth.word_quads[1], marked[0])
    np.testing.assert_array_equal(truth.polygons[1], marked[0])


def test_a_scene_without_text_has_no_words(easel: Easel, studio: Studio) -> None:
    draft = Draft()
    draft.face([1, 0, 150, 0, 1, 60, 0, 0, 1])
    draft.shape(0, (80, 80))
    truth = paint_scene(draft.plan(studio), easel)[1]
    assert (truth.word_text, truth.polygons, truth.char_quads.shape, truth.word_quads.shape) == ((), (), (0, 4, 2), (0, 4, 2))
