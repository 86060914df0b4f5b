"""Product scenes, planned."""

from itertools import pairwise

import numpy as np
import pytest

from synthgen.alphabet import Alphabet
from synthgen.arrays import F64
from synthgen.recipe import Recipe
from synthgen.scene.kernels import bend, project
from synthgen.scene.label_layout import ink_boxes
from synthgen.scene.pack_stock import Stock
from synthgen.scene.pack_views import DRAWS as PLACE_DRAWS
from synthgen.scene.pack_views import SHELF, Pack, homography, plan_stage, shows_side, side_of
from synthgen.scene.packs import MOST_PACKS, plan_product_scene
from synthgen.scene.pieces import BARCODE, FLAT, LINE, WRINKLED, ScenePlan
from synthgen.scene.plan import ARC
from synthgen.scene_recipe import SceneRecipe
from tests.fake_stock import stock_of

RECIPE = SceneRecipe()
COUNT = 200


@pytest.fixture(scope="module")
def stock() -> Stock:
    return stock_of(Alphabet())


@pytest.fixture(scope="module")
def plans(stock: Stock) -> list[ScenePlan]:
    return [plan_product_scene(stock, RECIPE, 0, index) for index in range(COUNT)]


def same(a: ScenePlan, b: ScenePlan) -> bool:
    arrays = ((a.pieces, b.pieces), (a.faces, b.faces), (a.looks, b.looks), (a.texts.codes, b.texts.codes), (a.ground, b.ground))
    return all(one.tobytes() == other.tobytes() for one, other in arrays) and a.window == b.window and a.tile == b.tile


def on_label(piece: np.void, count: int = 9) -> F64:
    """Return points around the box of a piece on its label, `(4 count, 2)`."""
    u0, v0, u1, v1 = piece["box"]
    share = np.linspace(0, 1, count)
    u = np.concatenate([u0 + (u1 - u0) * share, np.full(count, u1), u1 + (u0 - u1) * share, np.full(count, u0)])
    v = np.concatenate([np.full(count, v0), v0 + (v1 - v0) * share, np.full(count, v1), v1 + (v0 - v1) * share])
    middle = (u0 + u1) / 2
    if piece["bend"] == ARC:
        u, v = np.array([bend(ARC, piece["radius"], 0.0, a - middle, b) for a, b in zip(u, v, strict=True)]).T
        u = u + middle
    a = piece["affine"]
    return np.stack([a[0] * u + a[1] * v + a[2], a[3] * u + a[4] * v + a[5]], axis=1)


def lines_of(plan: ScenePlan) -> list[np.void]:
    return [piece for piece in plan.pieces if piece["kind"] == LINE]


def words_in(plan: ScenePlan) -> int:
    space = Alphabet().classes[" "]
    return int((plan.texts.codes == space).sum()) + len(plan.texts.face)


def test_a_scene_is_the_same_alone_and_among_others(stock: Stock, plans: list[ScenePlan]) -> None:
    assert all(same(plan_product_scene(stock, RECIPE, 0, index), plans[index]) for index in (0, 17, 130))


def test_neighbours_and_seeds_differ(stock: Stock, plans: list[ScenePlan]) -> None:
    for a, b in pairwise(plans):
        assert a.pieces.tobytes() != b.pieces.tobytes()
        assert a.faces.tobytes() != b.faces.tobytes()
        assert a.looks.tobytes() != b.looks.tobytes()
        assert a.texts.codes.tobytes() != b.texts.codes.tobytes() or a.negative or b.negative
    assert not same(plan_product_scene(stock, RECIPE, 1, 3), plans[3])


def test_scenes_have_twelve_words_on_average_and_more(plans: list[ScenePlan]) -> None:
    assert np.mean([words_in(plan) for plan in plans]) >= 12


def test_lines_lie_on_the_first_body_of_their_face(plans: list[ScenePlan]) -> None:
    for plan in plans:
        bodies = {int(piece["face"]): on_label(piece) for piece in plan.pieces[::-1] if piece["body"]}
        for piece in lines_of(plan):
            points, body = on_label(piece), bodies[int(piece["face"])]
            assert (points >= body.min(axis=0) - 0.5).all()
            assert (points <= body.max(axis=0) + 0.5).all()


