"""Region and affinity maps against a slow plain reference, and what must hold of them whatever the quads."""

import hashlib
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen import quads as geometry
from synthgen.arrays import F64, I32, U8, Bools, Quads
from synthgen.heatmap_kernels import crossings, lay_gaussians
from synthgen.heatmaps import affinity_quads, drawable, heat_maps

SIZE = (96, 128)
UNIT = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
TEMPLATE_PX, SIGMA_PX = 200, 40  # EasyOCR's trainer
RIM = 12  # 255 exp(-100^2 / (2 * 40^2)) and one for rounding: where the template ends
UPRIGHT = geometry.of_boxes(np.array([[20, 30, 40, 70], [44, 30, 64, 70], [68, 30, 88, 70]], np.float32))
share = st.floats(0, 1, allow_subnormal=False)


def row(*words: int) -> I32:
    return np.array(words, dtype=np.int32)


def meeting(quad: F64) -> F64:
    """Return where the diagonals of `quad` (4, 2) cross, by a solver."""
    along = np.linalg.solve(np.stack([quad[2] - quad[0], quad[1] - quad[3]], axis=1), quad[1] - quad[0])
    return np.asarray(quad[0] + along[0] * (quad[2] - quad[0]))


def reference(quad: F64, size: tuple[int, int]) -> tuple[F64, Bools]:
    """Return 255 times the Gaussian at each map pixel's centre, and which pixels lie on the template's rim, where it ends in a step."""
    middle = meeting(quad)
    enlarged = middle + 1.5 * (quad - middle)
    square = TEMPLATE_PX * (UNIT + 0.5)
    rows, answers = [], []
    for (x, y), (u, v) in zip(enlarged, square, strict=True):  # image -> template, its last entry 1
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        answers += [u, v]
    way = np.append(np.linalg.solve(np.array(rows), np.array(answers)), 1).reshape(3, 3)
    y, x = np.mgrid[1 : size[0] + 1 : 2, 1 : size[1] + 1 : 2]
    u, v, w = np.einsum("ij,jrc->irc", way, np.stack([x, y, np.ones_like(x)]).astype(np.float64))
    radius = np.hypot(u / w - TEMPLATE_PX / 2, v / w - TEMPLATE_PX / 2)
    heat = np.where(radius <= TEMPLATE_PX / 2, 255 * np.exp(-(radius**2) / (2 * SIGMA_PX**2)), 0)
    return heat, np.abs(radius - TEMPLATE_PX / 2) < 0.1


def turned(degrees: float) -> F64:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


@st.composite
def convex_quads(draw: st.DrawFn) -> Quads:
    """Convex quads (1, 4, 2) of any tilt, mirrored or not, sides 3 to 90 px, corners moved by up to a fifth, partly outside of SIZE."""
    corners = UNIT + 0.4 * (np.array(draw(st.lists(share, min_size=8, max_size=8))).reshape(4, 2) - 0.5)
    sides = np.array([draw(st.floats(3, 90)), draw(st.floats(3, 90))]) * (draw(st.sampled_from([-1, 1])), 1)
    middle = np.array([draw(st.floats(-20, SIZE[1] + 20)), draw(st.floats(-20, SIZE[0] + 20))])
    return np.asarray((corners * sides) @ turned(draw(st.floats(0, 360))) + middle, dtype=np.float32)[None]


@st.composite
def words_of_characters(draw: st.DrawFn) -> Quads:
    """A word of two to six characters (n, 4, 2), each 8 to 14 px wide, tilted and seen aslant, within SIZE or across its border."""
    widths = draw(st.lists(st.floats(8, 14), min_size=2, max_size=6))
    tall = draw(st.floats(10, 24))
    edges = np.concatenate([[0], np.cumsum(widths)])
    flat = np.stack([np.array([[a, 0], [b, 0], [b, tall], [a, tall]]) for a, b in pairwise(edges)])
    flat -= [edges[-1] / 2, tall / 2]
    near = 1 + draw(st.floats(-0.002, 0.002)) * flat[..., :1]
    middle = np.array([draw(st.floats(20, SIZE[1] - 20)), draw(st.floats(20, SIZE[0] - 20))])
    return np.asarray(flat / near @ turned(draw(st.floats(-80, 80))) + middle, dtype=np.float32)


