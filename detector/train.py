"""A training run of the detector: sources and options in, a folder with checkpoint, curves, evaluations and `detector.keras` out."""

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import keras

from detector.batches import DetectorFeed, Lesson
from detector.examiner import Examiner
from detector.loss import craft_loss
from detector.model import build_detector
from detector.options import DetectorOptions
from detector.photo_scenes import PhotoScenes, tell_apart
from detector.scenes import SceneSource
from detector.scorer import keras_scorer
from detector.sources import open_sources
from detector.weights import Detector, load_detector, save_detector, start_from
from synthgen import SynthgenError
from training.chosen import Chosen, recorded, told_rows, weights_of
from training.devices import Computing, computing_on
from training.feeding import Feeding
from training.loop import Course, plan_course, train
from training.mixture import Mixture
from training.optimizers import Tuning, build_optimizer
from training.runs import claim

DETECTOR = "detector.keras"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """All that decides which weights come out."""

    chosen: Chosen
    samples: int  # views to be seen; 0: one of each of the sources' scenes
    batch: int
    lesson: Lesson
    options: DetectorOptions
    tuning: Tuning  # its steps are set from `samples`
    init: Path | None  # weights to start from, and to tell the characters of photos apart
    computing: Computing


@dataclass(frozen=True)
class Surroundings:
    """What changes only where a run lies, what it tells, and how quickly it goes."""

    out: Path
    feeding: Feeding
    evaluate_on: tuple[str, ...]  # folders with labels.csv, or shards
    evaluate_limit: int | None  # photos of each
    log_every: int  # steps
    evaluate_every: int  # samples; 0: ten times
    checkpoint_every: int  # samples
    resume: bool


def run(order: Order, around: Surroundings) -> dict[str, object]:
    """Train a detector to the end of its course; return what `detector train --json` prints.

    Raises:
        SynthgenError: what was given does not go together, OUT holds another run, or the run came to grief.
    """
    order = dataclasses.replace(order, computing=_checked(order.computing.resolved()))
    sources = open_sources(order.chosen, order.samples, order.init, around.out)
    for line in told_rows(sources, "scenes"):
        log.info("%s", line)
    course = plan_course(order.samples or sum(sum(source.sizes) for source in sources.values()), order.batch, order.tuning, around)
    feed = DetectorFeed(list(sources.values()), Mixture(weights_of(order.chosen, sources), order.batch), order.lesson)
    keras.utils.set_random_seed(order.lesson.seed % 2**32)  # the first weights
    report: dict[str, object] = {}
    with computing_on(order.computing):
        detector = _new_detector(order)
        examiner = Examiner(order.options, around.out, around.evaluate_on, around.evaluate_limit)
        claim(around.out, _record(order, sources, course), resume=around.resume)  # once all that was given has proved usable
        _tell_photos_apart(sources, order.init)
        detector.model.compile(build_optimizer(course.tuning), craft_loss, jit_compile=order.computing.jit)

        def evaluate(step: int) -> None:
            examiner.take(detector.model)
            examiner.draw(feed, course.steps)  # of views that come after the last step, so that they are not trained on
            report.update(examiner.examine(step, step * order.batch))

        speed = train(detector.model, feed, course, around.feeding, evaluate)
        if not report:  # the run had ended before, and was resumed all the same
            evaluate(course.steps)
    samples = course.steps * order.batch
    kept = Detector(examiner.model, order.options, {"samples": samples, "size": order.lesson.size, "scores": _scores(report)})
    save_detector(around.out / DETECTOR, kept)
    return {"detector": str(around.out / DETECTOR), "samples": samples, "images_per_second": round(speed, 1), **report}


def _checked(computing: Computing) -> Computing:
    """Return how a model is computed, if the network can be."""
    if computing.jit and computing.precision == "bf16" and keras.backend.backend() == "tensorflow":
        need = "--precision float32 with it on TensorFlow, whose XLA fails at the gradient of bilinear upsampling in bf16"
        raise SynthgenError(f"--jit: need {need}, got bf16; leave --jit out, or set KERAS_BACKEND=jax")
    return computing


def _record(order: Order, sources: Mapping[str, SceneSource], course: Course) -> dict[str, object]:
    """Return what must be equal for a run to go on."""
    return {
        **recorded(order.chosen, sources),
        "batch": order.batch,
        "lesson": asdict(order.lesson),
        "options": order.options.to_json(),
        "tuning": asdict(course.tuning),
        "init": sha256(order.init.read_bytes()).hexdigest() if order.init else None,
        "computing": asdict(order.computing),
        "backend": keras.backend.backend(),
        "versions": {"keras": keras.__version__},
    }


def _new_detector(order: Order) -> Detector:
    detector = Detector(build_detector(order.options), order.options, {})
    if order.init:
        fresh = start_from(detector, load_detector(order.init))
        log.info("%s: weights taken%s", order.init, f", but for {', '.join(fresh)}" if fresh else "")
    return detector


def _tell_photos_apart(sources: Mapping[str, SceneSource], init: Path | None) -> None:
    photos = [source for source in sources.values() if isinstance(source, PhotoScenes)]
    if photos and init:  # `open_sources` refuses photos without it
        teacher = keras_scorer(load_detector(init))
        for source in photos:
            tell_apart(source, teacher)


def _scores(report: Mapping[str, object]) -> dict[str, object]:
    """Return the headline figures of each set of an evaluation."""
    found = report.get("evaluations")
    sets = found if isinstance(found, dict) else {}
    return {name: {key: scores[key] for key in ("precision", "recall", "h_mean", "threshold")} for name, scores in sets.items()}
