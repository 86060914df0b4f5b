"""How fast word crops are rendered here, and which stage takes what; one JSON line.

    python benchmarks/words_bench.py [--backgrounds DIR] [--corpus FILE[:COLUMN]]... [--only whole,stages] [--n 30000] [--repeats 3]

The parts: whole (plan, paint, JPEG and Parquet by `job.run`, default recipe), own (the same with `--backgrounds` and `--corpus`), jpeg
(encoding alone: the floor), stages, neots (needs the extra `bench`), workers (two against one, and their memory), start.
CPU seconds are of the whole process with all its threads, user and system. Kernels are compiled and caches are warm before anything is
timed. Figures are medians of the repeats; a spread (largest less smallest, over the median) above 0.1 says that the machine was busy.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from benchmarks.measured import HERE, Bench, Figures, Stopwatch, cpu_of, machine, middle
from benchmarks.processes import neots, start, workers
from synthgen import job as job_room
from synthgen import renderer
from synthgen.arrays import Image
from synthgen.assets.cache import default_folder
from synthgen.assets.studio import Opened, open_studio
from synthgen.engine.local import LocalEngine
from synthgen.found import Flags, find_recipe
from synthgen.job import Job
from synthgen.renderer import BLOCK, Renderer
from synthgen.scene import words
from synthgen.scene.words import render_words
from synthgen.shards.columns import regrouped
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.schema import WORD_SCHEMA, WORDS
from synthgen.shards.words import WordRows, word_batch

WARM_UP = 2_000  # samples: fonts that are opened when first used, buffers, clock speed
LOOKED_AT = 5_000  # samples whose pictures are encoded, and whose stages are timed
FLOOR_WIDE, FLOOR_QUALITY = 128, 90  # of the picture whose encoding is the common floor; as high as the crops
STAGES = {  # functions by the module that calls them
    "texts": (words, "plan_texts"),
    "faces": (words, "choose_faces"),
    "looks": (words, "plan_looks"),
    "layout": (words, "lay_out"),
    "neighbours": (words, "shape_neighbours"),
    "paint": (words, "paint"),
    "encode": (renderer, "encoded"),
}


def render_here(opened: Opened, n: int) -> None:
    """Render n samples to one shard in this process, with assets that are open: opening them is part of `start`."""
    with tempfile.TemporaryDirectory() as folder:
        job = Job(
            recipe=opened.studio.recipe,
            seed=0,
            n=n,
            out=Path(folder),
            factory=lambda job: Renderer(opened, job.seed),
            shard_size=n,
            alphabet=opened.studio.alphabet.characters,
        )
        job_room.run(job, LocalEngine(1, inline=True), resume=False, progress=lambda _: None)


def speed(bench: Bench, opened: Opened) -> Figures:
    """Return images per CPU second of a whole run."""
    render_here(opened, WARM_UP)
    seconds, spread = bench.repeated(lambda: cpu_of(lambda: render_here(opened, bench.n)))
    return {"images_per_cpu_second": round(bench.n / seconds), "us_per_image": round(seconds / bench.n * 1e6, 1), "spread": spread}


def whole(bench: Bench) -> Figures:
    """Return the speed of the default recipe."""
    return speed(bench, bench.opened)


def own(bench: Bench) -> Figures:
    """Return the speed with the user's own photos and texts."""
    if bench.flags == Flags():
        return {"left_out": "give --backgrounds or --corpus"}
    recipe, _ = find_recipe(bench.flags, HERE)  # nothing is found unasked here
    opened = open_studio(recipe, default_folder())
    return {**speed(bench, opened), "tiles": len(opened.backgrounds), "tiles_mb": round(opened.studio.tiles.pixels.nbytes / 1e6)}


def painted(bench: Bench) -> tuple[list[Image], list[int]]:
    """Return default samples, blue first, and the qualities they are stored with."""
    index = (np.arange(begin, begin + BLOCK, dtype=np.uint64) for begin in range(0, LOOKED_AT, BLOCK))
    blocks = [render_words(bench.opened.studio, 0, block, blue_first=True) for block in index]
    pairs = [(block.picture(row), int(block.quality[row])) for block in blocks for row in range(BLOCK)]
    return [picture for picture, _ in pairs], [quality for _, quality in pairs]


