"""How fast scenes are rendered here, and which stage takes what; one JSON line.

    python benchmarks/scenes_bench.py [--backgrounds DIR] [--corpus FILE[:COLUMN]]... [--only whole,own,jpeg,stages] [--n 400] [--repeats 3]

The parts: whole (plan, paint, truth, heat maps, JPEG, PNG and Parquet by `job.run`, default recipe, 640 x 640), own (the same with
`--backgrounds` and `--corpus`), jpeg (encoding the same pictures alone: the floor), stages (of own where it was asked for, else of whole).
CPU seconds are of the whole process with all its threads, user and system. Kernels are compiled and caches are warm before anything is
timed. Figures are medians of the repeats; a spread (largest less smallest, over the median) above 0.1 says that the machine was busy.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from benchmarks.measured import HERE, Figures, Stopwatch, cpu_of, machine, middle
from synthgen import job as job_room
from synthgen import scene_renderer
from synthgen.assets.cache import default_folder
from synthgen.assets.scene_assets import SceneAssets, open_scene_assets
from synthgen.assets.studio import Opened, open_studio
from synthgen.engine.local import LocalEngine
from synthgen.found import Flags, find_recipe
from synthgen.job import Job
from synthgen.renderer import Renderer
from synthgen.run_report import Report
from synthgen.scene import scenes
from synthgen.scene_renderer import ScenePainter
from synthgen.shards.columns import regrouped
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.scenes import SceneRows, scene_batch
from synthgen.shards.schema import SCENES

WARM_UP = 20  # scenes: kernels, fonts that are opened when first used, clock speed
LOOKED_AT = 100  # scenes whose pictures are encoded again
STAGES = {  # functions by the module that calls them
    "plan_product": (scene_renderer, "plan_product_scene"),
    "plan_photo": (scene_renderer, "plan_photo_scene"),
    "truth": (scenes, "find_truth"),
    "paint": (scenes, "paint_pieces"),
    "heat_maps": (scene_renderer, "heat_maps"),
    "jpeg": (scene_renderer, "jpeg"),
    "png": (scene_renderer, "png"),
}


@dataclass(frozen=True)
class Stand:
    """A recipe and its assets, open: opening them is no part of a scene."""

    opened: Opened
    assets: SceneAssets

    def renderer(self) -> Renderer:
        """Return a renderer of seed 0."""
        return Renderer(self.opened, 0, self.assets)

    def render(self, n: int) -> Report:
        """Render n scenes to one shard in this process."""
        with tempfile.TemporaryDirectory() as folder:
            job = Job(
                recipe=self.opened.studio.recipe,
                seed=0,
                n=0,
                scenes=n,
                out=Path(folder),
                factory=lambda _: self.renderer(),
                alphabet=self.opened.studio.alphabet.characters,
            )
            return job_room.run(job, LocalEngine(1, inline=True), resume=False, progress=lambda _: None)


@dataclass(frozen=True)
class Bench:
    """What is measured, and how often."""

    n: int
    repeats: int
    flags: Flags

    @cached_property
    def plain(self) -> Stand:
        """The default recipe."""
        return _stand(Flags())

    @cached_property
    def own(self) -> Stand:
        """The default recipe with the user's photos and texts."""
        return _stand(self.flags) if self.flags != Flags() else self.plain


def _stand(flags: Flags) -> Stand:
    recipe, _ = find_recipe(flags, HERE)  # nothing is found unasked here
    opened = open_studio(recipe, default_folder())
    return Stand(opened, open_scene_assets(opened, recipe, default_folder()))


def speed(bench: Bench, stand: Stand) -> Figures:
    """Return scenes per CPU second of a whole run, and what is in them."""
    stand.render(WARM_UP)
    reports: list[Report] = []
    seconds, spread = middle([cpu_of(lambda: reports.append(stand.render(bench.n))) for _ in range(bench.repeats)])
    return {
        "scenes_per_cpu_second": round(bench.n / seconds, 1),
        "ms_per_scene": round(seconds / bench.n * 1e3, 2),
        "spread": spread,
        "bytes_per_scene": round(reports[0].bytes / bench.n),
        **_counted(stand, bench.n),
    }


