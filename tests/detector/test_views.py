"""What is drawn for a view, and the way from the scene to it."""

from dataclasses import replace

import numpy as np
import pytest

from detector.views import ENLARGED, FILLED, VIEW, WANTED_MOST, Variety, Views, homography, moved, plan_views
from synthgen.arrays import F64, U64
from synthgen.quads import areas, of_boxes
from tests.detector.made_scenes import SIZE, heights, made_scene

MANY = 4000
STILL = Variety(
    tilt_deg=0, turned_share=0, stretch=1, lean=0, brightness=0, contrast=0, saturation=0, hue_deg=0, grey_share=0, blurred_share=0,
    jpeg_share=0,
)  # fmt: skip


def index(count: int, first: int = 0) -> U64:
    return np.arange(first, first + count, dtype=np.uint64)


@pytest.fixture(scope="module")
def views() -> Views:
    return plan_views(Variety(), 5, index(MANY))


@pytest.fixture(scope="module")
def ways(views: Views) -> F64:
    words = made_scene().word_quads
    return np.stack([homography(view, words, SIZE, 256) for view in views[:300]])


def test_a_view_depends_on_its_number_alone(views: Views) -> None:
    assert np.array_equal(plan_views(Variety(), 5, index(7, 90)), views[90:97])
    assert np.array_equal(plan_views(Variety(), 5, index(MANY)[::-1]), views[::-1])
    assert not (plan_views(Variety(), 6, index(9))["word"] == views["word"][:9]).any()


def test_no_choice_shifts_another(views: Views) -> None:
    other = plan_views(replace(Variety(), turned_share=0.9, blurred_share=0, jpeg_share=1, grey_share=1, free_share=0.7), 5, index(MANY))
    for name in ("word_px", "word", "at", "place", "stretch", "lean", "fill"):
        assert np.array_equal(other[name], views[name]), name


def test_all_that_is_drawn_is_drawn_apart(views: Views) -> None:
    """Numbers that share a draw would go together."""
    plain = [views[name].reshape(MANY, -1) for name in ("word_px", "word", "at", "place", "tilt", "stretch", "lean", "fill", "free")]
    plain += [views["blur_px"][:, None] > 0, views["quality"][:, None] > 0, views["colours"][:, 0, 3:]]
    together = np.abs(np.corrcoef(np.concatenate(plain, axis=1).T)) - np.eye(15)
    assert together.max() < 0.06  # chance gives 0.016, and four times that in none of 15,000


def test_shares_and_ranges_are_those_asked_for(views: Views) -> None:
    variety, few = Variety(), 4 * np.sqrt(0.25 / MANY)  # four standard deviations of a share, at most
    tilt = np.degrees(views["tilt"])
    turned = np.abs(tilt) > 45
    assert turned.mean() == pytest.approx(variety.turned_share, abs=few)
    assert {-1, 1} == set(np.sign(tilt[turned]))
    assert np.abs(tilt[~turned]).max() == pytest.approx(variety.tilt_deg, rel=0.05)
    assert (np.abs(tilt[~turned]) < variety.tilt_deg / 2).mean() == pytest.approx(0.75, abs=few)
    assert views["free"].mean() == pytest.approx(variety.free_share, abs=few)
    assert (views["blur_px"] > 0).mean() == pytest.approx(variety.blurred_share, abs=few)
    assert (views["quality"] > 0).mean() == pytest.approx(variety.jpeg_share, abs=few)
    assert (views["fill"] == 0).mean() == pytest.approx(0.5, abs=few)
    for name, (least, most) in {"word_px": variety.word_px, "stretch": (1 / variety.stretch, variety.stretch)}.items():
        assert least <= views[name].min() and views[name].max() <= most
        assert np.median(views[name]) == pytest.approx(np.sqrt(least * most), rel=0.15 if name == "word_px" else 0.02), name
    assert np.abs(views["lean"]).max() == pytest.approx(variety.lean, rel=0.01)


def test_grey_stays_grey_and_colours_change(views: Views) -> None:
    grey = views["colours"][:, :, :3].sum(axis=2)  # what (1, 1, 1) becomes
    assert np.ptp(grey, axis=1).max() < 1e-5
    without = np.ptp(views["colours"][:, :, :3], axis=1).max(axis=1) < 1e-6  # all three rows are the same
    assert without.mean() == pytest.approx(Variety().grey_share, abs=0.02)
    assert views["colours"][~without, 0, 1].std() > 0.05


def test_colours_of_no_variety_change_nothing() -> None:
    still = plan_views(STILL, 5, index(50))
    assert np.allclose(still["colours"], np.eye(3, 4), atol=1e-5)
    assert (still["tilt"] == 0).all() and (still["stretch"] == 1).all() and (still["lean"] == 0).all()