def test_straight_lines_of_a_face_do_not_overlap(plans: list[ScenePlan]) -> None:
    for plan in plans:
        boxes: dict[int, list[F64]] = {}
        for piece in lines_of(plan):
            if piece["bend"] != ARC:
                points = on_label(piece, 2)
                boxes.setdefault(int(piece["face"]), []).append(np.concatenate([points.min(axis=0), points.max(axis=0)]))
        for own in boxes.values():
            for k, a in enumerate(own):
                for b in own[:k]:
                    assert min(a[2], b[2]) <= max(a[0], b[0]) + 0.01 or min(a[3], b[3]) <= max(a[1], b[1]) + 0.01


def test_a_brand_is_not_smaller_than_the_small_print_beside_it(plans: list[ScenePlan]) -> None:
    for plan in plans:
        sizes: dict[tuple[int, str], list[float]] = {}
        for piece in lines_of(plan):
            size = float(np.hypot(piece["affine"][0], piece["affine"][3]))
            sizes.setdefault((int(piece["face"]), plan.texts.role[piece["text"]]), []).append(size)
        for (face, role), own in sizes.items():
            if role == "ingredients" and (face, "brand") in sizes:
                assert max(sizes[face, "brand"]) >= 0.99 * min(own)


def test_brands_are_larger_than_weights_on_average(plans: list[ScenePlan]) -> None:
    sizes: dict[str, list[float]] = {}
    for plan in plans:
        for piece in lines_of(plan):
            sizes.setdefault(plan.texts.role[piece["text"]], []).append(float(np.hypot(piece["affine"][0], piece["affine"][3])))
    assert np.mean(sizes["brand"]) > 1.8 * np.mean(sizes["weight"])
    assert np.mean(sizes["name"]) > 1.2 * np.mean(sizes["nutrition"])


def test_sizes_in_the_picture_keep_the_recipes_bounds(plans: list[ScenePlan]) -> None:
    for plan in plans:
        for piece in lines_of(plan):
            face = plan.faces[piece["face"]]
            if face["bend"] == FLAT and piece["bend"] != ARC:
                a, middle = piece["affine"], on_label(piece).mean(axis=0)
                up = np.array([a[1], a[4]])
                ends = [project(face["homography"], *(middle + side * up)) for side in (-12.0, 12.0)]  # half an em
                size = 2 * float(np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]))
                if abs(a[0]) > 0:  # letters that stand upright: a turned label is foreshortened across
                    assert RECIPE.least_px * 0.9 <= size <= RECIPE.most_share * RECIPE.height_px * 1.1


def test_attempts_are_bounded_and_refusals_are_among_them(plans: list[ScenePlan]) -> None:
    assert all(0 <= plan.refused <= plan.attempts <= 400 for plan in plans)


def test_a_piece_of_text_has_the_box_of_its_ink(stock: Stock, plans: list[ScenePlan]) -> None:
    for plan in plans[:40]:
        boxes = ink_boxes(plan.texts.lines, stock.studio.atlas)
        for piece in lines_of(plan):
            wide = boxes[piece["text"], 2] - boxes[piece["text"], 0]
            assert abs(piece["box"][2] - piece["box"][0] - wide) < 6  # a wrapped line's from its advances: 4 line px of bearings


def test_a_negative_scene_has_packs_and_no_text(stock: Stock) -> None:
    recipe = SceneRecipe(negative_share=1.0)
    for index in range(20):
        plan = plan_product_scene(stock, recipe, 0, index)
        assert plan.negative
        assert len(plan.texts.codes) == len(plan.texts.face) == len(lines_of(plan)) == 0
        assert len(plan.pieces) > 5


def test_negative_scenes_have_their_share(plans: list[ScenePlan]) -> None:
    assert 1 <= sum(plan.negative for plan in plans) <= 20


def test_bars_name_the_line_of_their_digits(plans: list[ScenePlan]) -> None:
    bars = [(plan, piece) for plan in plans if not plan.negative for piece in plan.pieces if piece["kind"] == BARCODE]
    assert len(bars) > 5
    for plan, piece in bars:
        assert plan.texts.role[piece["text"]] == "barcode"


