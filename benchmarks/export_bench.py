"""What it costs to export; prints one JSON line.

    python benchmarks/export_bench.py [SHARDS] [--scenes] [--n 50000] [--scratch FOLDER]

Without SHARDS as many are rendered first. Each format is written once by one process of its own into a folder that is removed again.
Images per CPU-second are of that process, its start and the kernel's work for it included; images per second by the clock depend on the
disk, which must have every byte at the end. `read_per_second` is how many pictures the format's own reader then hands out, undecoded.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.measured import Figures, machine

FORMATS = {"words": ("lmdb", "folder", "webdataset"), "scenes": ("folder", "webdataset")}
MOST_READ = 20_000  # pictures


def spent_s() -> float:
    """Return the CPU seconds of ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rendered(table: str, n: int, scratch: Path) -> str:
    """Return where so many samples were rendered."""
    words, scenes = (n, 0) if table == "words" else (0, n)
    command = [sys.executable, "-m", "synthgen", "render", "--n", str(words), "--scenes", str(scenes), "--out", str(scratch / "run")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return str(scratch / "run")


def measured(source: str, table: str, form: str, n: int, scratch: Path) -> Figures:
    """Return the figures of one export."""
    command = [sys.executable, "-m", "synthgen", "export", source, "--format", form, "--out", str(scratch / form), "--limit", str(n)]
    command += ["--workers", "1", "--json", *(["--scenes"] if table == "scenes" else [])]
    began, cpu = time.perf_counter(), spent_s()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as going:
        peak = watched(going)
        told = json.loads(going.stdout.read() if going.stdout else "")
    seconds, cpu = time.perf_counter() - began, spent_s() - cpu
    return {
        "images_per_second": round(told["rows"] / seconds),
        "images_per_cpu_second": round(told["rows"] / cpu),
        "bytes_per_image": round((told["bytes"] + (sum(told["files"].values()) if form == "folder" else 0)) / told["rows"]),
        "peak_anonymous_mb": peak,
        "read_per_second": round(READERS[form](scratch / form)),
    }


def watched(going: "subprocess.Popen[str]") -> int:
    """Return the most anonymous memory of a process until it ends, MB; pages of mapped files are the kernel's to give back."""
    most_kb = 0
    while going.poll() is None:
        try:
            status = Path(f"/proc/{going.pid}/status").read_text(encoding="utf-8")
        except OSError:
            break
        most_kb = max(most_kb, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0)
        time.sleep(0.05)
    return most_kb // 1024


def read_lmdb(out: Path) -> float:
    """Return how many pictures a second come from an LMDB file, at random as trainers ask."""
    import lmdb

    with lmdb.open(str(out), readonly=True, lock=False, readahead=False) as env, env.begin() as view:
        n = int(view.get(b"num-samples") or b"0")
        began = time.perf_counter()
        for k in range(min(n, MOST_READ)):
            view.get(b"image-%09d" % (1 + k * 7919 % n))
        return min(n, MOST_READ) / (time.perf_counter() - began)


def read_folder(out: Path) -> float:
    """Return how many pictures a second come from a folder."""
    files = [out / line.split(",")[0] for line in (out / "labels.csv").read_text(encoding="utf-8").splitlines()[1 : MOST_READ + 1]]
    began = time.perf_counter()
    for file in files:
        file.read_bytes()
    return len(files) / (time.perf_counter() - began)


def read_tars(out: Path) -> float:
    """Return how many pictures a second WebDataset hands out."""
    import webdataset

    began, count = time.perf_counter(), 0
    for count, _ in enumerate(webdataset.WebDataset([str(path) for path in sorted(out.glob("*.tar"))], shardshuffle=False), start=1):
        if count == MOST_READ:
            break
    return count / (time.perf_counter() - began)


READERS: Mapping[str, Callable[[Path], float]] = {"lmdb": read_lmdb, "folder": read_folder, "webdataset": read_tars}


def main() -> None:
    """Measure every format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards", nargs="?")
    parser.add_argument("--scenes", action="store_true")
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    table = "scenes" if given.scenes else "words"
    found: Figures = {"machine": machine(), "n": given.n}
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        source = given.shards or rendered(table, given.n, Path(scratch))
        for form in FORMATS[table]:
            found[form] = measured(source, table, form, given.n, Path(scratch))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