def map_of(quad: Quads, size: tuple[int, int] = SIZE) -> U8:
    return heat_maps(quad, np.arange(len(quad), dtype=np.int32), size)[0]


def peak(heat: U8) -> F64:
    """Return x and y in image px of the middle of the largest pixels of a map."""
    y, x = np.nonzero(heat == heat.max())
    return np.array([2 * x.mean() + 1, 2 * y.mean() + 1])


def apart(one: U8, other: U8) -> int:
    """Return the largest difference, but for the step at the rim, which falls on the one side or the other of a pixel's centre."""
    clear = np.maximum(one, other) > RIM
    return int(np.abs(one.astype(int) - other)[clear].max(initial=0))


def assert_like_reference(heat: U8, quad: Quads) -> None:
    wanted, rim = reference(quad[0].astype(np.float64), SIZE)
    assert np.abs(heat - wanted)[~rim].max(initial=0) <= 1
    assert heat[rim].max(initial=0) <= RIM


@given(quad=convex_quads())
def test_a_region_is_the_template_warped_into_the_enlarged_quad(quad: Quads) -> None:
    assert drawable(quad).all()
    assert_like_reference(map_of(quad), quad)


@given(word=words_of_characters())
def test_an_affinity_is_the_template_warped_into_the_enlarged_quad_between_two_triangles_each(word: Quads) -> None:
    pair = word[:2].astype(np.float64)
    upper, lower = ([(quad[a] + quad[b] + meeting(quad)) / 3 for quad in pair] for a, b in ((0, 1), (2, 3)))
    between = np.array([[upper[0], upper[1], lower[1], lower[0]]], dtype=np.float32)
    assert np.allclose(affinity_quads(word[:2], row(0, 0)), between, atol=1e-4)
    assert_like_reference(heat_maps(word[:2], row(0, 0), SIZE)[1], between)


def test_an_affinity_quad_of_upright_neighbours_goes_from_middle_to_middle_and_leaves_a_sixth_above_and_below() -> None:
    heights = 30 + 40 / 6, 70 - 40 / 6
    wanted = geometry.of_boxes(np.array([[30, heights[0], 54, heights[1]], [54, heights[0], 78, heights[1]]], np.float32))
    assert np.allclose(affinity_quads(UPRIGHT, row(3, 3, 3)), wanted)


def test_the_middle_of_a_character_on_a_pixel_centre_is_255_and_the_quad_edge_a_quarter() -> None:
    region = map_of(geometry.of_boxes(np.array([[21, 21, 41, 61]], np.float32)))
    assert region[20, 15] == 255
    assert region[20, 10] == region[20, 20] == region[10, 15] == region[30, 15] == round(255 * np.exp(-1 / 0.72))


@given(word=words_of_characters())
def test_where_boxes_overlap_the_larger_value_stays(word: Quads) -> None:
    apiece = [map_of(quad[None]) for quad in word]
    assert (map_of(word) == np.max(apiece, axis=0)).all()


@given(word=words_of_characters())
def test_the_region_is_largest_inside_each_character_in_sight(word: Quads) -> None:
    for quad in word:
        if geometry.inside(np.array([[2, 2], [SIZE[1] - 2, 2], [SIZE[1] - 2, SIZE[0] - 2], [2, SIZE[0] - 2]], np.float32), quad).all():
            heat = map_of(quad[None])
            assert heat.max() >= 220
            assert geometry.inside(quad, peak(heat)[None]).all()


@given(word=words_of_characters())
def test_affinity_peaks_between_neighbours_of_a_word_and_is_made_of_nothing_else(word: Quads) -> None:
    pairs = [heat_maps(word[i : i + 2], row(7, 7), SIZE)[1] for i in range(len(word) - 1)]
    _, affinity = heat_maps(word, np.full(len(word), 7, dtype=np.int32), SIZE)
    assert (affinity == np.max(pairs, axis=0)).all()
    for (first, second), heat in zip(pairwise(word), pairs, strict=True):
        middles = np.array([first.mean(axis=0), second.mean(axis=0)])
        if (middles.min(axis=0) > 6).all() and (middles.max(axis=0) < np.array(SIZE[::-1]) - 6).all():
            assert heat.max() >= 180  # such a quad may be 7 px high
            way = middles[1] - middles[0]
            assert 0.25 < (peak(heat) - middles[0]) @ way / (way @ way) < 0.75


