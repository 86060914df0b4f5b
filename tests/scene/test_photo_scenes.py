from itertools import pairwise

import numpy as np
import pytest

from synthgen.arrays import F64, U8, Quads
from synthgen.chance import Stream, uniforms
from synthgen.photo_recipe import SizedPhotoRecipe
from synthgen.quads import inside
from synthgen.scene.kernels import bend
from synthgen.scene.photo_scenes import SceneGrounds, choose_window, plan_photo_scene
from synthgen.scene.pieces import ScenePlan
from synthgen.scene.plan import ARC, NO_BEND, WAVE
from synthgen.scene.records import Grounds
from synthgen.scene.region_kernels import BORDER_PX
from synthgen.scene.words import Studio

NO_MARKS = np.zeros((0, 4, 2), dtype=np.float32)
WRITTEN = SizedPhotoRecipe(negative_share=0.0)
MARK = np.array([[[120, 90], [420, 110], [410, 200], [115, 180]]], dtype=np.float32)


def grounds(*tiles: U8, marks: Quads = NO_MARKS) -> SceneGrounds:
    """Return grounds of tiles (height, width, channels), the last with marks."""
    pixels = np.concatenate([tile.ravel() for tile in tiles])
    pixels.flags.writeable = False
    sizes = np.array([tile.shape[:2] for tile in tiles], dtype=np.int32)
    channels = np.array([tile.shape[2] for tile in tiles], dtype=np.int32)
    start = np.cumsum([0, *(tile.size for tile in tiles)], dtype=np.int64)[:-1]
    offsets = np.zeros(len(tiles) + 1, dtype=np.int64)
    offsets[-1] = len(marks)
    return SceneGrounds(Grounds(pixels, start, sizes, channels), np.ones(len(tiles)), marks, offsets)


