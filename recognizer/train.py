"""A training run of the reader: sources and options in, a folder with checkpoint, curves, evaluations and `reader.keras` out."""

import dataclasses
import logging
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import keras

from recognizer.batches import Lesson, ReaderFeed
from recognizer.crops import CropSource, Target
from recognizer.examiner import Examiner
from recognizer.model import build_reader
from recognizer.objective import build_trainer, reader_loss
from recognizer.options import ReaderOptions
from recognizer.sources import open_sources
from recognizer.weights import Reader, load_reader, save_reader, start_from
from synthgen import Alphabet
from training.chosen import Chosen, recorded, told_rows, weights_of
from training.devices import Computing, computing_on
from training.feeding import Feeding
from training.loop import Course, plan_course, train
from training.mixture import Mixture
from training.optimizers import Tuning, build_optimizer
from training.runs import claim

READER = "reader.keras"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """All that decides which weights come out."""

    chosen: Chosen
    samples: int  # to be seen; 0: each of the sources' once
    batch: int
    seed: int
    options: ReaderOptions
    alphabet: Alphabet
    tuning: Tuning  # its steps are set from `samples`
    aligned_share: float  # see `Lesson`
    aligned_until: float  # share of the run
    init: Path | None  # weights to start from
    computing: Computing


@dataclass(frozen=True)
class Surroundings:
    """What changes only where a run lies, what it tells, and how quickly it goes."""

    out: Path
    feeding: Feeding
    evaluate_on: tuple[str, ...]  # folders with labels.csv, or shards
    log_every: int  # steps
    evaluate_every: int  # samples; 0: ten times
    checkpoint_every: int  # samples
    resume: bool


def run(order: Order, around: Surroundings) -> dict[str, object]:
    """Train a reader to the end of its course; return what `recognizer train --json` prints.

    Raises:
        SynthgenError: what was given does not go together, OUT holds another run, or the run came to grief.
    """
    order = dataclasses.replace(order, computing=order.computing.resolved())
    sources = open_sources(order.chosen, Target(order.alphabet, order.options), order.samples)
    for line in told_rows(sources, "words"):
        log.info("%s", line)
    course = plan_course(order.samples or sum(sum(source.sizes) for source in sources.values()), order.batch, order.tuning, around)
    feed = _feed(order, sources, course.steps)
    keras.utils.set_random_seed(order.seed % 2**32)  # the first weights
    report: dict[str, object] = {}
    with computing_on(order.computing):
        reader = _new_reader(order)
        examiner = Examiner(order.options, order.alphabet, around.out, around.evaluate_on)
        claim(around.out, _record(order, sources, course), resume=around.resume)  # once all that was given has proved usable
        trained = build_trainer(reader.model, order.options)
        trained.compile(build_optimizer(course.tuning), reader_loss(order.options), jit_compile=order.computing.jit)

        def evaluate(step: int) -> None:
            examiner.take(reader.model, trained)
            report.update(examiner.examine(step, step * order.batch))

        speed = train(trained, feed, course, around.feeding, evaluate)
        if not report:  # the run had ended before, and was resumed all the same
            evaluate(course.steps)
    kept = Reader(examiner.model, order.options, order.alphabet, {"samples": course.steps * order.batch, "scores": dict(report)})
    save_reader(around.out / READER, kept)
    return {"reader": str(around.out / READER), "samples": course.steps * order.batch, "images_per_second": round(speed, 1), **report}


def _record(order: Order, sources: dict[str, CropSource], course: Course) -> dict[str, object]:
    """Return what must be equal for a run to go on."""
    return {
        **recorded(order.chosen, sources),
        "batch": order.batch,
        "seed": order.seed,
        "options": order.options.to_json(),
        "alphabet": order.alphabet.characters,
        "tuning": asdict(course.tuning),
        "aligned_share": order.aligned_share,
        "aligned_until": order.aligned_until,
        "init": sha256(order.init.read_bytes()).hexdigest() if order.init else None,
        "computing": asdict(order.computing),
        "backend": keras.backend.backend(),
        "versions": {"keras": keras.__version__},
    }


def _new_reader(order: Order) -> Reader:
    reader = Reader(build_reader(order.options), order.options, order.alphabet, {})
    if order.init:
        fresh = start_from(reader, load_reader(order.init))
        log.info("%s: weights taken%s", order.init, f", but for {', '.join(fresh)}" if fresh else "")
    return reader


def _feed(order: Order, sources: dict[str, CropSource], steps: int) -> ReaderFeed:
    lesson = Lesson(order.options, order.seed, order.aligned_share, int(order.aligned_until * steps))
    return ReaderFeed(list(sources.values()), Mixture(weights_of(order.chosen, sources), order.batch), lesson)
