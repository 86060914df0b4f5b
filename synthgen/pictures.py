"""Picture files of any kind as pixels."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageOps

from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from synthgen.rgb import to_rgb

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")  # of files that are taken for pictures in a folder
UNREADABLE = (  # what Pillow's decoders raise on broken files, and on those too large to be meant
    *(OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, NotImplementedError, struct.error, zlib.error),
    *(Pictures.DecompressionBombError, Pictures.DecompressionBombWarning),
)


def read_picture(path: Path) -> Image:
    """Return a picture file upright in RGB, `(h, w, 3)`: turned as its EXIF data say, laid on white where it is clear.

    16 bits a channel become 8; of several frames the first is taken.

    Raises:
        SynthgenError: no such file, no picture in it, a broken one, one too large to be meant, or one whose pixels have no known white.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, and of 89 million px, which telephones take: Pillow refuses twice as many
            with Pictures.open(path) as file:
                return upright(file)
    except FileNotFoundError as error:
        raise SynthgenError(f"{path}: need a picture, found no such file; mend the name") from error
    except UNREADABLE as error:
        raise SynthgenError(f"{path}: cannot be read as a picture: {error or type(error).__name__}; replace or remove it") from error


def upright(file: Pictures.Image) -> Image:
    """Return an open picture file as pixels, as `read_picture` does; it is turned in place, as copies of large ones fill the memory.

    Raises:
        Exception: one of UNREADABLE.
    """
    file.load()  # some are of another mode only then
    ImageOps.exif_transpose(file, in_place=True)
    return np.array(to_rgb(file))
