"""Word crops as a whole: blocks do not matter, labels are what is drawn, quads hold the ink."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen import quads as geometry
from synthgen.alphabet import READER_STEPS, steps_needed
from synthgen.arrays import F64, I32, U8, Bools, Quads
from synthgen.assets.studio import Opened
from synthgen.scene.kernels import NARROWEST_PX
from synthgen.scene.records import Lines
from synthgen.scene.words import BANK, BANK_RIM, Studio, WordBlock, noise_bank, render_words
from tests.studio_fixture import Tables, first, looking, merged, on_paper, quiet_tables

FINE = 8  # cells a pixel, where quads are drawn to be compared with ink
STRAIGHT: Tables = {
    "shape": {"tilt_share": 1.0, "shear_share": 1.0, "perspective_share": 1.0},
    "letters": {"slant_share": 1.0, "stretch_share": 1.0, "spaced_share": 1.0},
}
BENT = {
    bend: merged(STRAIGHT, {"shape": {f"{bend}_share": share}})
    for bend, share in (("arc", 1.0), ("wave", 1.0), ("cylinder", 1.0), ("tilt", 1.0))
}


def assert_same(whole: WordBlock, parts: list[WordBlock]) -> None:
    for name in ("pixels", "quads", "labels", "contrast", "width", "face", "tile", "source", "quality", "index"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name)), name
    lengths = [np.diff(part.char_offsets) for part in parts]
    assert np.array_equal(np.concatenate(lengths), np.diff(whole.char_offsets))
    assert {key: sum(part.counts[key] for part in parts) for key in whole.counts} == whole.counts


def text_of(studio: Studio, block: WordBlock, row: int) -> str:
    return studio.alphabet.decode(block.labels[block.char_offsets[row] : block.char_offsets[row + 1]])


def quads_of(block: WordBlock, row: int) -> Quads:
    return block.quads[block.char_offsets[row] : block.char_offsets[row + 1]]


def within_quads(quads: Quads, picture: U8, grow_px: float) -> Bools:
    """Return which pixels have their middle in one of the quads grown by `grow_px`."""
    mask = np.zeros((picture.shape[0] * FINE, picture.shape[1] * FINE), dtype=np.uint8)
    for quad in quads:
        cv2.fillPoly(mask, [np.rint(quad * FINE * 16).astype(np.int32)], 255, shift=4)
    round_px = (int(2 * FINE * grow_px) + 1,) * 2
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, round_px))
    return np.asarray(grown[FINE // 2 :: FINE, FINE // 2 :: FINE] > 0)


def darkness(picture: U8) -> U8:
    return np.asarray(255 - picture.min(axis=2), dtype=np.uint8)


@given(cuts=st.sets(st.integers(1, 39), max_size=6), seed=st.integers(0, 2**64 - 1), begin=st.integers(0, 2**62))
@settings(max_examples=15, deadline=None)
def test_samples_do_not_depend_on_how_they_are_sharded(studio: Studio, cuts: set[int], seed: int, begin: int) -> None:
    edges = [0, *sorted(cuts), 40]
    parts = [render_words(studio, seed, first(b - a, begin + a)) for a, b in pairwise(edges)]
    assert_same(render_words(studio, seed, first(40, begin)), parts)


def test_a_sample_does_not_depend_on_the_order_of_its_block(studio: Studio) -> None:
    forward, backward = render_words(studio, 4, first(60)), render_words(studio, 4, first(60)[::-1].copy())
    assert all(np.array_equal(forward.picture(row), backward.picture(59 - row)) for row in range(60))


def test_samples_change_with_seed_and_index(studio: Studio) -> None:
    pictures = [
        block.picture(row).tobytes() for seed in (1, 2) for block in (render_words(studio, seed, first(400)),) for row in range(400)
    ]
    assert len(set(pictures)) == 800


def test_blue_first_holds_the_same_pixels_swapped(studio: Studio) -> None:
    red, blue = render_words(studio, 3, first(100)), render_words(studio, 3, first(100), blue_first=True)
    assert all(np.array_equal(red.picture(row), blue.picture(row)[:, :, ::-1]) for row in range(100))
    assert not np.array_equal(red.pixels, blue.pixels)


@pytest.mark.parametrize(("bend", "grow_px"), [("tilt", 1.0), ("wave", 1.0), ("cylinder", 1.0), ("arc", 2.0)])
def test_without_its_quads_a_picture_is_bare(studio: Studio, bend: str, grow_px: float) -> None:
    """A quad's sides are straight: on an arc, letters swell over them."""
    block = render_words(on_paper(looking(studio, quiet_tables(), BENT[bend])), 1, first(250))
    for row in range(250):
        left = (darkness(block.picture(row)) > 95) & ~within_quads(quads_of(block, row), block.picture(row), grow_px)
        assert not left.any(), (row, text_of(studio, block, row), np.argwhere(left)[:5])


