"""Words cut out of scenes: upright, labelled with what they say, their quads on the ink; a sample's crop is its own."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from synthgen import quads as geometry
from synthgen.alphabet import READER_STEPS, steps_needed
from synthgen.arrays import U8, Image
from synthgen.assets.scene_assets import SceneAssets
from synthgen.assets.studio import Opened
from synthgen.recipe import CropRecipe
from synthgen.renderer import Renderer
from synthgen.scene.pieces import Truth
from synthgen.scene.scene_words import SCENES_APART, WORDS_A_SCENE, Cut, cut_word, readable, with_scene_words
from synthgen.scene.scenes import Easel, paint_scene
from synthgen.scene.words import Studio, render_words
from synthgen.scene_renderer import ScenePainter
from tests.scene.test_words import assert_same, darkness, within_quads
from tests.scene_fixture import Draft, easel_of
from tests.studio_fixture import first, looking

MARGIN = 0.2
CROP = CropRecipe(margin=(MARGIN, MARGIN), height_px=64)
MIDDLING = np.array([0.0, 0.5, 0.5, 0.5, 0.5])
TURNED = {
    "upright": (1.0, 0.0, 0.0, 1.0),
    "tilted": (0.87, -0.5, 0.5, 0.87),
    "upside down": (-1.0, 0.0, 0.0, -1.0),
    "upward": (0.0, 1.0, -1.0, 0.0),
    "downward": (0.0, -1.0, 1.0, 0.0),
}


@pytest.fixture(scope="module")
def easel(studio: Studio) -> Easel:
    return easel_of(studio)


def scene_of(easel: Easel, studio: Studio, text: str, turn: str = "upright", lean: float = 0.0) -> tuple[Image, Truth, int]:
    """Return a scene with one line of text in its middle, as `cut_word` takes it."""
    a, b, c, d = TURNED[turn]
    draft = Draft()
    draft.face([a, b, 150, c, d, 100, lean, 0, 1])
    draft.line(0, text, (-11.0 * len(text) / 2, 14), 40)
    return *paint_scene(draft.plan(studio), easel), 3


def cut(easel: Easel, studio: Studio, turn: str, lean: float = 0.0) -> Cut:
    found = cut_word(scene_of(easel, studio, "Rectify", turn, lean), CROP, MIDDLING)
    assert found is not None
    return found


@pytest.mark.parametrize("turn", TURNED)
@pytest.mark.parametrize("lean", [0.0, 0.0015])
def test_quads_of_a_crop_hold_its_ink_and_it_reads_as_its_label(easel: Easel, studio: Studio, turn: str, lean: float) -> None:
    found = cut(easel, studio, turn, lean)
    assert studio.alphabet.decode(found.labels) == "Rectify"
    assert found.picture.shape[0] == CROP.height_px and len(found.quads) == 7
    dark = darkness(found.picture)
    assert not ((dark > 95) & ~within_quads(found.quads, found.picture, 2.0)).any()
    assert all(dark[within_quads(quad[None], found.picture, 0.0)].max(initial=0) > 150 for quad in found.quads)
    assert geometry.areas(found.quads).min() > 0
    assert (np.diff(found.quads.mean(axis=1)[:, 0]) > 0).all()
    y, x = np.nonzero(dark > 100)
    box = geometry.bounds(found.quads)
    assert (box[:, 0].min(), box[:, 1].min(), box[:, 2].max(), box[:, 3].max()) == pytest.approx(
        (x.min(), y.min(), x.max() + 1, y.max() + 1), abs=2.5
    )


@pytest.mark.parametrize("turn", [turn for turn in TURNED if turn != "upright"])
def test_a_crop_is_upright_however_its_word_is_turned(easel: Easel, studio: Studio, turn: str) -> None:
    upright, turned = cut(easel, studio, "upright").picture, cut(easel, studio, turn).picture
    assert abs(upright.shape[1] - turned.shape[1]) <= 4
    fitted = np.asarray(cv2.resize(turned, upright.shape[1::-1]), dtype=np.uint8)
    assert alike(upright, fitted) > 0.9 and alike(upright, fitted[::-1, ::-1]) < 0.6


def alike(a: U8, b: U8) -> float:
    """Return the correlation of two pictures' ink."""
    return float(np.corrcoef(darkness(a).ravel().astype(np.float64), darkness(b).ravel().astype(np.float64))[0, 1])


def test_a_crop_has_the_margins_of_the_recipe(easel: Easel, studio: Studio) -> None:
    found = cut(easel, studio, "upright")
    edge = MARGIN / (1 + 2 * MARGIN) * CROP.height_px
    box, (height, width) = geometry.bounds(found.quads), found.picture.shape[:2]
    got = (box[:, 0].min(), box[:, 1].min(), width - box[:, 2].max(), height - box[:, 3].max())
    assert got == pytest.approx((edge,) * 4, abs=0.5)


def test_a_word_wider_than_the_recipe_allows_is_squeezed(easel: Easel, studio: Studio) -> None:
    narrow = CROP.model_copy(update={"widest_px": 80})
    found = cut_word(scene_of(easel, studio, "Rectify"), narrow, MIDDLING)
    assert found is not None and found.picture.shape == (64, 80, 3)
    assert geometry.bounds(found.quads)[:, 2].max() <= 80


def test_words_nobody_can_read_are_not_cut(easel: Easel, studio: Studio) -> None:
    picture, truth, tile = scene_of(easel, studio, "Rectify")
    assert readable(truth, 0, "Rectify")
    for unread in (
        replace(truth, word_ignore=np.ones(1, dtype=np.bool_)),
        replace(truth, word_visible=np.full(1, 0.89, dtype=np.float32)),
        replace(truth, word_text=("",)),  # a marked region
        replace(truth, word_text=("l" * 17,)),  # 17 letters and 16 blanks between them: 33 steps
        replace(truth, word_text=("Rectif",)),
        replace(truth, word_text=()),
    ):
        assert cut_word((picture, unread, tile), CROP, MIDDLING) is None


