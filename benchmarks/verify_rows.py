"""Check every row of a folder of word shards; prints one JSON line, exit code 1 when any row is at fault.

    python benchmarks/verify_rows.py OUT [--workers 2]

Each row: the picture decodes and has the size of its columns, the label is in the alphabet and fits the reader, there is a quad a
character, finite and with its middle in the picture, and the edges of the picture lie in the quads: edges per pixel inside them against
outside. A neighbour's letters or a busy photo can turn that last measure for a row, so its share is reported and must only stay high.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from synthgen.alphabet import READER_STEPS, Alphabet, steps_needed
from synthgen.arrays import F32, U8
from synthgen.shards.read import read, shard_names

LEAST_HELD = 0.95  # of the rows have more edges inside their quads than outside
ALPHABET = Alphabet()


def verify_shard(file: Path) -> tuple[Counter[str], str, list[int]]:
    """Return counts of rows and faults, the file's sha256, and the first and last index."""
    counts: Counter[str] = Counter()
    indices: list[int] = []
    for batch in read(file):
        indices += batch.column("index").to_pylist()
        for fault in faults(batch):
            counts[fault] += 1
    counts["rows"] = len(indices)
    counts["indices out of order"] = int((np.diff(indices) != 1).sum())
    with file.open("rb") as opened:
        return counts, hashlib.file_digest(opened, "sha256").hexdigest(), [indices[0], indices[-1]]


def faults(batch: pa.RecordBatch) -> Iterator[str]:
    """Yield what is wrong with the rows of a batch, and "ink held" for each row whose edges lie in its quads."""
    quads = batch.column("char_quads")
    flat = quads.values.values.to_numpy().reshape(-1, 4, 2)
    edges = quads.offsets.to_numpy()
    jpegs, texts = batch.column("image").field("bytes"), batch.column("text").to_pylist()
    sizes = zip(batch.column("height").to_pylist(), batch.column("width").to_pylist(), strict=True)
    for row, (text, size) in enumerate(zip(texts, sizes, strict=True)):
        own = flat[edges[row] : edges[row + 1]]
        picture = cv2.imdecode(np.frombuffer(jpegs[row].as_buffer(), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
        if picture is None or picture.shape != size:
            yield "picture"
            continue
        if not text or any(char not in ALPHABET.classes for char in text) or steps_needed(text) > READER_STEPS:
            yield "label"
        middle = own.mean(axis=1)
        if len(own) != len(text) or not np.isfinite(own).all() or (middle < 0).any() or (middle > size[::-1]).any():
            yield "quads"
        elif holds_ink(np.asarray(picture, dtype=np.uint8), own):
            yield "ink held"


def holds_ink(picture: U8, quads: F32) -> bool:
    """Return whether pixels inside the quads have more edges than those outside; true when nothing is outside."""
    inside = np.zeros(picture.shape, dtype=np.uint8)
    for quad in quads:
        cv2.fillConvexPoly(inside, np.rint(quad).astype(np.int32), 1)
    slope = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), dtype=np.uint8))
    within = inside.astype(bool)
    return bool(within.all() or (within.any() and slope[within].mean() > slope[~within].mean()))


def main() -> None:
    """Verify the shards of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    began = time.perf_counter()
    files = [given.out / name for name in shard_names(given.out)]
    with ProcessPoolExecutor(given.workers) as pool:
        found = list(pool.map(verify_shard, files))
    total = sum((counts for counts, _, _ in found), Counter[str]())
    held = total.pop("ink held", 0) / max(total["rows"], 1)
    spans = sorted(span for _, _, span in found)
    total["gaps between shards"] = sum(a[1] + 1 != b[0] for a, b in pairwise(spans))
    total["shards alike"] = len(files) - len({digest for _, digest, _ in found})
    wrong = sum(total.values()) - total["rows"] + (held < LEAST_HELD)
    print(json.dumps({**total, "ink_held_share": round(held, 4), "shards": len(files), "seconds": round(time.perf_counter() - began, 1)}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
