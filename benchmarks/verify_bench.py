"""How fast `synthgen verify` checks rows: rows a CPU-second of one process, without and with decoding; one JSON line.

    python benchmarks/verify_bench.py SHARDS [--first 2] [--repeats 3]

The first shards of each table of a finished run, checksums included, are checked as a worker does; the figure is the median of the repeats.
A first pass, untimed, loads what is imported late.
"""

import argparse
import json
from pathlib import Path

from benchmarks.measured import Figures, cpu_of, machine, middle
from synthgen.shards.manifest import ShardNumber
from synthgen.shards.schema import TABLES
from synthgen.shards.shard_check import Depth
from synthgen.verify import ShardTask, task_of


def measure(task: ShardTask, shards: list[ShardNumber], repeats: int) -> Figures:
    """Return rows, faults and rows a CPU-second of some shards of one table."""
    found = [task(shard)[1] for shard in shards]
    seconds, spread = middle([cpu_of(lambda: [task(shard) for shard in shards]) for _ in range(repeats)])
    rows = sum(one.rows for one in found)
    return {
        "rows": rows,
        "faults": sum(sum(one.findings.counts.values()) for one in found),
        "rows_per_cpu_second": round(rows / seconds),
        "spread": spread,
    }


def main() -> None:
    """Measure the shards of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards", type=Path)
    parser.add_argument("--first", type=int, default=2, help="shards of each table")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    about, figures = machine(), {}
    for name, decode in (("without_decoding", False), ("with_decoding", True)):
        task = task_of(given.shards, Depth(decode=decode))
        for table in TABLES:
            shards = [shard for shard in sorted(task.parts) if shard.table == table][: given.first]
            if shards:
                figures[f"{table}_{name}"] = measure(task, shards, given.repeats)
    print(json.dumps({**figures, **about}))


if __name__ == "__main__":
    main()
