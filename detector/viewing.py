"""The picture of a view: reduced, warped and coloured."""

import io

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from synthgen import SynthgenError
from synthgen.arrays import F64, Image

JPEG = b"\xff\xd8"  # how its files begin
REDUCTIONS = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
BROKEN = "need a picture that can be decoded, got another; render its shard again"  # only shards have them encoded
MOST_REDUCED = 1.1  # view px a px averaged before; a little above 1, as stretch and lean reduce an edge more than the middle


def size_of(picture: bytes | Image) -> tuple[int, int]:
    """Return height and width of an encoded picture, or of its pixels.

    Raises:
        SynthgenError: there is no picture in the bytes.
    """
    if isinstance(picture, np.ndarray):
        return picture.shape[0], picture.shape[1]
    try:
        with Pictures.open(io.BytesIO(picture)) as file:  # reads the head alone
            return file.height, file.width
    except UnidentifiedImageError as error:
        raise SynthgenError(BROKEN) from error


def view_picture(picture: bytes | Image, way: F64, view: np.void, size: int) -> Image:
    """Return what `view` shows of a picture, RGB `(size, size, 3)`; `way` leads from its px to the view's, see `homography`.

    What is reduced by 2 or more is averaged first, or it would break up.

    Raises:
        SynthgenError: an encoded picture cannot be decoded.
    """
    pixels, scale = _reduced(picture, _reduction(way))
    centres = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])  # OpenCV counts from the middle of the first px
    matrix = centres @ way @ np.diag([*(1 / scale), 1]) @ np.linalg.inv(centres)
    fill = (float(view["fill"]),) * 3
    seen = cv2.warpPerspective(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    if view["blur_px"] > 0:
        seen = cv2.GaussianBlur(seen, (0, 0), float(view["blur_px"]))
    seen = cv2.transform(seen, view["colours"])
    return _stored(np.asarray(seen, dtype=np.uint8), int(view["quality"]))


def _reduction(way: F64) -> int:
    """Return by how much the picture is to be averaged before it is warped: 1, 2, 4 or 8."""
    zoom = np.sqrt(np.linalg.det(way))  # of lengths at the view's middle, where the third coordinate is 1
    return max(by for by in REDUCTIONS if by == 1 or zoom * by <= MOST_REDUCED)


def _reduced(picture: bytes | Image, by: int) -> tuple[Image, F64]:
    """Return RGB pixels `(h, w, 3)` averaged `by` times, and their number for one of the picture's, in x and y."""
    if isinstance(picture, bytes) and picture.startswith(JPEG):
        return _decoded(picture, REDUCTIONS[by]), np.full(2, 1 / by)  # the last row and column may be parts of one
    pixels = picture if isinstance(picture, np.ndarray) else _decoded(picture, cv2.IMREAD_COLOR)
    if by == 1:
        return pixels, np.ones(2)
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (max(width // by, 1), max(height // by, 1)), interpolation=cv2.INTER_AREA)
    return np.asarray(small), np.array([small.shape[1] / width, small.shape[0] / height])


def _decoded(picture: bytes, form: int) -> Image:
    pixels = cv2.imdecode(np.frombuffer(picture, dtype=np.uint8), form | cv2.IMREAD_IGNORE_ORIENTATION)  # quads are of the px as stored
    if pixels is None:
        raise SynthgenError(BROKEN)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels))


def _stored(pixels: Image, quality: int) -> Image:
    """Return what JPEG leaves of pixels; unchanged if `quality` is 0."""
    if quality == 0:
        return pixels
    file = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]  # red and blue are swapped, on both ways
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
