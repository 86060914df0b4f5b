"""How long a report takes: seconds, CPU seconds, memory and size of `synthgen inspect`; one JSON line.

    python benchmarks/inspect_bench.py SHARDS [--samples 400]

Everything counts, from the start of Python on.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measured import machine
from synthgen.report.inspect import inspect


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("shards")
    options.add_argument("--samples", type=int, default=400)
    given = options.parse_args(arguments)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        made = inspect(given.shards, Path(folder) / "report.html", given.samples, seed=0)
    figures = {
        "rows": dict(made.rows),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "report_mb": round(made.bytes / 1e6, 2),
    }
    print(json.dumps({"inspect": figures, "machine": machine()}))


if __name__ == "__main__":
    main()