def test_each_of_brightness_contrast_saturation_and_hue_does_what_it_says() -> None:
    red = np.array([200, 60, 60, 1.0])

    def seen(variety: Variety) -> F64:
        return np.asarray(plan_views(variety, 5, index(400))["colours"] @ red)

    assert np.ptp(seen(replace(STILL, brightness=0.2)) - red[:3], axis=1).max() < 1e-3  # all channels alike
    assert np.abs(seen(replace(STILL, brightness=0.2)) - red[:3]).max() == pytest.approx(51, rel=0.02)
    gain = (seen(replace(STILL, contrast=0.3)) - 127.5) / (red[:3] - 127.5)
    assert np.ptp(gain, axis=1).max() < 1e-5 and gain.max() == pytest.approx(1.3, rel=0.01)
    luma = np.array([0.299, 0.587, 0.114])
    assert np.allclose(seen(replace(STILL, saturation=0.4)) @ luma, red[:3] @ luma, atol=1e-3)
    assert np.ptp(np.ptp(seen(replace(STILL, saturation=0.4)), axis=1)) > 100
    turned = seen(replace(STILL, hue_deg=20))
    assert np.allclose(turned.sum(axis=1), red[:3].sum(), atol=1e-3)
    assert np.allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(red[:3]), atol=1e-3)
    assert np.ptp(turned[:, 1]) > 30


def test_no_view_mirrors(ways: F64) -> None:
    assert (np.linalg.det(ways) > 0).all()
    quads = of_boxes(np.array([[100, 100, 140, 120]], dtype=np.float32))
    assert all(areas(moved(way, quads))[0] > 0 for way in ways)


def test_the_middle_of_a_view_has_depth_one(ways: F64) -> None:
    middles = np.linalg.solve(ways, np.array([128.0, 128.0, 1.0])[:, None])[..., 0]
    assert np.allclose((ways @ (middles / middles[:, 2:])[..., None])[:, 2, 0], 1)


def test_the_chosen_word_is_in_the_view_and_has_the_height_that_is_wanted() -> None:
    views, scene = plan_views(replace(STILL, word_px=(40.0, 40.0), free_share=0), 5, index(200)), made_scene()
    sizes, places = [], []
    for view in views:
        placed = moved(homography(view, scene.word_quads, SIZE, 128), scene.word_quads)
        fit = np.isclose(heights(placed), 40, rtol=1e-4)
        within = ((placed.mean(axis=1) >= 0) & (placed.mean(axis=1) <= 128)).all(axis=1)
        assert (fit & within).any()
        sizes.append(int(np.flatnonzero(fit & within)[0]))
        places.append(placed[sizes[-1]].mean(axis=0))
    assert set(sizes) == {0, 1, 2}  # of 16, 24 and 40 px; those of 8 and 6 would be enlarged more than ENLARGED
    assert np.ptp(places, axis=0).min() > 0.6 * 128


def test_words_are_neither_enlarged_nor_reduced_beyond_the_bounds() -> None:
    lengths: list[float] = []
    for size, wanted in ((256, 2000.0), (256, 1.0), (512, 1.0)):
        scene = made_scene(((20, 30, 12, 4),))
        views = plan_views(replace(STILL, word_px=(wanted, wanted)), 5, index(20))
        found = {round(float(np.sqrt(np.linalg.det(homography(view, scene.word_quads, SIZE, size)))), 6) for view in views}
        assert len(found) == 1
        lengths += found
    assert lengths == pytest.approx([min(ENLARGED, WANTED_MOST * 256 / 12), 256 / 320, 1.0])  # 0.7 x 512 would enlarge: 1
    assert FILLED * 256 < 256  # a small view shows 256 px of the scene's longer side, and not all of a scene of 640


@pytest.mark.parametrize("size", [128, 512])
def test_a_view_is_full_of_scene_where_that_is_large_enough(size: int) -> None:
    scene = made_scene()
    for view in plan_views(STILL, 5, index(100)):
        way = homography(view, scene.word_quads, SIZE, size)
        (left, top), (right, bottom) = way[:2, 2], way[:2, :2] @ (SIZE[1], SIZE[0]) + way[:2, 2]
        for low, high in ((left, right), (top, bottom)):
            full = low <= 1e-6 and high >= size - 1e-6
            assert full if high - low >= size else (low >= -1e-6 and high <= size + 1e-6)


def test_a_scene_without_words_is_shown_too() -> None:
    none = np.zeros((0, 4, 2), dtype=np.float32)
    zooms = [np.linalg.det(homography(view, none, SIZE, 128)) ** 0.5 for view in plan_views(Variety(), 5, index(300))]
    assert max(zooms) <= ENLARGED + 1e-9 and np.std(zooms) > 0.3


def test_points_at_the_eye_stay_finite() -> None:
    way = np.array([[1.0, 0, 0], [0, 1, 0], [-0.01, 0, 1]])
    assert np.isfinite(moved(way, of_boxes(np.array([[90, 0, 400, 10]], dtype=np.float32)))).all()


def test_a_view_is_one_row_of_plain_numbers() -> None:
    assert plan_views(Variety(), 1, index(0)).dtype == VIEW and len(plan_views(Variety(), 1, index(0))) == 0
