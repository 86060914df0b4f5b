"""What scenes are made from: photos of any kind or none, few texts, few characters."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synthgen.arrays import U8
from synthgen.assets.scene_assets import SceneAssets, open_scene_assets
from synthgen.assets.studio import Opened, open_studio
from synthgen.recipe import Recipe
from synthgen.scene_renderer import Scene, ScenePainter
from tests.assets.test_photos import HEADER, put, ramp_photo
from tests.studio_fixture import FEW_FACES, Tables, merged

SMALL: Tables = {"scene": {"height_px": 240, "width_px": 320}}
PHOTOS: Tables = {"scene": {"product_share": 0.0, "height_px": 240, "width_px": 320}, "photo_scene": {"negative_share": 0.0}}
MARK = (60, 40, 260, 60, 250, 120, 55, 110)  # corners in the photo of `marked`


@pytest.fixture
def painter(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[ScenePainter, SceneAssets]]:
    """Return what opens the assets of a recipe, in the session's cache, and a painter with them."""
    cache = tmp_path_factory.getbasetemp() / "assets"

    def opens(*tables: Tables) -> tuple[ScenePainter, SceneAssets]:
        recipe = Recipe.checked(dict(merged(FEW_FACES, SMALL, *tables)), place="test")
        assets = open_scene_assets(open_studio(recipe, cache), recipe, cache)
        return ScenePainter(assets, recipe, 3), assets

    return opens


def painted(painter: ScenePainter, count: int = 12) -> list[Scene]:
    return [painter.scene(index) for index in range(count)]


def words_of(scenes: list[Scene]) -> set[str]:
    return {text for scene in scenes for text in scene.truth.word_text}


def test_without_photos_scenes_on_photos_have_textures_for_ground(scene_assets: SceneAssets) -> None:
    assert (scene_assets.grounds.weights > 0).sum() > 1
    assert len(scene_assets.grounds.offsets) == len(scene_assets.backgrounds) + 1 and scene_assets.grounds.offsets[-1] == 0
    assert all(name.startswith("texture/") for name in scene_assets.backgrounds)


def marked(folder: Path) -> Tables:
    """Return a recipe of scenes on one photo, most of whose middle holds text."""
    put(folder / "shelf.png", ramp_photo(240, 320))
    (folder / "regions.csv").write_text(f"{HEADER}\nshelf.png,{','.join(map(str, MARK))},SALE\n", encoding="utf-8")
    return merged(PHOTOS, {"ground": {"folder": folder}, "photo_scene": {"zoom": (1.0, 1.0)}})


def test_marked_places_of_a_photo_are_words_to_ignore_and_stay_free(
    tmp_path: Path, painter: Callable[..., tuple[ScenePainter, SceneAssets]]
) -> None:
    paints, assets = painter(marked(tmp_path / "photos"))
    assert assets.backgrounds[-1] == "photos/shelf.png" and assets.grounds.offsets[-1] == 1
    assert (assets.grounds.weights[:-1] == 0).all() and assets.grounds.weights[-1] > 0
    for scene in painted(paints, 8):
        truth = scene.truth
        assert (truth.word_text[-1], truth.word_ignore[-1], truth.word_face[-1]) == ("", True, -1)
        np.testing.assert_allclose(truth.word_quads[-1], np.array(MARK).reshape(4, 2), atol=0.01)
        assert truth.word_text.count("") == 1 and len(truth.word_text) - 1 not in truth.char_word
        assert assets.backgrounds[scene.tile] == "photos/shelf.png"
        low, high = truth.char_quads.min(axis=1), truth.char_quads.max(axis=1)
        within = (low[:, 0] < 245) & (high[:, 0] > 65) & (low[:, 1] < 105) & (high[:, 1] > 65)
        assert not within.any()


def test_packs_never_show_a_photo_that_holds_text(tmp_path: Path, painter: Callable[..., tuple[ScenePainter, SceneAssets]]) -> None:
    paints, assets = painter(marked(tmp_path / "photos"), {"scene": {"product_share": 1.0}, "ground": {"photo_share": 1.0}})
    photo = assets.backgrounds.index("photos/shelf.png")
    for index in range(24):
        plan = paints.plan(index)
        assert plan.tile != photo and photo not in plan.pieces["tile"] and photo not in plan.looks["tile"]


def flat() -> U8:
    return np.full((220, 300, 3), 180, dtype=np.uint8)


def speckled() -> U8:
    y, x = np.mgrid[0:220, 0:300]
    return np.repeat((((x // 2 + y // 2) % 2) * 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("photo", [flat, speckled, lambda: ramp_photo(64, 70), lambda: ramp_photo(200, 900), lambda: ramp_photo(900, 200)])
def test_any_one_photo_that_words_can_be_painted_on_is_enough(
    tmp_path: Path, painter: Callable[..., tuple[ScenePainter, SceneAssets]], photo: Callable[[], U8]
) -> None:
    put(tmp_path / "photos" / "one.png", photo())
    paints, assets = painter(PHOTOS, {"ground": {"folder": tmp_path / "photos"}})
    scenes = painted(paints)
    assert {assets.backgrounds[scene.tile] for scene in scenes} == {"photos/one.png"}
    assert bool(words_of(scenes)) == (photo is not speckled)  # which has no smooth place
    assert np.mean([len(scene.truth.word_text) for scene in scenes]) > 4 or photo is speckled


def test_scenes_of_digits_alone(tmp_path: Path, painter: Callable[..., tuple[ScenePainter, SceneAssets]]) -> None:
    (tmp_path / "digits.txt").write_text("0123456789", encoding="utf-8")
    paints, _ = painter({"text": {"alphabet": tmp_path / "digits.txt"}})
    words = words_of(painted(paints))
    assert len(words) > 20 and set("".join(words)) == set("0123456789")


@pytest.mark.parametrize(("name", "lines"), [("one.txt", "Zyxo\n"), ("shop.csv", "brand,name,flavour\nZyxo,Zyxo,Zyxo\n")])
def test_a_corpus_of_one_line_is_what_scenes_say(
    tmp_path: Path, painter: Callable[..., tuple[ScenePainter, SceneAssets]], name: str, lines: str
) -> None:
    (tmp_path / name).write_text(lines, encoding="utf-8")
    corpus = {"path": tmp_path / name, "column": "name" if name.endswith("csv") else None}
    text: Tables = {"text": {"grammar": 0.0, "english": 0.0, "corpora": [corpus], "balance_floor": 0.0}}
    packs, _ = painter(text, {"scene": {"product_share": 1.0}})
    assert "zyxo" in {word.lower() for word in words_of(painted(packs))}
    photos, _ = painter(text, PHOTOS)
    assert {word.lower() for word in words_of(painted(photos, 6))} == {"zyxo"}