def landscape() -> U8:
    """A sky that fades, a wall of even texture, and a band of noise between: what a photo is made of."""
    y, x = np.mgrid[0:640, 0:800]
    speckle = uniforms(0, Stream.TEXTURE, np.arange(640, dtype=np.uint64), 800)
    shade = np.where(y < 300, 130 + y // 4, np.where(y < 360, 255 * speckle, 60 + 12 * speckle + x // 20))
    return np.stack([shade * 0.6, shade * 0.8, shade], axis=-1).astype(np.uint8)


PHOTO = grounds(landscape())


def outline(plan: ScenePlan, row: int) -> F64:
    """Return points all round the ink of a line, on its plane, `(n, 2)`."""
    piece = plan.pieces[row]
    u0, v0, u1, v1 = piece["box"]
    middle, view, affine = (u0 + u1) / 2, float(plan.looks[piece["look"]]["bend_view"]), piece["affine"].reshape(2, 3)
    bent = [bend(int(piece["bend"]), float(piece["radius"]), view, u - middle, v) for u in np.linspace(u0, u1, 17) for v in (v0, v1)]
    return np.asarray((np.array(bent) + [middle, 0]) @ affine[:, :2].T + affine[:, 2])


def projected(plan: ScenePlan, row: int) -> F64:
    h = plan.faces[plan.pieces[row]["face"]]["homography"].reshape(3, 3)
    points = np.c_[outline(plan, row), np.ones(34)] @ h.T
    return np.asarray(points[:, :2] / points[:, 2:])


def words(studio: Studio, plan: ScenePlan) -> int:
    return len(plan.pieces) + int((plan.texts.codes == studio.alphabet.classes[" "]).sum())


def digest(plan: ScenePlan) -> bytes:
    texts = plan.texts
    return b"".join(
        array.tobytes() for array in (plan.pieces, plan.faces, plan.looks, texts.codes, texts.offsets, texts.face, *texts.lines)
    )


@pytest.fixture(scope="module")
def plans(studio: Studio) -> list[ScenePlan]:
    return [plan_photo_scene(studio, PHOTO, WRITTEN.model_copy(update={"border_share": 0.0}), 3, index) for index in range(60)]


def test_lines_stay_in_the_picture_and_apart(plans: list[ScenePlan]) -> None:
    for plan in plans:
        boxes = []
        for row in range(len(plan.pieces)):
            seen = projected(plan, row)
            assert (seen > -0.5).all()
            assert (seen < 640.5).all()
            boxes.append((int(plan.pieces[row]["face"]), *outline(plan, row).min(axis=0), *outline(plan, row).max(axis=0)))
        for k, (face, x0, y0, x1, y1) in enumerate(boxes):
            for other, a0, b0, a1, b1 in boxes[:k]:
                assert face != other or x0 > a1 or x1 < a0 or y0 > b1 - (b1 - b0) / 3 or y1 < b0 + (b1 - b0) / 3  # tails may reach between


def test_lines_of_different_regions_do_not_meet(plans: list[ScenePlan]) -> None:
    for plan in plans:
        hulls = [projected(plan, row) for row in range(len(plan.pieces))]
        for k, points in enumerate(hulls):
            for other, own in enumerate(hulls[:k]):
                if plan.pieces[k]["face"] != plan.pieces[other]["face"] and plan.pieces[other]["bend"] == NO_BEND:
                    assert not inside(own[[0, -2, -1, 1]].astype(np.float32), points).any()


def test_sizes_are_within_the_recipe(plans: list[ScenePlan]) -> None:
    sizes = np.concatenate([48 * plan.pieces["affine"][:, 4] for plan in plans])
    assert sizes.min() >= WRITTEN.least_px - 1e-6
    assert WRITTEN.most_share * 640 * 0.2 < sizes.max() <= WRITTEN.most_share * 640 + 1e-6


def test_a_scene_has_many_words_one_line_and_paragraphs(studio: Studio, plans: list[ScenePlan]) -> None:
    counts = [words(studio, plan) for plan in plans]
    assert np.mean(counts) >= 12
    lines = np.concatenate([np.bincount(plan.pieces["face"]) for plan in plans if len(plan.pieces)])
    assert set(lines[lines > 0].tolist()) >= {1, 2, 3, 4}
    assert lines.max() <= 6
    assert {ARC, WAVE, NO_BEND} == set(np.concatenate([plan.pieces["bend"] for plan in plans]).tolist())


def test_texts_pieces_and_glyphs_belong_together(studio: Studio, plans: list[ScenePlan]) -> None:
    for plan in plans:
        texts = plan.texts
        assert len(texts.offsets) == len(texts.lines.offsets) == len(texts.face) + 1 == len(texts.role) + 1 == len(plan.pieces) + 1
        assert plan.pieces["text"].tolist() == list(range(len(plan.pieces)))
        assert (texts.offsets[-1], texts.lines.offsets[-1]) == (len(texts.codes), len(texts.lines.glyph))
        length = np.diff(texts.offsets)
        assert (texts.lines.cluster < np.repeat(length, np.diff(texts.lines.offsets))).all()
        assert studio.faces.covers[np.repeat(texts.face, length), texts.codes].all()
        assert len(plan.looks) > plan.pieces["look"].max(initial=0) >= plan.pieces["look"].min(initial=1) >= 1


def test_scenes_depend_on_their_index_and_seed_alone(studio: Studio) -> None:
    first = [digest(plan_photo_scene(studio, PHOTO, WRITTEN, 5, index)) for index in range(8)]
    again = [digest(plan_photo_scene(studio, PHOTO, WRITTEN, 5, index)) for index in reversed(range(8))]
    assert first == again[::-1]
    assert len(set(first)) == 8
    assert digest(plan_photo_scene(studio, PHOTO, WRITTEN, 6, 0)) != first[0]


def test_neighbouring_scenes_share_no_look_plane_or_line(studio: Studio) -> None:
    one, two = (plan_photo_scene(studio, PHOTO, WRITTEN, 5, index) for index in (6, 7))
    for field in ("ink", "noise_at", "glare_x"):
        assert not np.isin(one.looks[field], two.looks[field]).any()
    assert not np.isin(one.faces["homography"][:, 6], two.faces["homography"][:, 6]).any()
    lines = [{texts.codes[a:b].tobytes() for a, b in pairwise(texts.offsets)} for texts in (one.texts, two.texts)]
    assert len(lines[0] & lines[1]) <= 1  # a common word may come twice


def test_negative_scenes_hold_no_text(studio: Studio) -> None:
    recipe = SizedPhotoRecipe(negative_share=0.4)
    many = [plan_photo_scene(studio, PHOTO, recipe, 5, index) for index in range(80)]
    assert 20 <= sum(plan.negative for plan in many) <= 44
    for plan in many:
        assert not plan.negative or (len(plan.pieces), len(plan.texts.codes), len(plan.looks)) == (0, 0, 1)


def test_no_line_lies_on_marked_text_and_marks_go_with_the_picture(studio: Studio) -> None:
    marked = grounds(np.full((640, 640, 3), 90, dtype=np.uint8), marks=MARK)
    recipe = WRITTEN.model_copy(update={"zoom": (1.0, 1.0)})
    for index in range(25):
        plan = plan_photo_scene(studio, marked, recipe, 4, index)
        np.testing.assert_allclose(plan.marked, MARK, atol=1e-3)
        for row in range(len(plan.pieces)):
            assert not inside(MARK[0], projected(plan, row)).any()
    near = plan_photo_scene(studio, marked, WRITTEN.model_copy(update={"zoom": (0.5, 0.5)}), 4, 0)
    top, left, step = near.window
    np.testing.assert_allclose(near.marked * step + [left, top], MARK[: len(near.marked)], atol=1e-2)


def test_lines_reach_over_the_border_by_share_and_not_far(studio: Studio) -> None:
    recipe = WRITTEN.model_copy(update={"border_share": 1.0})
    many = [plan_photo_scene(studio, PHOTO, recipe, 3, index) for index in range(30)]
    seen = np.concatenate([projected(plan, row) for plan in many for row in range(len(plan.pieces))])
    assert min(seen.min(), 640 - seen.max()) < -5
    assert min(seen.min(), 640 - seen.max()) >= -BORDER_PX - 1


@pytest.mark.parametrize(
    ("tile", "size", "lines"),
    [
        (np.full((512, 512, 1), 128, dtype=np.uint8), (640, 640), True),
        (np.full((240, 900, 3), 10, dtype=np.uint8), (333, 517), True),
        (
            (255 * uniforms(1, Stream.TEXTURE, np.arange(256, dtype=np.uint64), 768)).reshape(256, 256, 3).astype(np.uint8),
            (256, 256),
            False,
        ),
        (np.full((200, 200, 3), 10, dtype=np.uint8), (64, 64), None),
    ],
    ids=["texture", "flat", "noise", "tiny"],
)
def test_odd_grounds_make_sensible_scenes(studio: Studio, tile: U8, size: tuple[int, int], lines: bool | None) -> None:
    recipe = WRITTEN.model_copy(update={"height_px": size[0], "width_px": size[1]})
    many = [plan_photo_scene(studio, grounds(tile), recipe, 2, index) for index in range(6)]
    assert lines is None or all((len(plan.pieces) > 0) == lines for plan in many)
    for plan in many:
        assert plan.size == size
        assert plan.attempts <= 32


def test_a_window_lies_within_its_tile() -> None:
    for place in ((0.0, 0.0), (0.999, 0.999)):
        for tile in ((640, 900), (300, 200)):
            top, left, step = choose_window(tile, (640, 480), 0.8, place)
            assert 0 <= top <= top + step * 640 <= tile[0]
            assert 0 <= left <= left + step * 480 <= tile[1]
