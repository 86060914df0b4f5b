"""An evaluation for people and programs: predictions as CSV, scores as JSON, charts and the worst mistakes as PNG."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from recognizer.evaluate import BINS, Evaluation, Prediction
from synthgen.arrays import I64, Image
from synthgen.charts import bars, heat, histogram, save_charts
from synthgen.draw import contact_sheet, drawn
from synthgen.shards.storage import atomic_path, write_json
from training.picture_files import save_picture

PREDICTION_COLUMNS = ("file", "truth", "reading", "confidence", "equal", "equal_alnum")
TOP = 15  # rows and columns of the map of confusions
ENLARGED = 2  # so that a reader's view of 32 px can be judged by eye
LETTER_PX = 8  # room for a character of a caption
NONE = "\u2205"  # a character left out, or one added
SPACE = "\u2423"


@contextmanager
def predictions_file(final: Path) -> Iterator[Callable[[Prediction], None]]:
    """Yield what writes a prediction as a row of the CSV file `final`, which is there once the body has succeeded.

    Raises:
        SynthgenError: the file cannot be written.
    """
    with atomic_path(final) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(PREDICTION_COLUMNS)
        yield lambda found: rows.writerow(_row(found))


def _row(found: Prediction) -> list[str | int]:
    bare = "" if found.judged.alnum is None else int(found.judged.alnum)
    return [found.name, found.label, found.reading, f"{found.confidence:.4f}", int(found.judged.exact), bare]


def save_scores(evaluation: Evaluation, final: Path) -> None:
    """Put scores, scores by length and confusions at `final` as JSON.

    Raises:
        SynthgenError: the file cannot be written.
    """
    write_json(final, evaluation.to_json())


def save_report(evaluation: Evaluation, final: Path) -> None:
    """Put charts at `final` as PNG: accuracy by length, what was taken for what, and how confident right and wrong readings were.

    Raises:
        SynthgenError: matplotlib is not installed, or the file cannot be written.
    """
    scores = evaluation.scores
    title = (
        f"{scores.count:,} words: exact {scores.accuracy_exact:.1%}, letters and digits {scores.accuracy_alnum:.1%}, "
        f"CER {scores.cer:.1%}, 1 - NED {scores.one_minus_ned:.1%}"
    )
    lengths = list(evaluation.by_length)
    shares = {
        "exact": [found.accuracy_exact for found in evaluation.by_length.values()],
        "letters and digits": [found.accuracy_alnum for found in evaluation.by_length.values()],
        "share of words": [found.count / max(scores.count, 1) for found in evaluation.by_length.values()],
    }
    mistaken, right = evaluation.confidences
    panels = (
        partial(bars, "accuracy by characters of the truth", lengths, shares),
        partial(heat, "truth (rows) read as (columns)", *confusion_map(evaluation)),
        partial(histogram, "readings by confidence, letters and digits", np.linspace(0, 1, BINS + 1), {"right": right, "wrong": mistaken}),
    )
    save_charts(final, title, panels)


def confusion_map(evaluation: Evaluation) -> tuple[list[str], list[str], I64]:
    """Return the TOP most confused characters of truths, what they were most often read as, and the counts `(rows, columns)`."""
    found = evaluation.confusions()
    rows, columns = (_most({pair[side]: 0 for pair, _ in found}, found, side) for side in (0, 1))
    counts = np.array([[evaluation.pairs[a, b] if a != b else 0 for b in columns] for a in rows], dtype=np.int64)
    return [_shown(c) for c in rows], [_shown(c) for c in columns], counts.reshape(len(rows), len(columns))


def _most(sums: dict[str, int], found: list[tuple[tuple[str, str], int]], side: int) -> list[str]:
    for pair, count in found:
        sums[pair[side]] += count
    return sorted(sums, key=lambda c: -sums[c])[:TOP]


def _shown(character: str) -> str:
    return {"": NONE, " ": SPACE}.get(character, character)


def save_worst_sheet(evaluation: Evaluation, final: Path, by: Literal["confidence", "cer"] = "confidence") -> None:
    """Put the most confident mistakes, or the readings of highest error rate, at `final` as PNG: what the reader saw, truth > reading.

    Raises:
        SynthgenError: the file cannot be written.
    """
    save_sheet(evaluation.surest if by == "confidence" else evaluation.farthest, final)


def save_sheet(predictions: Sequence[Prediction], final: Path) -> None:
    """Put predictions at `final` as a contact sheet in PNG; one that says so if there are none.

    Raises:
        SynthgenError: the file cannot be written.
    """
    captions = [f"{found.judged.truth} > {found.reading or NONE} {found.confidence:.2f}" for found in predictions]
    shown = [_view(found, caption) for found, caption in zip(predictions, captions, strict=True)]
    sheet = contact_sheet(shown or [_blank(16)], captions or ["no mistakes"])
    save_picture(sheet, final)


def _view(found: Prediction, caption: str) -> Image:
    """Return a prediction's picture enlarged, on a ground wide enough for its caption."""
    seen = drawn(found.picture[:, :, None].repeat(3, axis=2), enlarge=ENLARGED)
    ground = _blank(max(seen.shape[1], LETTER_PX * len(caption)), seen.shape[0])
    ground[:, : seen.shape[1]] = seen
    return ground


def _blank(width: int, height: int = 1) -> Image:
    return np.full((height, width, 3), 255, dtype=np.uint8)
