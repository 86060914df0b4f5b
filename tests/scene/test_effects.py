"""Effects: each is seen, alone it leaves words that can be read, and no mixture makes a picture that is not one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.recipe import Recipe
from synthgen.scene.words import Studio, render_words
from tests.studio_fixture import Tables, first, looking, merged, quiet_tables, tables_of

RECIPE = Recipe()
EFFECTS = [
    (name, key)
    for name, table in tables_of(RECIPE).items()
    for key in type(table).model_fields
    if key.endswith("_share") and name in ("letters", "crop", "ground", "ink", "light", "camera")
    and key not in ("photo_share", "grey_share", "light_share", "dark_share", "from_scenes_share")
]  # fmt: skip


@pytest.mark.parametrize(("table", "share"), EFFECTS)
@pytest.mark.parametrize("end", [0, 1])
def test_each_effect_alone_at_either_end_leaves_words_that_can_be_read(studio: Studio, table: str, share: str, end: int) -> None:
    stem = share.removesuffix("_share")
    ranges = {key: (bounds[end],) * 2 for key, bounds in tables_of(RECIPE)[table] if key == stem or key.startswith(f"{stem}_")
              if isinstance(bounds, tuple)}  # fmt: skip
    alone: Tables = {table: {share: 1.0, **ranges}}
    usual: Tables = {"ink": {"dark_share": 0.5, "light_share": 0.5}} if table != "ink" else {}
    block = render_words(looking(studio, quiet_tables(), usual, alone), 1, first(60))
    assert np.isfinite(block.quads).all() and np.isfinite(block.contrast).all()
    assert np.quantile(block.contrast, 0.05) >= RECIPE.ink.least_contrast / 2
    assert min(block.picture(row).std() for row in range(60)) > 1


@pytest.mark.parametrize(("table", "share"), EFFECTS)
def test_each_effect_changes_pictures(studio: Studio, table: str, share: str) -> None:
    wide: Tables = {"crop": {"margin": (0.9, 1.0)}, "ground": {"panel_share": float(table == "ground")}}  # with room for what is around
    on = merged(wide, {table: {share: 1.0}})
    off = merged(on, {table: {share: 0.0}})
    with_it, without = (render_words(looking(studio, quiet_tables(), tables), 2, first(40)) for tables in (on, off))
    pairs = [(with_it.picture(row), without.picture(row)) for row in range(40)]
    changed = [a.shape != b.shape or not np.array_equal(a, b) for a, b in pairs]
    assert np.mean(changed) > 0.5


@given(
    seed=st.integers(0, 2**32),
    shares=st.lists(st.sampled_from(EFFECTS), min_size=4, max_size=len(EFFECTS), unique=True),
)
@settings(max_examples=25)
def test_any_mixture_of_effects_gives_pictures(studio: Studio, seed: int, shares: list[tuple[str, str]]) -> None:
    mixed: Tables = {}
    for table, share in shares:
        mixed = merged(mixed, {table: {share: 1.0}})
    shape: Tables = {"shape": {"tilt_share": 1.0, "shear_share": 1.0, "perspective_share": 1.0, "arc_share": 0.4, "wave_share": 0.3}}
    block = render_words(looking(studio, mixed, shape), seed, first(30))
    assert np.isfinite(block.quads).all() and np.isfinite(block.contrast).all()
    assert block.contrast.min() >= 0 and block.contrast.max() <= 1
    assert np.median([block.picture(row).std() for row in range(30)]) > 3
