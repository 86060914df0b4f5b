"""From a request's bytes to the JSON that is sent back."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Protocol

import cv2

from extractor.fields import find_fields
from extractor.page import Maps, Page
from extractor.page_json import page_to_json
from extractor.serve.photos import photo_of
from synthgen.arrays import U8, Image


class Looks(Protocol):
    """What a server needs of an extractor; several threads call it at once."""

    def extract(self, image: Image) -> Page:
        """Return what stands on a photo `(h, w, 3)`."""

    def look(self, image: Image) -> tuple[Page, Maps]:
        """Return the same, and how the detector saw it."""


@dataclass(frozen=True)
class Answer:
    """What was read on a photo."""

    body: bytes  # JSON: the page, `fields`, `seconds`, and `maps` if asked for
    words: int


def answer(extractor: Looks, data: bytes, max_pixels: int, *, maps: bool) -> Answer:
    """Return what stands on the photo that `data` is the file of.

    Raises:
        RefusedError: it is no picture, broken, or too large.
    """
    begun = time.perf_counter()
    photo = photo_of(data, max_pixels)
    page, seen = extractor.look(photo) if maps else (extractor.extract(photo), None)
    found = {**page_to_json(page), "fields": [field.to_json() for field in find_fields(page)]}
    if seen is not None:
        found["maps"] = _maps(seen)
    found["seconds"] = round(time.perf_counter() - begun, 4)  # of work, without waiting
    return Answer(json.dumps(found, allow_nan=False).encode(), len(page.words))


def _maps(seen: Maps) -> dict[str, object]:
    return {"region": _png(seen.region), "affinity": _png(seen.affinity), "scale": seen.scale}


def _png(values: U8) -> str:
    _, file = cv2.imencode(".png", values)
    return base64.b64encode(file.tobytes()).decode()
