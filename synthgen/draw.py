"""Pictures for people: the one place that says how a sample is shown, and the pixels of it; sheets of many.

What lies over a picture comes in *layers*, each of a kind that has its look here: maps (MAPS) first, outlines (OUTLINES) over them, both in
the order of these tables. `drawn` lays them into pixels, for contact sheets, explanations and evaluations; the page of `synthgen inspect`
takes the same layers and looks (`report/overlay.py`) and has the browser draw them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from synthgen.arrays import F32, F64, U8, Image, Quads

CAPTION_PX = 14  # height of the line of text under a picture
GAP_PX = 4
PAPER = 255
SHOWN_PX = 1050  # longer side of a picture for which the widths of lines are said: about as large as it is looked at
RISE, OPACITY = (
    2.2,
    0.82,
)  # a map hides OPACITY of the picture from 1 / RISE on, and less in proportion below: what is not text keeps its colours
FAR_PX = 1e6  # beyond which corners are pulled in: OpenCV's numbers end
LETTER_SHARE = 1 / 80  # of a picture's longer side: height of letters at an outline
LETTER_PX = 8  # but no fewer
FONT_PX = 22  # height of OpenCV's letters at scale 1
RGB = tuple[int, int, int]
Row = Mapping[str, object]


@dataclass(frozen=True)
class MapLook:
    """How a kind of heat map is coloured."""

    label: str
    ramp: tuple[RGB, ...]  # at equal steps from 0 to 1, straight between them


@dataclass(frozen=True)
class OutlineLook:
    """How a kind of outline is drawn."""

    label: str
    rgb: RGB
    width_px: float = 1.5


MAPS: Mapping[str, MapLook] = {
    "region": MapLook("Region", ((140, 0, 76), (217, 26, 51), (255, 89, 13), (255, 178, 26), (255, 242, 153))),
    "affinity": MapLook("Affinity", ((26, 26, 153), (0, 89, 230), (0, 166, 255), (76, 230, 255), (204, 255, 255))),
}
OUTLINES: Mapping[str, OutlineLook] = {
    "chars": OutlineLook("Character quads", (61, 139, 255), width_px=1.0),
    "polygons": OutlineLook("Outlines", (255, 176, 0)),
    "ignored": OutlineLook("Ignored words", (170, 170, 170)),  # neither asked for nor wrong to find
    "missed": OutlineLook("Missed words", (230, 40, 40)),
    "wrong": OutlineLook("Wrongly found", (255, 140, 0)),
    "words": OutlineLook("Words", (0, 200, 60)),
}


@dataclass(frozen=True)
class Layer:
    """Outlines of one kind over a picture."""

    kind: str  # of OUTLINES
    outlines: Sequence[F32] | Quads  # (points, 2) each, px of the picture, closed; one that is not finite, or has no point, is not drawn
    words: Sequence[int] = ()  # which word of the sample each is of
    texts: Sequence[str] = ()  # written at each by `drawn`; a page has words of its own


def word_layers(quads: Iterable[F32]) -> list[Layer]:
    """Return the layers of a word, from the quads of its characters."""
    return [Layer("chars", [*quads])]


def scene_layers(words: Iterable[F32], ignored: Iterable[bool], chars: Iterable[F32], polygons: Iterable[F32] = ()) -> list[Layer]:
    """Return the layers of a scene, from the quads of its words and characters, and the polygons of its words."""
    quads, hidden, around = [*words], [*ignored], [*polygons]
    parts = {kind: [k for k, flag in enumerate(hidden) if flag == (kind == "ignored")] for kind in ("ignored", "words")}
    outlined = [Layer(kind, [quads[k] for k in own], own) for kind, own in parts.items()]
    return in_order([Layer("chars", [*chars]), Layer("polygons", around, range(len(around))), *outlined])


def stored_layers(row: Row) -> list[Layer]:
    """Return the layers of a row of a shard, as plain values."""
    if "char_quads" in row:
        return word_layers(map(_points, _items(row["char_quads"])))
    words, chars = (_items(row[name]) for name in ("words", "chars"))
    quads, polygons = ([_points(_of(word, name)) for word in words] for name in ("quad", "polygon"))
    return scene_layers(quads, [bool(_of(word, "ignore")) for word in words], [_points(_of(char, "quad")) for char in chars], polygons)


def _items(values: object) -> Sequence[object]:
    return values if isinstance(values, list) else ()


def _of(item: object, name: str) -> object:
    return item.get(name) if isinstance(item, dict) else None


def _points(numbers: object) -> F32:
    """Return x, y, x, y and so on as points; NaN stands for what is missing."""
    flat = np.array(_items(numbers), dtype=np.float32)
    return flat[: len(flat) // 2 * 2].reshape(-1, 2)


def in_order(layers: Iterable[Layer]) -> list[Layer]:
    """Return layers in the order in which they are drawn."""
    order = [*OUTLINES]
    return sorted(layers, key=lambda layer: order.index(layer.kind))


def is_drawn(points: F32) -> bool:
    """Return whether an outline can be seen at all."""
    return len(points) > 0 and bool(np.isfinite(points).all())


def drawn(picture: Image, layers: Iterable[Layer] = (), maps: Mapping[str, U8] | None = None, *, enlarge: int = 1) -> Image:
    """Return the picture `enlarge` times as large, with `maps` (by kind, of any size) and `layers` (px of `picture`) over it."""
    shown = np.array(cv2.resize(picture, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    given = maps or {}
    for kind in (kind for kind in MAPS if kind in given):
        shown = heated(shown, given[kind], kind)
    ordered = [replace(layer, outlines=[points * enlarge for points in layer.outlines]) for layer in in_order(layers)]
    for layer in ordered:
        for points in filter(is_drawn, layer.outlines):
            _outline(shown, points, OUTLINES[layer.kind])
    for layer in ordered:  # last, as no line may run through letters
        for points, text in zip(layer.outlines, layer.texts, strict=False):
            if is_drawn(points):
                _letter(shown, points, text, OUTLINES[layer.kind].rgb)
    return shown


def heated(picture: Image, heat: U8, kind: str) -> Image:
    """Return a picture with a map of any size, 255 = 1.0, stretched over it in the colours of its kind."""
    large = cv2.resize(heat, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colours, shares = _ramp(kind)
    covered = shares[large][..., None]
    return np.asarray(np.rint(picture * (1 - covered) + colours[large] * covered), dtype=np.uint8)


@lru_cache
def _ramp(kind: str) -> tuple[F64, F64]:
    """Return the colour of each of 256 values, `(256, 3)`, and the share of the picture it hides, `(256,)`."""
    values, stops = np.arange(256) / 255, np.array(MAPS[kind].ramp, dtype=np.float64)
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(values, places, channel) for channel in stops.T], axis=1), OPACITY * np.minimum(RISE * values, 1)


def _outline(shown: Image, points: F32, look: OutlineLook) -> None:
    width = max(round(look.width_px * max(shown.shape) / SHOWN_PX), 1)
    corners = np.rint(np.clip(points, -FAR_PX, FAR_PX) * 16).astype(np.int32)  # OpenCV takes sixteenths of a pixel
    cv2.polylines(shown, [corners], isClosed=True, color=look.rgb, thickness=width, lineType=cv2.LINE_AA, shift=4)


def _letter(shown: Image, points: F32, text: str, rgb: RGB) -> None:
    """Write `text` above an outline, dark round the letters so that it is read on any ground."""
    scale = max(LETTER_SHARE * max(shown.shape), LETTER_PX) / FONT_PX
    x, y = np.rint(np.clip(points.min(axis=0), -FAR_PX, FAR_PX)).astype(int).tolist()
    y = max(y - 2, round(scale * FONT_PX))
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):  # a thicker line would not do: OpenCV 5 has none for letters
        cv2.putText(shown, text, (x + dx, y + dy), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(shown, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, rgb, 1, cv2.LINE_AA)


def contact_sheet(pictures: Sequence[Image], captions: Sequence[str], *, width_px: int = 1440) -> Image:
    """Return all pictures on one white sheet `width_px` wide, set like words on lines, each with its caption under it."""
    height = max(picture.shape[0] for picture in pictures) + CAPTION_PX + 2 * GAP_PX
    lines: list[Image] = []
    line, at = _line(height, width_px), GAP_PX
    for picture, caption in zip(pictures, captions, strict=True):
        shown = picture[:, : width_px - 2 * GAP_PX]
        if at + shown.shape[1] + GAP_PX > width_px:
            lines.append(line)
            line, at = _line(height, width_px), GAP_PX
        line[GAP_PX : GAP_PX + shown.shape[0], at : at + shown.shape[1]] = shown
        _write(line[:, at : at + max(shown.shape[1], 40)], caption, GAP_PX + shown.shape[0])
        at += max(shown.shape[1], 40) + 2 * GAP_PX
    return np.vstack([*lines, line])


def _line(height: int, width: int) -> Image:
    return np.full((height, width, 3), PAPER, dtype=np.uint8)


def _write(area: Image, caption: str, top: int) -> None:
    band = np.ascontiguousarray(area[top:])
    cv2.putText(band, caption, (0, CAPTION_PX - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (90, 90, 90), 1, cv2.LINE_AA)
    area[top:] = band
