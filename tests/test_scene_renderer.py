"""Scenes as a whole: they depend on their number alone, their truth is what is painted, their heat maps are those of their truth."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from synthgen import quads as geometry
from synthgen.arrays import F64, U8, Bools, Quads
from synthgen.assets.scene_assets import SceneAssets
from synthgen.assets.studio import Opened
from synthgen.heatmaps import affinity_quads, drawable, heat_maps
from synthgen.renderer import Renderer, SceneRenderer
from synthgen.scene.pieces import LINE, SHADE, ScenePlan
from synthgen.scene.plan import LOOK
from synthgen.scene.scenes import Easel, paint_scene, set_up
from synthgen.scene_renderer import LEAST_SEEN, Scene, ScenePainter, scene_rows
from synthgen.shards.scenes import scene_batch
from tests.scene_fixture import look
from tests.studio_fixture import Table, Tables, looking

COUNT = 60
LEAST_PX = 8.0  # sides of what the bars are said for
PEAK = 200  # of 255; a peak may fall between map pixels
LINKED = 77  # 0.3


@pytest.fixture(scope="module")
def scenes(scene_painter: ScenePainter) -> list[Scene]:
    return [scene_painter.scene(index) for index in range(COUNT)]


def painter_of(opened: Opened, assets: SceneAssets, seed: int, *tables: Tables) -> ScenePainter:
    """Return a painter with the assets of the session and another recipe."""
    return ScenePainter(assets, looking(opened.studio, *tables).recipe, seed)


def same(a: Scene, b: Scene) -> bool:
    one, other = a.truth, b.truth
    arrays = [(getattr(one, name), getattr(other, name)) for name in vars(one) if isinstance(getattr(one, name), np.ndarray)]
    arrays += [(a.picture, b.picture), (a.region, b.region), (a.affinity, b.affinity), *zip(one.polygons, other.polygons, strict=False)]
    rest = (one.word_text, one.hidden, one.redrawn) == (other.word_text, other.hidden, other.redrawn)
    return rest and all(np.array_equal(x, y) for x, y in arrays) and (a.index, a.tile, a.quality) == (b.index, b.tile, b.quality)


def sides(quads: Quads) -> F64:
    """Return the lengths of the sides of each quad, `(n, 4)`: top, right, bottom, left."""
    ways = np.roll(quads.astype(np.float64), -1, axis=1) - quads
    return np.asarray(np.sqrt((ways**2).sum(axis=2)))


def within_picture(quads: Quads, scene: Scene) -> Bools:
    height, width = scene.picture.shape[:2]
    return np.asarray(((quads >= 0) & (quads <= (width, height))).all(axis=(1, 2)))


def inside(quads: Sequence[F64] | Quads, shape: tuple[int, ...], grow_px: int) -> Bools:
    """Return which pixels of a picture lie in one of the quads grown by `grow_px`."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for quad in quads:
        cv2.fillPoly(mask, [np.rint((np.asarray(quad) - 0.5) * 16).astype(np.int32)], 255, shift=4)
    if grow_px:
        mask = np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow_px + 1,) * 2)), dtype=np.uint8)
    return np.asarray(mask > 0)