@pytest.mark.parametrize("bend", BENT)
def test_every_character_but_a_space_has_ink_in_its_quad(studio: Studio, bend: str) -> None:
    block = render_words(on_paper(looking(studio, quiet_tables(), BENT[bend])), 2, first(150))
    for row in range(150):
        dark = darkness(block.picture(row))
        for character, quad in zip(text_of(studio, block, row), quads_of(block, row), strict=True):
            held = dark[within_quads(quad[None], block.picture(row), 0.5)]
            assert character == " " or held.max(initial=0) > 40, (row, text_of(studio, block, row), character)


def test_each_side_of_an_upright_quad_touches_its_characters_ink(studio: Studio) -> None:
    block = render_words(on_paper(looking(studio, quiet_tables())), 3, first(250))
    slack = []
    for row in range(250):
        dark = darkness(block.picture(row)) > 25
        for character, box in zip(text_of(studio, block, row), geometry.bounds(quads_of(block, row)), strict=True):
            left, top = (max(int(v) - 1, 0) for v in np.floor(box[:2]))
            y, x = np.nonzero(dark[top : int(np.ceil(box[3])) + 1, left : int(np.ceil(box[2])) + 1])
            if character != " ":
                slack.append(max(x.min() + left - box[0], y.min() + top - box[1], box[2] - x.max() - left - 1, box[3] - y.max() - top - 1))
    assert np.quantile(slack, 0.9) < 1.0  # pixels
    assert np.mean(np.array(slack) > 1.7) < 0.005  # halves of a ligature: f reaches lower than i


def test_all_quads_together_are_the_box_of_the_ink(studio: Studio) -> None:
    block = render_words(on_paper(looking(studio, quiet_tables())), 5, first(250))
    for row in range(250):
        y, x = np.nonzero(darkness(block.picture(row)) > 60)
        inked = [not character.isspace() for character in text_of(studio, block, row)]
        box = geometry.bounds(quads_of(block, row)[inked])
        ink = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
        assert np.abs(np.concatenate([box[:, :2].min(axis=0), box[:, 2:].max(axis=0)]) - ink).max() < 1.6, (
            row,
            text_of(studio, block, row),
        )


def test_quads_follow_each_other_along_the_line_and_are_never_mirrored(studio: Studio) -> None:
    block = render_words(
        looking(studio, STRAIGHT, {"shape": {f"{bend}_share": 0.0 for bend in ("arc", "wave", "cylinder")}}), 6, first(1_000)
    )
    assert geometry.areas(block.quads).min() > 0
    for row in range(1_000):
        middles = quads_of(block, row).mean(axis=1)
        line = middles[-1] - middles[0]
        along = middles @ (line / max(float(np.hypot(*line)), 1e-9))
        assert np.diff(along).min(initial=0.0) > -3, text_of(studio, block, row)  # a swash may reach over the next space
        assert line[0] >= -1e-3  # from left to right, however tilted


@pytest.mark.parametrize("margin", [None, (-0.3, -0.1), (-0.3, 0.3)])
def test_the_middle_and_half_of_every_quad_lie_in_the_picture(studio: Studio, margin: tuple[float, float] | None) -> None:
    cut: Tables = {"crop": {"margin": margin}} if margin else {}
    block = render_words(looking(studio, cut), 7, first(2_000))
    row = np.repeat(np.arange(2_000), np.diff(block.char_offsets))
    width, height = block.width[row].astype(np.float64), float(block.height)
    middle = block.quads.mean(axis=1)
    assert (middle >= -1e-3).all() and (middle[:, 0] <= width + 1e-3).all() and (middle[:, 1] <= height + 1e-3).all()
    box = geometry.bounds(block.quads)
    out = np.flatnonzero((box[:, :2] < 0).any(axis=1) | (box[:, 2] > width) | (box[:, 3] > height))
    assert len(out) == 0 if margin is None else len(out) > 100
    shares = [share_inside(block.quads[k], width[k], height) for k in out]
    assert min(shares, default=1.0) >= 0.5, out[int(np.argmin(shares))]


def share_inside(quad: Quads, width: float, height: float) -> float:
    """Return the share of the quad's area in the picture, counted on a grid of 41 x 41 points of its own box."""
    low, high = quad.min(axis=0).astype(np.float64), quad.max(axis=0).astype(np.float64)
    steps = (np.arange(41) + 0.5) / 41
    points: F64 = np.stack(np.meshgrid(*(low[:, None] + (high - low)[:, None] * steps)), axis=-1).reshape(-1, 2)
    own = points[geometry.inside(quad, points)]
    return float(((own >= 0).all(axis=1) & (own[:, 0] <= width) & (own[:, 1] <= height)).mean()) + 0.02  # the grid's own error


