import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.arrays import F64, U8, Quads
from synthgen.chance import Stream, uniforms
from synthgen.quads import inside
from synthgen.scene import region_kernels as kernels
from synthgen.scene.region_kernels import BORDER_PX, CELL_PX, DEPTHS, DRAWS, LEAST_PX
from synthgen.scene.regions import ATTEMPTS, LEVELS, Ground, RegionRules, Regions, Survey, find_regions, survey

NO_MARKS = np.zeros((0, 4, 2), dtype=np.float32)
RULES = RegionRules(smooth_share=0.6, steepest=(0.35, 0.6, 0.4), turned_share=0.1, border_share=0.0, widest=(300.0, 150.0))
SEEDS = st.integers(0, 2**32)


def noise(seed: int, *shape: int) -> F64:
    count = int(np.prod(shape))
    return uniforms(seed, Stream.TEXTURE, np.arange(count, dtype=np.uint64), 1).reshape(shape)


def ground(tile: U8) -> Ground:
    tile.flags.writeable = False  # as mapped files are
    return Ground(tile, np.array([0.0, 0.0, 1.0]), 1.0)


def found(surveyed: Survey, seed: int, rules: RegionRules = RULES, most: int = 12) -> Regions:
    draws = uniforms(seed, Stream.REGION, np.arange(ATTEMPTS, dtype=np.uint64), DRAWS)
    return find_regions(surveyed, rules, draws, most)


def blocked_survey(blocked: U8) -> Survey:
    return Survey(blocked.copy(), np.zeros((*blocked.shape, 3), dtype=np.int32), np.zeros_like(blocked), 0)


def cell_middles(shape: tuple[int, ...]) -> F64:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    return (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * CELL_PX


@given(seed=SEEDS, spots=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 59), st.integers(1, 9)), max_size=9))
def test_regions_hold_no_blocked_cell_and_no_other_region(seed: int, spots: list[tuple[int, int, int]]) -> None:
    blocked = np.zeros((40, 60), dtype=np.uint8)
    for row, column, size in spots:
        blocked[row : row + size, column : column + size] = 1
    regions = found(blocked_survey(blocked), seed)
    middles, cover = cell_middles(blocked.shape), np.zeros(blocked.size, dtype=np.int64)
    for quad in regions.quads():
        cover += inside(quad, middles)
    assert cover.max() <= 1
    assert not (cover.astype(bool) & blocked.ravel().astype(bool)).any()
    assert len(regions.boxes) >= (1 if len(spots) < 4 else 0)


@given(seed=SEEDS, corners=st.lists(st.tuples(st.floats(-40, 520), st.floats(-40, 360)), min_size=4, max_size=4))
def test_no_point_of_a_mark_lies_in_a_region(seed: int, corners: list[tuple[float, float]]) -> None:
    marked = np.array([corners], dtype=np.float32)  # crossed and degenerate ones too
    surveyed = survey(ground(np.full((320, 480, 3), 90, dtype=np.uint8)), (320, 480), marked, 0.6)
    shares = noise(seed, 200, 4)
    points = (shares / shares.sum(axis=1, keepdims=True)) @ marked[0].astype(np.float64)
    points = np.concatenate([points, marked[0]])
    for quad in found(surveyed, seed).quads():
        assert not inside(quad, points).any()


@given(seed=SEEDS)
def test_regions_are_large_enough_within_the_picture_and_their_planes_are_mild(seed: int) -> None:
    regions = found(blocked_survey(np.zeros((60, 80), dtype=np.uint8)), seed)
    assert len(regions.boxes) >= 4
    sizes = regions.boxes[:, 2:] - regions.boxes[:, :2]
    assert (sizes >= np.array(LEAST_PX) - 1e-6).all()
    assert (sizes <= np.array(RULES.widest) + 1e-6).all()
    quads = regions.quads()
    assert (quads.min(), quads[..., 0].max() <= 640, quads[..., 1].max() <= 480) >= (0, True, True)
    for plane, box in zip(regions.planes, regions.boxes, strict=True):
        corners = np.array([[box[i], box[j], 1.0] for i in (0, 2) for j in (1, 3)])
        depth = corners @ plane[6:]
        assert (depth >= DEPTHS[0] - 1e-9).all()
        assert (depth <= DEPTHS[1] + 1e-9).all()


