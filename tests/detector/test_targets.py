"""Maps are those of the quads in the view; confidence is 1 but where it is said to be less."""

import numpy as np
import pytest

from detector.batches import look
from detector.targets import DOWN, LEAST_PX, draw_targets
from detector.views import Variety, homography, moved, plan_views
from synthgen import heat_maps
from synthgen.arrays import F32, I32, Quads
from synthgen.quads import inside, of_boxes
from tests.detector.made_scenes import SIZE, made_scene
from tests.detector.test_views import index

NONE = (np.zeros((0, 4, 2), dtype=np.float32), np.zeros(0, dtype=np.int32))
WORD = of_boxes(np.array([[20.0, 20, 60, 40]], dtype=np.float32))
TURNED = np.array([[[30, 10], [70, 30], [58, 54], [18, 34]]], dtype=np.float32)


def chars_of(quad: Quads, count: int = 3, word: int = 0) -> tuple[Quads, I32]:
    """Return `count` characters side by side in a word's quad."""
    left, right = (np.linspace(quad[0, a], quad[0, b], count + 1) for a, b in ((0, 1), (3, 2)))
    quads = np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1).astype(np.float32)
    return quads, np.full(count, word, dtype=np.int32)


def confidence_of(chars: tuple[Quads, I32], quads: Quads, known: list[float], size: int = 96) -> F32:
    return draw_targets(chars, (quads, np.array(known, dtype=np.float32)), size)[..., 2]


def within(quad: F32, size: int, grow: float = 0.0) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which map px have their centres in a quad grown by `grow` map px about its centre's sides."""
    middle = quad.mean(axis=0)
    far = np.linalg.norm(quad - middle, axis=1, keepdims=True)
    grown = middle + (quad - middle) * (1 + 2 * grow * DOWN / far)
    centres = (np.mgrid[: size // DOWN, : size // DOWN].transpose(1, 2, 0)[..., ::-1].reshape(-1, 2) + 0.5) * DOWN
    return np.asarray(inside(grown.astype(np.float32), centres).reshape(size // DOWN, size // DOWN))


def test_maps_are_the_engines_of_the_quads_in_the_view() -> None:
    scene = made_scene()
    for view in plan_views(Variety(), 5, index(25)):
        way = homography(view, scene.word_quads, SIZE, 96)
        _, maps = look(scene, view, 96)
        region, affinity = heat_maps(moved(way, scene.char_quads), scene.char_word, (96, 96))
        assert np.allclose(maps[..., 0] * 255, region, atol=1e-3) and np.allclose(maps[..., 1] * 255, affinity, atol=1e-3)
        assert maps.dtype == np.float32 and maps.shape == (48, 48, 3) and maps.min() >= 0 and maps.max() <= 1


@pytest.mark.parametrize("quad", [WORD, TURNED], ids=["upright", "turned"])
@pytest.mark.parametrize("value", [0.0, 0.4])
def test_a_word_is_filled_with_its_confidence(quad: Quads, value: float) -> None:
    found = confidence_of(chars_of(quad), quad, [value])
    assert (found[within(quad[0], 96)] == np.float32(value)).all()
    assert (found[~within(quad[0], 96, grow=1.5)] == 1).all()  # OpenCV fills the px that an edge crosses


def test_known_words_and_no_words_leave_confidence_at_one() -> None:
    assert (confidence_of(chars_of(WORD), WORD, [1.0]) == 1).all()
    maps = draw_targets(NONE, (NONE[0], np.zeros(0, dtype=np.float32)), 64)
    assert (maps[..., :2] == 0).all() and (maps[..., 2] == 1).all()


def test_where_words_overlap_the_least_confidence_counts() -> None:
    quads = np.concatenate([WORD, WORD + np.float32(10), WORD + np.float32(5)])
    chars = tuple(np.concatenate(parts) for parts in zip(*(chars_of(quads[[k]], word=k) for k in range(3)), strict=True))
    found = confidence_of((chars[0], chars[1]), quads, [0.2, 0.7, 1.0])
    assert (found[within(quads[0], 96)] == np.float32(0.2)).all()
    rest = within(quads[1], 96) & ~within(quads[0], 96, grow=1.5)
    assert rest.any() and (found[rest] == np.float32(0.7)).all()


@pytest.mark.parametrize(("height", "known"), [(LEAST_PX - 0.2, 0.0), (LEAST_PX + 0.2, 1.0)])
def test_words_too_small_to_be_seen_do_not_count(height: float, known: float) -> None:
    quad = of_boxes(np.array([[20.0, 20, 60, 20 + height]], dtype=np.float32))
    for chars in (chars_of(quad), NONE):
        assert confidence_of(chars, quad, [1.0])[11, 20] == known


def test_a_word_is_as_tall_as_its_tallest_character() -> None:
    """A full stop does not hide the word it ends."""
    quads, word = chars_of(WORD)
    quads[2, :2, 1] = 38
    assert (confidence_of((quads, word), WORD, [1.0]) == 1).all()
    assert (confidence_of((quads[2:], word[2:]), WORD, [1.0])[within(WORD[0], 96)] == 0).all()


def test_hidden_characters_are_not_drawn_and_not_measured() -> None:
    quads, word = chars_of(WORD)
    maps = draw_targets((quads, np.full_like(word, -1)), (WORD, np.ones(1, dtype=np.float32)), 96)
    assert (maps[..., :2] == 0).all() and (maps[..., 2] == 1).all()


def test_a_word_that_the_edge_cuts_keeps_what_is_inside() -> None:
    whole = draw_targets(chars_of(WORD), (WORD, np.full(1, 0.5, dtype=np.float32)), 96)
    out = WORD - np.float32(80)
    gone = draw_targets(chars_of(out), (out, np.full(1, 0.5, dtype=np.float32)), 96)
    assert (gone[..., :2] == 0).all() and (gone[..., 2] == 1).all()
    partly = (WORD - [40, 0]).astype(np.float32)
    half = draw_targets(chars_of(partly), (partly, np.full(1, 0.5, dtype=np.float32)), 96)
    assert np.array_equal(half[:, :28], whole[:, 20:])
    assert half[..., 0].max() > 0.9 and half[15, 0, 2] == 0.5


@pytest.mark.parametrize("far", [1e4, -1e4, 1e9])
def test_quads_far_outside_change_nothing(far: float) -> None:
    quad = (WORD + np.float32(far)).astype(np.float32)
    assert (confidence_of(NONE, quad, [0.0]) == 1).all()
