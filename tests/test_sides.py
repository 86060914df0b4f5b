"""Recipes that split: each sample has the fonts, words and backgrounds of its side alone, and nothing else depends on the split."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from synthgen.alphabet import Alphabet
from synthgen.arrays import I64, U16, Bools
from synthgen.assets.scene_assets import open_scene_assets
from synthgen.assets.sides import Sides, own_weights
from synthgen.assets.studio import Opened, open_studio
from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.held_out import MIXED, SPLITS, TRAIN, VALIDATION, HeldOut
from synthgen.job import Job, run
from synthgen.recipe import Recipe
from synthgen.renderer import BlockRenderer, Renderer, open_renderer, own_truth
from synthgen.scene.block_parts import in_order
from synthgen.scene.own_texts import RETEXTS, plan_own_texts
from synthgen.scene.texts import prepare_rules
from synthgen.scene.words import Studio, WordBlock, render_words
from synthgen.scene_renderer import ScenePainter
from synthgen.shards.read import read
from tests.fake_stock import text_table
from tests.studio_fixture import FEW_FACES, Tables, first, merged

SHARE = 0.3
SPLIT: Tables = {"split": {"validation_share": SHARE, "by": ["font", "background"]}}
ALL: Tables = {"split": {"validation_share": SHARE}}
HELD = HeldOut(("font", "background"), 0.1)
EVERYTHING = HeldOut(("font", "text", "background"), 0.1)


def recipe_of(*tables: Tables) -> Recipe:
    return Recipe.checked(dict(merged(FEW_FACES, *tables)), place="split")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "assets"


@pytest.fixture(scope="module")
def divided(opened: Opened, cache: Path) -> Opened:
    """Return the session's assets, split by fonts and backgrounds; `opened` has filled the cache."""
    return open_studio(recipe_of(SPLIT), cache)


def block_of(opened: Opened, count: int, begin: int = 0) -> WordBlock:
    return next(Renderer(opened, 3).blocks(range(begin, begin + count), count))


def test_fonts_and_backgrounds_of_validation_are_not_in_training(divided: Opened) -> None:
    block = block_of(divided, 400)
    for row, side in enumerate(block.split.tolist()):
        face, background = divided.faces[block.face[row]].name, divided.backgrounds[block.tile[row]]
        assert HELD.font(face) == side
        assert HELD.background(background) in (None, side)
    assert any(HELD.background(divided.backgrounds[tile]) == VALIDATION for tile in block.tile)


def test_as_many_are_for_validation_as_asked_for(divided: Opened) -> None:
    block = block_of(divided, 400)
    assert abs((block.split == VALIDATION).sum() - 400 * SHARE) < 4 * (400 * SHARE * (1 - SHARE)) ** 0.5
    assert block.counts["words_validation"] == (block.split == VALIDATION).sum() and block.counts["words_mixed"] == 0


def test_a_sample_does_not_depend_on_its_block(divided: Opened) -> None:
    whole = block_of(divided, 60)
    for a, b in pairwise((0, 1, 20, 60)):
        part = block_of(divided, b - a, a)
        assert [part.text(row) for row in range(b - a)] == [whole.text(row) for row in range(a, b)]
        assert all(np.array_equal(part.picture(row), whole.picture(a + row)) for row in range(b - a))
        assert np.array_equal(part.split, whole.split[a:b]) and np.array_equal(
            part.quads, np.concatenate([whole.char_quads(k) for k in range(a, b)])
        )


def test_without_a_split_all_is_for_training_and_as_it_was(opened: Opened) -> None:
    assert opened.held_out is None
    block, plain = block_of(opened, 40), render_words(opened.studio, 3, first(40))
    assert np.array_equal(block.pixels, plain.pixels) and set(block.split) == {TRAIN} and "words_validation" not in block.counts


def test_trainers_get_training_samples_alone(divided: Opened, cache: Path) -> None:
    block = BlockRenderer(recipe_of(SPLIT), seed=3, cache=cache, train_only=True).block(range(80))
    assert set(block.split) == {TRAIN} and {HELD.font(divided.faces[face].name) for face in block.face} == {TRAIN}
    same = block_of(divided, 80)
    assert all(np.array_equal(block.picture(row), same.picture(row)) for row in np.flatnonzero(same.split == TRAIN).tolist())


def test_adding_fonts_and_backgrounds_moves_no_other(divided: Opened, studio: Studio) -> None:
    names = tuple(face.name for face in divided.faces)
    more = ("Added 400", *names)
    faces = studio.faces
    grown = replace(faces, covers=np.vstack([faces.covers[:1], faces.covers]), weights=np.append(1.0, faces.weights))
    for side in (TRAIN, VALIDATION):
        before = Sides(HELD, names, Path())._own_faces(faces, side)
        assert np.array_equal(Sides(HELD, more, Path())._own_faces(grown, side).covers[1:], before.covers)
        weights = own_weights(HELD, np.ones(5), ["texture/wood", "texture/flat", "texture/fabric", "texture/foil", "texture/metal"], side)
        wider = own_weights(
            HELD, np.ones(6), ["texture/x", "texture/wood", "texture/flat", "texture/fabric", "texture/foil", "texture/metal"], side
        )
        assert np.array_equal(weights > 0, wider[1:] > 0)


def test_groups_of_backgrounds_keep_their_shares() -> None:
    names = ["texture/flat", "texture/wood", "texture/fabric", "photos/a.jpg", *(f"photos/{k}.jpg" for k in range(40))]
    weights = np.array([4.0, 1.0, 0.5, *[0.1] * 41])
    for side in (TRAIN, VALIDATION):
        own = own_weights(HELD, weights, names, side)
        assert own[0] == 4 and own[1:3].sum() == pytest.approx(1.5) and own[3:].sum() == pytest.approx(4.1)


