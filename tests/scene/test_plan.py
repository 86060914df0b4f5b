"""The plan: shares and ranges are met, and no choice moves another."""

import colorsys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.arrays import Bools
from synthgen.recipe import Recipe
from synthgen.scene import plan
from synthgen.scene.plan import ARC, CYLINDER, EM_PX, LOOK, WAVE, Looks, plan_looks
from tests.studio_fixture import WITHOUT_LOOKS, Tables, first, merged, tables_of

ROWS = 20_000
WEIGHTS = np.array([3.0, 1.0, 0.0, 4.0])


def looks_of(tables: Tables | None = None, seed: int = 0, rows: int = ROWS) -> Looks:
    return plan_looks(Recipe.checked(dict(tables or {}), place="test"), WEIGHTS, seed, first(rows))


USUAL = looks_of()
SEEN = {  # share of the recipe: the rows that show it, and the part of the share they are where it is not the whole
    "letters.spaced": lambda looks: looks["spacing"] != 0,
    "letters.weight": lambda looks: looks["weight"] != 0,
    "letters.slant": lambda looks: looks["slant"] != 0,
    "letters.stretch": lambda looks: looks["stretch"] != 1,
    "letters.underline": lambda looks: looks["underline"] != 0,
    "shape.tilt": lambda looks: looks["tilt_deg"] != 0,
    "shape.shear": lambda looks: looks["shear"] != 0,
    "shape.perspective": lambda looks: looks["depth_x"] != 0,
    "shape.arc": lambda looks: looks["bend"] == ARC,
    "shape.wave": lambda looks: looks["bend"] == WAVE,
    "shape.cylinder": lambda looks: looks["bend"] == CYLINDER,
    "crop.beneath": lambda looks: looks["beneath"] != 0,
    "crop.above": lambda looks: (looks["above"] != 0) | (looks["below"] != 0),
    "ground.panel": lambda looks: looks["panel"] != 0,
    "ground.panel_border": lambda looks: looks["panel_border"] != 0,
    "ink.gradient": lambda looks: looks["fade_y"] != 0,
    "ink.texture": lambda looks: looks["ink_texture"] != 0,
    "ink.screen": lambda looks: looks["blend"] == plan.SCREEN,
    "ink.outline": lambda looks: looks["outline"] != 0,
    "ink.shadow": lambda looks: looks["shadow_y"] != 0,
    "ink.extrude": lambda looks: looks["extrude_y"] != 0,
    "ink.emboss": lambda looks: looks["emboss"] != 0,
    "ink.glow": lambda looks: looks["glow"] != 0,
    "ink.worn": lambda looks: looks["worn"] != 0,
    "ink.dot": lambda looks: looks["dots"] != 0,
    "light.gradient": lambda looks: looks["slope_x"] != 0,
    "light.glare": lambda looks: looks["glare"] != 0,
    "light.shade": lambda looks: looks["shade"] != 0,
    "camera.small": lambda looks: looks["taken_px"] != 32,
    "camera.defocus": lambda looks: looks["defocus"] != 0,
    "camera.motion": lambda looks: looks["motion_x"] != 0,
    "camera.sharpen": lambda looks: looks["sharpen"] != 0,
    "camera.noise": lambda looks: looks["noise"] != 0,
    "camera.grey": lambda looks: looks["grey"] != 0,
    "camera.invert": lambda looks: looks["invert"] != 0,
}
OTHERWISE = {  # shares that colours show, or that others cut down; each has a test of its own
    "crop.beside", "ink.multiply", "ink.dark", "ink.light", "ground.light", "ground.dark", "ground.grey", "ground.photo",
}  # fmt: skip
TOUCHED = {  # fields that a share may change
    "letters.spaced": {"spacing"},
    "letters.underline": {"underline"},
    "shape.tilt": {"tilt_deg"},
    "shape.perspective": {"depth_x", "depth_y"},
    "shape.arc": {"bend", "bend_size", "bend_view"},
    "shape.wave": {"bend", "bend_size", "bend_view"},
    "shape.cylinder": {"bend", "bend_size", "bend_view"},
    "crop.beside": {"left_gap", "right_gap"},
    "crop.beneath": {"beneath", "above", "below"},  # a word beneath takes the place of other lines
    "crop.above": {"above", "below"},
    "ground.panel_border": {"panel_border"},
    "ground.light": {"ground"},
    "ground.dark": {"ground"},
    "ground.grey": {"ground", "panel_rgb"},
    "ground.photo": set(),  # is in the weights of the tiles
    "ink.dark": {"ink"},
    "ink.light": {"ink"},
    "ink.multiply": {"blend"},
    "ink.screen": {"blend"},
    "ink.gradient": {"fade_x", "fade_y"},
    "ink.texture": {"ink_texture"},
    "ink.shadow": {"shadow_x", "shadow_y"},
    "ink.extrude": {"extrude_x", "extrude_y"},
    "ink.dot": {"dots"},
    "light.gradient": {"slope_x", "slope_y"},
    "camera.small": {"taken_px"},
    "camera.motion": {"motion_x", "motion_y"},
}
RIVALS = (("shape.arc", "shape.wave", "shape.cylinder"), ("ink.dark", "ink.light"), ("ground.light", "ground.dark"))  # 1 at most together
SHARES = [
    f"{name}.{key.removesuffix('_share')}"
    for name, table in tables_of(Recipe()).items()
    for key in type(table).model_fields
    if key.endswith("_share") and name not in WITHOUT_LOOKS and key != "from_scenes_share"
]


