"""How fast heat maps are drawn: pairs of 320 x 320 for pictures of 640 x 640 with 100 characters, per CPU-second; one JSON line.

    python benchmarks/heatmaps_bench.py [--n 2000] [--repeats 5]

Characters stand in words of one to nine on lines of 10 to 60 px, tilted and in perspective, some of them across the border. The kernels
are compiled before anything is timed. Figures are medians of the repeats; the spread is largest less smallest, over the median.
"""

import argparse
import json
from collections.abc import Sequence

import numpy as np

from benchmarks.measured import cpu_of, machine, middle
from synthgen.arrays import F64, I32, Quads
from synthgen.chance import Stream, uniforms
from synthgen.heatmaps import heat_maps

SIZE = (640, 640)
CHARACTERS = 100
SCENES = 32  # different pictures, so that branches are not learnt by heart
LENGTHS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9])
DRAWS = 6  # a word


def _word(length: int, drawn: F64) -> Quads:
    """Return the quads of a word of `length` characters, `(length, 4, 2)`, from DRAWS numbers in [0, 1)."""
    x, y, size, tilt, depth, width = drawn
    tall = 10 + 50 * size * size  # small print is commoner
    wide = tall * (0.4 + 0.4 * width)
    edges = (np.arange(length + 1) - length / 2) * wide
    flat = np.stack([np.stack([edges[[i, i + 1, i + 1, i]], np.array([-tall, -tall, tall, tall]) / 2], axis=-1) for i in range(length)])
    slope = 0.5 * (tilt - 0.5)
    turned = np.stack([flat[..., 0] - slope * flat[..., 1], flat[..., 1] + slope * flat[..., 0]], axis=-1)
    near = 1 + 0.001 * (depth - 0.5) * flat[..., :1]
    return np.asarray(turned / near + np.array([x * SIZE[1], y * SIZE[0]]), dtype=np.float32)


def scene(index: int) -> tuple[Quads, I32]:
    """Return character quads (CHARACTERS, 4, 2) and their words (CHARACTERS,)."""
    drawn = uniforms(0, Stream.LOOK, np.array([index], dtype=np.uint64), draws=CHARACTERS * (DRAWS + 1)).reshape(CHARACTERS, DRAWS + 1)
    lengths = LENGTHS[(drawn[:, DRAWS] * len(LENGTHS)).astype(np.int32)]
    quads = np.concatenate([_word(int(length), row[:DRAWS]) for length, row in zip(lengths, drawn, strict=True)])
    return quads[:CHARACTERS], np.repeat(np.arange(CHARACTERS, dtype=np.int32), lengths)[:CHARACTERS]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=2000, help="pairs of maps a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    told = machine()
    scenes = [scene(index) for index in range(SCENES)]
    region, affinity = (np.mean([(heat_maps(*one, SIZE)[which] > 0).mean() for one in scenes]) for which in (0, 1))

    def draw_all() -> None:
        for i in range(options.n):
            heat_maps(*scenes[i % SCENES], SIZE)

    rate, spread = middle([options.n / cpu_of(draw_all) for _ in range(options.repeats)])
    figures = {"pairs_per_cpu_second": round(rate, 1), "spread": spread, "characters": CHARACTERS, "size": SIZE}
    covered = {"region": round(float(region), 3), "affinity": round(float(affinity), 3)}
    print(json.dumps({"bench": "heatmaps", **figures, "covered_share": covered, "machine": told}))


if __name__ == "__main__":
    main()
