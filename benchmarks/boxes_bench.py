"""How fast maps become words: CPU ms for the maps of a photo of 640 x 640 with 50 words, lines and outlines included; one JSON line.

    python benchmarks/boxes_bench.py [--n 200]

Maps are drawn from words of three to eight characters in five columns, tilted, one in ten on an arc, with noise on them as a network's have
it. The kernels are compiled before anything is timed. The figure is the median of n runs over different photos; half of the runs lie
between the quartiles.
"""

import argparse
import json
from collections.abc import Sequence
from functools import partial

import numpy as np

from benchmarks.measured import cpu_of, machine
from detector.boxes import find_words
from detector.thresholds import Thresholds
from synthgen.arrays import F32, F64, Quads
from synthgen.chance import Stream, uniforms
from synthgen.heatmaps import heat_maps

SIZE = (640, 640)
COLUMNS, ROWS = 5, 10
PHOTOS = 16  # different ones, so that branches are not learnt by heart
DRAWS = 6  # a word
BENT_SHARE, NOISE = 0.1, 0.1


def _word(cell: tuple[float, float], drawn: F64) -> Quads:
    """Return the quads of a word about the middle of its cell, `(length, 4, 2)`, from DRAWS numbers in [0, 1)."""
    length, high = 3 + int(drawn[0] * 6), 14 + 16 * drawn[1]
    wide = min(0.6 * high, 110 / length)
    tilt, span = 0.3 * (drawn[2] - 0.5), 1.2 if drawn[3] < BENT_SHARE else 1e-3
    radius, angles = length * wide / span, tilt + span * (np.arange(length + 1) / length - 0.5)
    upper, lower = (
        np.stack([(radius + side) * np.sin(angles), radius - (radius + side) * np.cos(angles)], axis=-1) for side in (high / 2, -high / 2)
    )
    turn = np.array([radius * np.sin(tilt), radius - radius * np.cos(tilt)])  # the arc's middle goes to the cell's
    flat = np.stack([upper[:-1], upper[1:], lower[1:], lower[:-1]], axis=1) - turn
    return np.asarray(flat + np.array(cell) + 8 * (drawn[4:6] - 0.5), dtype=np.float32)


def maps_of(index: int) -> F32:
    """Return the maps `(320, 320, 2)` of a photo."""
    rows = np.array([index], dtype=np.uint64)
    drawn = uniforms(0, Stream.LOOK, rows, draws=COLUMNS * ROWS * DRAWS).reshape(-1, DRAWS)
    cells = [(64 + 128 * (n % COLUMNS), 32 + 64 * (n // COLUMNS)) for n in range(COLUMNS * ROWS)]
    words = [_word(cell, row) for cell, row in zip(cells, drawn, strict=True)]
    numbers = np.repeat(np.arange(len(words), dtype=np.int32), [len(word) for word in words])
    maps = np.stack(heat_maps(np.concatenate(words), numbers, SIZE), axis=-1) / 255
    noise = uniforms(1, Stream.LOOK, rows, draws=maps.size).reshape(maps.shape)
    return np.asarray(maps + NOISE * (noise - 0.5), dtype=np.float32)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="runs")
    options = parser.parse_args(arguments)
    told = machine()
    photos = [maps_of(index) for index in range(PHOTOS)]
    found = [find_words(maps, Thresholds(), 1.0) for maps in photos]
    seconds = [cpu_of(partial(find_words, photos[i % PHOTOS], Thresholds(), 1.0)) for i in range(options.n)]
    low, middle, high = (round(1000 * float(np.quantile(seconds, share)), 3) for share in (0.25, 0.5, 0.75))
    words, bent = (float(np.mean(counts)) for counts in zip(*((len(one.quads), _bent(one.polygons)) for one in found), strict=True))
    figures = {"cpu_ms": middle, "quartiles_ms": [low, high], "words": words, "curved": round(bent, 1), "size": SIZE, "runs": options.n}
    print(json.dumps({"bench": "boxes", **figures, "machine": told}))


def _bent(polygons: Sequence[F32]) -> int:
    return sum(len(polygon) > 4 for polygon in polygons)


if __name__ == "__main__":
    main()
