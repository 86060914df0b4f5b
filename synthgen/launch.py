"""What the commands do: open the assets, compile, run the job, report as it goes."""

import logging
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from synthgen.alphabet import Alphabet
from synthgen.assets.cache import default_folder
from synthgen.assets.fonts import find_faces
from synthgen.assets.glyphs import build_glyphs
from synthgen.assets.scene_assets import open_scene_assets
from synthgen.assets.studio import Opened, open_studio
from synthgen.engine.local import LocalEngine
from synthgen.found import Flags, find_recipe
from synthgen.job import Job, Report, check_order, run
from synthgen.renderer import Renderer, needs_scenes, open_renderer
from synthgen.scene_renderer import ScenePainter
from synthgen.shards import manifest
from synthgen.shards.manifest import Part

log = logging.getLogger(__name__)
SCENE_WORDS = 120  # words that take as long as a scene, for the time left


@dataclass(frozen=True)
class Order:
    """What `synthgen render` was asked for."""

    flags: Flags
    out: Path
    n: int
    scenes: int
    seed: int
    format: str
    shard_size: int
    workers: int
    resume: bool
    cache: Path | None


def open_assets(flags: Flags, cache: Path | None) -> Opened:
    """Return the assets of a command line, and log which were found unasked and what was left out."""
    recipe, unasked = find_recipe(flags, Path())
    for line in unasked:
        log.info(line)
    opened = open_studio(recipe, cache or default_folder())
    for message in opened.messages:
        log.info(message)
    for source, counts in opened.dropped.items():
        if any(counts[reason] for reason in counts if reason != "read"):
            log.info("%s: %s", source, ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in counts.items() if count))
    if opened.refused_fonts:
        log.info("%d fonts refused; synthgen fonts says why", len(opened.refused_fonts))
    return opened


def render(order: Order) -> Report:
    """Make the shards of an order.

    Raises:
        SynthgenError: see `job.run` and `open_studio`.
    """
    check_order(order.out, order.n + order.scenes, resume=order.resume)
    log.info("opening assets; the first time draws glyphs and compiles kernels, a minute or two")
    opened = open_assets(order.flags, order.cache)
    job = Job(
        recipe=opened.studio.recipe,
        seed=order.seed,
        n=order.n,
        scenes=order.scenes,
        out=order.out,
        factory=open_renderer,
        assets=opened.digests,
        format="tfrecord" if order.format == "tfrecord" else "parquet",
        shard_size=order.shard_size,
        alphabet=opened.studio.alphabet.characters,
        cache=order.cache,
    )
    _compile(job, opened)
    shards = len(job.shards)
    engine = LocalEngine(min(order.workers, shards) or 1, inline=shards <= 1)  # a process more would only start and open the assets again
    kept = manifest.recorded(order.out)
    with Meter(order.n - kept["words"], order.scenes - kept["scenes"], shards - kept["shards"]) as meter:
        return run(job, engine, resume=order.resume, progress=meter.add)


def _compile(job: Job, opened: Opened) -> None:
    """Render a sample of each table, so that kernels are compiled and assets made once, before workers start."""
    recipe = opened.studio.recipe
    scenes = open_scene_assets(opened, recipe, job.cache or default_folder()) if needs_scenes(recipe, job.scenes) else None
    renderer = Renderer(opened, job.seed, scenes)
    if job.n:
        next(renderer.words(0, 1))
    if job.scenes:
        next(renderer.scenes(0, 1))


def open_painter(opened: Opened, seed: int, cache: Path | None) -> ScenePainter:
    """Return what paints the scenes of a command line."""
    recipe = opened.studio.recipe
    return ScenePainter(open_scene_assets(opened, recipe, cache or default_folder()), recipe, seed)


def as_json(report: Report) -> dict[str, object]:
    """Return the promised keys of `render --json`, and the rest of the report."""
    return asdict(report)


def list_faces(flags: Flags, cache: Path | None) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return a row for every face, and one for every refused font."""
    recipe, _ = find_recipe(flags, Path())
    alphabet = Alphabet.read(recipe.text.alphabet) if recipe.text.alphabet else Alphabet()
    faces, refused = find_faces(recipe.fonts.packages, recipe.fonts.folder, recipe.fonts.faces_per_family)
    glyphs, kept, undrawn = build_glyphs(faces, alphabet, cache or default_folder())
    used: list[dict[str, object]] = []
    for face, covers, caps_only in zip(kept, glyphs.covers, glyphs.caps_only, strict=True):
        missing = "".join(char for char, k in alphabet.classes.items() if not covers[k])
        row = {"name": face.name, "family": face.family, "category": face.category, "covered": int(covers.sum())}
        used.append({**row, "alphabet": len(alphabet.characters), "caps_only": bool(caps_only), "missing": missing})
    return used, [{"name": font.name, "path": font.path.name, "reason": font.reason} for font in (*refused, *undrawn)]


@dataclass
class Meter:
    """Shows how far a run is: a bar on a terminal, else a line a shard; all on stderr."""

    words: int
    scenes: int
    shards: int
    made: int = 0  # words
    painted: int = 0  # scenes
    size_bytes: int = 0
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    bar: Progress | None = None

    def __enter__(self) -> "Meter":
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn())
            self.bar = Progress(*columns, console=Console(stderr=True))
            self.bar.add_task("rendering", total=self.words + SCENE_WORDS * self.scenes, speed="")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def add(self, part: Part) -> None:
        """Take note of a shard that was just made."""
        if part.table == "words":
            self.made += part.rows
        else:
            self.painted += part.rows
        self.size_bytes, self.done = self.size_bytes + part.bytes, self.done + 1
        seconds = max(time.monotonic() - self.began, 1e-9)
        work, whole = self.made + SCENE_WORDS * self.painted, self.words + SCENE_WORDS * self.scenes
        scenes = f", {self.painted / seconds:,.1f} scenes/s" if self.painted else ""
        told = f"{self.made / seconds:,.0f} images/s{scenes}, {self.size_bytes / 1e6:,.1f} MB"
        if self.bar:
            self.bar.update(self.bar.task_ids[0], completed=work, speed=told)
        else:
            left = max(seconds * (whole - work) / work, 0.0)
            log.info("shard %d of %d: %d %s, %s, %.0f s left", self.done, self.shards, part.rows, part.table, told, left)
