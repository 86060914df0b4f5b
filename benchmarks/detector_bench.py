"""How fast the detector's network looks at one picture through ONNX Runtime, float32 and int8; one JSON line.

    python benchmarks/detector_bench.py [--size 640] [--threads 1,2] [--slim 1,2] [--repeats 3] [--easyocr PYTHON]

CPU seconds and seconds by the clock for a picture of SIZE x SIZE px, boxes aside, medians of the repeats; where other programs run too,
only CPU seconds can be compared. Weights do not matter to speed, so they are as they begin. `--easyocr`: the Python of an environment
with EasyOCR, whose network is timed in the same way right after. Needs `synthgen[train]`.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measured import HERE, Figures, cpu_of, machine, wall_of
from detector.export import export_onnx
from detector.forms import CALIBRATION_SEED, rendered_scenes
from detector.model import build_detector
from detector.options import DetectorOptions
from detector.quantize import quantize
from detector.scorer import onnx_scorer
from detector.weights import Detector
from synthgen.arrays import U8


def detector_figures(slim: int, scenes: Sequence[U8], options: argparse.Namespace) -> Figures:
    """Return what each form of a detector takes on each number of threads, and how many times less int8 takes."""
    found: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {form: Path(folder) / f"{form}.onnx" for form in ("float32", "int8")}
        detector = DetectorOptions(slim)
        export_onnx(Detector(build_detector(detector), detector, {}), paths["float32"])
        quantize(paths["float32"], paths["int8"], scenes)
        for threads in options.threads:
            spent = {}
            for form, path in paths.items():
                score, picture = onnx_scorer(path, threads), np.resize(scenes[0], (1, options.size, options.size, 3))
                score(picture)
                spent[form] = timed(partial(score, picture), options.repeats)
                found[f"{form}_threads{threads}"] = spent[form]
            found[f"float32_over_int8_threads{threads}"] = round(spent["float32"]["cpu_seconds"] / spent["int8"]["cpu_seconds"], 2)
    return found


def timed(work: Callable[[], object], repeats: int) -> dict[str, float]:
    """Return the medians of CPU seconds and of seconds by the clock."""
    cpu, wall = list[float](), list[float]()
    for _ in range(repeats):
        wall.append(wall_of(lambda: cpu.append(cpu_of(work))))
    return {"cpu_seconds": round(statistics.median(cpu), 3), "seconds": round(statistics.median(wall), 3)}


def easyocr_figures(options: argparse.Namespace) -> Figures:
    """Return what EasyOCR's network takes, in the environment of another Python."""
    script = str(HERE / "easyocr_detector.py")
    found: Figures = {}
    for threads in options.threads:
        command = [options.easyocr, script, str(options.size), str(threads), str(options.repeats)]
        found[f"threads{threads}"] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=640, help="px of the picture's sides, a multiple of 32")
    parser.add_argument("--threads", type=_numbers, default=[1, 2])
    parser.add_argument("--slim", type=_numbers, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--easyocr", help="the Python of an environment with EasyOCR")
    options = parser.parse_args(arguments)
    found = machine() | {"size": options.size}
    scenes = list(rendered_scenes(2, CALIBRATION_SEED))  # ranges do not matter to speed
    for slim in options.slim:
        found[f"slim{slim}"] = detector_figures(slim, scenes, options)
    if options.easyocr:
        found["easyocr"] = easyocr_figures(options)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
