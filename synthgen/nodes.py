"""What each machine of a cluster must have before it makes a shard: the same packages, the run's assets, and the way to OUT."""

import platform
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import TypeVar

from synthgen.assets import bundle
from synthgen.assets.cache import default_folder
from synthgen.engine import Engine
from synthgen.errors import SynthgenError
from synthgen.job import Job, Renderer
from synthgen.recipe import Recipe
from synthgen.shards.manifest import RUN
from synthgen.shards.place import is_url
from synthgen.shards.store import open_store
from synthgen.versions import package_versions

T = TypeVar("T")
NAMED = 5  # differences in an error
FONTS = "fontpkg"  # how the packages of fonts begin


@dataclass(frozen=True)
class Needs:
    """What a machine is held to, pickled to it."""

    versions: dict[str, str]
    place: str  # folder or URL that holds the bundle
    bundle: str  # its name
    file: str  # what it is called there


@contextmanager
def on_cluster(job: Job, engine: Engine, recipe: Recipe, place: str | None, *, stays: bool) -> Iterator[tuple[Job, Engine]]:
    """Yield the job and the engine as they are on many machines: assets travel as one bundle, and each machine is checked.

    `place`: folder or URL that all machines reach, where the bundle is left; None: OUT, where it is left only if it `stays`.

    Raises:
        SynthgenError: an asset cannot be read, or the bundle cannot be put at `place`.
    """
    cache = job.cache and job.cache.absolute()  # workers have their own working directories
    with bundle.packed(recipe, cache or default_folder()) as (path, name):
        hidden = f".{name}.{name[-12:-4]}"  # in OUT it counts as a scratch file
        needs = Needs(node_versions(), absolute(place or job.out), name, hidden if place is None else name)
        far = replace(job, out=absolute(job.out), cache=cache, factory=partial(open_on_node, needs, job.factory))
        if place is None:
            yield far, Shipping(engine, path, needs, stays=stays)
            return
        try:
            _ship(path, needs)
        except SynthgenError as error:
            raise SynthgenError(f"--bundle: need a place for the assets: {error}") from error
        yield far, engine


def absolute(place: Path | str) -> str:
    """Return a folder or URL as it is named from any working directory."""
    return str(place) if is_url(place) else str(Path(place).absolute())


def _ship(path: Path, needs: Needs) -> None:
    """Put the bundle in its place, unless it is there."""
    store = open_store(needs.place)
    if store.size(needs.file) != path.stat().st_size:
        store.put(path, needs.file)


class Shipping:
    """An engine that puts the bundle in OUT before the first shard, and takes it away again after the last if it may not stay."""

    def __init__(self, engine: Engine, path: Path, needs: Needs, *, stays: bool) -> None:
        self._engine, self._path, self._needs, self._stays = engine, path, needs, stays

    @property
    def retried(self) -> int:
        return self._engine.retried

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as `Engine` says."""
        try:
            _ship(self._path, self._needs)
            yield from self._engine.map(task, shards)
        finally:
            if not self._stays:
                open_store(self._needs.place).remove(self._needs.file)


def open_on_node(needs: Needs, factory: Callable[[Job], Renderer], job: Job) -> Renderer:
    """Return the renderer of a job on a machine of a cluster.

    Raises:
        SynthgenError: the machine has other packages or assets, or does not reach OUT; it is named.
    """
    node, cache = platform.node(), job.cache or default_folder()
    try:
        check_versions(needs.versions, node_versions())
        if open_store(job.out).size(RUN) is None:
            raise SynthgenError(f"{job.out}: need the place of the run, which all machines share, found no {RUN}; give such an --out")
        recipe = at_hand(needs, cache)
        try:
            return factory(replace(job, recipe=recipe))
        except SynthgenError as error:
            copy = cache / Path(needs.bundle).stem
            raise SynthgenError(f"{error}; the files of the run are in {copy} there: if they were changed, remove that folder") from error
    except SynthgenError as error:
        raise SynthgenError(f"node {node}: {error}") from error


def node_versions() -> dict[str, str]:
    """Return the versions of all that pixels depend on: the packages of a run's record, the fonts' too, and Python's own tables."""
    fonts = {str(found.name): found.version for found in distributions() if str(found.name).startswith(FONTS)}
    python = ".".join(platform.python_version_tuple()[:2])  # its Unicode tables fold texts
    return {**package_versions(), "python": python, **dict(sorted(fonts.items()))}


def check_versions(needed: dict[str, str], found: dict[str, str]) -> None:
    """Check that a machine has what the one that started the run has.

    Raises:
        SynthgenError: a package differs, each named with both versions.
    """
    names = [name for name in (*needed, *(name for name in found if name not in needed)) if needed.get(name) != found.get(name)]
    if names:
        told = [f"{name} {needed.get(name, 'none')}, got {found.get(name, 'none')}" for name in names[:NAMED]]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        raise SynthgenError(f"packages: need those of the machine that started the run: {'; '.join(told)}{more}; install the same there")


def at_hand(needs: Needs, cache: Path) -> Recipe:
    """Return the recipe of a run with its files on this machine, which fetches and unpacks them into `cache` unless they are there.

    Raises:
        SynthgenError: the bundle cannot be fetched, or is not what was packed.
    """

    def fetch(target: Path) -> None:
        try:
            open_store(needs.place).get(needs.file, target)
        except FileNotFoundError as error:
            cure = "give --bundle, or --out, a place that every machine reaches"
            raise SynthgenError(f"{needs.place}: need the assets of the run, found no {needs.file} there; {cure}") from error

    return bundle.unpacked_recipe(bundle.unpacked(needs.bundle, cache, fetch))