@pytest.mark.parametrize("words", [row(0, 1, 2), row(5, 4, 5), row(-1, -1, -1), row(2, -1, 2)])
def test_there_is_no_affinity_across_words(words: I32) -> None:
    assert affinity_quads(UPRIGHT, words).shape == (0, 4, 2)
    assert not heat_maps(UPRIGHT, words, SIZE)[1].any()


def test_characters_of_a_negative_word_are_not_drawn() -> None:
    region, affinity = heat_maps(UPRIGHT, row(0, -1, 0), SIZE)
    assert (region == heat_maps(UPRIGHT[[0, 2]], row(0, 1), SIZE)[0]).all()
    assert not affinity.any()


@given(word=words_of_characters(), right=st.integers(-40, 40), down=st.integers(-40, 40))
def test_a_shift_by_two_pixels_moves_the_maps_by_one_and_the_border_only_cuts(word: Quads, right: int, down: int) -> None:
    words, room = np.zeros(len(word), dtype=np.int32), 100
    large = heat_maps(word + np.float32(2 * room), words, (SIZE[0] + 4 * room, SIZE[1] + 4 * room))
    moved = heat_maps(word + np.array([2 * right, 2 * down], dtype=np.float32), words, SIZE)
    for whole, cut in zip(large, moved, strict=True):
        top, left = room - down, room - right
        assert apart(whole[top : top + SIZE[0] // 2, left : left + SIZE[1] // 2], cut) <= 1


def test_a_character_across_the_border_is_drawn() -> None:
    region = map_of(geometry.of_boxes(np.array([[-10, 40, 12, 60], [120, 80, 140, 100]], np.float32)))
    assert region[24:26, 0].min() > 240
    assert region[-3, -1] > 200


@given(word=words_of_characters())
def test_mirrored_and_turned_text_has_mirrored_and_turned_maps(word: Quads) -> None:
    words, (height, width) = np.zeros(len(word), dtype=np.int32), SIZE
    plain = heat_maps(word, words, SIZE)
    mirrored = heat_maps(word * np.array([-1, 1], np.float32) + np.array([width, 0], np.float32), words, SIZE)
    quarter = heat_maps(np.stack([height - word[..., 1], word[..., 0]], axis=-1), words, (width, height))  # clockwise
    for heat, flipped, rotated in zip(plain, mirrored, quarter, strict=True):
        assert apart(heat, flipped[:, ::-1]) <= 1
        assert apart(heat, np.rot90(rotated)) <= 1


@pytest.mark.parametrize(
    "corners",
    [
        [[50, 50]] * 4,
        [[30, 30], [60, 30], [50, 30], [40, 30]],  # on a line
        [[30, 30], [60, 60], [60, 30], [30, 60]],  # crosses itself
        [[30, 30], [60, 30], [40, 40], [30, 60]],  # hollow
        [[30, 30], [60, 30], [60, 60], [60, 30]],  # a triangle
        [[30, 30], [30.9, 30], [30.9, 31], [30, 31]],  # below 1 px^2
        [[np.nan, 30], [60, 30], [60, 60], [30, 60]],
        [[30, 30], [np.inf, 30], [np.inf, 60], [30, 60]],
        [[-np.inf, -np.inf], [np.inf, -np.inf], [np.inf, np.inf], [-np.inf, np.inf]],
    ],
)
def test_a_quad_without_a_shape_is_told_and_leaves_the_rest_alone(corners: list[list[float]]) -> None:
    for turn in range(4):
        assert not drawable(np.roll(np.array([corners], np.float32), turn, axis=1)).any()
    quads = np.concatenate([UPRIGHT[:1], np.array([corners], np.float32), UPRIGHT[1:]])
    assert drawable(quads).tolist() == [True, False, True, True]
    assert affinity_quads(quads, row(0, 0, 0, 0)).shape == (1, 4, 2)
    region, affinity = heat_maps(quads, row(0, 0, 0, 0), SIZE)
    assert (region == map_of(UPRIGHT)).all()
    assert (affinity == heat_maps(UPRIGHT[1:], row(0, 0), SIZE)[1]).all()


@pytest.mark.parametrize("reach", [1e3, 1e6, 1e18, 1e30])
def test_a_quad_far_larger_than_the_picture_is_drawn(reach: float) -> None:
    quad = (2 * reach * UNIT).astype(np.float32)[None]
    assert drawable(quad).all()
    assert map_of(quad).min() >= 240
    assert not map_of(quad + np.float32(5 * reach)).any()


@given(values=st.lists(st.floats(width=32), min_size=16, max_size=16))
def test_any_numbers_at_all_give_maps(values: list[float]) -> None:
    quads = np.array(values, dtype=np.float32).reshape(2, 4, 2)
    region, affinity = heat_maps(quads, row(0, 0), SIZE)
    assert region.shape == affinity.shape == (48, 64)
    assert drawable(quads).any() or not (region.any() or affinity.any())


@pytest.mark.parametrize(("size", "shape"), [((95, 127), (48, 64)), ((96, 128), (48, 64)), ((1, 2), (1, 1)), ((0, 5), (0, 3))])
def test_maps_are_half_as_large_rounded_up_and_empty_without_characters(size: tuple[int, int], shape: tuple[int, int]) -> None:
    for heat in heat_maps(np.zeros((0, 4, 2), np.float32), row(), size):
        assert heat.shape == shape
        assert heat.dtype == np.uint8 and not heat.any()
    assert [heat.shape for heat in heat_maps(UPRIGHT, row(0, 0, 0), size)] == [shape, shape]


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"need quads \(n, 4, 2\) and words \(n,\), got \(3, 4, 2\) and \(2,\)"):
        heat_maps(UPRIGHT, row(0, 0), SIZE)
    with pytest.raises(ValueError, match=r"got \(12, 2\)"):
        affinity_quads(UPRIGHT.reshape(12, 2), row(*range(12)))
    with pytest.raises(ValueError, match=r"need a size of \(height, width\) >= 0, got \(-1, 4\)"):
        heat_maps(UPRIGHT, row(0, 0, 0), (-1, 4))
    with pytest.raises(ValueError, match=r"got \(4, -1\)"):
        heat_maps(UPRIGHT, row(0, 0, 0), (4, -1))


def test_read_only_and_strided_quads_compile_nothing_anew() -> None:
    frozen = np.repeat(UPRIGHT, 2, axis=0)
    frozen.flags.writeable = False
    for heat, same in zip(heat_maps(frozen[::2], row(0, 0, 0), SIZE), heat_maps(UPRIGHT, row(0, 0, 0), SIZE), strict=True):
        assert (heat == same).all()
    assert len(crossings.signatures) == len(lay_gaussians.signatures) == 1


def grid(n: int, pitch: int) -> Quads:
    """Return n quads a `pitch` apart, 40 a line, each of another shape; all corners whole quarters of a px."""
    i = np.arange(n)
    shapes = np.array([[0, 0], [3, 1], [4, 6], [1, 5]]) + (i[:, None, None] * np.array([1, 3, 2, 5])[:, None] % 4) / 4
    place = np.stack([i % 40, i // 40], axis=-1)[:, None] * pitch
    return np.asarray(shapes * (pitch / 8) + place, dtype=np.float32)


def golden() -> list[str]:
    maps = heat_maps(grid(400, 16), np.arange(400, dtype=np.int32) // 7, (165, 643))
    return [hashlib.sha256(heat.tobytes()).hexdigest()[:16] for heat in maps]


def test_the_maps_are_those_of_the_first_release_to_the_bit() -> None:
    assert golden() == ["945b9e9239559e21", "42183d84c8677047"]


@pytest.mark.slow
def test_the_maps_are_the_same_to_the_bit_without_the_newer_instructions(tmp_path: Path) -> None:
    older = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "", "NPY_DISABLE_CPU_FEATURES": "AVX512F"}
    alone = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-W", "ignore", "-c", "from tests.test_heatmaps import golden; print(*golden())"]
    told = subprocess.run(command, env=older | alone, capture_output=True, text=True, check=True)
    assert told.stdout.split() == golden()


def test_fifty_thousand_characters_take_no_time() -> None:
    quads, words = grid(50_000, 16), np.zeros(50_000, dtype=np.int32)
    heat_maps(quads[:2], words[:2], SIZE)
    began = time.process_time()
    region, _ = heat_maps(quads, words, (640, 640))
    assert time.process_time() - began < 2
    assert region.mean() > 20