def _counted(stand: Stand, n: int) -> Figures:
    blocks = [rows for rows, _ in stand.renderer().scenes(0, n)]
    counts = {
        "words": sum(len(rows.word_ignore) for rows in blocks),
        "readable_words": sum(int((~rows.word_ignore).sum()) for rows in blocks),
        "characters": sum(len(rows.char_word) for rows in blocks),
    }
    return {name: round(count / n, 1) for name, count in counts.items()}


def whole(bench: Bench) -> Figures:
    """Return the speed of the default recipe."""
    return speed(bench, bench.plain)


def own(bench: Bench) -> Figures:
    """Return the speed with the user's own photos and texts."""
    return speed(bench, bench.own) if bench.flags != Flags() else {"left_out": "give --backgrounds or --corpus"}


def jpeg(bench: Bench) -> Figures:
    """Return milliseconds of JPEG encoding alone."""
    painter = ScenePainter(bench.plain.assets, bench.plain.opened.studio.recipe, 0)
    painted = [painter.scene(index, blue_first=True) for index in range(LOOKED_AT)]

    def encode() -> None:
        for scene in painted:
            cv2.imencode(".jpg", scene.picture, (cv2.IMWRITE_JPEG_QUALITY, scene.quality))

    floor, spread = middle([cpu_of(encode) / LOOKED_AT * 1e3 for _ in range(bench.repeats)])
    return {"ms": round(floor, 3), "spread": spread, "mean_quality": round(float(np.mean([scene.quality for scene in painted])), 1)}


def stages(bench: Bench) -> Figures:
    """Return milliseconds of each stage: planning a scene of its kind, else over all scenes; `rest` is what is between them."""
    runs = [_staged(bench.own, bench.n) for _ in range(bench.repeats)]
    figures = {stage: middle([run[stage] for run in runs]) for stage in runs[0]}
    return {**{stage: round(median, 3) for stage, (median, _) in figures.items()}, "spread": figures["total"][1]}


def _staged(stand: Stand, n: int) -> dict[str, float]:
    watch, samples = Stopwatch(), stand.renderer()
    list(samples.scenes(0, WARM_UP))
    with ExitStack() as patches:
        for stage, (module, name) in STAGES.items():
            patches.enter_context(mock.patch.object(module, name, watch.timed(stage, getattr(module, name))))
        blocks: list[SceneRows] = []
        total = cpu_of(lambda: blocks.extend(rows for rows, _ in samples.scenes(0, n)))
    parquet = cpu_of(lambda: _write(blocks, samples))
    parts = {**watch.seconds, "rest": total - sum(watch.seconds.values()), "parquet": parquet, "total": total + parquet}
    many = {stage: count for stage, count in watch.calls.items() if stage.startswith("plan")}
    return {stage: seconds / many.get(stage, n) * 1e3 for stage, seconds in parts.items()}


def _write(blocks: list[SceneRows], samples: Renderer) -> None:
    with tempfile.TemporaryDirectory() as folder, parquet_shard(Path(folder) / "scenes.parquet", SCENES.schema, SCENES) as file:
        for batch in regrouped((scene_batch(rows, samples.names) for rows in blocks), SCENES.row_group):
            file.write_batch(batch)


PARTS = {part.__name__: part for part in (whole, own, jpeg, stages)}


def main() -> None:
    """Measure the parts asked for, and print one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=400, help="scenes of whole, own and stages")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--corpus", action="append", default=[])
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    asked = parser.parse_args()
    wanted = asked.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"--only: need some of {','.join(PARTS)}, got {','.join(sorted(unknown))}")
    cv2.setNumThreads(1)  # as a worker does
    bench = Bench(asked.n, asked.repeats, Flags(corpora=tuple(asked.corpus), backgrounds=asked.backgrounds))
    found: dict[str, object] = {"bench": "scenes", **machine()}
    for name in wanted:
        print(name, file=sys.stderr)
        found[name] = PARTS[name](bench)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
