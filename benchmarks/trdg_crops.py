"""Word crops by the pip package `trdg` 1.8.0, as its users would make them for words in scenes, to train on beside ours; one JSON line.

    python -m venv TRDG && TRDG/bin/pip install trdg==1.8.0 "pillow<10"
    TRDG/bin/python -m benchmarks.trdg_crops OUT [--n 60000] [--seed 0]

In an environment of its own, which needs no package of ours: newer Pillows lack what trdg calls. OUT gets `labels.csv` (`file,text`) and
JPEG files, height 32. All of trdg's means are used, each chosen anew for every crop: its English dictionary, its 100 Latin fonts, all
four backgrounds with its four photos, all distortions, skew and blur, any colour. Half of the words are in capitals (its `--case`), and one
in ten is a random sequence of letters and digits (its `-rs`), for real crops have many of both and its dictionary next to none.
What trdg gives up for colours too much alike is drawn anew, and counted. Crop i depends on (seed, i) alone.
Measured: crops per second by the clock, and of CPU time of the process, JPEG files included.
"""

import argparse
import contextlib
import csv
import importlib.metadata
import io
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import trdg
from PIL.Image import Image

from synthgen.arrays import F64
from synthgen.chance import Stream, uniforms

with contextlib.redirect_stdout(sys.stderr):  # it tells that it cannot write by hand, for want of TensorFlow
    from trdg.data_generator import rnd  # the global generator that it draws from
    from trdg.generators import GeneratorFromStrings
    from trdg.string_generator import create_strings_randomly
    from trdg.utils import load_dict, load_fonts

T = TypeVar("T")
HEIGHT_PX = 32
MARGINS_PX = range(6)  # on each side; trdg's own is 5
SKEW_DEG = 5  # either way at most, as in the examples of its README
BLUR_PX = 1  # radius at most; the 2 of its README leaves many words unreadable at this height
BACKGROUNDS = range(4)  # noise, white, quasicrystal, photo
DISTORTIONS = range(4)  # none, sine, cosine, random
DIRECTIONS = range(3)  # of a distortion: up and down, left and right, both
CAPITALS_SHARE, SEQUENCES_SHARE = 0.5, 0.1
DRAWS = 11  # numbers for a crop
TRIES = 64  # one in 25 fails


@dataclass(frozen=True)
class Stock:
    """What trdg brings along."""

    words: list[str]
    fonts: list[str]  # paths
    photos: str  # a folder

    @classmethod
    def installed(cls) -> "Stock":
        """Return its English dictionary, the fonts that it sets English in, and its photos."""
        folder = Path(trdg.__file__).parent
        fonts = sorted(load_fonts("en"))  # they come in the file system's order
        return cls(load_dict(folder / "dicts" / "en.txt"), fonts, str(folder / "images"))


def pick(items: Sequence[T], share: float) -> T:
    """Return the item that lies at `share`, in [0, 1), of all."""
    return items[int(share * len(items))]


def draw_crop(stock: Stock, row: F64) -> tuple[Image | None, str]:
    """Return the crop that the DRAWS numbers of `row` choose, None where trdg gives it up, and its text."""
    inner, noise, kind, word, case, font, margin, ground, bend, way, room = row
    rnd.seed(int(inner * 2**53))
    cv2.setRNGSeed(int(noise * 2**31))  # its noise is OpenCV's
    if kind < SEQUENCES_SHARE:
        (text,) = create_strings_randomly(1, False, 1, True, True, False, "en")  # noqa: FBT003 # letters and digits, no signs
    else:
        text = pick(stock.words, word)
        text = text.upper() if case < CAPITALS_SHARE else text
    crops = GeneratorFromStrings(
        [text],
        fonts=[pick(stock.fonts, font)],
        size=HEIGHT_PX,
        skewing_angle=SKEW_DEG,
        random_skew=True,
        blur=BLUR_PX,
        random_blur=True,
        background_type=pick(BACKGROUNDS, ground),
        image_dir=stock.photos,  # the generator's own default is a folder that does not exist
        distorsion_type=pick(DISTORTIONS, bend),
        distorsion_orientation=pick(DIRECTIONS, way),
        text_color="#000000,#FFFFFF",
        margins=(pick(MARGINS_PX, margin),) * 4,
        fit=room < 0.5,  # cropped to its ink, or with the font's own room above
    )
    image, text = next(crops)
    return image, text


def make_crop(stock: Stock, seed: int, index: int) -> tuple[Image, str, int]:
    """Return the crop of `index`, its text, and how many were given up before it.

    Raises:
        RuntimeError: all tries were given up.
    """
    rows = uniforms(seed, Stream.LOOK, np.arange(index * TRIES, (index + 1) * TRIES, dtype=np.uint64), DRAWS)
    for tries, row in enumerate(rows):
        with contextlib.redirect_stdout(io.StringIO()):  # it tells of each that it gives up
            image, text = draw_crop(stock, row)
        if image is not None:
            return image, text, tries
    raise RuntimeError(f"crop {index}: trdg gave up {TRIES} in a row")


def make_crops(out: Path, n: int, seed: int) -> dict[str, object]:
    """Write `n` crops and their labels into `out`, and return what was made, and how fast."""
    stock = Stock.installed()
    (out / "images").mkdir(parents=True)
    redrawn, wall, cpu = 0, time.perf_counter(), time.process_time()
    with (out / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        labels = csv.writer(file)
        labels.writerow(("file", "text"))
        for index in range(n):
            image, text, tries = make_crop(stock, seed, index)
            name = f"images/{index:06}.jpg"
            image.save(out / name)  # at Pillow's quality, as its command line does
            labels.writerow((name, text))
            redrawn += tries
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    speed = {"seconds": round(wall, 1), "crops_per_second": round(n / wall, 1), "crops_per_cpu_second": round(n / cpu, 1)}
    return {"crops": n, "redrawn": redrawn, "words": len(stock.words), "fonts": len(stock.fonts), **speed}


def main() -> None:
    """Make the crops, and print one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="a folder that is not there yet")
    parser.add_argument("--n", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.out.exists():
        parser.error(f"{asked.out}: need a folder that is not there yet; remove it, or give another name")
    print(json.dumps({"trdg": importlib.metadata.version("trdg"), "seed": asked.seed, **make_crops(asked.out, asked.n, asked.seed)}))


if __name__ == "__main__":
    main()