def with_share(place: str, share: float) -> Tables:
    """Return the tables of a recipe with a share set, and those that may only reach 1 with it at 0."""
    rivals = {other for group in RIVALS if place in group for other in group if other != place}
    out: Tables = {}
    for other, value in [*((rival, 0.0) for rival in rivals), (place, share)]:
        table, key = other.split(".")
        out = merged(out, {table: {f"{key}_share": value}})
    return out


def share_of(place: str) -> float:
    table, key = place.split(".")
    return float(getattr(tables_of(Recipe())[table], f"{key}_share"))


def shown(place: str, looks: Looks) -> Bools:
    return np.asarray(SEEN[place](looks))


def test_every_share_of_the_recipe_is_tested_below() -> None:
    assert set(SEEN) | OTHERWISE == set(SHARES)


@pytest.mark.parametrize("place", SEEN)
def test_shares_are_met(place: str) -> None:
    share = share_of(place) * (1 - share_of("crop.beneath") if place == "crop.above" else 1)
    assert abs(shown(place, USUAL).mean() - share) < 5 * np.sqrt(share * (1 - share) / ROWS) + 1e-9


@pytest.mark.parametrize("place", SEEN)
def test_a_share_of_0_shows_none_and_of_1_all(place: str) -> None:
    for share in (0.0, 1.0):
        alone: Tables = {"crop": {"beneath_share": 0.0}} if place == "crop.above" else {}
        looks = looks_of(merged(alone, with_share(place, share)), rows=2_000)
        assert abs(shown(place, looks).mean() - share) <= 1e-3  # a drawn 0.0 looks like none


