import hashlib
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from synthgen.assets.materials import TILE_PX, fraction, wave
from synthgen.assets.texture_kernels import blur, cells, fractal
from synthgen.assets.textures import FAMILIES, PER_FAMILY, draw_texture, make_textures
from synthgen.assets.tiles import Tiles

GOLDEN = {
    "wood": "cf2a931edbd4e915abe9983f634842a3314b1090ecd295b6f2e94cb0860f1c69",
    "speckle": "c956922e58aca573d2b90841edd7ea5bfa7961784d5cc8f97dea05a0d1aea95d",
    "foil": "1c582557d6ae31482bfc3aec55012d7f213ad9151a5a1ac1198e43aaa0ffd4c4",
}  # a change is a line under "Changed pixels" in the CHANGELOG


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Tiles:
    return make_textures(tmp_path_factory.mktemp("cache"))


def test_every_family_has_its_tiles(tiles: Tiles) -> None:
    assert tiles.families == tuple(FAMILIES)
    assert tiles.names == tuple(f"texture/{family}" for family in FAMILIES for _ in range(PER_FAMILY))
    np.testing.assert_array_equal(np.bincount(tiles.family), [PER_FAMILY] * len(FAMILIES))
    assert tiles.pixels.size == len(tiles) * TILE_PX**2
    assert tiles.pixels.base is not None  # mapped, not copied


@pytest.mark.parametrize("family", GOLDEN)
def test_textures_keep_their_bits(family: str) -> None:
    assert hashlib.sha256(draw_texture(family, 3).tobytes()).hexdigest() == GOLDEN[family]


def test_a_tile_depends_on_family_and_number_alone(tiles: Tiles) -> None:
    for family, number in (("metal", 5), ("flat", 0)):
        k = list(FAMILIES).index(family) * PER_FAMILY + number
        np.testing.assert_array_equal(tiles.picture(k)[..., 0], draw_texture(family, number))


@pytest.mark.parametrize("family", FAMILIES)
def test_tone_is_centred_and_spread_as_the_family_says(tiles: Tiles, family: str) -> None:
    _, least, most = FAMILIES[family]
    for k in np.flatnonzero(tiles.family == tiles.families.index(family)):
        tone = tiles.picture(int(k)).astype(np.float64)
        assert 122 <= tone.mean() <= 134
        assert 0.85 * least <= tone.std() <= 1.05 * most  # rounding widens a flat tile a little, clipping narrows a glaring one


def test_tiles_of_a_family_differ(tiles: Tiles) -> None:
    for first in range(0, len(tiles), PER_FAMILY):
        for j, k in combinations(range(first, first + PER_FAMILY), 2):
            assert (tiles.picture(j) != tiles.picture(k)).mean() > 0.3


def test_textures_are_made_once(tmp_path: Path, tiles: Tiles, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "textures-kept"
    monkeypatch.setattr("synthgen.assets.textures._name", lambda: name)
    monkeypatch.setattr("synthgen.assets.textures._all_textures", lambda: {**tiles.index(), "pixels": tiles.pixels[:10]})
    assert make_textures(tmp_path).pixels.size == 10
    monkeypatch.setattr("synthgen.assets.textures._all_textures", lambda: pytest.fail("made again"))
    assert make_textures(tmp_path).names == tiles.names


def test_wave_is_a_sine() -> None:
    turns = np.linspace(-3, 3, 10_001)
    np.testing.assert_allclose(wave(turns), np.sin(2 * np.pi * turns), atol=0.002)
    assert fraction(np.array([-0.25, 1.75])).tolist() == [0.75, 0.75]


def test_blur_is_a_mean_over_the_box() -> None:
    image = (np.arange(20 * 31, dtype=np.float32).reshape(20, 31) * 7919) % 256
    padded = np.pad(image, ((2, 2), (3, 3)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 7))
    np.testing.assert_allclose(blur(image, 2, 3, 1), windows.mean(axis=(2, 3)), rtol=1e-5)


def test_noise_is_smooth_and_nought_on_the_lattice() -> None:
    y, x = (np.mgrid[0:64, 0:64] / 16).astype(np.float32)
    noise = fractal(y, x, 1, 5)
    np.testing.assert_array_equal(noise[::16, ::16], 0)
    assert max(np.abs(a - b).max() for a, b in pairwise(noise)) < 0.25 < np.abs(noise).max()


def test_the_nearest_seed_is_no_further_than_its_neighbours() -> None:
    y, x = (np.mgrid[0:64, 0:64] / 16).astype(np.float32)
    further, down, right, *own = cells(y, x, 9)
    assert further.min() >= 0
    seeds = np.unique(np.round(np.stack([y + down, x + right], axis=-1).reshape(-1, 2), 4), axis=0)
    away = np.sqrt(((np.stack([y, x], axis=-1).reshape(-1, 1, 2) - seeds) ** 2).sum(axis=2))
    np.testing.assert_allclose(np.sqrt(down**2 + right**2).ravel(), away.min(axis=1), atol=1e-3)
    assert all(0 <= part.min() <= part.max() < 1 for part in own)
