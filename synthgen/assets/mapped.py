"""Arrays that are mapped from files."""

from mmap import MADV_DONTNEED, mmap

import numpy as np
from numpy.typing import NDArray


def release(array: NDArray[np.generic]) -> None:
    """Take the pages of a mapped array out of this process, which counts them as its own memory; touched again, they are back at once.

    The system keeps them for all processes as long as it has room. An array that is not mapped is left alone.
    """
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap):
        base.madvise(MADV_DONTNEED)