def test_nearly_every_word_can_be_read_and_the_rest_were_painted_again(studio: Studio) -> None:
    block = render_words(studio, 8, first(3_000))
    least = studio.recipe.ink.least_contrast / 2 - 1 / 255
    assert np.mean(block.contrast < least) <= 1 / 1_000  # hairlines stay faint whatever their ink
    assert 0 < block.counts["redrawn"] < 600


def test_black_on_black_is_painted_again_counted_and_readable(studio: Studio) -> None:
    dark: Tables = {"ink": {"dark_share": 1.0, "light_share": 0.0}, "ground": {"light_share": 0.0, "dark_share": 1.0, "panel_share": 0.0}}
    block = render_words(on_paper(looking(studio, dark), grey=20), 9, first(500))
    assert block.counts["inks_passed_over"] > 3 * 500
    assert np.mean(block.contrast >= studio.recipe.ink.least_contrast / 2 - 1 / 255) >= 0.998


def test_a_contrast_that_cannot_be_had_is_tried_a_bounded_number_of_times(studio: Studio) -> None:
    block = render_words(on_paper(looking(studio, {"ink": {"least_contrast": 1.0}}), grey=128), 9, first(100))
    assert 0 < block.counts["redrawn"] <= 300


def test_labels_are_what_is_drawn(studio: Studio) -> None:
    seen: list[tuple[int, str]] = []

    def spy(face: I32, texts: Sequence[str]) -> tuple[Lines, Bools]:
        seen.extend(zip(face.tolist(), texts, strict=True))
        return studio.shape(face, texts)

    block = render_words(replace(studio, shape=spy), 10, first(800))
    for row, (face, drawn) in enumerate(seen[:800]):
        label = text_of(studio, block, row)
        assert label == (drawn.upper() if studio.faces.caps_only[face] else drawn)
        assert face == block.face[row]
    assert any(studio.faces.caps_only[face] for face, _ in seen[:800])


def test_every_label_fits_the_reader_and_is_covered_by_its_face(studio: Studio) -> None:
    block = render_words(studio, 11, first(3_000))
    assert studio.faces.covers[np.repeat(block.face, np.diff(block.char_offsets)), block.labels].all()
    labels = [text_of(studio, block, row) for row in range(3_000)]
    assert max(map(steps_needed, labels)) <= READER_STEPS
    assert min(map(len, labels)) >= 1


@pytest.mark.parametrize(("height", "widest"), [(16, 64), (32, 512), (64, 300)])
def test_pictures_are_as_high_as_asked_and_no_wider(studio: Studio, height: int, widest: int) -> None:
    block = render_words(looking(studio, {"crop": {"height_px": height, "widest_px": widest}}), 12, first(300))
    assert block.height == height
    assert block.width.min() >= NARROWEST_PX and block.width.max() <= widest
    assert (block.width == widest).any() == (widest < 512)
    assert np.array_equal(np.diff(block.offsets), 3 * height * block.width) and block.offsets[-1] == len(block.pixels)
    assert all(block.picture(row).shape == (height, block.width[row], 3) for row in range(300))
    assert np.diff([block.picture(row).mean() for row in range(300)]).any()


def test_rows_name_faces_tiles_sources_and_qualities_that_there_are(studio: Studio, opened: Opened) -> None:
    block = render_words(studio, 13, first(2_000))
    for rows, names in ((block.face, opened.faces), (block.tile, opened.backgrounds), (block.source, opened.sources)):
        assert rows.min() >= 0 and rows.max() < len(names) and len(set(rows.tolist())) > len(names) / 2
    low, high = studio.recipe.camera.quality
    assert block.quality.min() >= low and block.quality.max() <= high


def test_a_glyph_that_is_not_in_the_atlas_is_named(studio: Studio) -> None:
    def blind(face: I32, texts: Sequence[str]) -> tuple[Lines, Bools]:
        lines, missing = studio.shape(face, texts)
        missing[2] = True
        return lines, missing

    with pytest.raises(ValueError, match="shaping: sample 7 has a glyph that is not in the atlas of face"):
        render_words(replace(studio, shape=blind), 0, first(5, begin=5))


def test_the_noise_bank_is_normal_and_runs_on(studio: Studio) -> None:
    bank = noise_bank()
    assert bank.dtype == np.float32 and bank.shape == (BANK + BANK_RIM,)
    assert np.array_equal(bank[BANK:], bank[:BANK_RIM])
    assert abs(float(bank.mean())) < 0.01 and float(bank.std()) == pytest.approx(1.0, abs=0.01)
    assert np.mean(np.abs(bank) < 1) == pytest.approx(0.683, abs=0.01)
