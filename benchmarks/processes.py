"""What is measured in other processes: neots, two workers against one, and the way to the first image."""

import json
import statistics
import subprocess
import sys
import tempfile
from multiprocessing import active_children
from pathlib import Path

from benchmarks.measured import HERE, Bench, Figures, middle, wall_of
from synthgen import job as job_room
from synthgen.engine.local import LocalEngine
from synthgen.found import find_recipe
from synthgen.job import Job
from synthgen.renderer import open_renderer
from synthgen.run_report import Report

SHARDS = 8  # of the run that two workers share


def neots(bench: Bench) -> Figures:
    """Return what `neots_bench.py` prints, the median of the repeats by its best way to a JPEG, and of its batch."""
    command = [sys.executable, str(HERE / "neots_bench.py"), "--images", str(bench.neots_images)]
    outcomes = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(bench.repeats)]
    failed = next((outcome for outcome in outcomes if outcome.returncode), None)
    if failed is not None:
        return {"left_out": (failed.stderr.strip().splitlines() or ["it failed without a word"])[-1]}
    told = [json.loads(outcome.stdout) for outcome in outcomes]
    (best, spread), (batch, _) = (
        middle([one["best_jpeg_images_per_cpu_second"] for one in told]),
        middle([one["generate"]["images_per_cpu_second"] for one in told]),
    )
    return {"version": told[0]["neots"], "jpeg_images_per_cpu_second": best, "spread": spread, "batch_images_per_cpu_second": batch}


def workers(bench: Bench) -> Figures:
    """Return what one run takes with one and with two workers, start and all, and MB they hold after the first and the last shard.

    CPU seconds of two above those of one say that the cores share caches, or are not ours alone.
    """
    memory: list[dict[str, int]] = []
    pairs = [(_run(bench, 1, []), _run(bench, 2, memory)) for _ in range(bench.repeats)]
    ratio, spread = middle([one.seconds / two.seconds for one, two in pairs])
    spent = {
        f"{count}_{kind}": round(statistics.median(getattr(pair[place], kind) for pair in pairs), 2)
        for place, count in enumerate(("one", "two"))
        for kind in ("seconds", "cpu_seconds")
    }
    ends = {when: [row for row in memory if row["shard"] == shard] for when, shard in (("start", 1), ("end", SHARDS))}
    held = {f"{name}_mb_{when}": max(row[name] for row in rows) for when, rows in ends.items() for name in ("rss", "anonymous")}
    return {
        "n": bench.worker_n,
        **spent,
        "ratio": round(ratio, 3),
        "spread": spread,
        **held,
        "peak_rss_mb": max(row["peak"] for row in memory),
    }


def _run(bench: Bench, count: int, memory: list[dict[str, int]]) -> Report:
    recipe, _ = find_recipe(bench.flags, HERE)
    done = 0

    def look(_: object) -> None:
        nonlocal done
        done += 1
        memory.extend({**_resident(child.pid), "shard": done} for child in active_children())

    with tempfile.TemporaryDirectory() as folder:
        job = Job(recipe, 0, bench.worker_n, Path(folder), open_renderer, shard_size=-(-bench.worker_n // SHARDS))
        return job_room.run(job, LocalEngine(count), resume=False, progress=look)


def _resident(process: int | None) -> dict[str, int]:
    """Return MB a process holds: all, without what it maps from files, and the most so far."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    told = {line.split(":")[0]: int(line.split()[1]) // 1000 for line in lines if line.endswith(" kB")}
    return {"rss": told["VmRSS"], "anonymous": told["RssAnon"], "peak": told["VmHWM"]}


def start(bench: Bench) -> Figures:
    """Return seconds by the clock until `--help` and until one image are there, caches warm."""
    synthgen = [sys.executable, "-m", "synthgen"]

    def first() -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [*synthgen, "render", "--n", "1", "--scenes", "0", "--out", str(Path(folder) / "out")]
            subprocess.run(command, check=True, capture_output=True, cwd=folder)

    helped, _ = bench.repeated(lambda: wall_of(lambda: subprocess.run([*synthgen, "--help"], check=True, capture_output=True)))
    first()
    imaged, spread = bench.repeated(lambda: wall_of(first))
    return {"help_seconds": round(helped, 2), "first_image_seconds": round(imaged, 2), "spread": spread}