def highest(heat: U8, quad: F64) -> int:
    """Return the largest value of the map pixels whose middle lies in a quad of image px."""
    low = np.maximum(quad.min(axis=0) // 2, 0).astype(int)
    high = (quad.max(axis=0) // 2).astype(int) + 1
    part = heat[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[: part.shape[0], : part.shape[1]]
    middles = 2.0 * (np.stack([x, y], axis=-1).reshape(-1, 2) + low) + 1
    return int(part.reshape(-1)[geometry.inside(quad.astype(np.float32), middles)].max(initial=0))


def test_a_scene_depends_on_its_number_alone(opened: Opened, scene_assets: SceneAssets, scenes: list[Scene]) -> None:
    other = painter_of(opened, scene_assets, 7)
    for index in (41, 3, 17, 16, 0, 41):
        assert same(other.scene(index), scenes[index])
    assert np.array_equal(other.scene(5, blue_first=True).picture[:, :, ::-1], scenes[5].picture)


def test_neighbours_and_seeds_differ(opened: Opened, scene_assets: SceneAssets, scenes: list[Scene]) -> None:
    other = painter_of(opened, scene_assets, 8)
    pictures = [scene.picture.tobytes() for scene in (*scenes, *(other.scene(index) for index in range(5)))]
    assert len(set(pictures)) == COUNT + 5
    texts = [scene.truth.word_text for scene in scenes if len(scene.truth.word_text) > 3]
    assert len(set(texts)) == len(texts)


def test_rows_do_not_depend_on_the_span_that_was_asked_for(opened: Opened, scene_assets: SceneAssets) -> None:
    spans = [(0, 14)], [(0, 3), (3, 5), (5, 14)]
    blocks = [[block for a, b in parts for block in Renderer(opened, 7, scene_assets).scenes(a, b)] for parts in spans]
    names = Renderer(opened, 7, scene_assets).names
    whole, parts = ([row for rows, _ in found for row in scene_batch(rows, names).to_pylist()] for found in blocks)
    assert whole == parts and [row["index"] for row in whole] == list(range(14))
    counts = [{name: sum(told[name] for _, told in found) for name in found[0][1]} for found in blocks]
    assert counts[0] == counts[1] and all(len(rows.index) <= 10 for rows, _ in blocks[0])


def test_words_are_the_same_whether_or_not_scenes_are_asked_for(opened: Opened, scene_assets: SceneAssets) -> None:
    without, beside = (next(Renderer(opened, 7, assets).words(0, 80)) for assets in (None, scene_assets))
    assert all(np.array_equal(value, getattr(beside[0], name)) for name, value in vars(without[0]).items())
    assert without[1] == beside[1]
    first, second = Renderer(opened, 7).names, Renderer(opened, 7, scene_assets).names
    assert second.backgrounds[: len(first.backgrounds)] == first.backgrounds and second.fonts == first.fonts
    assert second.sources[: len(first.sources)] == first.sources


def test_scenes_without_their_assets_are_the_callers_fault(opened: Opened) -> None:
    with pytest.raises(ValueError, match="need the assets of scenes"):
        next(Renderer(opened, 7).scenes(0, 1))


def test_a_scene_has_twelve_readable_words_on_average(scenes: list[Scene]) -> None:
    assert np.mean([(~scene.truth.word_ignore).sum() for scene in scenes]) >= 12


def test_the_records_of_a_truth_fit_together(opened: Opened, scenes: list[Scene]) -> None:
    for scene in scenes:
        truth = scene.truth
        words = len(truth.word_text)
        spelt = [opened.studio.alphabet.decode(truth.char_codes[truth.char_word == word]) for word in range(words)]
        assert spelt == list(truth.word_text)
        assert (np.diff(truth.char_word) >= 0).all() and (np.diff(truth.word_line) >= 0).all()
        assert {len(truth.word_quads), len(truth.polygons), len(truth.word_visible), len(truth.word_face)} == {words}
        assert all(np.isfinite(points).all() and len(points) >= 4 for points in truth.polygons)
        assert np.isfinite(truth.word_quads).all() and np.isfinite(truth.char_quads).all()
        assert ((truth.char_visible >= 0) & (truth.char_visible <= 1)).all() and (truth.word_visible > 0).all()
        seen = [truth.char_visible[truth.char_word == word].mean() for word in range(words)]
        assert np.allclose(seen, truth.word_visible, atol=1e-5)


def test_a_word_quad_holds_the_quads_of_its_characters(scenes: list[Scene]) -> None:
    for scene in scenes:
        truth = scene.truth
        for word, quad in enumerate(truth.word_quads):
            points = truth.char_quads[truth.char_word == word].reshape(-1, 2)
            assert min(cv2.pointPolygonTest(quad[:, None], point, measureDist=True) for point in points.tolist()) > -0.5


def test_each_visible_character_has_a_peak_in_its_quad(scenes: list[Scene]) -> None:
    tried = 0
    for scene in scenes:
        truth = scene.truth
        large = (sides(truth.char_quads).min(axis=1) >= LEAST_PX) & drawable(truth.char_quads) & within_picture(truth.char_quads, scene)
        for char in np.flatnonzero(large & (truth.char_visible >= LEAST_SEEN)):
            assert highest(scene.region, truth.char_quads[char].astype(np.float64)) >= PEAK, (scene.index, char)
            tried += 1
    assert tried > 1_000


def test_small_characters_have_a_lower_peak_in_their_quad(scenes: list[Scene]) -> None:
    """Their own, looser bound: from 5 px on, two map pixels and a half, at least 90 of 255."""
    tried = 0
    for scene in scenes:
        truth = scene.truth
        least = sides(truth.char_quads).min(axis=1)
        small = (least >= 5) & (least < LEAST_PX) & drawable(truth.char_quads) & within_picture(truth.char_quads, scene)
        for char in np.flatnonzero(small & (truth.char_visible >= LEAST_SEEN)):
            assert highest(scene.region, truth.char_quads[char].astype(np.float64)) >= 90, (scene.index, char)
            tried += 1
    assert tried > 500


def links_of(scene: Scene) -> Quads:
    truth = scene.truth
    return affinity_quads(truth.char_quads, np.where(truth.char_visible >= LEAST_SEEN, truth.char_word, -1).astype(np.int32))


def test_affinity_peaks_lie_between_neighbours_of_a_word(scenes: list[Scene]) -> None:
    tried = 0
    for scene in scenes:
        links = links_of(scene)
        for link in links[(sides(links).min(axis=1) >= LEAST_PX) & within_picture(links, scene)]:
            assert highest(scene.affinity, link.astype(np.float64)) >= PEAK, scene.index
            tried += 1
    assert tried > 500


def test_affinity_is_low_everywhere_but_in_words_of_two_characters_and_more(scenes: list[Scene]) -> None:
    """So it is between the last character of a word and the first of the next."""
    for scene in scenes:
        truth = scene.truth
        shown = np.bincount(truth.char_word[truth.char_visible >= LEAST_SEEN], minlength=len(truth.word_text))
        linked = inside(truth.word_quads[shown > 1], scene.picture.shape, 2)
        high = np.kron(scene.affinity >= LINKED, np.ones((2, 2), dtype=np.bool_))
        assert not (high & ~linked).any(), scene.index


def test_no_region_is_high_where_there_is_no_character(scenes: list[Scene]) -> None:
    for scene in scenes:
        held = inside(scene.truth.char_quads, scene.picture.shape, 3)
        assert not (np.kron(scene.region >= LINKED, np.ones((2, 2), dtype=np.bool_)) & ~held).any(), scene.index


def test_heat_maps_are_those_of_characters_that_are_seen(scenes: list[Scene]) -> None:
    hidden = 0
    for scene in scenes:
        truth = scene.truth
        shown = truth.char_visible >= LEAST_SEEN
        hidden += int((~shown).sum())
        region, affinity = heat_maps(truth.char_quads[shown], truth.char_word[shown], scene.picture.shape[:2])
        assert np.array_equal(region, scene.region)
        assert not (affinity < scene.affinity).any()  # what is hidden parts its neighbours
        assert scene.counts["scene_characters_without_peak"] == int((~shown | ~drawable(truth.char_quads)).sum())
    assert hidden > 20


def plain(plan: ScenePlan, *, with_text: bool) -> ScenePlan:
    """Return a plan in plain black ink, without glare or camera, with its text or without."""
    looks = np.array([look() for _ in plan.looks], dtype=LOOK)
    kinds = plan.pieces["kind"]
    kept = (kinds != SHADE) & ((kinds != LINE) | with_text)
    return replace(plan, looks=looks, pieces=plan.pieces[kept])


@pytest.fixture(scope="module")
def easel(scene_assets: SceneAssets) -> Easel:
    return set_up(scene_assets.stock.studio, scene_assets.stock.studio.tiles, (640, 640))


def test_all_ink_lies_in_the_quads_and_each_seen_character_has_some(scene_painter: ScenePainter, easel: Easel) -> None:
    inks, lost, bare = 0, 0, []
    for index in range(30):
        plan = scene_painter.plan(index)
        picture, truth = paint_scene(plain(plan, with_text=True), easel)
        empty, nothing = paint_scene(plain(plan, with_text=False), easel)
        ink = np.abs(picture.astype(np.int16) - empty).max(axis=2)
        assert nothing.char_word.size == 0
        lost += int(ink[~inside(truth.char_quads, picture.shape, 2)].sum())
        inks += int(ink.sum())
        large = (sides(truth.char_quads).min(axis=1) >= LEAST_PX) & (truth.char_visible >= 0.9)
        held = [ink[inside([truth.char_quads[char]], picture.shape, 1)].max(initial=0) for char in np.flatnonzero(large)]
        bare += [(index, int(char)) for char, most in zip(np.flatnonzero(large), held, strict=True) if most < 40]
    assert lost <= 0.01 * inks
    assert not bare


def test_negative_scenes_have_no_words_and_no_heat(opened: Opened, scene_assets: SceneAssets) -> None:
    for share in (0.0, 1.0):
        shares: Tables = {"scene": {"negative_share": 1.0, "product_share": share}, "photo_scene": {"negative_share": 1.0}}
        painter = painter_of(opened, scene_assets, 1, shares)
        for index in range(6):
            scene = painter.scene(index)
            assert scene.truth.word_text == () and len(scene.truth.char_quads) == 0
            assert not scene.region.any() and not scene.affinity.any()
            assert scene.picture.std() > 0


@pytest.mark.parametrize(("height", "width"), [(320, 480), (101, 64), (480, 901)])
def test_pictures_and_maps_have_the_size_of_the_recipe(opened: Opened, scene_assets: SceneAssets, height: int, width: int) -> None:
    painter = painter_of(opened, scene_assets, 2, {"scene": {"height_px": height, "width_px": width}})
    found = [painter.scene(index, blue_first=True) for index in range(8)]
    for scene in found:
        assert scene.picture.shape == (height, width, 3)
        assert scene.region.shape == scene.affinity.shape == (-(-height // 2), -(-width // 2))
    rows = scene_rows(found, opened.studio.alphabet, 0)
    for k in range(len(found)):
        jpeg, png = rows.jpeg[rows.jpeg_offsets[k] :], rows.region[rows.region_offsets[k] :]
        assert np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)).shape == (height, width, 3)
        assert np.array_equal(np.asarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED)), found[k].region)
    assert sum(len(scene.truth.word_text) for scene in found) > 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_kind_of_a_scene_follows_its_share(opened: Opened, scene_assets: SceneAssets, share: float) -> None:
    painter = painter_of(opened, scene_assets, 3, {"scene": {"product_share": share}})
    roles = {role for index in range(30) for role in painter.plan(index).texts.role}
    assert ("photo" in roles) == (share == 0) and ("brand" in roles) == (share == 1)


def test_a_scene_of_both_kinds_is_the_same_whatever_the_share(opened: Opened, scene_assets: SceneAssets, scenes: list[Scene]) -> None:
    packs = painter_of(opened, scene_assets, 7, {"scene": {"product_share": 1.0}})
    photos = painter_of(opened, scene_assets, 7, {"scene": {"product_share": 0.0}})
    kinds = [(same(packs.scene(index), scenes[index]), same(photos.scene(index), scenes[index])) for index in range(12)]
    assert {(True, False), (False, True)} == set(kinds)


def test_letters_are_as_high_as_the_recipe_allows(opened: Opened, scene_assets: SceneAssets) -> None:
    for least, most in ((8.0, 0.33), (30.0, 0.2)):
        sizes: Table = {"least_px": least, "most_share": most}
        painter = painter_of(opened, scene_assets, 4, {"scene": sizes, "photo_scene": sizes})
        heights = np.concatenate([sides(painter.scene(index).truth.char_quads)[:, 1] for index in range(15)])
        assert heights.max() <= 1.5 * most * 640  # ascender to descender of a swash is more than an em
        assert np.median(heights) >= 0.4 * least


def test_scenes_without_disk_are_those_of_a_run(
    opened: Opened, scene_painter: ScenePainter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = SceneRenderer(opened.studio.recipe, seed=7, cache=tmp_path_factory.getbasetemp() / "assets").scene(5)
    expected = scene_painter.scene(5)
    assert same(made, expected)
