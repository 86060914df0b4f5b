import logging
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from synthgen.chance import Stream, uniforms
from synthgen.errors import SynthgenError
from training import checkpoints, loop
from training.feeding import Batch, Feeding
from training.loop import Course, train
from training.optimizers import Tuning, build_optimizer

STEPS = 30
Evaluate = Callable[[int], None]


def line_batch(step: int) -> Batch:
    """Return points near the line y = 2 x + 1."""
    x = 2 * uniforms(0, Stream.LOOK, np.array([step], dtype=np.uint64), 8).astype(np.float32).reshape(8, 1) - 1
    return x, (2 * x + 1).astype(np.float32)


def nan_from_step_7(step: int) -> Batch:
    x, y = line_batch(step)
    return x, np.full_like(y, np.nan) if step >= 7 else y


def broken_at_step_9(step: int) -> Batch:
    if step == 9:
        raise SynthgenError("words-00003.parquet: is damaged")
    return line_batch(step)


def killed_at_step_9(step: int) -> Batch:
    if step == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return line_batch(step)


def line_model() -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    model.compile(build_optimizer(Tuning(STEPS, rate=0.05, warm_up_steps=5)), "mse", jit_compile=False)
    return model


def course(out: Path, steps: int = STEPS) -> Course:
    return Course(out, Tuning(steps, rate=0.05, warm_up_steps=5), 8, log_every=5, evaluate_every=10, checkpoint_every=10)


def nothing(step: int) -> None:
    """Evaluate nothing."""


def state_of(model: keras.Model) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return [keras.ops.convert_to_numpy(value) for value in (*model.variables, *model.optimizer.variables)]


def run(out: Path, make: Callable[[int], Batch] = line_batch, evaluate: Evaluate = nothing, feeding: Feeding | None = None) -> keras.Model:
    model = line_model()
    train(model, make, course(out), feeding or Feeding(), evaluate)
    return model


class KilledError(Exception):
    """What ends a run without leave."""


def die_at(step: int) -> Evaluate:
    def evaluate(done: int) -> None:
        if done == step:
            raise KilledError

    return evaluate


def test_the_loss_falls_and_figures_are_kept(tmp_path: Path) -> None:
    run(tmp_path)
    rows = np.genfromtxt(tmp_path / "training.csv", delimiter=",", names=True)
    assert rows["step"].tolist() == [5, 10, 15, 20, 25, 30]
    assert rows["loss"][-1] < rows["loss"][0] / 3
    assert (rows["samples"] == rows["step"] * 8).all()
    assert ((rows["waited_share"] >= 0) & (rows["waited_share"] <= 1)).all()
    assert list(tmp_path.glob("tensorboard/events.*"))


def test_a_slow_run_tells_tenths_of_an_image_a_second(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 10_000, 2))
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    with caplog.at_level(logging.INFO):
        run(tmp_path)
    speeds = re.findall(r"([\d.,]+) images/s", caplog.text)
    assert len(speeds) == 6 and all(re.fullmatch(r"\d+\.\d", speed) for speed in speeds)


def test_a_run_that_was_killed_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = run(tmp_path / "a")
    with pytest.raises(KilledError):
        run(tmp_path / "b", evaluate=die_at(20))
    resumed = run(tmp_path / "b")
    for ours, theirs in zip(state_of(undisturbed), state_of(resumed), strict=True):
        assert np.array_equal(ours, theirs)
    steps = [np.genfromtxt(tmp_path / name / "training.csv", delimiter=",", names=True)["step"].tolist() for name in "ab"]
    assert steps[0] == steps[1]


def test_a_run_that_is_done_is_not_trained_further(tmp_path: Path) -> None:
    run(tmp_path)
    assert train(line_model(), broken_at_step_9, course(tmp_path), Feeding(), die_at(30)) == 0.0


def test_evaluations_see_averaged_weights_that_follow_the_trained_ones(tmp_path: Path) -> None:
    model, seen = line_model(), []

    def evaluate(step: int) -> None:
        trained = [keras.ops.convert_to_numpy(value) for value in model.trainable_variables]
        seen.append((step, trained, checkpoints.averages(model)))

    train(model, line_batch, course(tmp_path), Feeding(), evaluate)
    assert [step for step, _, _ in seen] == [10, 20, 30]
    for _, trained, averaged in seen:
        assert [value.shape for value in trained] == [value.shape for value in averaged]
        assert not all(np.array_equal(a, b) for a, b in zip(trained, averaged, strict=True))


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_state_before_it(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"step 8: need a finite loss, got nan; nothing was saved yet: train again with a lower --rate"):
        run(tmp_path, make=nan_from_step_7)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_fault_of_the_data_is_told_as_it_was(tmp_path: Path, workers: int) -> None:
    with pytest.raises(SynthgenError, match=r"words-00003.parquet: is damaged"):
        run(tmp_path, make=broken_at_step_9, feeding=Feeding(workers=workers))


@pytest.mark.slow
def test_spawned_processes_make_the_same_batches(tmp_path: Path) -> None:
    threads, processes = run(tmp_path / "a"), run(tmp_path / "b", feeding=Feeding(use_multiprocessing=True))
    for ours, theirs in zip(state_of(threads), state_of(processes), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.slow
def test_a_process_that_dies_ends_the_run_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"step 9: each process that makes batches must live to the end, this one was killed"):
        run(tmp_path, make=killed_at_step_9, feeding=Feeding(use_multiprocessing=True))


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    other = keras.Sequential([keras.Input((1,)), keras.layers.Dense(5), keras.layers.Dense(1)])
    other.compile(build_optimizer(Tuning(STEPS)), "mse")
    with pytest.raises(SynthgenError, match="need a checkpoint of the same model and optimizer"):
        train(other, line_batch, course(tmp_path), Feeding(), nothing)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SynthgenError, match="cannot be read as a checkpoint"):
        run(tmp_path)


def square_of_step(step: int) -> Batch:
    return np.zeros((8, 1), dtype=np.float32), np.full((8, 1), step, dtype=np.float32)


@pytest.mark.parametrize(
    "feeding",
    [
        Feeding(workers=3),
        pytest.param(Feeding(workers=2, max_queue_size=1, use_multiprocessing=True), marks=pytest.mark.slow),  # slots are soon used again
    ],
    ids=["threads", "processes"],
)
def test_every_step_trains_on_its_own_batch(tmp_path: Path, feeding: Feeding) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    tuning = Tuning(100, rate=1e-9, decay=0.0)
    model.compile(build_optimizer(tuning), "mse", jit_compile=False)
    train(model, square_of_step, Course(tmp_path, tuning, 8, log_every=5), feeding, nothing)
    losses = np.genfromtxt(tmp_path / "training.csv", delimiter=",", names=True)["loss"]
    assert losses == pytest.approx([np.mean([k * k for k in range(first, first + 5)]) for first in range(0, 100, 5)], rel=1e-3)