def test_regions_may_reach_over_the_border_only_where_allowed() -> None:
    rules = RegionRules(0.6, (0.0, 0.0, 0.0), 0.0, 1.0, (300.0, 150.0))
    over = [found(blocked_survey(np.zeros((20, 30), dtype=np.uint8)), seed, rules).quads() for seed in range(20)]
    lows = np.array([quads.min() for quads in over])
    assert lows.min() < -CELL_PX
    assert lows.min() >= -BORDER_PX - 1e-3


@given(seed=SEEDS, share=st.floats(0.05, 0.95), most=st.integers(1, 255))
def test_rough_cells_are_those_above_the_limit_but_for_specks(seed: int, share: float, most: int) -> None:
    levels = (noise(seed, 12, 17) * most).astype(np.uint8)
    blocked = np.empty_like(levels)
    limit = kernels.block_rough(levels, share, np.array(LEVELS, dtype=np.int32), blocked)
    middle = np.sort(levels, axis=None)[int(np.ceil(0.5 * levels.size)) - 1]
    rank = np.sort(levels, axis=None)[int(np.ceil(share * levels.size)) - 1]
    assert limit == np.clip(max(rank, int(kernels.EVEN * middle)), *LEVELS)
    rough = np.pad(levels > limit, 1)
    for row, column in np.ndindex(*levels.shape):
        near = int(rough[row : row + 3, column : column + 3].sum()) - 1
        assert blocked[row, column] == (rough[row + 1, column + 1] and near >= kernels.SPECKLE)


def slow_levels(tile: U8, contrast: float) -> tuple[U8, F64]:
    luma = (tile.astype(int) @ np.array([2, 5, 1])) >> 3
    rows, columns = tile.shape[0] // CELL_PX, tile.shape[1] // CELL_PX
    levels, tensor = np.zeros((rows, columns), dtype=np.uint8), np.zeros((rows, columns, 3))
    for row, column in np.ndindex(rows, columns):
        for y in range(8 * row + 1, 8 * row + 9, 2):
            for x in range(8 * column + 1, 8 * column + 9, 2):
                right = luma[y, min(x + 2, tile.shape[1] - 1)] - luma[y, x]
                down = luma[min(y + 2, tile.shape[0] - 1), x] - luma[y, x]
                tensor[row, column] += (right * right, down * down, right * down)
        levels[row, column] = min(contrast * np.sqrt((tensor[row, column, 0] + tensor[row, column, 1]) / 16), 255)
    return levels, tensor


@given(seed=SEEDS, contrast=st.floats(0.1, 2.0))
def test_levels_are_those_of_a_plain_loop(seed: int, contrast: float) -> None:
    tile = (noise(seed, 19, 35, 3) * 255).astype(np.uint8)
    tile.flags.writeable = False
    levels, tensor = np.empty((2, 4), dtype=np.uint8), np.empty((2, 4, 3), dtype=np.int32)
    kernels.measure(tile, np.array([0.0, 0.0, 1.0]), contrast, levels, tensor)
    expected, sums = slow_levels(tile, contrast)
    np.testing.assert_array_equal(tensor, sums)
    np.testing.assert_array_equal(levels, expected)


@pytest.mark.parametrize("degrees", [-20, -8, 0, 5, 18])
@pytest.mark.parametrize("quarter", [False, True])
def test_planes_turn_as_the_edges_around_them(degrees: int, quarter: bool) -> None:
    y, x = np.mgrid[0:320, 0:320]
    turn = np.deg2rad(degrees + 90 * quarter)
    stripes = 128 + 60 * np.sin((y * np.cos(turn) - x * np.sin(turn)) / 9)
    surveyed = survey(ground(np.repeat(stripes[..., None], 3, axis=2).astype(np.uint8)), (320, 320), NO_MARKS, 0.6)
    tangent = kernels.direction(surveyed.tensor, 20, 20, 0.5)
    assert np.rad2deg(np.arctan(tangent)) == pytest.approx(degrees, abs=2)


