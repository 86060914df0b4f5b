"""How fast the reader learns and reads, and whether its data keep up; one JSON line.

    python benchmarks/reader_bench.py --data shards [--only data,train,read] [--batch 64] [--steps 20] [--repeats 3]

`data`: batches of 512 made ahead as `recognizer train` has them made, and nothing else, images/s: by two spawned processes (the bar is
40,000 on 2 cores) and by two threads; and CPU seconds per 1,000 images, with what the parent adds. `train`: `recognizer train`'s own loop
against plain `model.fit` on arrays in memory, the same model, batch and number of steps in one process, turn by turn; the share is ours
over plain, the bar 0.95. `read`: Keras, ONNX float32 and int8, the weights that come along, images/s. Everything is compiled before it
is timed. Figures are medians of the repeats; the spread is largest less smallest, over the median. Needs `synthgen[train]`.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import keras
import numpy as np

from benchmarks.measured import Figures, machine, middle, wall_of
from recognizer.batches import Lesson, ReaderFeed
from recognizer.crops import Target, open_shards
from recognizer.decoding import SHIPPED
from recognizer.forms import CALIBRATION_SEED, write
from recognizer.model import build_reader
from recognizer.objective import build_trainer, reader_loss
from recognizer.options import ReaderOptions
from recognizer.rendered import rendered_words
from recognizer.scorer import keras_scorer, onnx_scorer
from recognizer.weights import load_reader
from synthgen import Alphabet
from training.batches import StepBatches
from training.devices import Computing, computing_on
from training.feeding import Feeding, WaitMeter
from training.loop import Course, train
from training.mixture import Mixture
from training.optimizers import Tuning, build_optimizer

OPTIONS = ReaderOptions()
WORKERS = 2
DATA_BATCH, DATA_STEPS = 512, 80  # of each timed stretch: 1.3 pools of 32 groups, so that loading shards has its share


def feed(data: Path, batch: int) -> ReaderFeed:
    """Return what makes batches of the words in `data`."""
    source = open_shards(data, Target(Alphabet(), OPTIONS))
    return ReaderFeed([source], Mixture((1.0,), batch), Lesson(OPTIONS, 0, 0.5, 10_000))


def data_figures(options: argparse.Namespace) -> Figures:
    """Return how many images a second the input makes, alone, and the CPU time it takes."""
    return {
        name: value
        for kind in ("processes", "threads")
        for name, value in _fed(feed(options.data, DATA_BATCH), Feeding(WORKERS, use_multiprocessing=kind == "processes"), options).items()
    }


def _fed(made: ReaderFeed, feeding: Feeding, options: argparse.Namespace) -> Figures:
    """Return the figures of one way to feed; the first batches, which start it and load the first groups, are not timed."""
    batches = StepBatches(made, 0, DATA_STEPS * (1 + options.repeats), feeding, WaitMeter())
    kind = "processes" if feeding.use_multiprocessing else "threads"
    cpu, speeds = [0.0], list[float]()
    try:
        for first in range(0, len(batches), DATA_STEPS):
            speeds.append(DATA_STEPS * DATA_BATCH / wall_of(partial(_take, batches, range(first, first + DATA_STEPS))))
            cpu.append(_cpu_seconds())
    finally:
        batches.close()
    speed, spread = middle(speeds[1:])
    spent = (cpu[-1] - cpu[1]) / (options.repeats * DATA_STEPS * DATA_BATCH)
    return {
        f"data_{kind}_images_per_second": speed,
        f"data_{kind}_best": max(speeds[1:]),
        f"data_{kind}_spread": spread,
        f"data_{kind}_cpu_s_per_1000": round(1000 * spent, 4),
    }


def _take(batches: StepBatches, steps: range) -> None:
    """Take batches as `fit` does: the one before is let go."""
    for step in steps:
        batches[step]


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it has started so far."""
    ticks = 0
    for child in active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # user and system, `man proc_pid_stat` counts from 1 and two fields more
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def compiled(steps: int, computing: Computing) -> keras.Model:
    """Return the reader ready to be trained."""
    trained = build_trainer(build_reader(OPTIONS), OPTIONS)
    trained.compile(build_optimizer(Tuning(steps)), reader_loss(OPTIONS), jit_compile=computing.jit)
    return trained


def train_figures(options: argparse.Namespace) -> Figures:
    """Return images a second of our loop and of plain `fit`, and the share between them."""
    made, batch, steps = feed(options.data, options.batch), options.batch, options.steps
    computing = Computing(options.precision).resolved()
    held = [made(step) for step in range(steps)]
    x, y = (np.concatenate([np.asarray(part[side]) for part in held]) for side in (0, 1))
    ours, plain = list[float](), list[float]()
    with computing_on(computing), tempfile.TemporaryDirectory() as folder:
        model = compiled(10**6, computing)
        model.fit(x[: 2 * batch], y[: 2 * batch], batch_size=batch, shuffle=False, verbose=0)
        for turn in range(options.repeats):
            plain.append(steps * batch / wall_of(lambda: model.fit(x, y, batch_size=batch, shuffle=False, verbose=0)))
            course = Course(Path(folder) / str(turn), Tuning(steps), batch, log_every=steps, evaluate_every=10**9, checkpoint_every=10**9)
            ours.append(_own_speed(model, made, course))
    speed, spread = middle(ours)
    share = middle([a / b for a, b in zip(ours, plain, strict=True)])
    return {
        "precision": computing.precision,
        "train_images_per_second": speed,
        "train_spread": spread,
        "fit_images_per_second": middle(plain)[0],
        "train_over_fit": share[0],
        "train_over_fit_spread": share[1],
    }


def _own_speed(model: keras.Model, made: ReaderFeed, course: Course) -> float:
    """Return the images a second that our loop reports; the checkpoint at its end is not training."""
    return train(model, made, course, Feeding(WORKERS), _evaluate_nothing)


def _evaluate_nothing(step: int) -> None:
    """Leave the weights as they are after `step` steps."""


def read_figures(options: argparse.Namespace) -> Figures:
    """Return images a second of each form of the shipped reader."""
    words = rendered_words(1024, CALIBRATION_SEED, OPTIONS)[0]
    with tempfile.TemporaryDirectory() as folder:
        paths = {form: Path(folder) / f"{form}.onnx" for form in ("onnx", "int8")}
        for form, path in paths.items():
            write(SHIPPED, path, form, 512 if form == "int8" else None)
        scorers: dict[str, Callable[..., object]] = {"keras": keras_scorer(load_reader(SHIPPED))}
        scorers |= {form: onnx_scorer(path) for form, path in paths.items()}
        speeds: dict[str, list[float]] = {form: [] for form in scorers}
        for score in scorers.values():
            score(words[:256])
        for _ in range(options.repeats):
            for form, score in scorers.items():
                speeds[form].append(len(words) / wall_of(partial(score, words)))
    found = {f"read_{form}_images_per_second": middle(values)[0] for form, values in speeds.items()}
    return {**found, "int8_over_onnx": middle([a / b for a, b in zip(speeds["int8"], speeds["onnx"], strict=True)])[0]}


PARTS = {"data": data_figures, "train": train_figures, "read": read_figures}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("shards"), help="word shards")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20, help="of each turn of training")
    parser.add_argument("--precision", choices=("bf16", "float32"), default=None)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    found = machine()
    for part in options.only.split(","):
        if part != "read" and not options.data.exists():
            found[f"{part}_left_out"] = f"no shards at {options.data}: make render"
            continue
        found |= PARTS[part](options)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
