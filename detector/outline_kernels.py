"""The ridge of a word's region map, column by column, compiled; points are px of the map."""

import numpy as np

from detector.box_kernels import Components
from synthgen.arrays import F64
from synthgen.compiled import kernel


@kernel
def lay_columns(parts: Components, frames: F64, columns: F64) -> None:
    """Add the text px of each component to the columns `(n, w, 4)` of its frame: weight, weight times v, least v, greatest v.

    `frames` (n, 6) are 0 wide where there is no word. v is counted down from the frame's middle, columns of a px from its left side. A px
    weighs its score squared, so that the height of the ridge counts, and not how far a threshold lets it reach.
    """
    for k in range(len(frames)):
        if frames[k, 4] == 0:
            continue
        x, y, along_x, along_y, half = frames[k, 0], frames[k, 1], frames[k, 2], frames[k, 3], frames[k, 4] / 2
        for r in range(parts.boxes[k, 1], parts.boxes[k, 3]):
            for c in range(parts.boxes[k, 0], parts.boxes[k, 2]):
                score = np.float64(parts.region[r, c])
                if parts.labels[r, c] == k + 1 and score > parts.low_text:
                    dx, dy = c + 0.5 - x, r + 0.5 - y
                    v = dy * along_x - dx * along_y
                    n = int(dx * along_x + dy * along_y + half)
                    columns[k, n, 0] += score * score
                    columns[k, n, 1] += score * score * v
                    columns[k, n, 2] = min(columns[k, n, 2], v)
                    columns[k, n, 3] = max(columns[k, n, 3], v)
