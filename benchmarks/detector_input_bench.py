"""How fast views of scenes are made for the detector; one JSON line.

    python benchmarks/detector_input_bench.py --data shards [--views 128] [--repeats 3] [--workers 2]

`views_per_cpu_second_256` and `_512`: one thread, JPEG decoding, warping, maps and the model's input included; bars are 60 at 256 px, and
at 512 px 16, which is 250 by 16 cores. `views_per_second_256` and `_512`: batches made by so many threads and nothing else, by the clock.
`parts_256`, `parts_512`: share of the CPU time. All groups are loaded and everything is compiled before it is timed. Figures are medians
of the repeats; the spread is largest less smallest, over the median.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2

from benchmarks.measured import Figures, Stopwatch, cpu_of, machine, middle, wall_of
from detector import batches, viewing
from detector.batches import DetectorFeed, Lesson
from detector.scenes import open_shards
from training.mixture import Mixture

BATCH = 16
SIZES = (256, 512)
PARTS = (
    *((viewing, name) for name in ("_decoded", "_stored")),
    *((batches, name) for name in ("homography", "draw_targets", "view_picture", "as_input")),
)


def made(feed: DetectorFeed, steps: range, workers: int) -> None:
    """Make the batches of `steps`."""
    if workers == 1:
        for step in steps:
            feed(step)
        return
    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(feed, steps))


def figures(data: Path, size: int, options: argparse.Namespace) -> Figures:
    """Return speeds and shares of one size of views."""
    feed, count = DetectorFeed([open_shards(data)], Mixture((1.0,), BATCH), Lesson(size, 0)), -(-options.views // BATCH)
    made(feed, range(count), 1)
    spans = [range(count * turn, count * (turn + 1)) for turn in range(options.repeats)]
    alone, spread = middle([count * BATCH / cpu_of(partial(made, feed, span, 1)) for span in spans])
    together, unevenness = middle([count * BATCH / wall_of(partial(made, feed, span, options.workers)) for span in spans])
    return {
        f"views_per_cpu_second_{size}": round(alone, 1),
        f"cpu_spread_{size}": spread,
        f"views_per_second_{size}": round(together, 1),
        f"spread_{size}": unevenness,
        f"parts_{size}": shares(feed, spans[0]),
    }


def shares(feed: DetectorFeed, steps: range) -> dict[str, float]:
    """Return which share of the CPU time each part takes; `view_picture` is decoding, warping and colours together."""
    found = {}
    for room, name in PARTS:
        watch = Stopwatch()
        with patch.object(room, name, watch.timed(name, getattr(room, name))):
            whole = cpu_of(partial(made, feed, steps, 1))
        found[name.strip("_")] = round(watch.seconds.get(name, 0.0) / whole, 3)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("shards"), help="scene shards")
    parser.add_argument("--views", type=int, default=128, help="of each turn")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)  # cores are for the threads that make batches
    found: Figures = {**machine(), "workers": options.workers}
    for size in SIZES:
        found |= figures(options.data, size, options)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
