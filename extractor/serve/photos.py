"""A request's bytes as pixels, or the reason why not; what a picture claims to be is checked before it is decoded."""

import io

from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from extractor.serve.limits import MOST_SIDE
from extractor.serve.refusal import RefusedError
from synthgen.arrays import Image
from synthgen.pictures import UNREADABLE, upright

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")  # Pillow reads 40 more, some by starting other programs: not for strangers
BOMBS = (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning)
BROKEN = (*UNREADABLE, ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError)  # the same, of files made to harm


def photo_of(data: bytes, max_pixels: int) -> Image:
    """Return a picture file upright in RGB, `(h, w, 3)`; of several frames the first.

    Raises:
        RefusedError: 415, it is no picture; 422, it is broken or larger than `max_pixels`.
    """
    try:
        with Pictures.open(io.BytesIO(data), formats=FORMATS) as file:
            _check_size(file.size, max_pixels)
            return upright(file)
    except UnidentifiedImageError as error:
        told = f"body: need a picture ({', '.join(FORMATS)}), got {len(data):,} bytes that do not begin as one; send another file"
        raise RefusedError(415, "not_a_picture", told) from error
    except BOMBS as error:
        raise _too_large(max_pixels, "one far beyond") from error
    except BROKEN as error:
        told = f"body: need a whole picture, got one that cannot be decoded: {error or type(error).__name__}; send another file"
        raise RefusedError(422, "broken_picture", told) from error


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels or max(size) > MOST_SIDE:
        raise _too_large(max_pixels, f"{width:,} x {height:,}")
    if min(size) < 1:
        raise RefusedError(422, "broken_picture", f"body: need a picture with pixels, got {width} x {height}; send another file")


def _too_large(max_pixels: int, found: str) -> RefusedError:
    told = f"picture: need at most {max_pixels:,} pixels and {MOST_SIDE:,} a side, got {found}; send it smaller"
    return RefusedError(422, "too_many_pixels", told)
