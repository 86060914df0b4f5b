"""Batches are a pure function of their step, whoever makes them."""

import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest

from detector.batches import DetectorFeed, Lesson, look
from detector.prepare import MEAN, SPREAD, as_input
from detector.scenes import Scene
from detector.views import Variety, plan_views
from synthgen import SynthgenError
from tests.detector.made_scenes import MadeScenes, made_scene
from training.feeding import Batch
from training.mixture import Mixture

LESSON = Lesson(64, seed=3)


def feed(*sources: MadeScenes, weights: Sequence[float] = (1.0,), batch: int = 6, lesson: Lesson = LESSON) -> DetectorFeed:
    return DetectorFeed(sources, Mixture(tuple(weights), batch), lesson)


def equal(a: Batch, b: Batch) -> bool:
    return np.array_equal(np.asarray(a[0]), np.asarray(b[0])) and np.array_equal(a[1], b[1])


def test_a_batch_is_what_the_model_and_its_loss_take() -> None:
    image, maps = feed(MadeScenes())(0)
    assert isinstance(image, np.ndarray)
    assert (image.shape, image.dtype.name, maps.shape, maps.dtype.name) == ((6, 64, 64, 3), "float32", (6, 32, 32, 3), "float32")
    pixels = (image * SPREAD + MEAN) * 255
    assert np.abs(pixels - pixels.round()).max() < 1e-3 and pixels.min() > -0.01 and pixels.max() < 255.01
    assert maps.min() >= 0 and maps.max() <= 1


def test_a_batch_depends_on_its_step_alone_whoever_makes_it() -> None:
    sources, weights = (MadeScenes(), MadeScenes(5)), (1.0, 3.0)
    made = feed(*sources, weights=weights)
    first = [made(step) for step in range(8)]
    with ThreadPoolExecutor(4) as threads:
        threaded = list(threads.map(feed(*sources, weights=weights), range(7, -1, -1)))[::-1]
    copied = pickle.loads(pickle.dumps(made))
    for step, batch in enumerate(first):
        assert equal(batch, threaded[step]) and equal(batch, copied(step))
        assert step == 0 or not equal(batch, first[step - 1])
    assert not equal(first[0], feed(*sources, weights=weights, lesson=replace(LESSON, seed=4))(0))


def test_a_view_depends_on_its_number_in_the_run_not_on_its_batch() -> None:
    small, large = feed(MadeScenes(), batch=2), feed(MadeScenes(), batch=6)
    parts = [small(step) for step in range(3)]
    joined = tuple(np.concatenate([np.asarray(part[side]) for part in parts]) for side in (0, 1))
    assert equal((joined[0], joined[1]), large(0))


def test_an_epoch_shows_each_scene_once_in_another_view_each_time() -> None:
    lesson = replace(LESSON, variety=Variety(brightness=0, contrast=0, free_share=0, blurred_share=0, jpeg_share=0))
    made = feed(MadeScenes(), batch=12, lesson=lesson)
    brightest = [(np.asarray(made(step)[0]) * SPREAD + MEAN).max(axis=(1, 2)).mean(axis=1) * 255 for step in range(2)]
    for shades in brightest:
        assert sorted(round(float(shade) / 10) * 10 for shade in shades) == pytest.approx([100 + 10 * k for k in range(12)], abs=10)
    assert not equal(made(0), made(1))


def test_sources_are_mixed_by_weight() -> None:
    lit = feed(MadeScenes(-90), MadeScenes(30), weights=(1.0, 3.0), batch=8)
    loads = [[scene.picture.max() for scene in lit._scenes(step) if isinstance(scene.picture, np.ndarray)] for step in range(3)]
    assert [sum(shade >= 130 for shade in shades) for shades in loads] == [6] * 3


def test_scenes_without_a_word_are_valid() -> None:
    @dataclass(frozen=True)
    class Empty(MadeScenes):
        def load(self, number: int) -> list[Scene]:
            return [made_scene(())] * 3

    image, maps = feed(Empty())(0)
    assert np.isfinite(np.asarray(image)).all() and (maps[..., :2] == 0).all() and (maps[..., 2] == 1).all()


def test_words_of_no_confidence_are_not_chosen() -> None:
    """Nothing of them is learned, so that views would be wasted on them."""
    scene = made_scene(((10, 10, 24, 2), (280, 210, 24, 1)), confidence=(0, 1))
    views = plan_views(Variety(free_share=0, word_px=(60, 60), turned_share=0), 5, np.arange(30, dtype=np.uint64))
    assert all(look(scene, view, 96)[1][..., 0].max() > 0.5 and look(scene, view, 96)[1][..., 2].min() == 1 for view in views)


def test_pictures_are_prepared_as_photos_are() -> None:
    made = feed(MadeScenes())
    views = plan_views(LESSON.variety, LESSON.seed, np.arange(6, dtype=np.uint64))
    pictures = np.stack([look(scene, view, 64)[0] for scene, view in zip(made._scenes(0), views, strict=True)])
    assert np.array_equal(np.asarray(made(0)[0]), as_input(pictures))


@pytest.mark.parametrize("size", [0, 100, -32])
def test_a_size_that_the_network_cannot_halve_is_refused(size: int) -> None:
    with pytest.raises(SynthgenError, match=f"--size: need a multiple of 32 px, got {size}"):
        Lesson(size, 0)
