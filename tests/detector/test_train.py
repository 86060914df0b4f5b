import csv
import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from detector.batches import Lesson
from detector.evaluate import evaluate
from detector.examiner import Examiner, Peak, map_sheet, tell_if_blind
from detector.options import DetectorOptions
from detector.sources import open_sources
from detector.train import Order, Surroundings, run
from detector.weights import load_detector
from synthgen import SynthgenError
from tests.detector.photos_fixture import finder_of, labelled, painted, write_photos
from tests.fake_runs import job_of, render
from training.chosen import Chosen
from training.devices import Computing
from training.feeding import Feeding
from training.optimizers import Tuning

OPTIONS = DetectorOptions(slim=8)


def order(data: Path, samples: int = 12, **other: object) -> Order:
    usual: dict[str, object] = {
        "chosen": Chosen((str(data),)),
        "samples": samples,
        "batch": 2,
        "lesson": Lesson(32, 3),
        "options": OPTIONS,
        "tuning": Tuning(0, warm_up_steps=2),
        "init": None,
        "computing": Computing("float32", jit=False),
    }
    return Order(**(usual | other))  # type: ignore[arg-type]  # a test that gives a wrong type fails at once


def surroundings(out: Path, data: Path, *, resume: bool = False) -> Surroundings:
    return Surroundings(out, Feeding(), (str(data),), evaluate_limit=2, log_every=2, evaluate_every=6, checkpoint_every=4, resume=resume)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shards")
    render(job_of("scenes", out, samples=24))
    return out


@pytest.fixture(scope="module")
def finished(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    run(order(shards), surroundings(out, shards))
    return out


def folder_of(folder: Path) -> Path:
    """Write two photos with a word each."""
    return write_photos(folder, [labelled(f"{k}.png", painted(((20, 20, 90, 50), 0.9))) for k in range(2)])


def weights_of_run(folder: Path) -> list[np.ndarray]:
    return list(load_detector(folder / "detector.keras").model.get_weights())


def test_a_run_leaves_curves_evaluations_pictures_and_a_detector(finished: Path) -> None:
    assert len(np.genfromtxt(finished / "training.csv", delimiter=",", names=True)["loss"]) == 3
    (table,) = finished.glob("evaluation-*.csv")
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["samples"]) for row in rows] == [6, 12]
    assert all(0 <= float(row[key]) <= 1 for row in rows for key in ("precision", "recall", "h_mean"))
    assert next(finished.glob("worst-*.png")).stat().st_size > 500
    assert (finished / "maps.png").stat().st_size > 500
    detector = load_detector(finished / "detector.keras")
    assert detector.options == OPTIONS
    assert detector.card["samples"] == 12
    assert json.loads((finished / "run.json").read_text(encoding="utf-8"))["tuning"]["steps"] == 6


