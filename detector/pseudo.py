"""Boxes of characters where only the words and their texts are known: a detector tells the characters of a word apart.

Source: Baek et al. 2019, arXiv:1904.01941, section 3.2.2 and figures 4 to 6; sizes and levels are those of EasyOCR's trainer
(`trainer/craft/data/pseudo_label`). Differs from that: how far a box reaches, see EDGE, and large words are averaged, not interpolated.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detector.prepare import DOWN
from detector.watershed_kernels import extents, flood
from detector.words import TrueWords
from synthgen.arrays import F32, F64, I32, U8, Bools, Image, Quads
from synthgen.heatmaps import drawable
from synthgen.quads import of_boxes

HEIGHT = 128  # px of a crop. Source: EasyOCR's trainer, build_char_box
WIDTHS = (64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)  # px; few, as a network may be compiled for each; longer words are squeezed
BATCH_PX = 2**20  # of the crops that are scored at a time: the network's first maps of so many take 270 MB each in float32
PEAK = 0.75  # region score on which a character is founded. Source: EasyOCR's trainer, segment_region_score
EDGE = 0.25  # region score down to which it reaches: what `heat_maps` draws has exp(-(2 / 3)^2 / 0.32) = 0.249 amid each side of a box
# Differs: EasyOCR goes down to 0.05, half a box too far, and cuts off what leaves the crop
EVEN = 0.5  # confidence of a word that is split evenly. Source: Baek et al. 2019, section 3.2.2; EasyOCR's trainer for 0.5 itself
TALL, TALL_MANY, SQUAT = 2.0, 1.6, 2.4  # Source: EasyOCR's trainer, crop_image_by_bbox

Scorer = Callable[[U8], F32]  # RGB (n, h, w, 3), sides multiples of 32 -> maps (n, h / 2, w / 2, 2)


@dataclass(frozen=True)
class CharBoxes:
    """Characters of the words of one photo, as far as they could be told."""

    quads: Quads  # (n, 4, 2), px of the photo
    words: I32  # (n,) word of each, in the order of reading
    confidence: F32  # (words,) 1: as many as the text has, down to 0.5, split evenly; 0: don't care, and no boxes
    even: Bools  # (words,) whether it was split evenly


@dataclass(frozen=True)
class Crop:
    """A word as its teacher sees it: upright, `HEIGHT` px high."""

    picture: U8  # (HEIGHT, width, 3)
    way: F64  # (3, 3) perspective from its px to the photo's, both counted from the edges


def letters_of(text: str) -> int:
    """Return how many characters of a text are drawn: without spaces, a letter and its accents as one."""
    return sum(not (part.isspace() or unicodedata.combining(part)) for part in unicodedata.normalize("NFC", text))


def confidence(letters: int, found: int) -> float:
    """Return how far `found` boxes are to be trusted for a text of `letters`, 0 to 1. Source: Baek et al. 2019, equation 2."""
    return (letters - min(letters, abs(letters - found))) / letters


def known(words: TrueWords) -> Bools:
    """Return which words can be told apart, `(n,)`: cared for, of known text, and with a quad that has an inside, `drawable`.

    A text is needed, as the confidence is that of its length; words without are left for don't care, as EasyOCR's trainer leaves them.
    """
    told = np.array([letters_of(text) > 0 for text in words.texts], dtype=np.bool_)
    return ~words.ignored & told & drawable(words.quads)


def char_boxes(photos: Sequence[tuple[Image, TrueWords]], teacher: Scorer) -> list[CharBoxes]:
    """Return the characters of the words of each photo, by the region maps of `teacher`.

    All crops are held at a time, 200 kB for a word of six letters, and scored together: give some dozens of photos.
    """
    used = [(k, word) for k, (_, words) in enumerate(photos) for word in np.flatnonzero(known(words)).tolist()]
    crops = [rectified(photos[k][0], photos[k][1].quads[word], letters_of(photos[k][1].texts[word])) for k, word in used]
    found: list[dict[int, tuple[Quads, float, bool]]] = [{} for _ in photos]
    for (k, word), crop, region in zip(used, crops, region_maps([crop.picture for crop in crops], teacher), strict=True):
        found[k][word] = _told(crop, region, photos[k][1].texts[word])
    return [_joined(of_photo, len(words.texts)) for of_photo, (_, words) in zip(found, photos, strict=True)]


def rectified(photo: Image, quad: F32, letters: int) -> Crop:
    """Return the word in `quad` (4, 2), convex, of so many letters; what is high and narrow is turned, its lower end to the left.

    A large word is averaged, not interpolated.
    """
    corners = np.roll(quad, 1, axis=0) if stands(quad, letters) else quad
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)  # upper, right, lower, left
    wide, high = max(sides[0], sides[2]), max(sides[1], sides[3])
    width = int(np.clip(round(HEIGHT * wide / high), DOWN, WIDTHS[-1]))
    times = int(np.clip(np.ceil(high / HEIGHT), 1, 8))  # 8: a word 1,000 px high; beyond, pixels left out do no harm
    way = _from_box(width, HEIGHT, corners)
    picture = cv2.warpPerspective(
        photo, _of_centres(way, times), (width * times, HEIGHT * times), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return Crop(np.asarray(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8), way)


def stands(quad: F32, letters: int) -> bool:
    """Return whether the letters of a word in `quad` (4, 2) lie one above the other, or on their side in an upright box.

    Source: EasyOCR's trainer, crop_image_by_bbox. Differs: a single letter is left as it is.
    """
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    wide, high = float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))
    squat = min(high, wide) * letters / max(high, wide)  # breadth of a letter for its share of the length
    return letters > 1 and (high > TALL * wide or (high > TALL_MANY * wide and squat > SQUAT))


def region_maps(pictures: Sequence[U8], teacher: Scorer) -> list[U8]:
    """Return the region map of each crop `(HEIGHT, w, 3)`, `(HEIGHT / 2, ceil(w / 2))`, 255 = 1.0.

    Crops of like width are scored together, filled up with black on the right, at most `BATCH_PX` at a time.
    """
    found = [np.empty((0, 0), dtype=np.uint8)] * len(pictures)
    for width, rows in _batches([picture.shape[1] for picture in pictures]):
        batch = np.zeros((len(rows), HEIGHT, width, 3), dtype=np.uint8)
        for place, row in enumerate(rows):
            batch[place, :, : pictures[row].shape[1]] = pictures[row]
        for row, maps in zip(rows, teacher(batch), strict=True):
            own = maps[:, : -(-pictures[row].shape[1] // DOWN), 0]
            found[row] = np.asarray(np.rint(np.clip(own, 0, 1) * 255), dtype=np.uint8)
    return found


def split(region: U8) -> F32:
    """Return the boxes x0, y0, x1, y1 of the characters in a region map `(h, w)`, 255 = 1.0, in its px, from left to right, `(n, 4)`.

    Source: EasyOCR's trainer, segment_region_score. Differs: boxes end at the edges of pixels.
    """
    region = np.ascontiguousarray(region)
    count, peaks = cv2.connectedComponents((region > PEAK * 255).astype(np.uint8))
    labels = np.array(peaks, dtype=np.int32)
    flood(region, int(np.ceil(EDGE * 255)), labels)
    boxes = np.tile(np.array([*region.shape[::-1], 0, 0], dtype=np.int32), (count - 1, 1))
    extents(labels, boxes)
    return boxes[np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")].astype(np.float32)


def evenly(text: str, width: float, height: float) -> F32:
    """Return boxes of one breadth for the characters of a text, `(letters, 4)`; a space takes its share of the width and has no box.

    Source: EasyOCR's trainer, split_word_equal_gap.
    """
    parts = [part for part in unicodedata.normalize("NFC", text.strip()) if not unicodedata.combining(part)]
    edges = np.linspace(0, width, len(parts) + 1)
    drawn = np.array([not part.isspace() for part in parts], dtype=np.bool_)
    boxes = np.stack([edges[:-1], np.zeros(len(parts)), edges[1:], np.full(len(parts), height)], axis=1)
    return np.asarray(boxes[drawn], dtype=np.float32)


def unwarped(boxes: F32, way: F64) -> Quads:
    """Return boxes `(n, 4)` of a crop as quads of the photo."""
    points = of_boxes(boxes).reshape(1, -1, 2)
    return np.asarray(cv2.perspectiveTransform(points, way), dtype=np.float32).reshape(-1, 4, 2) if len(boxes) else of_boxes(boxes)


def _told(crop: Crop, region: U8, text: str) -> tuple[Quads, float, bool]:
    """Return the characters' quads of one word, how far they are to be trusted, and whether they are an even split."""
    width, letters = crop.picture.shape[1], letters_of(text)
    boxes = np.minimum(split(region) * DOWN, np.array([width, HEIGHT] * 2, dtype=np.float32))
    sure = confidence(letters, len(boxes))
    if sure <= EVEN:
        return unwarped(evenly(text, width, HEIGHT), crop.way), EVEN, True
    return unwarped(boxes, crop.way), sure, False