def test_any_size_and_any_count_of_packs() -> None:
    stock = stock_of(Alphabet())
    for height, width, packs in ((64, 64, 2), (320, 1200, 8), (900, 300, 3)):
        recipe = SceneRecipe(height_px=height, width_px=width, packs=packs)
        for index in range(20):
            plan = plan_product_scene(stock, recipe, 0, index)
            assert plan.size == (height, width)
            assert np.isfinite(plan.pieces["affine"]).all()
            assert np.isfinite(plan.faces["homography"]).all()


def test_an_alphabet_without_spaces_digits_or_latin_survives() -> None:
    stock = stock_of(Alphabet("абвг"), ["абба", "ваб", "г"])
    plans = [plan_product_scene(stock, RECIPE, 0, index) for index in range(20)]
    assert sum(len(plan.texts.face) for plan in plans) > 20


def test_kinds_of_scenes_follow_their_weights() -> None:
    recipe = SceneRecipe(single=0, group=0, flat=0, shelf=1)
    rows = [[0.4] * PLACE_DRAWS] * MOST_PACKS
    for draw in (0.0, 0.5, 0.999):
        stage = plan_stage(recipe, [draw] * 24, rows)
        assert stage.kind == SHELF
        assert 2 <= len(stage.packs) <= 8


def test_the_middle_of_a_pack_stays_where_it_stands() -> None:
    pack = Pack(0, 0, 200.0, 300.0, 100.0, 150.0, 40.0, 0.5, 0.2, -0.1, 1500.0)
    assert project(np.array(homography(pack)), 0.0, 0.0) == pytest.approx((200.0, 300.0))
    flat = pack._replace(yaw=0.0, pitch=0.0, roll=0.0)
    assert project(np.array(homography(flat)), 30.0, -20.0) == pytest.approx((230.0, 280.0))


def test_a_side_turned_away_is_farther_and_smaller() -> None:
    pack = Pack(0, 0, 0.0, 0.0, 100.0, 100.0, 40.0, 0.5, 0.0, 0.0, 400.0)
    way = np.array(homography(pack))
    left, right = (project(way, x, 50.0)[1] - project(way, x, -50.0)[1] for x in (-50.0, 50.0))
    assert right > left  # yaw above 0 brings the right edge nearer


def test_wrinkles_of_pouches_are_as_deep_as_the_recipe_says(stock: Stock) -> None:
    recipe = SceneRecipe(wrinkle=(0.03, 0.03))
    deep = 0
    for index in range(20):
        plain, wrinkled = (plan_product_scene(stock, one, 0, index).faces for one in (SceneRecipe(wrinkle=(0.01, 0.01)), recipe))
        bent = plain["bend"] == WRINKLED
        deep += bent.sum()
        assert wrinkled["radius"][bent] == pytest.approx(3 * plain["radius"][bent])
        assert (wrinkled["radius"][~bent] == plain["radius"][~bent]).all()
    assert deep > 5


def test_a_recipe_without_scenes_is_told() -> None:
    with pytest.raises(ValueError, match="need single"):
        SceneRecipe(single=0, group=0, flat=0, shelf=0)
    with pytest.raises(ValueError, match="white_share"):
        SceneRecipe(white_share=0.8, plain_share=0.8)
    with pytest.raises(ValueError, match="focal"):
        SceneRecipe(focal=(0.5, 2.0))
    with pytest.raises(ValueError, match=r"need 0 <= low <= high <= 0\.1"):
        SceneRecipe(wrinkle=(0.01, 1.0))
    assert Recipe()


@pytest.mark.parametrize("wide", [100.0, 400.0])
@pytest.mark.parametrize("pitch", [-0.3, 0.0, 0.3])
def test_a_side_shows_where_its_text_is_not_mirrored(wide: float, pitch: float) -> None:
    shown = set()
    for yaw in np.linspace(-0.5, 0.5, 41).tolist():
        pack = Pack(0, 0, 200.0, 300.0, wide, 150.0, 40.0, yaw, pitch, 0.1, 900.0)
        way = np.array(homography(pack, side_of(pack)))
        x, y = np.array([project(way, *at) for at in ((-20.0, -75.0), (20.0, -75.0), (20.0, 75.0), (-20.0, 75.0))]).T
        clockwise = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) > 0
        assert shows_side(pack) == clockwise
        shown.add(clockwise)
    assert shown == {False, True}