@pytest.mark.slow
def test_a_run_that_was_cut_off_ends_with_the_same_detector(
    shards: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("detector.examiner.Examiner.examine", cut_off)  # at step 3; the last checkpoint is of step 2
        run(order(shards), surroundings(tmp_path, shards))
    run(order(shards), surroundings(tmp_path, shards, resume=True))
    for ours, theirs in zip(weights_of_run(tmp_path), weights_of_run(finished), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.slow
def test_a_run_that_is_resumed_after_its_end_keeps_its_detector(shards: Path, finished: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(finished, again)
    report = run(order(shards), surroundings(again, shards, resume=True))
    for ours, theirs in zip(weights_of_run(again), weights_of_run(finished), strict=True):
        assert np.array_equal(ours, theirs)
    assert report["evaluations"]


@pytest.mark.slow
def test_a_run_starts_from_given_weights_on_photos_and_stores_their_characters(finished: Path, tmp_path: Path) -> None:
    photos = folder_of(tmp_path / "photos")
    given = order(photos, samples=2, init=finished / "detector.keras", tuning=Tuning(0, rate=1e-7))
    run(given, surroundings(tmp_path / "out", photos))
    before, after = weights_of_run(finished), weights_of_run(tmp_path / "out")
    assert max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True) if a.ndim > 1) < 1e-3
    assert len(list((tmp_path / "out").glob("pseudo-*.npz"))) == 1


def test_maps_that_are_empty_are_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tell_if_blind("step 6: photos", 0.7, 0.7, 0.1)
        assert not caplog.text
        tell_if_blind("step 6: photos", 0.03, 0.7, 0.0)
        tell_if_blind("step 9: photos", 1.2, 0.7, 0.0)
    assert "step 6: photos: the region maps are empty: their highest score is 0.03, a word needs 0.70" in caplog.text
    assert "lower --rate" in caplog.text
    assert "step 9: photos: no true word was found, though region scores reach 1.20" in caplog.text


def test_the_highest_score_is_that_of_all_photos() -> None:
    peak = Peak()
    for score in (0.2, 0.9, 0.4):
        evaluate(finder_of(), [labelled("a", painted(((20, 20, 90, 50), score)))], peak.watch)
    assert peak.score == pytest.approx(0.9, abs=0.01)


def test_a_sheet_of_maps_shows_views_and_both_maps_beside_the_truth() -> None:
    images, truth = np.zeros((2, 32, 32, 3), np.float32), np.zeros((2, 16, 16, 3), np.float32)
    truth[0, 4:8, 4:8, 0], truth[..., 2] = 1, 1
    found = np.zeros((2, 16, 16, 2), np.float32)
    found[0, 4:8, 4:8, 1] = 1
    parts = map_sheet(images, truth, found)[: 32 + 4].reshape(36, 5, 36, 3)[:32, :, :32]  # of the first view
    hot = [bool((parts[8:16, k, 8:16].max(axis=2) > 100).all()) for k in range(1, 5)]
    assert not any((parts[20:, k] > 0).any() for k in range(1, 5))
    assert hot == [True, False, False, True]  # true region, found region, true affinity, found affinity


def test_what_cannot_be_used_is_told_before_the_folder_is_taken(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"none.keras"):
        run(order(shards, init=tmp_path / "none.keras"), surroundings(tmp_path / "out", shards))
    with pytest.raises(SynthgenError, match=r"nothing-here"):
        run(order(shards), surroundings(tmp_path / "out", tmp_path / "nothing-here"))
    assert not (tmp_path / "out").exists()


def test_sets_to_be_measured_on_are_told_before_the_folder_is_taken_if_no_photo_of_them_can_be_read(shards: Path, tmp_path: Path) -> None:
    broken = folder_of(tmp_path / "photos")
    for photo in broken.glob("*.png"):
        photo.write_bytes(b"no picture")
    with pytest.raises(SynthgenError, match="need at least one labelled photo, got none"):
        run(order(shards), surroundings(tmp_path / "out", broken))
    assert not (tmp_path / "out").exists()


def test_photos_that_are_dropped_are_told_at_each_evaluation(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    photos = folder_of(tmp_path / "photos")
    (photos / "0.png").write_bytes(b"no picture")
    examiner = Examiner(OPTIONS, tmp_path / "out", (str(photos),), None)
    with caplog.at_level(logging.INFO):
        examiner.examine(1, 2)
    assert "step 1: photos: h-mean" in caplog.text and "; 1 dropped" in caplog.text


def test_xla_in_bfloat16_is_refused_on_tensorflow_alone(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(SynthgenError, match=r"--jit: need --precision float32 with it on TensorFlow.*; leave --jit out"):
        run(order(shards, computing=Computing("bf16", jit=True)), surroundings(tmp_path / "out", shards))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(SynthgenError, match=r"none.keras"):  # so far it came
        run(order(shards, computing=Computing("bf16", jit=True), init=tmp_path / "none.keras"), surroundings(tmp_path / "out", shards))


def test_another_order_does_not_go_on_in_the_same_folder(shards: Path, finished: Path) -> None:
    other = replace(order(shards), lesson=Lesson(64, 3))
    with pytest.raises(SynthgenError, match=r"run.json: lesson.size: need what the run began with, 32, got 64"):
        run(other, surroundings(finished, shards, resume=True))


def test_photos_need_a_detector_that_tells_their_characters_apart(tmp_path: Path) -> None:
    photos = folder_of(tmp_path)
    with pytest.raises(SynthgenError, match="need a detector that tells the characters of photos apart, got none; give --init"):
        open_sources(Chosen((str(photos),)), 8, None, tmp_path / "out")
    for no_file in (photos / "none.keras", photos):
        with pytest.raises(SynthgenError, match=rf"--init {no_file}: cannot be read: .*; give a detector.keras trained on scenes"):
            open_sources(Chosen((str(photos),)), 8, no_file, tmp_path / "out")


def test_a_stream_needs_an_end_and_is_as_long_as_the_run(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="--samples: need the number to train on with --stream"):
        open_sources(Chosen(stream="product"), 0, None, tmp_path)
    (source,) = open_sources(Chosen(stream="product"), 20, None, tmp_path).values()
    assert sum(source.sizes) == 20
