"""Pictures for people: quads over samples, contact sheets."""

from collections.abc import Sequence

import cv2
import numpy as np

from synthgen.arrays import Image, Quads

QUAD_RGB = (0, 200, 60)
CAPTION_PX = 14  # height of the line of text under a picture
GAP_PX = 4
PAPER = 255


def with_quads(picture: Image, quads: Quads, *, enlarge: int = 1, rgb: tuple[int, int, int] = QUAD_RGB) -> Image:
    """Return the picture `enlarge` times as large, with the outlines of `quads` (its own pixels) over it."""
    large = cv2.resize(picture, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_NEAREST)
    corners = np.rint(quads * (enlarge * 16)).astype(np.int32)  # OpenCV takes sixteenths of a pixel
    return np.asarray(
        cv2.polylines(np.ascontiguousarray(large), list(corners), isClosed=True, color=rgb, thickness=1, lineType=cv2.LINE_AA, shift=4),
        dtype=np.uint8,
    )


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
