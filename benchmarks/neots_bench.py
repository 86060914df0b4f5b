"""How fast the pip package `neots` (C++) renders what we render: single words, height 32, its default effects; one JSON line.

    python benchmarks/neots_bench.py [--images 3000]

Its three ways to a picture are measured: `generate` (its batch call: PNG files, text of its own choice), `instance_file` (one call
a word, JPEG file) and `instance_memory` (one call a word to an array, JPEG by OpenCV as ours). CPU seconds of the whole process, all
threads; its set-up, and loading of fonts and photos, happen before in a warm-up.
"""

import argparse
import contextlib
import importlib.metadata
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import fontpkg
import numpy as np
import wordfreq
from neots import SingleLineTextGenerator

from synthgen.arrays import Image
from synthgen.chance import Stream, uniforms

HEIGHT_PX = 32
WARM_UP = 300  # images: every font is opened once and its glyphs come from the cache after
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)  # as in our own floor
SETTINGS: dict[
    str, dict[str, object]
] = {  # the preset that neots ships, less vertical text and its CJK sources: its effects stay at their default shares
    "text_sampler": {"min_targets": 4, "max_targets": 10, "font_size": 55, "vertical_prob": 0.0, "sample_strategy": "auto-fallback"},
    "bg_sampler": {"bg_image_prob": 0.3, "gray_bg_prob": 0.7, "text_color": "auto", "bg_color": "auto"},
    "post_process": {
        "text_effects": {"effect_prob": 0.2, "partial_effect_prob": 0.8},
        "text_paste": {
            "scale_range": [0.7, 1.1],
            "margin_range": [-5, 20],
            "offset_prob": 0.5,
            "h_offset_range": [-7, 7],
            "v_offset_range": [-5, 5],
        },
        "transforms": {"rotation_prob": 0.3, "rotation_range": [-2.5, 2.5], "distortion_prob": 0.2, "distortion_level": 0.03},
    },
    "generate": {"output_height": HEIGHT_PX, "retry_on_error": True, "batchsize": 1000, "hierarchical_structure": [100, 625]},
}


@dataclass(frozen=True)
class Speed:
    """What a number of images took; CPU seconds above wall seconds would mean more than one thread."""

    images: int
    cpu_seconds: float
    wall_seconds: float
    pixels: float  # mean height x width, where the images were seen

    @property
    def images_per_cpu_second(self) -> float:
        """Images over CPU seconds."""
        return self.images / self.cpu_seconds


def product_words(count: int) -> list[str]:
    """Return words as on packs: frequent English ones, small, Capitalised, in CAPITALS, and one in eight a weight, price or share."""
    english = [word for word in wordfreq.top_n_list("en", 4000) if word.isascii() and len(word) >= 3]
    pick, case = uniforms(0, Stream.TEXT, np.arange(count, dtype=np.uint64), draws=2).T
    words = []
    for word, style, n in zip((english[int(p * len(english))] for p in pick), (case * 8).astype(int), range(count), strict=True):
        figures = (f"{n % 990 + 10}g", f"${n % 20}.99", f"{n % 100}%", f"{n % 40}oz")
        words.append(figures[n % 4] if style == 0 else word.upper() if style < 4 else word.capitalize() if style < 6 else word)
    return words


def make_photos(folder: Path, count: int = 16) -> None:
    """Write soft coloured pictures, 640 x 480, into `folder`: what a photo costs to decode and cut, without needing one."""
    folder.mkdir()
    coarse = uniforms(1, Stream.TEXTURE, np.arange(count, dtype=np.uint64), draws=12 * 16 * 3).reshape(count, 12, 16, 3)
    grain = uniforms(2, Stream.TEXTURE, np.arange(480, dtype=np.uint64), draws=640 * 3).reshape(480, 640, 3)
    for n, small in enumerate(coarse):
        large = cv2.resize((small * 255).astype(np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{n}.jpg"), np.clip(large + grain * 24 - 12, 0, 255).astype(np.uint8))


def make_generator(folder: Path, words: list[str]) -> SingleLineTextGenerator:
    """Return a neots generator that uses all installed font packages and finds photos and words in `folder`."""
    make_photos(folder / "photos")
    (folder / "words.txt").write_text("\n".join(words), encoding="utf-8")
    fonts = [str(file.path) for slug in fontpkg.families() for file in fontpkg.family(slug).files]
    settings: dict[str, object] = {
        **SETTINGS,
        "text_sampler": {**SETTINGS["text_sampler"], "font_list": fonts},
        "bg_sampler": {**SETTINGS["bg_sampler"], "bg_list": [str(folder / "photos")]},
        "generate": {**SETTINGS["generate"], "out_dir": str(folder / "out"), "out_jsonl": str(folder / "out.jsonl")},
        "random_config": [{"type": "sequential", "prob": 1.0, "from_file": str(folder / "words.txt")}],
    }
    return SingleLineTextGenerator.from_config(settings)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process so far, user and system, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], list[float]], images: int) -> Speed:
    """Return what `work` took; it returns the pixels of each image it saw."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    pixels = work()
    return Speed(images, cpu_seconds() - cpu, time.perf_counter() - wall, float(np.mean(pixels)) if pixels else float("nan"))


def measure(images: int = 3000) -> dict[str, Speed]:
    """Return the speed of each of neots's three ways over `images` words.

    Raises:
        RuntimeError: neots failed at some of its images, so that its speed would not be comparable.
    """
    words = product_words(images)
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):  # it writes beside where it stands
        folder = Path(name)
        neots = make_generator(folder, words)

        def in_memory() -> list[float]:
            pictures: list[Image] = [neots.generate_instance(word, type="numpy") for word in words]
            return [float(picture.size / 3) for picture in pictures if cv2.imencode(".jpg", picture[..., ::-1], JPEG)[0]]

        def to_files() -> list[float]:
            for word in words:
                neots.generate_instance(word, type="file", path="one.jpg")
            return []

        def batch() -> list[float]:
            made, failed = neots.generate(images, workers=1, show_progress=False)
            if failed or made != images:
                raise RuntimeError(f"neots made {made} of {images} images")
            return [
                float(line["width"] * line["height"])
                for line in map(json.loads, Path("out.jsonl").read_text(encoding="utf-8").splitlines())
            ]

        for word in words[:WARM_UP]:
            neots.generate_instance(word, type="numpy")
        return {"instance_memory": timed(in_memory, images), "instance_file": timed(to_files, images), "generate": timed(batch, images)}


def main() -> None:
    """Print one JSON line: images per CPU second of each way, and the best of those that make JPEG."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=3000)
    speeds = measure(parser.parse_args().images)
    figures = {
        way: {
            "images_per_cpu_second": round(speed.images_per_cpu_second, 1),
            "cpu_over_wall": round(speed.cpu_seconds / speed.wall_seconds, 2),
            "mean_pixels": None if np.isnan(speed.pixels) else round(speed.pixels),
        }
        for way, speed in speeds.items()
    }
    best = max(speed.images_per_cpu_second for way, speed in speeds.items() if way != "generate")
    print(json.dumps({"neots": importlib.metadata.version("neots"), "best_jpeg_images_per_cpu_second": round(best, 1), **figures}))


if __name__ == "__main__":
    main()
