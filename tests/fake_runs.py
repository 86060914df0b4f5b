"""Runs of noise: jobs whose renderers make fake words and scenes, and fail, die or dawdle when told."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from synthgen.engine.local import LocalEngine
from synthgen.job import Job, Renderer, run
from synthgen.recipe_fields import Frozen
from synthgen.run_report import Report
from synthgen.shards.scenes import SceneRows
from synthgen.shards.words import WordRows
from tests.fake_scenes import scene_rows
from tests.fake_words import NAMES, word_rows

INLINE = LocalEngine(1, inline=True)


class TinyRecipe(Frozen):
    """As much recipe as a noise renderer needs."""

    curved_share: float = 0.1
    tilt_deg: tuple[float, float] = (-12.0, 12.0)


class FakeRenderer:
    """Noise in blocks of `block`, but for the last `left_out` samples of a shard; `before` is called with the first index of each block."""

    def __init__(self, job: Job, block: int = 7, before: Callable[[int], None] | None = None, left_out: int = 0) -> None:
        self.names = NAMES
        self._job, self._block, self._before, self._left_out = job, block, before, left_out

    def words(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
        for begin, end in self._spans(first, last):
            yield word_rows(self._job.seed, begin, end), {"refused": end - begin, "redrawn": 1 if begin == first else 0}

    def scenes(self, first: int, last: int) -> Iterator[tuple[SceneRows, dict[str, int]]]:
        for begin, end in self._spans(first, last):
            yield scene_rows(self._job.seed, begin, end), {"refused": end - begin, "redrawn": 1 if begin == first else 0}

    def _spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        for begin in range(first, last - self._left_out, self._block):
            if self._before is not None:
                self._before(begin)
            yield begin, min(begin + self._block, last - self._left_out)


class Repeating(FakeRenderer):
    """Gives its first block again and again."""

    def _spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        while True:
            yield first, first + 7


def make_fake(job: Job, block: int = 7, before: Callable[[int], None] | None = None) -> Renderer:
    return FakeRenderer(job, block, before)


def make_gap(job: Job) -> Renderer:
    return FakeRenderer(job, left_out=1)


def fail_from(at: int, first: int) -> None:
    if first >= at:
        raise RuntimeError(f"cannot paint {at}")


def die_from(at: int, first: int) -> None:
    if first >= at:
        os.kill(os.getpid(), signal.SIGKILL)


def die_once_from(notes: Path, at: int, first: int) -> None:
    if first >= at:
        with suppress(FileExistsError):  # another worker was first
            (notes / "died").touch(exist_ok=False)
            die_from(at, first)


def wait_s(seconds: float, _first: int) -> None:
    time.sleep(seconds)


def fake_job(out: Path | str, n: int = 40, scenes: int = 0, size: int = 10, **other: object) -> Job:
    """Return a job of noise, `size` samples to a shard."""
    usual: dict[str, object] = {"recipe": TinyRecipe(), "seed": 5, "factory": make_fake, "assets": {"fonts": "abc"}}
    sizes = {"shard_size": size, "scenes_shard_size": size}
    return Job(n=n, scenes=scenes, out=out, **(usual | sizes | other))  # type: ignore[arg-type]  # a test that gives a wrong type fails at once


def job_of(table: str, out: Path | str, samples: int = 40, **other: object) -> Job:
    """Return a job of noise with samples of one table."""
    return fake_job(out, **({"n": samples} if table == "words" else {"n": 0, "scenes": samples}), **other)  # type: ignore[arg-type]


def failing(at: int) -> Callable[[Job], Renderer]:
    return partial(make_fake, before=partial(fail_from, at))


def dying_once(notes: Path, at: int) -> Callable[[Job], Renderer]:
    """Return the renderer of which one dies; it leaves a note in a folder."""
    return partial(make_fake, before=partial(die_once_from, notes, at))


def slow(seconds: float) -> Callable[[Job], Renderer]:
    return partial(make_fake, block=1, before=partial(wait_s, seconds))


def files_of(out: Path) -> dict[str, bytes]:
    """Return all files below `out` by their path in it."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def render(job: Job, *, workers: int = 0, resume: bool = False) -> Report:
    """Run a job, in this process if there are no workers."""
    return run(job, LocalEngine(workers) if workers else INLINE, resume=resume, progress=lambda part: None)
