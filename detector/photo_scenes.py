"""Real photos of which only the words are known as scenes to learn from: their characters are told apart once, by a fixed detector.

Source: Baek et al. 2019, arXiv:1904.01941, section 3.2.2, weak supervision. Differs: the paper's teacher is the network in training, so
that its boxes are made anew at each step; ours is the network that the run starts from. A batch stays a pure function of its step, which
resuming needs, and a photo costs its teacher once. To have better boxes, start a second run from the first one's weights.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from detector.labelled import COLUMNS, listed_photos
from detector.pseudo import CharBoxes, Scorer, char_boxes
from detector.scenes import Scene
from detector.words import TrueWords
from synthgen import SynthgenError, read_picture
from synthgen.arrays import I64
from synthgen.shards.storage import atomic_path
from training.labels import table_at
from training.sources import Refused

BLOCK = 32  # photos that are told apart at a time: their crops take some 100 MB, and words of like width meet in one batch
FIELDS = ("char_quads", "char_word", "confidence", "even", "chars", "words")  # of the file of boxes; the last two: of each photo

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoScenes:
    """Labelled photos with the boxes that `tell_apart` stored, a group each; a photo is decoded whenever it is asked for."""

    folder: Path
    labels: Mapping[str, TrueWords]  # by file, in order; only photos that can be read
    refused: Refused
    digest: str  # of names, pictures, labels and the teacher's weights
    store: Path  # of the boxes
    pool_groups: int = 1  # groups are put in random order, and are single photos

    @property
    def sizes(self) -> tuple[int, ...]:
        """1 for each photo."""
        return (1,) * len(self.labels)

    def load(self, number: int) -> list[Scene]:
        """Return a photo with its boxes, which `tell_apart` must have made before.

        Raises:
            SynthgenError: the boxes or the photo cannot be read.
        """
        name, boxes = self._names[number], self.boxes[number]
        quads = self.labels[name].quads
        return [Scene(read_picture(self.folder / name), boxes.quads, boxes.words, quads, boxes.confidence)]

    @cached_property
    def boxes(self) -> tuple[CharBoxes, ...]:
        """The characters of each photo, as stored.

        Raises:
            SynthgenError: they cannot be read, or are not those of these photos.
        """
        return _read(self.store, [len(words.texts) for words in self.labels.values()])

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.labels)


def open_photos(folder: Path, teacher: str, out: Path) -> PhotoScenes:
    """Return the photos of a folder with `labels.csv` as scenes; nothing is written, and the teacher is not needed yet.

    `teacher` is a digest of the weights that will tell characters apart, `out` the folder of the run, where their boxes are kept. Each
    photo is decoded once, to know which can be used; the others are counted and logged.

    Raises:
        SynthgenError: faulty labels, or no photo that can be used.
    """
    table = table_at(folder, COLUMNS)
    if table is None:
        raise SynthgenError(f"{folder}: need labels.csv with the columns {','.join(COLUMNS)}, found none; write it")
    labels, digest, refused = listed_photos(table), sha256(teacher.encode()), {"unreadable": 0}
    for name in list(labels):
        try:
            read_picture(table.parent / name)
        except SynthgenError as error:
            log.warning("%s", error)
            del labels[name]
            refused["unreadable"] += 1
            continue
        digest.update(_signed(name, (table.parent / name).read_bytes(), labels[name]))
    if not labels:
        raise SynthgenError(f"{folder}: need at least one photo that can be read, got none of {refused['unreadable']}; replace them")
    found = digest.hexdigest()
    return PhotoScenes(table.parent, labels, refused, found, out / f"pseudo-{found[:16]}.npz")


def tell_apart(scenes: PhotoScenes, teacher: Scorer) -> None:
    """Have the characters of all photos told apart and stored, unless they are; log what came of it.

    Raises:
        SynthgenError: boxes are there that cannot be read, or the disk is full.
    """
    if not scenes.store.exists():
        _write(scenes.store, _told(scenes, teacher))
    log.info("%s", summary(scenes))


def summary(scenes: PhotoScenes) -> str:
    """Return in words how well the characters could be told apart."""
    sure = np.concatenate([boxes.confidence for boxes in scenes.boxes])
    even = sum(int(boxes.even.sum()) for boxes in scenes.boxes)
    used = sure[sure > 0]
    mean = f"mean confidence {used.mean():.2f}, {even:,} split evenly, " if len(used) else ""
    return f"{scenes.folder}: {len(used):,} words of {len(scenes.labels):,} photos: {mean}{len(sure) - len(used):,} don't care"


def _told(scenes: PhotoScenes, teacher: Scorer) -> list[CharBoxes]:
    names, found, begin = list(scenes.labels), list[CharBoxes](), time.monotonic()
    for first in range(0, len(names), BLOCK):
        photos = [(read_picture(scenes.folder / name), scenes.labels[name]) for name in names[first : first + BLOCK]]
        found += char_boxes(photos, teacher)
        spent, words = time.monotonic() - begin, sum(int((boxes.confidence > 0).sum()) for boxes in found)
        left = spent / len(found) * (len(names) - len(found))
        told = f"{len(found):,} of {len(names):,} photos, {words / max(spent, 1e-9):.1f} words/s"
        log.info("%s: characters told apart: %s, %.0f s left", scenes.folder, told, left)
    return found


def _signed(name: str, picture: bytes, words: TrueWords) -> bytes:
    """Return a digest of a labelled photo."""
    parts = (name.encode(), picture, words.quads.tobytes(), words.ignored.tobytes(), *(text.encode() for text in words.texts))
    return sha256(b"".join(sha256(part).digest() for part in parts)).digest()  # of digests: else what ends one part could begin the next


def _write(store: Path, found: list[CharBoxes]) -> None:
    fields = (
        np.concatenate([boxes.quads for boxes in found]),
        np.concatenate([boxes.words for boxes in found]),
        np.concatenate([boxes.confidence for boxes in found]),
        np.concatenate([boxes.even for boxes in found]),
        np.array([len(boxes.words) for boxes in found], dtype=np.int64),
        np.array([len(boxes.confidence) for boxes in found], dtype=np.int64),
    )
    with atomic_path(store) as scratch, scratch.open("wb") as file:
        np.savez(file, allow_pickle=False, **dict(zip(FIELDS, fields, strict=True)))


def _read(store: Path, words: list[int]) -> tuple[CharBoxes, ...]:
    """Return the boxes of photos with so many words each."""
    try:
        with store.open("rb") as file, np.load(file, allow_pickle=False) as fields:  # opened here: NumPy leaves a broken zip open
            quads, char_word, confidence, even, chars, own = (fields[name] for name in FIELDS)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise SynthgenError(f"{store}: cannot be read: {error}; remove it and start again, it is then made anew") from error
    if own.tolist() != words or len(confidence) != sum(words) or len(quads) != chars.sum() or len(char_word) != len(quads):
        need = f"the boxes of {len(words)} photos with {sum(words)} words"
        raise SynthgenError(f"{store}: need {need}, got others; remove it and start again, it is then made anew")
    spans = zip(_spans(chars), _spans(own), strict=True)
    return tuple(CharBoxes(quads[char], char_word[char], confidence[word], even[word]) for char, word in spans)


def _spans(counts: I64) -> list[slice]:
    ends = np.concatenate([[0], np.cumsum(counts)]).tolist()
    return [slice(*span) for span in pairwise(ends)]
