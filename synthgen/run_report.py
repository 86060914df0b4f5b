"""What a run has made, and what it took."""

import os
import time
from dataclasses import dataclass

from synthgen.shards.manifest import Part, total_counts


@dataclass(frozen=True)
class Report:
    """What a run has made; words, scenes, bytes and counts are of all there is now, kept shards included."""

    words: int
    scenes: int
    made: int  # words of this run, for images/s
    scenes_made: int
    seconds: float
    cpu_seconds: float  # of this process and its workers
    bytes: int
    refused: int
    redrawn: int
    counts: dict[str, int]
    retried: int  # times that a shard was begun again, as its worker had died


def clocks() -> tuple[float, float]:
    """Return seconds of the clock, and of this process and its ended children on processors."""
    spent = os.times()
    return time.monotonic(), spent.user + spent.system + spent.children_user + spent.children_system


def report_of(parts: list[Part], made: list[Part], began: tuple[float, float], retried: int) -> Report:
    """Return the report of a run: all its parts, those that were made now, what `clocks` said when it began, what was begun again."""
    seconds, cpu_seconds = (now - then for now, then in zip(clocks(), began, strict=True))
    counts = total_counts(parts)
    return Report(
        words=_rows(parts, "words"),
        scenes=_rows(parts, "scenes"),
        made=_rows(made, "words"),
        scenes_made=_rows(made, "scenes"),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        bytes=sum(part.bytes for part in parts),
        refused=counts.get("refused", 0),
        redrawn=counts.get("redrawn", 0),
        counts=counts,
        retried=retried,
    )


def _rows(parts: list[Part], table: str) -> int:
    return sum(part.rows for part in parts if part.table == table)
