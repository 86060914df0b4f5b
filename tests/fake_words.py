"""Words of noise, which depend on seed and index only."""

from collections.abc import Sequence

import cv2
import numpy as np

from synthgen.arrays import I64, Quads
from synthgen.chance import Stream, mix, uniforms
from synthgen.shards.words import Names, WordRows

NAMES = Names(fonts=("Plain", "Bold Ünïcode"), backgrounds=("flat", "paper", "foil"), sources=("grammar",), splits=("train", "val"))


def word_rows(seed: int, first: int, last: int) -> WordRows:
    """Return samples first to last - 1."""
    n = last - first
    index = np.arange(first, last, dtype=np.int64)
    length, width, font, ground, split, contrast = uniforms(seed, Stream.TEXT, index.astype(np.uint64), 6).T
    width_px = (8 + 24 * width).astype(np.int32)
    jpegs = [noise_jpeg(seed, int(i), int(w)) for i, w in zip(index, width_px, strict=True)]
    texts = [("Zürich 5€ " * 2)[: 1 + int(9 * share)] for share in length]
    spelt = [text.encode() for text in texts]
    return WordRows(
        index=index,
        jpeg=np.frombuffer(b"".join(jpegs), dtype=np.uint8),
        jpeg_offsets=offsets_of(jpegs),
        width=width_px,
        height=np.full(n, 16, dtype=np.int32),
        text=np.frombuffer(b"".join(spelt), dtype=np.uint8),
        text_offsets=offsets_of(spelt),
        quads=np.concatenate([_quads(seed, int(i), len(text)) for i, text in zip(index, texts, strict=True)]),
        quad_offsets=offsets_of(texts),
        font=(2 * font).astype(np.int32),
        background=(3 * ground).astype(np.int32),
        source=np.zeros(n, dtype=np.int32),
        split=(2 * split).astype(np.int32),
        contrast=contrast.astype(np.float32),
    )


def offsets_of(items: Sequence[bytes] | Sequence[str]) -> I64:
    return np.cumsum([0, *(len(item) for item in items)]).astype(np.int64)


def _quads(seed: int, index: int, letters: int) -> Quads:
    return uniforms(seed, Stream.LOOK, np.array([index], dtype=np.uint64), 8 * letters).astype(np.float32).reshape(-1, 4, 2)


def noise_jpeg(seed: int, index: int, width: int) -> bytes:
    noise = mix(np.arange(16 * width * 3, dtype=np.uint64) + np.uint64((seed * 1_000_003 + index) * 100_000))
    return cv2.imencode(".jpg", (noise >> np.uint64(58)).astype(np.uint8).reshape(16, width, 3))[1].tobytes()
