"""An evaluation for people and programs: found words as CSV, scores as JSON, a chart of the sweep, overlays and the worst photos as PNG."""

import csv
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from detector.evaluate import BINS, TEXTS, Evaluation, Judged
from detector.labelled import POINTS
from detector.overlays import Truth, overlay
from synthgen.arrays import I64, Image
from synthgen.charts import Panel, bars, heat, histogram, save_charts
from synthgen.draw import contact_sheet
from synthgen.shards.storage import atomic_path, make_folder, write_json
from training.picture_files import save_picture, shrunk

PREDICTION_COLUMNS = ("file", *POINTS, "score", "line")
KEPT = 24  # of the worst photos: a sheet's worth
THUMB_PX = 460  # longer side of a photo on the sheet, three in a row
OVERLAY_PX = 1600  # longest side of an overlay: those of larger photos are made smaller, or a thousand of them would fill the disk
SHARES = ("precision", "recall", "h_mean")


@contextmanager
def predictions_file(final: Path) -> Iterator[Callable[[Judged], None]]:
    """Yield what writes the words found on a photo as rows of the CSV file `final`, which is there once the body has succeeded.

    Raises:
        SynthgenError: the file cannot be written.
    """
    with atomic_path(final) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(PREDICTION_COLUMNS)
        yield lambda judged: rows.writerows(_rows(judged))


def _rows(judged: Judged) -> Iterator[list[str | int]]:
    for quad, score, line in zip(judged.found.quads, judged.found.scores, judged.found.lines, strict=True):
        yield [judged.name, *(f"{number:.2f}" for number in quad.reshape(-1)), f"{score:.4f}", int(line)]


def save_scores(evaluation: Evaluation, final: Path) -> None:
    """Put scores, counts and the sweep at `final` as JSON.

    Raises:
        SynthgenError: the file cannot be written.
    """
    write_json(final, evaluation.to_json())


@dataclass
class Overlays:
    """Writes an overlay of each photo into a folder, numbered: photos of one name may come from several folders."""

    folder: Path
    written: int = 0

    def __call__(self, judged: Judged) -> None:
        """Write the overlay of a photo.

        Raises:
            SynthgenError: the file cannot be written.
        """
        self.add(judged.name, _overlaid(judged))

    def add(self, name: str, drawn: Image) -> Path:
        """Write a finished overlay of the photo `name`; return its file."""
        make_folder(self.folder)
        self.written += 1
        final = self.folder / f"{self.written:05d}-{PurePosixPath(name).stem}.png"
        save_picture(shrunk(drawn, OVERLAY_PX), final)
        return final


@dataclass
class Worst:
    """The KEPT photos with most words missed or found wrongly, most first, the earlier one first where equal; small pictures alone."""

    held: list[tuple[int, int, Image, str]] = field(default_factory=list)  # the number keeps pictures from being compared
    offered: int = 0

    def __call__(self, judged: Judged) -> None:
        """Keep the photo if it is among the worst, and has a fault at all."""
        self.offered += 1
        counts = judged.counts
        missed, wrong = counts.true - counts.matched, counts.found - counts.matched
        if missed + wrong and (len(self.held) < KEPT or missed + wrong > -self.held[-1][0]):
            caption = f"{PurePosixPath(judged.name).stem[-24:]}: {missed} of {counts.true} missed, {wrong} wrong"
            insort(self.held, (-missed - wrong, self.offered, shrunk(_overlaid(judged), THUMB_PX), caption))
            del self.held[KEPT:]

    def save(self, final: Path) -> None:
        """Put the photos at `final` as a contact sheet in PNG; one that says so if there are none.

        Raises:
            SynthgenError: the file cannot be written.
        """
        shown = [_widened(picture) for _, _, picture, _ in self.held]
        blank = np.full((16, THUMB_PX, 3), 255, dtype=np.uint8)
        captions = [caption for _, _, _, caption in self.held]
        save_picture(contact_sheet(shown or [blank], captions or ["no word missed, none found wrongly"]), final)


def _overlaid(judged: Judged) -> Image:
    return overlay(judged.photo, Truth(judged.truth, judged.match, judged.compared.left_out), judged.found)


def _widened(picture: Image) -> Image:
    """Return a picture on a ground that has room for its caption."""
    ground = np.full((picture.shape[0], THUMB_PX, 3), 255, dtype=np.uint8)
    ground[:, : picture.shape[1]] = picture
    return ground


def save_report(evaluation: Evaluation, final: Path) -> None:
    """Put charts at `final` as PNG: scores of right and wrong words, and, if thresholds were swept, the shares for them.

    Raises:
        SynthgenError: matplotlib is not installed, or the file cannot be written.
    """
    counts, own = evaluation.counts, evaluation.thresholds
    title = (
        f"{counts.true:,} words on {evaluation.photos:,} photos: precision {counts.precision:.1%}, recall {counts.recall:.1%}, "
        f"h-mean {counts.h_mean:.1%} at text {own.text:g}, link {own.link:g}, low text {own.low_text:g}"
    )
    wrong, right = evaluation.scores
    panels: list[Panel] = [partial(histogram, "found words by score", np.linspace(0, 1, BINS + 1), {"right": right, "wrong": wrong})]
    if evaluation.sweep:
        panels += [_text_panel(evaluation), _grid_panel(evaluation)]
    save_charts(final, title, panels)


def _text_panel(evaluation: Evaluation) -> Panel:
    """Return bars of the three shares by the text thresholds of TEXTS, the other two thresholds as they are."""
    own = evaluation.thresholds
    alike = {at.text: counts.to_json() for at, counts in evaluation.sweep.items() if (at.link, at.low_text) == (own.link, own.low_text)}
    along = {round(10 * text): shares for text, shares in alike.items() if text in TEXTS}
    series = {name: [shares[name] for shares in along.values()] for name in SHARES}
    return partial(bars, "by text threshold, tenths", list(along), series)


def _grid_panel(evaluation: Evaluation) -> Panel:
    """Return a map of the h-mean by the two other thresholds, at the finder's own text threshold."""
    links, lows, permille = sweep_map(evaluation)
    rows, columns = [f"link {link:g}" for link in links], [f"low text {low:g}" for low in lows]
    return partial(heat, f"h-mean in thousandths at text {evaluation.thresholds.text:g}", rows, columns, permille)


def sweep_map(evaluation: Evaluation) -> tuple[list[float], list[float], I64]:
    """Return the link and the low-text thresholds of a sweep, and the h-mean in thousandths at the finder's text threshold,
    `(links, lows)`."""
    found = {(at.link, at.low_text): counts.h_mean for at, counts in evaluation.sweep.items() if at.text == evaluation.thresholds.text}
    links, lows = (sorted({key[k] for key in found}) for k in (0, 1))
    permille = np.array([[round(1000 * found[link, low]) for low in lows] for link in links], dtype=np.int64)
    return links, lows, permille