@pytest.mark.parametrize(
    ("names", "what"), [(["texture/wood", "texture/flat"], "a texture"), (["texture/fabric", "texture/wood", "photos/a.jpg"], "a photo")]
)
def test_a_side_without_backgrounds_is_named(names: list[str], what: str) -> None:
    assert [HELD.background(name) for name in names] != [VALIDATION] * len(names)
    with pytest.raises(SynthgenError, match=rf"split\.held_out_share: need {what} for validation, got none at 0\.1; .*'background' out"):
        own_weights(HELD, np.ones(len(names)), names, VALIDATION)


def test_a_side_without_fonts_is_named(studio: Studio, divided: Opened) -> None:
    sides = Sides(HeldOut(("font",), 1e-9), tuple(face.name for face in divided.faces), Path())
    with pytest.raises(SynthgenError, match=r"need a family of fonts that draws the whole alphabet for validation, got none at 1e-09"):
        sides._own_faces(studio.faces, VALIDATION)


def test_parts_are_put_in_the_order_asked_for(studio: Studio) -> None:
    whole = render_words(studio, 3, first(12))
    odd, even = (render_words(studio, 3, np.arange(begin, 12, 2, dtype=np.uint64)) for begin in (1, 0))
    joined = in_order([odd, even], first(12))
    for name in ("index", "pixels", "offsets", "labels", "char_offsets", "quads", "face", "tile", "contrast", "quality", "width"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name)), name
    assert joined.counts == whole.counts


def test_texts_are_drawn_again_until_they_may_be_shown_and_given_up_in_the_end() -> None:
    alphabet = Alphabet()
    table = text_table(alphabet, ["yes", "no"])
    rules = prepare_rules(Recipe().text.model_copy(update={"balance_floor": 0.0, "phrase_share": 0.0}), alphabet, table)

    def keeps(codes: U16, offsets: I64) -> Bools:
        return np.array([alphabet.decode(codes[a:b]).lower() == "yes" for a, b in pairwise(offsets.tolist())])

    own = plan_own_texts(table, rules, keeps, 5, first(50))
    assert keeps(own.texts.codes, own.texts.offsets).all() and not own.astray.any() and own.redrawn > 10
    parts = [plan_own_texts(table, rules, keeps, 5, np.array([k], dtype=np.uint64)).texts.codes for k in range(50)]
    assert np.array_equal(np.concatenate(parts), own.texts.codes)
    lost = plan_own_texts(table, rules, lambda codes, offsets: np.zeros(len(offsets) - 1, dtype=np.bool_), 5, first(9))
    assert lost.astray.all() and lost.redrawn == 9 * RETEXTS


@pytest.mark.slow  # two more tables of words with their rules
def test_a_run_that_splits_by_all_three_keeps_every_member_on_its_side(cache: Path, tmp_path: Path, opened: Opened) -> None:
    recipe = recipe_of(ALL, {"crop": {"from_scenes_share": 0.1}})
    whole = open_studio(recipe, cache)
    job = Job(recipe=recipe, seed=4, n=900, scenes=16, out=tmp_path, factory=open_renderer, assets=whole.digests, cache=cache)
    report = run(job, LocalEngine(1, inline=True), resume=False, progress=lambda part: None)
    rows = [row for batch in read(tmp_path) for row in batch.to_pylist()]
    sides = Counter(row["split"] for row in rows)
    assert abs(sides["validation"] - 900 * SHARE) < 4 * (900 * SHARE * (1 - SHARE)) ** 0.5
    assert report.counts["words_validation"] == sides["validation"] and report.counts["words_mixed"] == sides["mixed"] == 0
    assert {row["source"] for row in rows if row["split"] == "validation"} == {"grammar", "english", "scene"}
    for row in rows:
        found = EVERYTHING.sample([row["font"]], row["background"], row["text"])
        assert SPLITS[found] == row["split"], row
    for row in (row for batch in read(tmp_path, table="scenes") for row in batch.to_pylist()):
        fonts = {word["font"] for word in row["words"]} - {""}
        parts = {EVERYTHING.font(font) for font in fonts} | {EVERYTHING.background(row["background"])} - {None}
        assert parts <= {SPLITS.index(row["split"])}


@pytest.mark.slow  # scenes
def test_scenes_are_of_their_side_and_their_crops_of_the_words_of_theirs(cache: Path, opened: Opened) -> None:
    recipe = recipe_of(ALL)
    whole = open_studio(recipe, cache)
    painter = ScenePainter(open_scene_assets(whole, recipe, cache), recipe, 4)
    sides = [painter.side_of(index) for index in range(200)]
    assert abs(sides.count(VALIDATION) - 200 * SHARE) < 4 * (200 * SHARE * (1 - SHARE)) ** 0.5
    assert whole.held_out is not None
    for side, studio in ((TRAIN, whole.studio), (VALIDATION, whole.held_out)):
        scene = painter.scene(0, side=side)
        assert scene.split == side and {EVERYTHING.font(whole.faces[face].name) for face in scene.truth.word_face if face >= 0} == {side}
        own = own_truth(studio, scene.truth)
        for text, ignored, before in zip(own.word_text, own.word_ignore, scene.truth.word_ignore, strict=True):
            assert ignored == (before or EVERYTHING.text(text) != side)
    assert MIXED not in sides