def jpeg(bench: Bench) -> Figures:
    """Return microseconds of JPEG encoding alone: of the pictures as they are stored, and of 32 x 128 at quality 90."""
    pictures, qualities = painted(bench)
    wide = [np.ascontiguousarray(picture[:, :FLOOR_WIDE]) for picture in pictures if picture.shape[1] >= FLOOR_WIDE]

    def encode(pictures: Sequence[Image], qualities: Sequence[int]) -> None:
        for picture, quality in zip(pictures, qualities, strict=True):
            cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))

    same, spread = bench.repeated(lambda: cpu_of(lambda: encode(pictures, qualities)) / len(pictures) * 1e6)
    floor, floor_spread = bench.repeated(lambda: cpu_of(lambda: encode(wide, [FLOOR_QUALITY] * len(wide))) / len(wide) * 1e6)
    return {
        "same_pictures_us": round(same, 1),
        "spread": spread,
        "mean_width": round(statistics.mean(picture.shape[1] for picture in pictures), 1),
        "floor_32x128_q90_us": round(floor, 1),
        "floor_spread": floor_spread,
    }


def stages(bench: Bench) -> Figures:
    """Return microseconds a sample of each stage, `rest` what is between them."""
    runs = [_staged(bench.opened) for _ in range(bench.repeats)]
    figures = {stage: middle([run[stage] for run in runs]) for stage in runs[0]}
    return {**{stage: round(median, 1) for stage, (median, _) in figures.items()}, "spread": figures["total"][1]}


def _staged(opened: Opened) -> dict[str, float]:
    watch = Stopwatch()
    studio = replace(opened.studio, shape=watch.timed("shaping", opened.studio.shape))
    samples = Renderer(replace(opened, studio=studio), 0)
    list(samples.words(0, BLOCK))
    with ExitStack() as patches:
        for stage, (module, name) in STAGES.items():
            patches.enter_context(mock.patch.object(module, name, watch.timed(stage, getattr(module, name))))
        watch.seconds.clear()
        blocks: list[WordRows] = []
        total = cpu_of(lambda: blocks.extend(rows for rows, _ in samples.words(0, LOOKED_AT)))
    rest = total - sum(watch.seconds.values())
    parquet = cpu_of(lambda: _write(blocks, samples))
    parts = {**watch.seconds, "rest": rest, "parquet": parquet, "total": total + parquet}
    return {stage: seconds / LOOKED_AT * 1e6 for stage, seconds in parts.items()}


def _write(blocks: list[WordRows], samples: Renderer) -> None:
    with tempfile.TemporaryDirectory() as folder, parquet_shard(Path(folder) / "words.parquet", WORD_SCHEMA) as file:
        for batch in regrouped((word_batch(rows, samples.names) for rows in blocks), WORDS.row_group):
            file.write_batch(batch)


PARTS = {part.__name__: part for part in (whole, own, jpeg, stages, neots, workers, start)}


def multiples(found: dict[str, Figures]) -> Figures:
    """Return our speed against the floor and against neots, where both were measured."""
    ours = float(str(found.get("whole", {}).get("us_per_image", "nan")))
    floors = {name: float(str(found.get("jpeg", {}).get(name, "nan"))) for name in ("same_pictures_us", "floor_32x128_q90_us")}
    theirs = {name: float(str(found.get("neots", {}).get(f"{name}_images_per_cpu_second", "nan"))) for name in ("jpeg", "batch")}
    figures = {f"times_{name.removesuffix('_us')}": ours / us for name, us in floors.items()}
    figures |= {f"times_neots_{name}": 1e6 / ours / images for name, images in theirs.items()}
    return {name: round(figure, 2) for name, figure in figures.items() if not np.isnan(figure)}


def main() -> None:
    """Measure the parts asked for, and print one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=30_000, help="images of whole and own")
    parser.add_argument("--worker-n", type=int, default=160_000, help="images of workers: enough that their start does not count")
    parser.add_argument("--neots-images", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--corpus", action="append", default=[])
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    asked = parser.parse_args()
    wanted = asked.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"--only: need some of {','.join(PARTS)}, got {','.join(sorted(unknown))}")
    cv2.setNumThreads(1)  # as a worker does
    flags = Flags(corpora=tuple(asked.corpus), backgrounds=asked.backgrounds)
    bench = Bench(asked.n, asked.worker_n, asked.neots_images, asked.repeats, flags)
    about = machine()
    found: dict[str, Figures] = {}
    for name in wanted:
        print(name, file=sys.stderr)
        found[name] = PARTS[name](bench)
    print(json.dumps({**about, **found, "multiples": multiples(found)}))


if __name__ == "__main__":
    main()
