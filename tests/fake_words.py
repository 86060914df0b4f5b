"""A renderer of noise: what it makes depends on seed and index only."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from synthgen.arrays import I64, Quads
from synthgen.chance import Stream, mix, uniforms
from synthgen.engine.local import LocalEngine
from synthgen.job import Job, Renderer, Report, run
from synthgen.recipe import Frozen
from synthgen.shards.words import Names, WordRows

NAMES = Names(fonts=("Plain", "Bold Ünïcode"), backgrounds=("flat", "paper", "foil"), sources=("grammar",), splits=("train", "val"))

INLINE = LocalEngine(1, inline=True)


class TinyRecipe(Frozen):
    """As much recipe as a noise renderer needs."""

    curved_share: float = 0.1
    tilt_deg: tuple[float, float] = (-12.0, 12.0)


def word_rows(seed: int, first: int, last: int) -> WordRows:
    """Return samples first to last - 1."""
    n = last - first
    index = np.arange(first, last, dtype=np.int64)
    length, width, font, ground, split, contrast = uniforms(seed, Stream.TEXT, index.astype(np.uint64), 6).T
    width_px = (8 + 24 * width).astype(np.int32)
    jpegs = [_jpeg(seed, int(i), int(w)) for i, w in zip(index, width_px, strict=True)]
    texts = [("Zürich 5€ " * 2)[: 1 + int(9 * share)] for share in length]
    spelt = [text.encode() for text in texts]
    return WordRows(
        index=index,
        jpeg=np.frombuffer(b"".join(jpegs), dtype=np.uint8),
        jpeg_offsets=_offsets(jpegs),
        width=width_px,
        height=np.full(n, 16, dtype=np.int32),
        text=np.frombuffer(b"".join(spelt), dtype=np.uint8),
        text_offsets=_offsets(spelt),
        quads=np.concatenate([_quads(seed, int(i), len(text)) for i, text in zip(index, texts, strict=True)]),
        quad_offsets=_offsets(texts),
        font=(2 * font).astype(np.int32),
        background=(3 * ground).astype(np.int32),
        source=np.zeros(n, dtype=np.int32),
        split=(2 * split).astype(np.int32),
        contrast=contrast.astype(np.float32),
    )


def _offsets(items: Sequence[bytes] | Sequence[str]) -> I64:
    return np.cumsum([0, *(len(item) for item in items)]).astype(np.int64)


def _quads(seed: int, index: int, letters: int) -> Quads:
    return uniforms(seed, Stream.LOOK, np.array([index], dtype=np.uint64), 8 * letters).astype(np.float32).reshape(-1, 4, 2)


def _jpeg(seed: int, index: int, width: int) -> bytes:
    noise = mix(np.arange(16 * width * 3, dtype=np.uint64) + np.uint64((seed * 1_000_003 + index) * 100_000))
    return cv2.imencode(".jpg", (noise >> np.uint64(58)).astype(np.uint8).reshape(16, width, 3))[1].tobytes()


class FakeRenderer:
    """Noise in blocks of `block`; `before` is called with the first index of each."""

    def __init__(self, job: Job, block: int, before: Callable[[int], None] | None) -> None:
        self.names = NAMES
        self._job, self._block, self._before = job, block, before

    def __call__(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
        for at in range(first, last, self._block):
            if self._before is not None:
                self._before(at)
            stop = min(at + self._block, last)
            yield word_rows(self._job.seed, at, stop), {"refused": stop - at, "redrawn": 1 if at == first else 0}


def make_fake(job: Job, block: int = 7, before: Callable[[int], None] | None = None) -> Renderer:
    return FakeRenderer(job, block, before)


def make_gap(job: Job) -> Renderer:
    """Return a renderer that leaves out the last sample."""
    renderer = FakeRenderer(job, 7, None)

    class Gap:
        names = NAMES

        def __call__(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
            return renderer(first, last - 1)

    return Gap()


def fail_from(at: int, first: int) -> None:
    if first >= at:
        raise RuntimeError(f"cannot paint {at}")


def die_from(at: int, first: int) -> None:
    if first >= at:
        os.kill(os.getpid(), signal.SIGKILL)


def wait_s(seconds: float, _first: int) -> None:
    time.sleep(seconds)


def fake_job(out: Path, n: int = 40, **other: object) -> Job:
    """Return a job of noise words, 10 to a shard."""
    usual: dict[str, object] = {"recipe": TinyRecipe(), "seed": 5, "shard_size": 10, "factory": make_fake, "assets": {"fonts": "abc"}}
    return Job(n=n, out=out, **(usual | other))  # type: ignore[arg-type]  # a test that gives a wrong type fails at once


def failing(at: int) -> Callable[[Job], Renderer]:
    return partial(make_fake, before=partial(fail_from, at))


def dying(at: int) -> Callable[[Job], Renderer]:
    return partial(make_fake, before=partial(die_from, at))


def slow(seconds: float) -> Callable[[Job], Renderer]:
    return partial(make_fake, block=1, before=partial(wait_s, seconds))


def files_of(out: Path) -> dict[str, bytes]:
    """Return all files below `out` by their path in it."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def render(job: Job, *, workers: int = 0, resume: bool = False) -> Report:
    """Run a job, in this process if there are no workers."""
    return run(job, LocalEngine(workers) if workers else INLINE, resume=resume, progress=lambda part: None)
