"""The pictures and maps of rows, truly decoded."""

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthgen.arrays import I64, U8
from synthgen.shards.findings import Findings
from synthgen.shards.flat import bytes_of

MAPS = ("region", "affinity")


def decoded(file: U8) -> NDArray[np.generic] | None:
    """Return the pixels of a JPEG or PNG file as they are stored, colours blue first; None where it cannot be decoded."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it would tell on stderr that a file is broken, and not which
    try:
        pixels = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
    except cv2.error:  # an empty file, or a size beyond what OpenCV takes
        return None
    return None if pixels is None else np.asarray(pixels)


def check_pixels(batch: pa.RecordBatch, findings: Findings) -> None:
    """Check that every picture of rows without nulls is 8-bit RGB of its width and height, and every map 8-bit grey of half of them."""
    height, width = (batch.column(name).to_numpy().astype(np.int64) for name in ("height", "width"))
    _check(batch.column("image"), "image", np.stack([height, width, np.full_like(width, 3)], axis=1), findings)
    for name in MAPS:
        if name in batch.schema.names:
            _check(batch.column(name), name, np.stack([-(-height // 2), -(-width // 2)], axis=1), findings)


def _check(column: pa.StructArray, name: str, shapes: I64, findings: Findings) -> None:
    """Check pictures against shapes `(n, 2)` or `(n, 3)`."""
    data, edges = bytes_of(column.field(0))
    need = [tuple(shape) for shape in shapes.tolist()]
    got = [_told(data[first:last]) for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    wrong = np.array([one != (shape, "uint8") for one, shape in zip(got, need, strict=True)], dtype=np.bool_)
    findings.rows(f"{name} decoded", wrong, lambda k: (f"{_size(need[k])}, uint8", _found(got[k])))


def _told(file: U8) -> tuple[tuple[int, ...], str] | None:
    pixels = decoded(file)
    return None if pixels is None else (pixels.shape, pixels.dtype.name)


def _found(got: tuple[tuple[int, ...], str] | None) -> str:
    return "a file that cannot be decoded" if got is None else f"{_size(got[0])}, {got[1]}"


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
