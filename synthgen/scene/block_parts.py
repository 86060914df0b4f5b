"""Blocks of word crops put together from parts that were painted apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from synthgen.arrays import I64, U64
from synthgen.scene.words import WordBlock

COLUMNS = ("index", "width", "face", "tile", "source", "contrast", "quality", "split")  # of one value a sample


def in_order(parts: Sequence[WordBlock], index: U64) -> WordBlock:
    """Return the samples of all parts as one block in the order of `index` (n,), which names each of them once."""
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.argsort(index, kind="stable"), kind="stable")  # rank of each wanted sample among all
    taken = np.argsort(np.concatenate([part.index for part in parts]), kind="stable")[order]
    places = [(part, row) for part in parts for row in range(len(part.index))]
    chosen = [places[k] for k in taken.tolist()]
    columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts])[taken] for name in COLUMNS}
    labels = [part.labels[part.char_offsets[row] : part.char_offsets[row + 1]] for part, row in chosen]
    pictures = [part.picture(row).reshape(-1) for part, row in chosen]
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.counts)
    return replace(
        parts[0],
        pixels=np.concatenate(pictures),
        offsets=_edges([len(picture) for picture in pictures]),
        labels=np.concatenate(labels),
        char_offsets=_edges([len(label) for label in labels]),
        quads=np.concatenate([part.char_quads(row) for part, row in chosen]),
        counts=dict(counts),
        **columns,
    )


def _edges(sizes: Sequence[int]) -> I64:
    return np.cumsum([0, *sizes], dtype=np.int64)