def test_a_plane_keeps_its_origin_and_its_handedness() -> None:
    h = np.empty(9)
    kernels.lay_plane(100.0, 60.0, np.array([0.3, 0.5, -0.4]), 900.0, h)
    start, right, down = (h.reshape(3, 3) @ np.array([x, y, 1.0]) for x, y in ((0, 0), (0.01, 0), (0, 0.01)))
    np.testing.assert_allclose(start, [100, 60, 1])
    a, b = right[:2] / right[2] - start[:2], down[:2] / down[2] - start[:2]
    shrunk = 1 / np.sqrt((1 + 0.5**2) * (1 + 0.4**2))
    assert (a[0] * b[1] - a[1] * b[0]) / 1e-4 == pytest.approx(shrunk, rel=1e-3)  # as yaw and pitch foreshorten it


def pictures() -> dict[str, tuple[U8, Quads]]:
    flat, everywhere = np.full((256, 320, 3), 200, dtype=np.uint8), np.array([[[0, 0], [320, 0], [320, 256], [0, 256]]], dtype=np.float32)
    speckled = (noise(1, 256, 320, 1) * 255).astype(np.uint8).repeat(3, axis=2)
    return {
        "flat": (flat, NO_MARKS),
        "noise": (speckled, NO_MARKS),
        "marked": (flat.copy(), everywhere),
        "tiny": (flat[:9, :9].copy(), NO_MARKS),
        "smallest": (flat[:5, :3].copy(), NO_MARKS),
    }


@pytest.mark.parametrize(
    ("kind", "fewest", "most"), [("flat", 4, 12), ("noise", 0, 0), ("marked", 0, 0), ("tiny", 0, 0), ("smallest", 0, 0)]
)
def test_odd_pictures_end_after_bounded_attempts(kind: str, fewest: int, most: int) -> None:
    tile, marked = pictures()[kind]
    for seed in range(10):
        regions = found(survey(ground(tile), tile.shape[:2], marked, 0.6), seed)
        assert fewest <= len(regions.boxes) <= most
        assert regions.attempts <= ATTEMPTS


def slow_lines(words: list[list[int]], lines: int, chars: int, space: int) -> list[list[int]]:
    """Return the first lines of words, none longer than a line, wrapped greedily."""
    made = list[list[int]]()
    for word in words:
        if made and space and len(made[-1]) + 1 + len(word) <= chars:
            made[-1] += [space, *word]
        else:
            made.append(list(word))
    return made[:lines]


@given(
    regions=st.lists(
        st.tuples(st.lists(st.lists(st.integers(1, 90), min_size=1, max_size=9), max_size=12), st.integers(1, 6), st.integers(3, 30)),
        min_size=1,
        max_size=4,
    ),
    space=st.sampled_from([0, 92]),
)
def test_words_are_wrapped_into_lines(regions: list[tuple[list[list[int]], int, int]], space: int) -> None:
    words = [word for own, _, _ in regions for word in own]
    offsets = np.cumsum([0, *map(len, words)], dtype=np.int64)
    first = np.cumsum([0, *(len(own) for own, _, _ in regions)], dtype=np.int64)
    codes = np.array([code for word in words for code in word], dtype=np.uint16)
    out, edges, region = (
        np.zeros(len(codes) + len(words), dtype=np.uint16),
        np.zeros(len(words) + 1, dtype=np.int64),
        np.zeros(len(words), dtype=np.int32),
    )
    wanted = np.array([(lines, chars) for _, lines, chars in regions], dtype=np.float64)
    count, _ = kernels.compose(codes, offsets, first, wanted, space, out, edges, region)
    made = [(int(region[k]), out[edges[k] : edges[k + 1]].tolist()) for k in range(count)]
    for r, (own, lines, chars) in enumerate(regions):
        mine = [line for number, line in made if number == r]
        assert len(mine) <= lines
        assert all(0 < len(line) <= chars for line in mine)
        if all(len(word) <= chars for word in own):
            assert mine == slow_lines(own, lines, chars, space)
