"""How long reading a product photo takes, from pixels to text, float32 and int8; one JSON line.

    python benchmarks/extract_bench.py [--size 1280,960,640] [--threads 2] [--repeats 3] [--detector DETECTOR.keras]

The photo is rendered, 1,000 x 1,000 px: of the first scenes of the built-in recipe that size the one with nearest to 30 words to be read.
Seconds by the clock and CPU seconds are medians; where other programs run too, only CPU seconds can be compared. Each form runs in a
process of its own, whose largest memory is given, the bare process with all imports apart. int8 is what comes along; float32 is made of
the same weights, or of `--detector`, which needs `synthgen[train]`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measured import Figures, cpu_of, machine, wall_of
from extractor import Options, open_extractor
from extractor.opened import DETECTOR, READER
from synthgen import Recipe, SceneRenderer
from synthgen.arrays import Image
from synthgen.scene_recipe import SceneRecipe
from training.startup import start_keras

PHOTO_PX, WORDS, SCENES = 1000, 30, 40


def photo_of_words() -> tuple[Image, int]:
    """Return a rendered photo, and how many words on it can be read."""
    renderer = SceneRenderer(Recipe(scene=SceneRecipe(height_px=PHOTO_PX, width_px=PHOTO_PX)), seed=2**40)
    found: list[tuple[int, Image, int]] = []
    for index in range(SCENES):
        scene = renderer.scene(index)
        count = int((~scene.truth.word_ignore).sum())
        found.append((abs(count - WORDS), scene.picture.copy(), count))
    _, picture, count = min(found, key=lambda one: one[0])
    return picture, count


def figures(photo: Image, weights: tuple[Path, Path], options: argparse.Namespace) -> Figures:
    """Return what one form of the weights takes, by size, in this process."""
    bare = most_mb()
    found: Figures = {}
    for size in options.size:
        extractor = open_extractor(*weights, Options(size=size, threads=options.threads))
        page = extractor.extract(photo)
        cpu, wall = list[float](), list[float]()
        for _ in range(options.repeats):
            wall.append(wall_of(lambda: cpu.append(cpu_of(lambda: extractor.extract(photo)))))  # noqa: B023 # called at once
        spent = {"seconds": round(statistics.median(wall), 3), "cpu_seconds": round(statistics.median(cpu), 3)}
        found[f"size{size}"] = spent | {"words": len(page.words), "left_out": page.left_out}
    return found | {"memory_mb": most_mb(), "bare_mb": bare}


def most_mb() -> int:
    """Return the largest memory of this process so far; getrusage would tell that of its parent if that was larger."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)


def in_process(photo: Path, weights: tuple[Path, Path], arguments: Sequence[str]) -> Figures:
    """Return the figures of a form of the weights, from a process of its own."""
    command = [sys.executable, __file__, *arguments, "--photo", str(photo), "--weights", *map(str, weights)]
    told: Figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return told


def float32_of(folder: Path, detector: Path | None) -> tuple[Path, Path]:
    """Return the weights that come along as float32 ONNX, or another detector's beside the reader."""
    start_keras()
    from detector import forms as detector_forms
    from recognizer import forms as reader_forms

    made = folder / "detector.onnx", folder / "reader.onnx"
    detector_forms.write(detector or DETECTOR.with_suffix(".keras"), made[0], "onnx")
    reader_forms.write(READER.with_suffix(".keras"), made[1], "onnx")
    return made


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=_numbers, default=[1280, 960, 640], help="longest sides that the detector looks at, px")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--detector", type=Path, help="another detector.keras, for float32")
    parser.add_argument("--photo", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--weights", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(given)
    if options.photo:
        print(json.dumps(figures(np.load(options.photo), tuple(options.weights), options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        photo, words = photo_of_words()
        path = Path(folder) / "photo.npy"
        np.save(path, photo)
        found: Figures = machine() | {"photo": list(photo.shape), "words": words, "threads": options.threads}
        forms = {"int8": (DETECTOR, READER), "float32": float32_of(Path(folder), options.detector)}
        print(json.dumps(found | {form: in_process(path, weights, given) for form, weights in forms.items()}))


if __name__ == "__main__":
    main()