def _joined(found: dict[int, tuple[Quads, float, bool]], count: int) -> CharBoxes:
    quads = [found[word][0] for word in found]
    sure, even = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.bool_)
    for word, (_, own, split_evenly) in found.items():
        sure[word], even[word] = own, split_evenly
    words = np.repeat(np.array(list(found), dtype=np.int32), np.array([len(part) for part in quads], dtype=np.int64))
    return CharBoxes(np.concatenate([np.empty((0, 4, 2), dtype=np.float32), *quads]), words, sure, even)


def _batches(widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield the width of each batch and which crops are in it."""
    classes = np.searchsorted(WIDTHS, widths)
    for k, width in enumerate(WIDTHS):
        rows, most = np.flatnonzero(classes == k).tolist(), max(BATCH_PX // (HEIGHT * width), 1)
        yield from ((width, rows[first : first + most]) for first in range(0, len(rows), most))


def _from_box(width: float, height: float, quad: F32) -> F64:
    """Return the perspective `(3, 3)` from the box of a crop to `quad` (4, 2)."""
    box = of_boxes(np.array([0, 0, width, height], dtype=np.float32))[0]
    return np.asarray(cv2.getPerspectiveTransform(box, np.ascontiguousarray(quad, dtype=np.float32)), dtype=np.float64)


def _of_centres(way: F64, times: int) -> F64:
    """Return `way` for a crop `times` as large, between the centres of pixels, from which OpenCV counts."""
    into = np.array([[1 / times, 0, 0.5 / times], [0, 1 / times, 0.5 / times], [0, 0, 1]])
    back = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    return np.asarray(back @ way @ into, dtype=np.float64)