def test_each_readable_word_is_cut_some_time(easel: Easel, studio: Studio) -> None:
    scene = scene_of(easel, studio, "one of us")
    draws = [np.array([share, 0.5, 0.5, 0.5, 0.5]) for share in (0.0, 0.4, 0.999)]
    found = [cut_word(scene, CROP, draw) for draw in draws]
    assert [studio.alphabet.decode(one.labels) for one in found if one is not None] == ["one", "of", "us"]


class Counting:
    """Paints a word that tells the scene's number, and keeps count; every scene of `bare` has none."""

    def __init__(self, easel: Easel, studio: Studio, bare: int = 0) -> None:
        self.asked: list[int] = []
        self._made = [scene_of(easel, studio, text) for text in ("Nought", "First", "Second")]
        self._empty, self._bare = replace(self._made[0][1], word_text=()), bare

    def __call__(self, number: int) -> tuple[Image, Truth, int]:
        self.asked.append(number)
        picture, truth, tile = self._made[number % 3]
        return picture, self._empty if self._bare and number % self._bare == 0 else truth, tile


def test_neighbours_share_a_scene_that_is_in_no_shard(easel: Easel, studio: Studio) -> None:
    block, painted = render_words(studio, 5, first(100)), Counting(easel, studio)
    crop = studio.recipe.crop.model_copy(update={"from_scenes_share": 1.0})
    found = with_scene_words(block, painted, crop, 5, 9)
    assert painted.asked == [SCENES_APART + k for k in range(-(-100 // WORDS_A_SCENE))]
    assert SCENES_APART > 10**12  # more scenes than any run has
    texts = [("Nought", "First", "Second")[(SCENES_APART + k // WORDS_A_SCENE) % 3] for k in range(100)]
    assert [found.text(row) for row in range(100)] == texts
    assert (found.source == 9).all() and (found.tile == 3).all() and found.counts["from_scenes"] == 100
    assert np.array_equal(found.index, block.index) and found.width.max() <= crop.widest_px
    assert ((found.contrast > 0.5) & (found.contrast <= 1)).all()
    assert all(found.picture(row).shape == (crop.height_px, found.width[row], 3) for row in range(100))


def test_samples_that_are_not_cut_out_of_scenes_stay_as_they_are(easel: Easel, studio: Studio) -> None:
    block = render_words(studio, 5, first(400))
    crop = studio.recipe.crop.model_copy(update={"from_scenes_share": 0.4})
    found = with_scene_words(block, Counting(easel, studio, bare=2), crop, 5, 9)
    cuts = np.flatnonzero(found.source == 9)
    scenes = (SCENES_APART + cuts // WORDS_A_SCENE) % 2
    assert (scenes == 1).all() and 40 < len(cuts) < 120 and found.counts == block.counts | {"from_scenes": len(cuts)}
    for row in np.flatnonzero(found.source != 9).tolist():
        assert np.array_equal(found.picture(row), block.picture(row)) and found.text(row) == block.text(row)
        assert np.array_equal(found.char_quads(row), block.char_quads(row))
        assert (found.face[row], found.tile[row], found.contrast[row]) == (block.face[row], block.tile[row], block.contrast[row])


def test_without_a_share_or_a_word_the_block_is_the_same(easel: Easel, studio: Studio) -> None:
    block = render_words(studio, 5, first(40))
    assert with_scene_words(block, Counting(easel, studio), studio.recipe.crop, 5, 9) is block
    crop = studio.recipe.crop.model_copy(update={"from_scenes_share": 1.0})
    assert with_scene_words(block, Counting(easel, studio, bare=1), crop, 5, 9) is block


@pytest.fixture(scope="module")
def renderer(opened: Opened, scene_assets: SceneAssets) -> Renderer:
    """Return a renderer whose words all come out of scenes."""
    return Renderer(replace(opened, studio=looking(opened.studio, {"crop": {"from_scenes_share": 1.0}})), 7, scene_assets)


def test_crops_of_real_scenes_do_not_depend_on_their_blocks(renderer: Renderer) -> None:
    (whole,) = renderer.blocks(range(100))
    assert_same(whole, [next(renderer.blocks(range(a, b))) for a, b in pairwise((0, 7, 40, 41, 100))])
    blue = next(renderer.blocks(range(16), blue_first=True))
    assert all(np.array_equal(blue.picture(row), whole.picture(row)[:, :, ::-1]) for row in range(16))


def test_crops_of_real_scenes_are_words_of_their_truth(
    renderer: Renderer, opened: Opened, scene_assets: SceneAssets, scene_painter: ScenePainter
) -> None:
    (block,) = renderer.blocks(range(160))
    assert block.counts["from_scenes"] >= 140
    truths = [scene_painter.scene(SCENES_APART + k).truth for k in range(160 // WORDS_A_SCENE)]
    for row in np.flatnonzero(block.source == len(renderer.names.sources) - 1).tolist():
        truth = truths[row // WORDS_A_SCENE]
        words = [k for k, text in enumerate(truth.word_text) if text == block.text(row) and not truth.word_ignore[k]]
        assert words and block.face[row] in truth.word_face[words], row
        assert steps_needed(block.text(row)) <= READER_STEPS and len(block.char_quads(row)) == len(block.text(row))
        assert np.isfinite(block.char_quads(row)).all()
    assert {renderer.names.backgrounds[tile] for tile in block.tile} <= {"plain", *opened.backgrounds, *scene_assets.backgrounds}
    assert renderer.names.sources[-1] == "scene"
