"""How well photos are read, from pixels to words: one pass, in memory that does not grow with their size."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from detector.metrics import Counts
from extractor.metrics import Judged, ReadWords, bare_text, judge, words_of
from extractor.page import Page
from extractor.reading import Extractor
from extractor.truth import TruePhoto, TruePhotos
from synthgen.arrays import Image

NAMED = 20  # of the photos that were dropped; all are counted
Watch = Callable[[TruePhoto, Judged], None]


@dataclass(frozen=True)
class PhotoScore:
    """What came of one photo."""

    name: str
    counts: Counts | None  # None: the places of its words are not known
    misread: list[tuple[str, str]]  # truth and reading
    missed: list[str]
    wrong: list[str]  # read where nothing stands
    seconds: float  # by the clock, to find and read its words
    cpu_seconds: float  # of all threads

    def as_line(self) -> str:
        """Return its errors as a line for people."""
        misread = ", ".join(f"{truth} > {reading}" for truth, reading in self.misread)
        parts = {"misread": misread, "missed": ", ".join(self.missed), "wrong": ", ".join(self.wrong)}
        right = f"{self.counts.matched} of {self.counts.true} words: " if self.counts else ""
        return f"{self.name}: {right}{'; '.join(f'{what} {texts}' for what, texts in parts.items() if texts) or 'no errors'}"


@dataclass
class Report:
    """What an evaluation found, photo by photo as it goes."""

    counts: Counts = field(default_factory=Counts)  # right box and text, case-insensitive
    alnum: Counts = field(default_factory=Counts)  # the same by letters and digits
    boxes: Counts = field(default_factory=Counts)  # right box alone
    ignored: int = 0  # true words that count neither way
    left_out: int = 0  # found words within them
    words_true: int = 0  # different words of each photo
    words_read: int = 0  # of them, how many are among those read, wherever
    words_read_alnum: int = 0
    words_true_alnum: int = 0
    photos: list[PhotoScore] = field(default_factory=list)
    dropped: int = 0  # photos that could not be used; they do not count
    dropped_names: list[str] = field(default_factory=list)  # place and reason of the first NAMED

    @property
    def placed(self) -> bool:
        """Whether the places of words are known for any photo; without, there is no precision, nor recall of boxes."""
        return any(photo.counts is not None for photo in self.photos)

    @property
    def word_recall(self) -> float:
        """Share of the different words of each photo that are among those read on it, wherever."""
        return self.words_read / max(self.words_true, 1)

    def drop(self, fault: str) -> None:
        """Count a photo that cannot be used."""
        self.dropped += 1
        if len(self.dropped_names) < NAMED:
            self.dropped_names.append(fault)

    def add(self, photo: TruePhoto, read: ReadWords, seconds: tuple[float, float]) -> Judged | None:
        """Count what was read on a photo in so many seconds, by the clock and of the processor; return it judged, if places are known."""
        true, found = words_of(photo.texts), words_of(read.texts)
        self.words_true += len(true)
        self.words_read += len(true & found)
        bare, bare_found = words_of(photo.texts, bare_text), words_of(read.texts, bare_text)
        self.words_true_alnum += len(bare)
        self.words_read_alnum += len(bare & bare_found)
        if photo.words is None:
            self.photos.append(PhotoScore(photo.name, None, [], sorted(true - found), [], *seconds))
            return None
        judged = judge(photo.words, read)
        self.counts += judged.counts
        self.alnum += judged.alnum
        self.boxes += judged.boxes
        self.ignored += int(judged.words.ignored.sum())
        self.left_out += sum(judged.left_out)
        self.photos.append(PhotoScore(photo.name, judged.counts, judged.misread, judged.missed, judged.wrong, *seconds))
        return judged

    def to_json(self) -> dict[str, object]:
        """Return all as plain values; null for what cannot be told without the places of words."""
        return {
            **_shares(self.counts if self.placed else None),
            "word_recall": self.word_recall,
            **_shares(self.alnum if self.placed else None, "_alnum"),
            "word_recall_alnum": self.words_read_alnum / max(self.words_true_alnum, 1),
            **_shares(self.boxes if self.placed else None, "_boxes"),
            "read_right": self.counts.matched / max(self.boxes.matched, 1) if self.placed else None,
            "count_photos": len(self.photos),
            "count_words": self.counts.true,
            "count_found": self.counts.found,
            "count_matched": self.counts.matched,
            "count_boxes_matched": self.boxes.matched,
            "count_ignored": self.ignored,
            "count_left_out": self.left_out,
            "count_different_words": self.words_true,
            "count_dropped": self.dropped,
            "dropped": self.dropped_names,
            "seconds": self._seconds(),
            "photos": [_photo_json(photo) for photo in self.photos],
        }

    def _seconds(self) -> dict[str, float]:
        """Return the seconds a photo took."""
        wall, cpu = ([getattr(photo, name) for photo in self.photos] for name in ("seconds", "cpu_seconds"))
        return {"mean": float(np.mean(wall)), "median": median(wall), "cpu_mean": float(np.mean(cpu)), "cpu_median": median(cpu)}

    def as_lines(self) -> list[str]:
        """Return it for people: a line for each photo with errors, and the shares."""
        faulty = [photo.as_line() for photo in self.photos if photo.misread or photo.missed or photo.wrong]
        spent = self._seconds()
        recall = f"{self.word_recall:.1%} of {self.words_true:,} different words read"
        time_told = f"{spent['mean']:.2f} s a photo, {spent['cpu_mean']:.2f} of the processor's"
        dropped = [f"{self.dropped} photos dropped, such as {self.dropped_names[0]}"] if self.dropped else []
        if not self.placed:
            return [*faulty, f"{len(self.photos)} photos: {recall}", time_told, *dropped]
        return [
            *faulty,
            f"{self.counts.true:,} words on {len(self.photos):,} photos",
            f"box and text right: {_told(self.counts)}",
            f"the same by letters and digits: {_told(self.alnum)}",
            f"box alone: {_told(self.boxes)}; of these {self.counts.matched / max(self.boxes.matched, 1):.1%} read right",
            f"wherever they stand: {recall}",
            time_told,
            *dropped,
        ]


@dataclass(frozen=True)
class Order:
    """What is to be evaluated."""

    extractor: Extractor
    place: Path | str  # see TruePhotos
    limit: int | None = None  # photos
    overlays: Path | None = None  # a folder for the photos with right, wrong and missed words outlined


def evaluate(order: Order) -> Report:
    """Return how well an extractor reads the photos of `order.place`.

    Raises:
        SynthgenError: as reading the photos and writing the overlays does.
    """
    watch = None
    if order.overlays:
        from extractor.evaluation_overlays import EvaluationOverlays

        watch = EvaluationOverlays(order.overlays)
    return measure(lambda photo: read_words(order.extractor.extract(photo)), TruePhotos(order.place, order.limit), watch)


def measure(read: Callable[[Image], ReadWords], photos: Iterable[TruePhoto | str], watch: Watch | None = None) -> Report:
    """Return how well `read` reads `photos`; `watch` is given each one of known places as it is judged.

    A text among the photos says why one could not be used.

    Raises:
        SynthgenError: as iterating `photos` does.
    """
    report = Report()
    for photo in photos:
        if isinstance(photo, str):
            report.drop(photo)
            continue
        began = time.perf_counter(), time.process_time()
        found = read(photo.photo)
        spent = time.perf_counter() - began[0], time.process_time() - began[1]
        judged = report.add(photo, found, spent)
        if watch and judged:
            watch(photo, judged)
    return report


def read_words(page: Page) -> ReadWords:
    """Return the words of a page as they are judged."""
    quads = np.array([word.quad for word in page.words], dtype=np.float32).reshape(-1, 4, 2)
    return ReadWords(quads, tuple(word.text for word in page.words))


def _shares(counts: Counts | None, ending: str = "") -> dict[str, float | None]:
    values = (None,) * 3 if counts is None else (counts.precision, counts.recall, counts.h_mean)
    return {f"{name}{ending}": value for name, value in zip(("precision", "recall", "f"), values, strict=True)}


def _told(counts: Counts) -> str:
    return f"precision {counts.precision:.3f}, recall {counts.recall:.3f}, F {counts.h_mean:.3f}"


def _photo_json(photo: PhotoScore) -> dict[str, object]:
    counts = photo.counts
    return {
        "file": photo.name,
        "count_words": counts.true if counts else None,
        "count_found": counts.found if counts else None,
        "count_matched": counts.matched if counts else None,
        "misread": [{"truth": truth, "reading": reading} for truth, reading in photo.misread],
        "missed": photo.missed,
        "wrong": photo.wrong,
        "seconds": photo.seconds,
        "cpu_seconds": photo.cpu_seconds,
    }
