"""The loop of a training run: `fit` over numbered steps, with checkpoints, figures and evaluations on the way."""

import dataclasses
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import keras

from synthgen.errors import SynthgenError
from training import checkpoints
from training.batches import StepBatches
from training.feeding import Feeding, MakeBatch, WaitMeter
from training.logs import RunLog
from training.optimizers import Tuning, build_schedule

CHECKPOINT = "checkpoint.npz"
EVALUATIONS = 10  # in a run, if not said
SLOW = 100  # images/s; below it a tenth is told too

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Course:
    """How long a run goes and when it stops for what; all in steps."""

    out: Path
    tuning: Tuning
    batch: int
    log_every: int = 100
    evaluate_every: int = 5000
    checkpoint_every: int = 1000

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return self.tuning.steps

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept."""
        return self.out / CHECKPOINT


class Paced(Protocol):
    """How often a run is to stop."""

    @property
    def out(self) -> Path:
        """Folder of the run."""

    @property
    def log_every(self) -> int:
        """Steps."""

    @property
    def evaluate_every(self) -> int:
        """Samples; 0: EVALUATIONS times."""

    @property
    def checkpoint_every(self) -> int:
        """Samples."""


def plan_course(samples: int, batch: int, tuning: Tuning, pace: Paced) -> Course:
    """Return the course of a run that sees `samples` samples, cut to whole batches; the steps of `tuning` are set to it."""
    steps = max(samples // batch, 1)
    if steps * batch != samples:
        log.info("%s samples are no whole number of batches of %d: %s are seen", f"{samples:,}", batch, f"{steps * batch:,}")
    return Course(
        pace.out,
        dataclasses.replace(tuning, steps=steps),
        batch,
        pace.log_every,
        evaluate_every=max((pace.evaluate_every or samples // EVALUATIONS) // batch, 1),
        checkpoint_every=max(pace.checkpoint_every // batch, 1),
    )


def train(model: keras.Model, make: MakeBatch, course: Course, feeding: Feeding, evaluate: Callable[[int], None]) -> float:
    """Train a compiled model to the end of its course, from its checkpoint if there is one; return the images per second.

    `make` gives the batch of any step; `evaluate` is called with the number of steps done, and reads `checkpoints.averages(model)`.

    Raises:
        SynthgenError: the loss is not finite, a batch could not be made, or the checkpoint is of another model.
    """
    step = resume(model, course)
    if step >= course.steps:
        return 0.0
    meter = WaitMeter()
    batches = StepBatches(make, step, course.steps, feeding, meter)
    with RunLog(course.out, "training", step) as table:
        watch = Watch(course, table, meter, step, evaluate)
        try:
            model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[watch])
        except Exception as error:
            if batches.fault:  # TensorFlow wraps what its data raise in an error of its own
                raise batches.fault from error
            raise
        finally:
            batches.close()
    return watch.images_per_second


def resume(model: keras.Model, course: Course) -> int:
    """Bring a compiled model to its last checkpoint; return the number of steps done, 0 where there is none."""
    model.optimizer.build(model.trainable_variables)
    return checkpoints.load(course.checkpoint, model) if course.checkpoint.is_file() else 0


@dataclass
class Interval:
    """What passed since the last line of the log."""

    began: float = field(default_factory=time.monotonic)
    mean_loss: float = 0.0  # Keras's, over all steps since `fit` began
    steps: int = 0  # since `fit` began


class Watch(keras.callbacks.Callback):
    """Looks at every step: writes the figures, saves the state, calls the evaluation, ends a run whose loss is not finite."""

    def __init__(self, course: Course, table: RunLog, meter: WaitMeter, step: int, evaluate: Callable[[int], None]) -> None:
        """Take where the run stands, `step`, and what to do on the way."""
        super().__init__()
        self._course, self._table, self._meter, self._evaluate = course, table, meter, evaluate
        self._first, self._step, self._interval = step, step, Interval()
        self._rate = build_schedule(course.tuning)
        self.images_per_second = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 # Keras's signature
        self._interval = Interval()
        self._meter.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 # Keras's signature
        self._meter.used(self._step)
        self._step += 1
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            self.model.stop_training = True
            kept = (
                f"the state of {self._course.checkpoint} is from before it"
                if self._course.checkpoint.is_file()
                else "nothing was saved yet"
            )
            raise SynthgenError(
                f"step {self._step}: need a finite loss, got {loss}; {kept}: train again with a lower --rate or --precision float32"
            )
        last = self._step == self._course.steps
        if last or self._step % self._course.log_every == 0:
            self._note(loss)
        paused = time.monotonic()
        if last or self._step % self._course.checkpoint_every == 0:
            checkpoints.save(self._course.checkpoint, checkpoints.synced(self.model), self._step)
        if last or self._step % self._course.evaluate_every == 0:
            checkpoints.synced(self.model)
            self._evaluate(self._step)
        self._interval.began += time.monotonic() - paused  # these are not training
        self._meter.resume()

    def _note(self, mean_loss: float) -> None:
        """Write the figures of the interval that ends here; `mean_loss` is over all steps since `fit` began."""
        before, steps = self._interval, self._step - self._first
        seconds = time.monotonic() - before.began
        count = steps - before.steps
        loss = (mean_loss * steps - before.mean_loss * before.steps) / count
        self.images_per_second = count * self._course.batch / seconds
        waited = self._meter.waited_s / seconds
        self._table.add(
            {
                "step": self._step,
                "samples": self._step * self._course.batch,
                "loss": round(loss, 5),
                "rate": float(self._rate(self._step)),
                "images_per_second": round(self.images_per_second, 1),
                "waited_share": round(waited, 4),
            }
        )
        left = (self._course.steps - self._step) * self._course.batch / self.images_per_second
        log.info(
            "step %d of %d: loss %.3f, %s images/s, %.1f %% waiting for data, %s left",
            self._step,
            self._course.steps,
            loss,
            f"{self.images_per_second:,.{0 if self.images_per_second >= SLOW else 1}f}",
            100 * waited,
            f"{left // 3600:.0f} h {left // 60 % 60:.0f} min",
        )
        self._interval = Interval(mean_loss=mean_loss, steps=steps)
        self._meter.start()
