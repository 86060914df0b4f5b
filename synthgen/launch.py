"""What the commands do: open the assets, compile, run the job, report as it goes."""

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
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
from synthgen.engine import Engine
from synthgen.engine.local import LocalEngine
from synthgen.engine.ray import RayEngine
from synthgen.engine.spark import SparkEngine
from synthgen.errors import SynthgenError
from synthgen.found import Flags, find_recipe
from synthgen.job import SCENES_SHARD_SIZE, Job, check_order, run
from synthgen.nodes import on_cluster
from synthgen.renderer import Renderer, needs_scenes, open_renderer
from synthgen.run_report import Report
from synthgen.scene_renderer import ScenePainter
from synthgen.shards.manifest import PARTS, Part, ShardNumber
from synthgen.shards.place import shown
from synthgen.shards.store import open_store
from synthgen.spans import parse_spans

log = logging.getLogger(__name__)
SCENE_WORDS = 120  # words that take as long as a scene
INLINE_WORDS = 5_000  # in one shard: made in two seconds, about what a worker takes to start, which could only be begun again by itself


@dataclass(frozen=True)
class Order:
    """What `synthgen render` was asked for."""

    flags: Flags
    out: Path | str  # folder or URL
    n: int
    scenes: int
    seed: int
    format: str
    shard_size: int
    workers: int
    resume: bool
    cache: Path | None
    shards: str | None = None  # those to make, see `parse_spans`; None: all
    engine: str = "local"  # or ray, spark
    address: str | None = None  # of the cluster
    bundle: str | None = None  # where the cluster finds the assets; None: in `out`


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
    check_order(open_store(order.out), order.n + order.scenes, resume=order.resume or order.shards is not None)
    only, engine = _only(order), _engine(order)
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
    wanted = job.shards if only is None else [job.shards[place] for place in only]
    todo = Counter({"shards": len(wanted)}) + _rows(job, wanted) - _recorded(job, wanted)
    with ExitStack() as stack:
        if engine is None:
            _compile(job, opened)
            engine = local_engine(job, wanted, order.workers)
        else:
            job, engine = stack.enter_context(on_cluster(job, engine, opened.studio.recipe, order.bundle, stays=only is not None))
        meter = stack.enter_context(Meter(todo["words"], todo["scenes"], todo["shards"]))
        return run(job, engine, resume=order.resume, progress=meter.add, only=only)


def _only(order: Order) -> list[int] | None:
    """Return the places of the shards to make in the list of all, words before scenes; None for all."""
    if order.shards is None:
        return None
    words, scenes = -(-order.n // order.shard_size), -(-order.scenes // SCENES_SHARD_SIZE)
    only = parse_spans(order.shards, words + scenes)
    tables = (("words", 0, words), ("scenes", words, words + scenes))
    told = "; ".join(f"{table} are {first} to {end - 1}" for table, first, end in tables if first < end)
    log.info("%d of %d shards: %s", len(only), words + scenes, told)
    return only


def _engine(order: Order) -> Engine | None:
    """Return the engine of a cluster, None for this machine's own processors.

    Raises:
        SynthgenError: its package is missing, --bundle is a URL that cannot be reached, or there is an option for clusters and no cluster.
    """
    if order.engine != "local" and order.bundle is not None:
        open_store(order.bundle).reach()
    if order.engine == "ray":
        return RayEngine(order.address, order.workers)
    if order.engine == "spark":
        return SparkEngine(order.address, order.workers)
    for flag, value in (("--address", order.address), ("--bundle", order.bundle)):
        if value is not None:
            raise SynthgenError(f"{flag}: need --engine ray or spark, got {order.engine}; name one of them, or leave {flag} out")
    return None


def local_engine(job: Job, wanted: Sequence[ShardNumber], workers: int) -> LocalEngine:
    """Return the engine of this machine: no more workers than shards, and none for a small one."""
    rows = _rows(job, wanted)
    few = len(wanted) == 1 and rows["words"] + SCENE_WORDS * rows["scenes"] <= INLINE_WORDS
    return LocalEngine(min(workers, len(wanted)), inline=few)


def _rows(job: Job, shards: Iterable[ShardNumber]) -> Counter[str]:
    """Return how many words and scenes shards hold."""
    found: Counter[str] = Counter()
    for shard in shards:
        found[shard.table] += job.rows(shard)
    return found


def _recorded(job: Job, wanted: Iterable[ShardNumber]) -> Counter[str]:
    """Return how many of the wanted shards have records, and of their words and scenes; not all of them need be whole."""
    names = job.store.listing(PARTS)
    found = [shard for shard in wanted if f"{shard}.json" in names]
    return Counter({"shards": len(found)}) + _rows(job, found)


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


def as_line(order: Order, report: Report) -> str:
    """Return what was made and what to run next, as the last line of `render` says it."""
    flags, out = order.flags, shown(order.out)
    made = f"{report.words} word images and {report.scenes} scenes in {out}, {report.bytes / 1e6:.1f} MB"
    if report.retried:
        made += f", {report.retried} shards begun again as workers died"
    if order.shards is not None:
        return f"{made}; once all shards are there: synthgen merge {out}"
    given = (("--recipe", flags.recipe), ("--fonts", flags.fonts), ("--backgrounds", flags.backgrounds))
    corpora = (("--corpus", text) for text in flags.corpora)
    options = "".join(f" {flag} {value}" for flag, value in (*given, *corpora) if value)
    return f"{made}; look at some: synthgen preview --seed {order.seed}{options}"


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
