"""Photos whose pixels are their maps, and what finds the words on them: red is the region score, green the affinity."""

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from detector.finder import WordFinder
from detector.labelled import COLUMNS, LabelledPhoto
from detector.thresholds import Thresholds
from detector.words import FoundWords, TrueWords
from synthgen.arrays import F32, U8, Image, Quads
from synthgen.quads import of_boxes

SIZE = (128, 256)  # px of a photo
Box = tuple[float, float, float, float]  # x0, y0, x1, y1


def quads_of(*boxes: Box) -> Quads:
    return of_boxes(np.array(boxes, dtype=np.float32).reshape(-1, 4))


def truth_of(quads: Quads, ignored: Sequence[int] = ()) -> TrueWords:
    """Return words named after their place; those of `ignored` do not count."""
    marks = np.isin(np.arange(len(quads)), ignored)
    return TrueWords(quads, tuple("" if marks[k] else f"w{k}" for k in range(len(quads))), marks)


def found_of(quads: Quads, scores: Sequence[float] | None = None) -> FoundWords:
    sure = np.array(scores if scores is not None else [0.9] * len(quads), dtype=np.float32)
    return FoundWords(quads, tuple(quads), sure, np.arange(len(quads), dtype=np.int32))


def painted(*words: tuple[Box, float], size: tuple[int, int] = SIZE) -> Image:
    """Return a photo on which a region score fills each box."""
    photo = np.zeros((*size, 3), dtype=np.uint8)
    for (x0, y0, x1, y1), score in words:
        photo[round(y0) : round(y1), round(x0) : round(x1), 0] = round(255 * score)
    return photo


def as_maps(pictures: U8) -> F32:
    """Score pictures by their own colours."""
    return np.asarray(pictures[:, ::2, ::2, :2] / 255, dtype=np.float32)


def finder_of(thresholds: Thresholds | None = None) -> WordFinder:
    return WordFinder(as_maps, thresholds or Thresholds(), enlarged=1.0)


def as_found(photo: Image) -> Quads:
    """Return the quads that the finder gives, to be taken for truth: boxes are a little wider than what is painted."""
    return finder_of().look(photo).words.quads


def labelled(name: str, photo: Image, words: TrueWords | None = None) -> LabelledPhoto:
    return LabelledPhoto(name, photo, truth_of(as_found(photo)) if words is None else words)


def write_photos(folder: Path, photos: Sequence[LabelledPhoto]) -> Path:
    """Write photos as PNG, and labels.csv; photos without words have a row of their own."""
    rows: list[list[object]] = [list(COLUMNS)]
    for given in photos:
        (folder / given.name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / given.name), given.photo[:, :, ::-1])
        for quad, text, ignored in zip(given.words.quads, given.words.texts, given.words.ignored, strict=True):
            rows.append([given.name, *quad.reshape(-1).tolist(), "###" if ignored else text])
        if not given.words.texts:
            rows.append([given.name, *[""] * (len(COLUMNS) - 1)])
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder
