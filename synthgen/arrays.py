"""Names for the arrays that pass between rooms."""

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

Image = NDArray[np.uint8]  # RGB (h, w, 3)
Quads = NDArray[np.float32]  # (n, 4, 2), pixels, x right, y down, clockwise from the text's own top left
