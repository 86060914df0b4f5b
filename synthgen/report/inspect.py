"""From shards to a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.report.findings import MOST_BYTES, look
from synthgen.report.page import page
from synthgen.report.plots import need_matplotlib
from synthgen.shards.storage import atomic_path, need_here

FORM = (".html", ".htm")


@dataclass(frozen=True)
class Made:
    """What was made of a run."""

    rows: Mapping[str, int]  # of each table
    shown: Mapping[str, int]  # samples on the page
    left_out: int  # samples drawn that would have made the page too large
    bytes: int


def inspect(place: Path | str, out: Path, samples: int, seed: int, most_bytes: int = MOST_BYTES) -> Made:
    """Write the report of `place`, a run or a shard, to `out`: `samples` words and a tenth as many scenes on it.

    Raises:
        SynthgenError: `out` cannot be written, matplotlib is missing, there is no finished run, or a shard is missing, changed or damaged.
    """
    need_here(out)
    if out.suffix.lower() not in FORM or not out.absolute().parent.is_dir():
        raise SynthgenError(f"--out {out}: need a file ending in .html in a folder that exists, got another; name it report.html")
    if not 0 <= seed < 2**64:
        raise SynthgenError(f"--seed: need 0 <= seed < 2**64, got {seed}; give one in that range")
    need_matplotlib()
    found = look(place, samples, seed, most_bytes)
    text = page(found)
    with atomic_path(out) as scratch:
        scratch.write_text(text, encoding="utf-8")
    tables = found.tables
    return Made(
        rows={table: one.rows for table, one in tables.items()},
        shown={table: len(one.wall.samples) for table, one in tables.items()},
        left_out=sum(one.wall.left_out for one in tables.values()),
        bytes=out.stat().st_size,
    )
