"""What a detector in training is worth: its averaged weights look at labelled photos; scores and pictures go to the run's folder."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from detector.evaluate import Judged, evaluate
from detector.finder import WordFinder
from detector.labelled import LabelledPhoto, Photos
from detector.model import build_detector
from detector.options import DetectorOptions
from detector.overlays import as_map
from detector.prepare import MEAN, SPREAD
from detector.report import Worst
from detector.scorer import keras_scorer
from detector.thresholds import Thresholds
from detector.weights import Detector
from detector.words import TrueWords
from synthgen import Recipe, SceneRenderer
from synthgen.arrays import F32, Image
from synthgen.draw import heated
from training import checkpoints
from training.feeding import MakeBatch
from training.labels import set_names
from training.logs import RunLog
from training.picture_files import save_picture

RENDERED = "rendered"
RENDERED_COUNT = 32
RENDERED_SEED = 2**63 + 1  # nobody trains on it
SHOWN = 6  # views on the sheet of maps
GAP_PX = 4

log = logging.getLogger(__name__)


@dataclass
class Peak:
    """The highest region score seen."""

    score: float = 0.0

    def watch(self, judged: Judged) -> None:
        """Look at one more photo's maps."""
        self.score = max(self.score, float(judged.maps[..., 0].max(initial=0.0)))


class Examiner:
    """Looks at the evaluation sets with a copy of the model that holds the averaged weights."""

    def __init__(self, options: DetectorOptions, out: Path, places: tuple[str, ...], limit: int | None) -> None:
        """Take where evaluations are written, and the places of the sets; without any, scenes are rendered. `limit`: photos of each."""
        self.model = build_detector(options)
        self._finder = WordFinder(keras_scorer(Detector(self.model, options, {})), Thresholds())
        self._out = out
        sets: dict[str, Iterable[LabelledPhoto | str]] = {name: Photos(place, None, limit) for name, place in set_names(places).items()}
        for photos in sets.values():
            any(isinstance(photo, LabelledPhoto) for photo in photos)  # what cannot be read is told now, not after hours
        self._sets = sets or {RENDERED: RenderedPhotos(min(limit or RENDERED_COUNT, RENDERED_COUNT))}

    def take(self, trained: keras.Model) -> None:
        """Copy the averaged weights of a model in training, and what its batch norms have measured."""
        checkpoints.take_averages(self.model, trained, trained)

    def examine(self, step: int, samples: int) -> dict[str, object]:
        """Return the scores of each set, and write them, with a sheet of the worst photos; say so where nothing is seen."""
        found: dict[str, object] = {}
        for name, photos in self._sets.items():
            worst, peak = Worst(), Peak()
            scores = evaluate(self._finder, photos, _both(worst, peak.watch)).to_json()
            shares = {key: float(str(scores[key])) for key in ("h_mean", "precision", "recall")}
            found[name] = scores
            with RunLog(self._out, f"evaluation-{name}", step - 1) as table:
                table.add({"step": step, "samples": samples, **shares, "highest_score": round(peak.score, 4)})
            worst.save(self._out / f"worst-{name}.png")
            dropped = f"; {n} dropped" if (n := scores["count_dropped"]) else ""
            log.info("step %d: %s: h-mean %.3f, precision %.3f, recall %.3f%s", step, name, *shares.values(), dropped)
            tell_if_blind(f"step {step}: {name}", peak.score, self._finder.thresholds.text, shares["recall"])
        return {"evaluations": found}

    def draw(self, make: MakeBatch, step: int) -> None:
        """Put `maps.png` in the run's folder: views of a step, and their true and found maps side by side."""
        images, truth = (np.asarray(part, dtype=np.float32)[:SHOWN] for part in make(step))
        found = np.asarray(self.model.predict_on_batch(images), dtype=np.float32)
        sheet = map_sheet(images, truth, found)
        save_picture(sheet, self._out / "maps.png")


def tell_if_blind(place: str, score: float, needed: float, recall: float) -> None:
    """Warn where no true word was found; a detector whose maps are empty everywhere has a low loss all the same."""
    cure = "if it stays so, look at maps.png, and train again with a lower --rate or more --samples"
    if score < needed:
        log.warning("%s: the region maps are empty: their highest score is %.2f, a word needs %.2f; %s", place, score, needed, cure)
    elif not recall:
        log.warning("%s: no true word was found, though region scores reach %.2f; %s", place, score, cure)


def _both(first: Callable[[Judged], None], second: Callable[[Judged], None]) -> Callable[[Judged], None]:
    def watch(judged: Judged) -> None:
        first(judged)
        second(judged)

    return watch


def map_sheet(images: F32, truth: F32, found: F32) -> Image:
    """Return views (n, s, s, 3) as the model takes them, a row each: picture, true and found region map, true and found affinity map.

    `truth` (n, s / 2, s / 2, 3) and `found` (n, s / 2, s / 2, 2) are in the colours of heat on black; what does not count is black.
    """
    rows = []
    for image, true, own in zip(images, truth, found, strict=True):
        picture = np.clip((image * np.array(SPREAD) + np.array(MEAN)) * 255, 0, 255).astype(np.uint8)
        known = true[..., 2:] > 0
        sides = (np.where(known, true[..., :2], 0), own)
        black = np.zeros_like(picture)
        maps = [heated(black, as_map(side[..., k]), kind) for k, kind in enumerate(("region", "affinity")) for side in sides]
        rows.append(np.hstack([np.pad(part, ((0, GAP_PX), (0, GAP_PX), (0, 0)), constant_values=255) for part in (picture, *maps)]))
    return np.vstack(rows)


@dataclass(frozen=True)
class RenderedPhotos:
    """Scenes from the engine that no one trains on; rendered once."""

    count: int
    _held: list[LabelledPhoto] = field(default_factory=list)

    def __iter__(self) -> Iterator[LabelledPhoto | str]:
        if not self._held:
            renderer = SceneRenderer(Recipe(), seed=RENDERED_SEED)
            for index in range(self.count):
                scene = renderer.scene(index)
                quads, ignored = scene.truth.word_quads.copy(), scene.truth.word_ignore.copy()
                self._held.append(LabelledPhoto(str(index), scene.picture.copy(), TrueWords(quads, ("",) * len(quads), ignored)))
        return iter(self._held)
