"""Photos without labels as data to fine-tune on: what was read surely becomes labels, the rest is marked as not to be counted."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from detector.labelled import COLUMNS as SCENE_COLUMNS
from detector.labelled import IGNORED
from extractor.page import Page, Word
from extractor.photo_files import PhotoFiles, ReadFile, legible
from extractor.regions import unread
from extractor.straighten import crop_of
from recognizer.labelled import COLUMNS as CROP_COLUMNS
from synthgen.arrays import Quads
from synthgen.errors import SynthgenError
from synthgen.quads import areas
from synthgen.shards.storage import atomic_path, make_folder, mendable
from training.labels import LABELS
from training.picture_files import save_picture
from training.runs import fresh

CROPS, SCENES = "crops", "scenes"
PX_DECIMALS = 2
LEAST_LETTERS = 2  # and digits
LEAST_AREA = 1.0  # px^2 of a quad, or rounding its corners may turn it inside out


@dataclass(frozen=True)
class Sureness:
    """How sure a word must be to become a label.

    Source: benchmarks/RESULTS.md, what was tried. Single letters are left out: most are pieces of pictures or of words, surely read.
    """

    confidence: float = 0.95  # of the reader in a letter, see `Word.letter_confidence`
    score: float = 0.8  # of the detector
    height_px: float = 12.0  # of the word on the photo: smaller print is guessed

    def __post_init__(self) -> None:
        for option, value in (("--sure", self.confidence), ("--sure-score", self.score)):
            if not 0 <= value <= 1:
                raise SynthgenError(f"{option}: need a share from 0 to 1, got {value}; leave it out for the usual one")
        if self.height_px < 0:
            raise SynthgenError(f"--sure-height: need 0 px or more, got {self.height_px}; leave it out for the usual one")

    def holds(self, word: Word) -> bool:
        """Return whether a word may become a label; what a labels.csv takes for a mark has no letters, and may not."""
        high = np.linalg.norm(word.quad[3] - word.quad[0] + word.quad[2] - word.quad[1]) / 2
        letters = sum(map(str.isalnum, word.text))
        sure = word.letter_confidence >= self.confidence and word.score >= self.score
        return sure and letters >= LEAST_LETTERS and bool(high >= self.height_px and areas(word.quad[None])[0] > LEAST_AREA)


def sureness_of(confidence: float | None, score: float | None, height_px: float | None) -> Sureness | None:
    """Return the usual sureness but for what is given, or None if nothing is."""
    given = {"confidence": confidence, "score": score, "height_px": height_px}
    own = {name: value for name, value in given.items() if value is not None}
    return Sureness(**own) if own else None


@dataclass
class PseudoReport:
    """What was made of photos."""

    out: Path
    photos: int = 0  # that became scenes
    without: int = 0  # photos on which no word is sure: left out, for nothing on them would be learned
    kept: int = 0  # words that became labels
    unsure: int = 0  # words marked as not to be counted
    unread: int = 0  # places with letters that are in no word, marked too
    faults: list[str] = field(default_factory=list)  # a line for each photo that could not be read

    def as_lines(self) -> list[str]:
        """Return the counts for people, and what can be done next."""
        words = f"{self.kept:,} sure words of {self.photos:,} photos; {self.unsure:,} unsure words and {self.unread:,} unread places marked"
        left = f"{self.without:,} photos without a sure word left out, {len(self.faults):,} not readable"
        if not self.kept:
            return [f"{self.out}: no word is sure enough; {left}"]
        next_step = f"recognizer train --data {self.out / CROPS} ..., detector train --data {self.out / SCENES} --init detector.keras ..."
        return [f"{self.out}: {words}; {left}", f"Next: {next_step}"]


def write_pseudo(photos: PhotoFiles, out: Path, sureness: Sureness | None = None) -> PseudoReport:
    """Put what is surely read on photos into `out`, as both trainers take it for `--data`; return what came of it.

    `out/crops`: a picture of each sure word as the reader saw it, and labels.csv (`file,text`). `out/scenes`: the photos as they are, and
    labels.csv (`file,x1,...,y4,text`) of their words; unsure ones, and whatever else may be letters, have the text `###`: the detector's
    loss does not count there. The tables are written last, so a folder with them is whole.

    Raises:
        SynthgenError: `out` is not empty, or cannot be written.
    """
    sureness, report, rows = sureness or Sureness(), PseudoReport(fresh(out, "--pseudo-label")), _Rows()
    for found in photos:
        if isinstance(found, str):
            report.faults.append(found)
        elif not any(sureness.holds(word) for word in found.page.words):
            report.without += 1
        else:
            report.photos += 1
            _write_scene(found, sureness, report, rows)
            _write_crops(found, sureness, report, rows)
    if report.kept:
        _write_table(out / CROPS / LABELS, CROP_COLUMNS, rows.crops)
        _write_table(out / SCENES / LABELS, SCENE_COLUMNS, rows.scenes)
    return report


@dataclass
class _Rows:
    """The tables as they grow: short texts, some 100 bytes a word."""

    crops: list[list[str]] = field(default_factory=list)
    scenes: list[list[str]] = field(default_factory=list)


def _name(found: ReadFile, report: PseudoReport) -> str:
    """Return a photo's name in the folders: photos of one name may come from several."""
    return f"{report.photos:05d}-{legible(found.path.stem)}"


def _write_scene(found: ReadFile, sureness: Sureness, report: PseudoReport, rows: _Rows) -> None:
    """Copy a photo, bytes and all, so that nothing is lost by storing it anew, and add its words."""
    name = f"{_name(found, report)}{legible(found.path.suffix)}"
    make_folder(report.out / SCENES)
    with mendable(report.out / SCENES / name):
        shutil.copyfile(found.path, report.out / SCENES / name)
    for quad, text in _scene_words(found.page, sureness, report):
        rows.scenes.append([name, *(f"{x:.{PX_DECIMALS}f}" for x in quad.reshape(-1).tolist()), text])
    for quad in unread(found.page, found.maps):
        report.unread += 1
        rows.scenes.append([name, *(f"{x:.{PX_DECIMALS}f}" for x in quad.reshape(-1).tolist()), IGNORED])


def _scene_words(page: Page, sureness: Sureness, report: PseudoReport) -> Iterator[tuple[Quads, str]]:
    """Yield the quad of each word that has an area, and its label."""
    for word in page.words:
        if sureness.holds(word):
            yield word.quad, word.text
            continue
        report.unsure += 1
        if areas(word.quad[None])[0] > LEAST_AREA:
            yield word.quad, IGNORED


def _write_crops(found: ReadFile, sureness: Sureness, report: PseudoReport, rows: _Rows) -> None:
    make_folder(report.out / CROPS)
    for number, word in enumerate(found.page.words):
        if sureness.holds(word):
            name = f"{_name(found, report)}-{number:04d}.png"
            save_picture(crop_of(found.photo, word), report.out / CROPS / name)
            rows.crops.append([name, word.text])
            report.kept += 1


def _write_table(final: Path, columns: Sequence[str], rows: list[list[str]]) -> None:
    with atomic_path(final) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