@pytest.mark.parametrize("place", SHARES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_moves_no_other_choice(place: str, share: float) -> None:
    looks = looks_of(with_share(place, share), rows=1_000)
    may = TOUCHED.get(place, {place.split(".")[1]})
    assert {name for name in LOOK.names or () if not np.array_equal(looks[name], USUAL[name][:1_000])} <= may


def test_multiplied_screened_and_beside_shares_are_met() -> None:
    recipe = Recipe()
    multiplied = np.mean(USUAL["blend"] == plan.MULTIPLY)
    assert multiplied == pytest.approx(recipe.ink.multiply_share * (1 - recipe.ink.screen_share), abs=0.015)
    left, right = USUAL["left_gap"] > 0, USUAL["right_gap"] > 0
    assert np.mean(left) == pytest.approx(np.mean(right), abs=0.015)
    assert np.mean(left | right) == pytest.approx(recipe.crop.beside_share, abs=0.05)


RANGES = {  # field: range of the recipe, and what turns its unit into the field's
    "spacing": ("letters.spacing_em", EM_PX), "weight": ("letters.weight_em", EM_PX), "slant": ("letters.slant", 1.0),
    "stretch": ("letters.stretch", 1.0), "depth_x": ("shape.perspective", 1.0), "pad_left": ("crop.margin", 1.0),
    "pad_top": ("crop.margin", 1.0), "pad_right": ("crop.margin", 1.0), "pad_bottom": ("crop.margin", 1.0),
    "zoom": ("ground.zoom", 1.0), "opacity": ("ink.opacity", 1.0), "outline": ("ink.outline_em", EM_PX), "glow": ("ink.glow_em", EM_PX),
    "exposure": ("light.exposure", 1.0), "glare": ("light.glare", 255.0), "shade": ("light.shade", 1.0),
    "taken_px": ("camera.small_px", 1.0), "defocus": ("camera.defocus_px", 1.0), "sharpen": ("camera.sharpen", 1.0),
    "curve": ("camera.curve", 1.0), "cast": ("camera.cast", 1.0), "quality": ("camera.quality", 1.0),
}  # fmt: skip
NONE = {"stretch": 1.0, "taken_px": 32.0}  # what a field says where its effect is not shown


@pytest.mark.parametrize("field", RANGES)
def test_values_fill_their_range_and_never_leave_it(field: str) -> None:
    place, unit = RANGES[field]
    table, key = place.split(".")
    low, high = (unit * bound for bound in getattr(tables_of(Recipe())[table], key))
    values = USUAL[field].astype(np.float64).ravel()
    values = values[values != NONE.get(field, 0.0)]
    slack = 1e-5 * max(abs(low), abs(high))
    assert values.min() >= low - slack and values.max() <= high + slack
    assert values.min() < low + 0.1 * (high - low) and values.max() > high - 0.1 * (high - low)


def test_angles_and_bends_are_within_their_ranges() -> None:
    shape = Recipe().shape
    for field, bounds in (("tilt_deg", shape.tilt_deg), ("shear", shape.shear)):
        assert USUAL[field].min() >= bounds[0] and USUAL[field].max() <= bounds[1]
        assert np.median(np.abs(USUAL[field][USUAL[field] != 0])) < 0.35 * max(map(abs, bounds))  # small ones are likelier
    for bend, bounds, unit in ((ARC, shape.arc_deg, 1.0), (WAVE, shape.wave_em, EM_PX), (CYLINDER, shape.cylinder_deg, 1.0)):
        sizes = np.abs(USUAL["bend_size"][USUAL["bend"] == bend])
        assert len(sizes) and sizes.min() >= unit * bounds[0] - 1e-4 and sizes.max() <= unit * bounds[1] + 1e-4
    assert (USUAL["bend_size"][USUAL["bend"] == ARC] < 0).mean() == pytest.approx(0.5, abs=0.1)
    assert not USUAL["bend_size"][USUAL["bend"] == plan.NO_BEND].any()


def test_colours_are_colours_and_every_number_is_finite() -> None:
    for name in LOOK.names or ():
        assert np.isfinite(USUAL[name]).all(), name
    for name in ("ground", "panel_rgb", "ink", "second", "veil_grey"):
        assert USUAL[name].min() >= 0 and USUAL[name].max() <= 255, name
    for name in ("tile_x", "tile_y", "noise_at", "glare_x", "glare_y", "panel_round"):
        assert USUAL[name].min() >= 0 and USUAL[name].max() < 1.0001, name
    assert set(USUAL["flip"].tolist()) == {0, 1, 2, 3} and set(USUAL["panel"].tolist()) == set(plan.PANELS)


def test_ink_and_ground_have_the_tones_asked_for() -> None:
    dark = looks_of({"ink": {"dark_share": 1.0, "light_share": 0.0}, "ground": {"light_share": 1.0, "dark_share": 0.0}}, rows=2_000)
    assert dark["ink"].max() <= 0.3 * 255 + 0.5
    assert dark["ground"][:, 0].max(axis=1).min() >= 0.75 * 255
    light = looks_of({"ink": {"dark_share": 0.0, "light_share": 1.0}, "ground": {"light_share": 0.0, "dark_share": 1.0}}, rows=2_000)
    assert light["ink"].max(axis=2).min() >= 0.8 * 255
    assert light["ground"][:, 0].max() <= 0.4 * 255
    grey = looks_of({"ground": {"grey_share": 1.0}}, rows=2_000)["ground"][:, 0]
    assert (grey.max(axis=1) - grey.min(axis=1)).max() <= 0.07 * 255


@given(cuts=st.sets(st.integers(1, 59)), seed=st.integers(0, 2**64 - 1), begin=st.integers(0, 2**63))
def test_looks_do_not_depend_on_how_they_are_sharded(cuts: set[int], seed: int, begin: int) -> None:
    edges = [0, *sorted(cuts), 60]
    recipe = Recipe()
    parts = [plan_looks(recipe, WEIGHTS, seed, first(b - a, begin + a)) for a, b in pairwise(edges)]
    assert np.array_equal(np.concatenate(parts), plan_looks(recipe, WEIGHTS, seed, first(60, begin)))


def test_looks_change_with_seed_and_index() -> None:
    for name in ("pad_left", "ground", "ink", "tile_x", "exposure", "cast"):
        assert len(np.unique(USUAL[name], axis=0)) > ROWS // 2, name
        assert not np.isin(looks_of(seed=1, rows=100)[name].ravel(), USUAL[name][:100].ravel()).all(), name


def test_a_plan_takes_no_more_numbers_than_are_drawn() -> None:
    """Else a choice would end the plan: `next` of an empty iterator."""
    assert looks_of(rows=1).shape == (1,)


@given(hue=st.floats(0, 1, exclude_max=True), saturation=st.floats(0, 1), value=st.floats(0, 1))
def test_colours_agree_with_the_standard_library(hue: float, saturation: float, value: float) -> None:
    got = plan.colours(*(np.array([part]) for part in (hue, saturation, value)))
    assert got.dtype == np.float32 and got.shape == (1, 3)
    np.testing.assert_allclose(got[0], np.array(colorsys.hsv_to_rgb(hue, saturation, value)) * 255, atol=1e-3)


def test_rows_are_picked_by_weight() -> None:
    rows = plan.pick((np.arange(8_000) + 0.5) / 8_000, WEIGHTS)
    assert rows.dtype == np.int32
    assert (np.bincount(rows, minlength=4) / 8_000).tolist() == [0.375, 0.125, 0.0, 0.5]
    assert np.bincount(USUAL["tile"], minlength=4) / ROWS == pytest.approx(WEIGHTS / 8, abs=0.02)
    assert plan.pick(np.array([0.0, 1 - 2.0**-53]), WEIGHTS).tolist() == [0, 3]


@given(draw=st.floats(0, 1, exclude_max=True), share=st.floats(0, 1))
def test_some_is_within_its_bounds_or_otherwise(draw: float, share: float) -> None:
    got = float(plan.some(np.array([draw]), share, (2.0, 5.0), 9.0)[0])
    assert 2.0 <= got <= 5.0 if draw < share else got == 9.0
