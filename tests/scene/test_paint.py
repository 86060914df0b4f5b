"""Painting: each pass against a slow reference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.arrays import F32, F64, U8
from synthgen.scene import kernels
from synthgen.scene.kernels import RIM, Scratch
from synthgen.scene.plan import CANDIDATES, LOOK, MULTIPLY, NORMAL, SCREEN, Looks
from synthgen.scene.records import FRAME, Grounds
from synthgen.scene.words import noise_bank

F = np.float32
SIZE = (9, 14)  # height, width of the pictures that single passes are tried on
BANK = noise_bank()


def planes(seed: int, height: int = SIZE[0], width: int = SIZE[1]) -> F32:
    """Return three planes of numbers 0 to 255, as uneven as can be."""
    cells = np.arange(3 * height * width, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(seed * 97)
    return np.asarray((cells >> np.uint64(7)) % np.uint64(256), dtype=np.float32).reshape(3, height * width)


def scratch_of(rgb: F32, height: int = SIZE[0], width: int = SIZE[1]) -> Scratch:
    scratch = kernels.part_of(kernels.make_scratch(height, width, 100), height * width)
    scratch.rgb[:] = rgb
    return scratch


def pictures(flat: F32, height: int = SIZE[0], width: int = SIZE[1]) -> F64:
    return flat.reshape(3, height, width).astype(np.float64)


def plain_look() -> Looks:
    """Return one look under which light and camera change nothing."""
    looks = np.zeros(1, dtype=LOOK)
    for name in ("stretch", "opacity", "exposure", "zoom", "cast", "glare_size", "edge"):
        if name in (LOOK.names or ()):
            looks[name] = 1
    looks["taken_px"] = 32
    return looks


def mirrored(place: int, length: int) -> int:
    return int(np.pad(np.arange(length), 40 * length, mode="symmetric")[place + 40 * length])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("flip", "step"), [(0, 0.4), (1, 0.4), (2, 1.0), (3, 2.7)])
def test_the_ground_is_a_mirrored_window_of_its_tile(channels: int, flip: int, step: float) -> None:
    rows, columns = 6, 5
    tile = planes(3, rows, columns)[:channels].T.reshape(rows, columns, channels).astype(np.uint8)
    pixels = np.concatenate([np.zeros(7, np.uint8), tile.ravel()])
    pixels.flags.writeable = False
    tiles = Grounds(pixels, np.array([7], np.int64), np.array([[rows, columns]], np.int32), np.array([channels], np.int32))
    looks = plain_look()
    looks["flip"], looks["tile_x"], looks["tile_y"] = flip, 0.3, 0.7
    looks["ground"] = np.array([[10, 200, 30], [90, 40, 250]])
    got = np.empty((3, SIZE[0] * SIZE[1]), np.float32)
    kernels.lay_ground(tiles, looks[0], F(step), *SIZE, got)
    np.testing.assert_allclose(pictures(got), window(tile, looks, step), atol=0.01)


def window(tile: U8, looks: Looks, step: float) -> F64:
    rows, columns, channels = tile.shape
    out = np.empty((3, *SIZE))
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            u = float(looks["tile_x"][0]) * columns + x * (-step if looks["flip"][0] & 1 else step)
            v = float(looks["tile_y"][0]) * rows + y * (-step if looks["flip"][0] & 2 else step)
            c, r = math.floor(u), math.floor(v)
            cells = [tile[mirrored(r + b, rows), mirrored(c + a, columns)].astype(float) for b in (0, 1) for a in (0, 1)]
            above, below = (first + (second - first) * (u - c) for first, second in (cells[:2], cells[2:]))
            value = above + (below - above) * (v - r)
            low, high = looks["ground"][0]
            out[:, y, x] = value if channels == 3 else low + (high - low) * value[0] / 255
    return out


@given(u=st.floats(-5, 30), v=st.floats(-5, 20), shift=st.floats(-3, 3))
def test_a_field_is_read_between_its_cells_and_its_rim_goes_on(u: float, v: float, shift: float) -> None:
    canvas = planes(5, 12, 20)[0].reshape(12, 20).astype(np.uint8)
    scratch, near = scratch_of(planes(1)), np.empty(1, np.float32)
    kernels.sample_field(canvas, scratch, np.array([u], np.float32), np.array([v], np.float32), F(shift), F(0), near)
    x, y = float(np.clip(F(u) + F(shift), 0, 20 - 1.01)), float(np.clip(F(v), 0, 12 - 1.01))
    c, r = int(x), int(y)
    top = canvas[r, c] + (float(canvas[r, c + 1]) - canvas[r, c]) * (x - c)
    low = canvas[r + 1, c] + (float(canvas[r + 1, c + 1]) - canvas[r + 1, c]) * (x - c)
    assert near[0] == pytest.approx((top + (low - top) * (y - r) - 128) / 20, abs=2e-3)


@pytest.mark.parametrize("mode", [NORMAL, MULTIPLY, SCREEN])
def test_blends_are_those_of_graphics_programs(mode: int) -> None:
    ground, ink = planes(2), np.array([30.0, 120.0, 250.0], np.float32)
    cover, got = np.linspace(0, 1, ground.shape[1], dtype=np.float32), ground.copy()
    kernels.blend(got, cover, ink, F(0.8), mode)
    below = ground.astype(np.float64)
    full = {
        NORMAL: below * 0 + ink[:, None],
        MULTIPLY: below * ink[:, None] / 255,
        SCREEN: 255 - (255 - below) * (255 - ink[:, None]) / 255,
    }
    np.testing.assert_allclose(got, below + (full[mode] - below) * cover * 0.8, atol=1e-3)


def convolved(rgb: F32, kernel: F64) -> F64:
    """Return planes convolved with an odd kernel, edges repeated."""
    reach = kernel.shape[0] // 2
    out = np.zeros((3, *SIZE))
    for plane, into in zip(pictures(rgb), out, strict=True):
        padded = np.pad(plane, reach, mode="edge")
        for dy in range(kernel.shape[0]):
            for dx in range(kernel.shape[1]):
                into += kernel[dy, dx] * padded[dy : dy + SIZE[0], dx : dx + SIZE[1]]
    return out


@pytest.mark.parametrize("radius", [1.3, 2.0, 2.7, 3.9])
def test_a_blur_is_a_convolution(radius: float) -> None:
    rgb = planes(4)
    scratch = scratch_of(rgb)
    kernels.blur(*SIZE, F(radius), scratch)
    reach = np.arange(-RIM, RIM + 1)
    bell = np.where(np.abs(reach) < radius, (1 - (reach / radius) ** 2) ** 2, 0.0)
    np.testing.assert_allclose(pictures(scratch.rgb), convolved(rgb, np.outer(bell, bell) / bell.sum() ** 2), atol=0.01)


@pytest.mark.parametrize("amount", [0.2, 1.2])
def test_sharpening_is_a_convolution(amount: float) -> None:
    rgb = planes(6)
    scratch = scratch_of(rgb)
    kernels.sharpen(*SIZE, F(amount), scratch)
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    np.testing.assert_allclose(pictures(scratch.rgb), convolved(rgb, np.diag([0, 1 + amount, 0]) - amount / 4 * cross), atol=0.01)


@pytest.mark.parametrize(("dx", "dy"), [(4.0, 0.0), (0.0, 3.0), (3.0, -2.0), (-5.0, 0.0)])
def test_a_smear_is_a_mean_along_its_path(dx: float, dy: float) -> None:
    rgb = planes(7)
    scratch = scratch_of(rgb)
    kernels.smear(*SIZE, F(dx), F(dy), scratch)
    steps, kernel = int(max(abs(dx), abs(dy))) + 1, np.zeros((2 * RIM + 1, 2 * RIM + 1))
    for step in range(-steps, steps + 1):
        part = 0.5 * step / steps
        kernel[RIM + int(np.rint(dy * part)), RIM + int(np.rint(dx * part))] += 1 / (2 * steps + 1)
    np.testing.assert_allclose(pictures(scratch.rgb), convolved(rgb, kernel), atol=0.01)


@given(level=st.floats(0, 255), radius=st.floats(1.01, 4.9), dx=st.floats(-8, 8), dy=st.floats(-8, 8), amount=st.floats(0, 2))
def test_an_even_picture_stays_even(level: float, radius: float, dx: float, dy: float, amount: float) -> None:
    scratch = scratch_of(np.full((3, SIZE[0] * SIZE[1]), level, np.float32))
    kernels.blur(*SIZE, F(radius), scratch)
    kernels.smear(*SIZE, F(dx), F(dy), scratch)
    kernels.sharpen(*SIZE, F(amount), scratch)
    np.testing.assert_allclose(scratch.rgb, level, atol=2e-3)


@pytest.mark.parametrize("final", [(9, 14), (20, 31), (32, 50), (13, 8)])
def test_enlarging_is_bilinear_with_pixel_middles_aligned(final: tuple[int, int]) -> None:
    rgb, got = planes(8), np.empty((3, final[0] * final[1]), np.float32)
    kernels.enlarge(rgb, np.array(SIZE), np.array(final), got)
    places = [np.clip((np.arange(n) + 0.5) * m / n - 0.5, 0, m - 1) for n, m in zip(final, SIZE, strict=True)]
    for plane, out in zip(pictures(rgb), pictures(got, *final), strict=True):
        wide = np.array([np.interp(places[1], np.arange(SIZE[1]), line) for line in plane])
        want = np.array([np.interp(places[0], np.arange(SIZE[0]), column) for column in wide.T]).T
        np.testing.assert_allclose(out, want, atol=0.01)


def test_interleaving_rounds_to_the_nearest_whole_number() -> None:
    out = np.empty(9, np.uint8)
    red, green, blue = np.array([[0, 254.6, 255], [0.4, 0.6, 17], [3.49, 3.51, 128]], np.float32)
    kernels.interleave(red, green, blue, out)
    assert out.tolist() == [0, 0, 3, 255, 1, 4, 255, 17, 128]


@given(
    values=st.fixed_dictionaries(
        {
            "curve": st.floats(-0.5, 0.5),
            "cast": st.floats(0.5, 1.5),
            "veil": st.floats(0, 0.5),
            "veil_grey": st.floats(0, 255),
            "noise": st.floats(0, 40),
            "noise_at": st.floats(0, 1),
            "grey": st.integers(0, 1),
            "invert": st.integers(0, 1),
        }
    )
)
def test_a_camera_gives_values_from_0_to_255(values: dict[str, float]) -> None:
    looks, rgb = plain_look(), planes(9) * F(3) - F(200)
    for name, value in values.items():
        looks[name] = value
    kernels.expose(looks[0], rgb, BANK)
    assert np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 255.001
    assert not values["grey"] or np.array_equal(rgb[0], rgb[2])


def test_a_camera_that_does_nothing_changes_nothing_and_inverts_exactly() -> None:
    looks, rgb, turned = plain_look(), planes(10), planes(10)
    kernels.expose(looks[0], rgb, BANK)
    np.testing.assert_allclose(rgb, planes(10), atol=1e-3)
    looks["invert"] = 1
    kernels.expose(looks[0], turned, BANK)
    np.testing.assert_allclose(turned, 255 - planes(10), atol=1e-3)


def test_noise_is_as_strong_as_asked_and_differs_from_channel_to_channel() -> None:
    looks, rgb = plain_look(), np.full((3, 32 * 512), 128, np.float32)
    looks["noise"], looks["noise_at"] = 10, 0.37
    kernels.expose(looks[0], rgb, BANK)
    assert rgb.std() == pytest.approx(10 * math.hypot(0.75, 0.6), rel=0.05)
    assert 0.3 < np.corrcoef(rgb[0], rgb[1])[0, 1] < 0.9


def test_light_is_exposure_slope_shade_and_glare() -> None:
    looks, scratch = plain_look(), scratch_of(np.full((3, SIZE[0] * SIZE[1]), 100, np.float32))
    looks["exposure"], looks["slope_x"] = 0.8, 0.2
    kernels.shine(looks[0], *SIZE, scratch)
    x = (np.arange(SIZE[1]) + 0.5) / SIZE[1] - 0.5
    np.testing.assert_allclose(pictures(scratch.rgb), np.broadcast_to(80 * (1 + 0.2 * x), (3, *SIZE)), atol=0.01)
    looks["slope_x"], looks["glare"], looks["glare_x"], looks["glare_y"], looks["glare_size"] = 0, 50, 0.5, 0.5, 0.3
    scratch.rgb[:] = 0
    kernels.shine(looks[0], *SIZE, scratch)
    shown = pictures(scratch.rgb)[0]
    assert shown[4, 6:8].min() > 40 and shown[0, 0] == 0


def test_contrast_is_the_difference_of_the_means_of_ink_and_ground() -> None:
    scratch, frame = scratch_of(np.full((3, SIZE[0] * SIZE[1]), 200, np.float32)), np.zeros(1, dtype=FRAME)[0]
    y, x = np.divmod(np.arange(SIZE[0] * SIZE[1]), SIZE[1])
    scratch.u[:], scratch.v[:] = x, y
    frame["box"] = (2, 2, 10, 6)
    inked = (x >= 4) & (x <= 6)
    scratch.cover[:] = inked
    scratch.rgb[1, inked] = 80
    scratch.rgb[2, x > 10] = 0  # outside the box: does not count
    assert kernels.contrast_of(frame, scratch) == pytest.approx(120 / 255, abs=1e-3)


def test_the_first_ink_that_can_be_read_is_chosen() -> None:
    looks, ink = plain_look(), np.empty(3, np.float32)
    looks["ink"] = np.array([[100, 100, 100], [110, 90, 100], [100, 100, 190], [0, 0, 0]])
    ground = np.array([105, 100, 100, 0], np.float32)
    assert kernels.choose_ink(looks[0], ground, F(50), ink) == 2 and ink.tolist() == [100, 100, 190]
    assert kernels.choose_ink(looks[0], ground, F(95), ink) == 3
    assert kernels.choose_ink(looks[0], ground, F(120), ink) == CANDIDATES and ink.tolist() == [245] * 3
    looks["opacity"] = 0.5
    assert kernels.choose_ink(looks[0], ground, F(50), ink) == 3
    looks["opacity"], looks["blend"] = 1, SCREEN
    assert kernels.choose_ink(looks[0], ground, F(80), ink) == 2
    looks["blend"] = MULTIPLY
    assert kernels.choose_ink(looks[0], ground, F(80), ink) == 3
    uneven = np.array([105, 100, 100, 90], np.float32)
    looks["blend"] = NORMAL
    assert kernels.choose_ink(looks[0], uneven, F(50), ink) == 3  # rough ground asks for more
