import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pytest

from recognizer.batches import Lesson, ReaderFeed
from recognizer.crops import Crops, Target, crops
from recognizer.options import ReaderOptions
from recognizer.prepare import as_input, prepare
from synthgen import SynthgenError
from synthgen.alphabet import Alphabet
from synthgen.chance import Stream, uniforms
from training.feeding import Batch
from training.mixture import Mixture
from training.sources import Refused

OPTIONS = ReaderOptions(width=64)
TARGET = Target(Alphabet(), OPTIONS)
LESSON = Lesson(OPTIONS, seed=3, aligned_share=0.5, aligned_steps=100)


@dataclass(frozen=True)
class MadeCrops:
    """Groups of five pictures, each of one shade, labelled with its number."""

    first: int = 0
    known: bool = True
    sizes: tuple[int, ...] = (5, 5, 5, 5)
    pool_groups: int = 2
    refused: Refused = field(default_factory=dict)
    digest: str = "made"

    def load(self, number: int) -> Crops:
        rows = [self.first + 5 * number + k for k in range(5)]
        pictures = [cv2.imencode(".png", np.full((16, 30, 3), row, dtype=np.uint8))[1].tobytes() for row in rows]
        texts = [str(row) for row in rows]
        centres = np.array([(k + 1) / (len(text) + 1) for text in texts for k in range(len(text))], dtype=np.float32)
        return crops(pictures, texts, TARGET, centres if self.known else None)


def feed(*sources: MadeCrops, weights: Sequence[float] = (1.0,), batch: int = 8, lesson: Lesson = LESSON) -> ReaderFeed:
    return ReaderFeed(sources, Mixture(tuple(weights), batch), lesson)


def shades(batch: Batch) -> list[int]:
    return [round(float(shade)) for shade in np.asarray(batch[0])[:, 0, 0, 0] * 255]


def read(batch: Batch) -> list[int]:
    targets = np.asarray(batch[1])
    return [int(TARGET.alphabet.decode(row[row > 0].astype(np.uint16))) for row in (targets[:, 0] if targets.ndim == 3 else targets)]


def equal(a: Batch, b: Batch) -> bool:
    return np.array_equal(np.asarray(a[0]), np.asarray(b[0])) and np.array_equal(a[1], b[1])


def test_each_picture_goes_with_its_label_and_an_epoch_shows_each_once() -> None:
    made = feed(MadeCrops(), batch=5)
    seen = []
    for step in range(4):
        batch = made(step)
        image, targets = np.asarray(batch[0]), batch[1]
        assert image.shape == (5, 32, 64, 1)
        assert image.dtype == np.float32
        assert targets.shape == (5, 2, 15)
        assert shades(batch) == read(batch)
        seen += shades(batch)
    assert sorted(seen) == list(range(20))


def test_a_batch_depends_on_its_step_alone_whoever_makes_it() -> None:
    made = feed(MadeCrops(), MadeCrops(100), weights=(1.0, 3.0))
    first = [made(step) for step in range(12)]
    with ThreadPoolExecutor(4) as threads:
        threaded = list(threads.map(feed(MadeCrops(), MadeCrops(100), weights=(1.0, 3.0)), range(11, -1, -1)))[::-1]
    copied = pickle.loads(pickle.dumps(made))
    for step, batch in enumerate(first):
        assert equal(batch, threaded[step])
        assert equal(batch, copied(step))
    assert not equal(first[0], feed(MadeCrops(), MadeCrops(100), weights=(1.0, 3.0), lesson=replace(LESSON, seed=4))(0))


def test_sources_are_mixed_by_weight() -> None:
    made = feed(MadeCrops(), MadeCrops(100), weights=(1.0, 3.0))
    assert [sum(row >= 100 for row in read(made(step))) for step in range(4)] == [6] * 4


def paths_of(made: ReaderFeed, steps: range) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.concatenate([np.asarray(made(step)[1])[:, 1] for step in steps])


def test_some_rows_learn_their_path_at_first_and_none_later() -> None:
    made = feed(MadeCrops(), batch=16)
    early = (paths_of(made, range(40)) >= 0).all(axis=1)
    assert 0.3 < early.mean() < 0.5  # the share falls from 0.5 to 0.3 here
    assert (paths_of(made, range(100, 110)) == -1).all()
    for path, label in zip(paths_of(made, range(3)), np.concatenate([np.asarray(made(step)[1])[:, 0] for step in range(3)]), strict=True):
        assert (path == -1).all() or path[path > 0].tolist() == label[label > 0].tolist()


def test_rows_without_known_places_learn_all_paths() -> None:
    assert (paths_of(feed(MadeCrops(known=False)), range(3)) == -1).all()


def test_the_attention_head_gets_the_class_before_and_an_end() -> None:
    inputs, targets = feed(MadeCrops(), lesson=replace(LESSON, options=replace(OPTIONS, head="attention")))(0)
    assert isinstance(inputs, dict)
    assert targets.shape == inputs["previous"].shape == (8, 16)
    assert (inputs["previous"][:, 0] == 0).all()
    assert np.array_equal(inputs["previous"][:, 1:], targets[:, :-1])
    assert (targets[:, -1] == 0).all()


def test_pixels_and_files_are_prepared_alike() -> None:
    noise = (255 * uniforms(0, Stream.LOOK, np.array([0], dtype=np.uint64), 1000)).astype(np.uint8).reshape(20, 50)
    png = cv2.imencode(".png", noise)[1].tobytes()

    @dataclass(frozen=True)
    class Two(MadeCrops):
        sizes: tuple[int, ...] = (2,)

        def load(self, number: int) -> Crops:
            return crops([png, noise], ["a", "b"], TARGET)

    image = np.asarray(feed(Two(), batch=2)(0)[0])
    assert np.array_equal(image[0], image[1])
    assert np.array_equal(image[:1], as_input(prepare(noise, 64)[None]))


@pytest.mark.parametrize("picture", [b"no picture", b"", None])
def test_a_broken_picture_is_told_with_its_shard(picture: bytes) -> None:
    @dataclass(frozen=True)
    class Broken(MadeCrops):
        def load(self, number: int) -> Crops:
            return replace(super().load(number), pictures=[picture] * 5, place="words/words-00007.parquet")

    with pytest.raises(SynthgenError, match=r"^words/words-00007\.parquet: need pictures that can be decoded, got another"):
        feed(Broken())(0)
