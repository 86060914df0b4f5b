"""How long EasyOCR's detector network takes for one picture; one JSON line. Run by `detector_bench.py` in EasyOCR's own environment.

    python easyocr_detector.py SIZE THREADS REPEATS

Weights do not matter to its speed, so it has none.
"""

import json
import statistics
import sys
import time

import torch
from easyocr.craft import CRAFT


def main() -> None:
    """Print CPU seconds and seconds by the clock, the medians."""
    size, threads, repeats = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    network, picture = CRAFT(pretrained=False).eval(), torch.rand(1, 3, size, size)
    spent: list[tuple[float, float]] = []
    with torch.no_grad():
        network(picture)
        for _ in range(repeats):
            began = time.process_time(), time.perf_counter()
            network(picture)
            spent.append((time.process_time() - began[0], time.perf_counter() - began[1]))
    cpu, wall = (statistics.median(values) for values in zip(*spent, strict=True))
    print(json.dumps({"cpu_seconds": round(cpu, 3), "seconds": round(wall, 3)}))


if __name__ == "__main__":
    main()
