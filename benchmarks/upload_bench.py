"""How fast finished shards go to object storage; prints one JSON line.

    python benchmarks/upload_bench.py [URL] [--shards 8] [--mb 60] [--threads 4] [--repeats 3] [--scratch FOLDER]

Without URL a SeaweedFS server is started on loopback, which shares the processors with what is measured. The shards are noise of the size
of real ones, as their bytes do not matter here. MB/s by the clock, everything counted: `synthgen upload` with its checks before and its
reading back, the same with `--verify size`, and beside them `pyarrow.fs.copy_files`, which checks nothing.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from pyarrow import fs

from benchmarks.measured import Figures, machine, middle
from synthgen.shards.manifest import RUN, Json, made_part, vouch, write_manifest
from synthgen.shards.place import locate
from synthgen.shards.storage import json_bytes
from synthgen.shards.store import Folder
from synthgen.shards.upload import Order, Sent, upload
from tests.object_store import KEYS, object_server


def noise_run(out: Path, shards: int, size_bytes: int) -> None:
    """Make a finished run of so many shards, without a row in them."""
    run: Json = {"seed": 0, "n": shards}
    store, parts = Folder(out), []
    store.write(RUN, json_bytes(run))
    for name in (f"words/words-{shard:05d}.parquet" for shard in range(shards)):
        store.write(name, os.urandom(size_bytes))
        parts.append(made_part(name, out / name, 1, {}))
        vouch(store, parts[-1])
    write_manifest(store, run, parts)


@contextmanager
def loopback(folder: Path) -> Iterator[str]:
    """Yield the URL of a place in a server that is started for this, whose keys are put into the environment."""
    os.environ.update(KEYS)  # noqa: TID251  # credentials
    folder.mkdir()
    with object_server(folder) as server:
        yield server.url("bench")


def below(url: str, name: str) -> str:
    """Return the URL of a place below that of another."""
    path, mark, query = url.partition("?")
    return f"{path}/{name}{mark}{query}"


def measured(run: Path, url: str, given: argparse.Namespace) -> Figures:
    """Return MB/s, median and spread, and CPU seconds of this process a GB, of each way; each time to another place."""
    places = (below(url, f"{time.time_ns():x}-{number}") for number in count())

    def sent(verify: str) -> None:
        heard: list[Sent] = []
        upload(Order(run, next(places), verify, given.threads), heard.append)

    def copied() -> None:
        system, root = locate(next(places))
        fs.copy_files(str(run), root, source_filesystem=fs.LocalFileSystem(), destination_filesystem=system)

    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    ways: dict[str, Callable[[], None]] = {
        "upload": lambda: sent("checksum"),
        "upload --verify size": lambda: sent("size"),
        "copy_files": copied,
    }
    return {name: speed_of(way, size, given.repeats) for name, way in ways.items()}


def speed_of(way: Callable[[], None], size_bytes: int, repeats: int) -> Figures:
    """Return the speed of one way."""
    speeds, cpu = [], time.process_time()
    for _ in range(repeats):
        began = time.perf_counter()
        way()
        speeds.append(size_bytes / 1e6 / (time.perf_counter() - began))
    median, spread = middle(speeds)
    return {
        "mb_per_second": round(median, 1),
        "spread": spread,
        "cpu_seconds_per_gb": round((time.process_time() - cpu) / repeats / size_bytes * 1e9, 2),
    }


def main() -> None:
    """Measure every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--mb", type=int, default=60)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    found: Figures = {"machine": machine(), "shards": given.shards, "mb": given.mb, "threads": given.threads}
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch, ExitStack() as stack:
        noise_run(Path(scratch) / "run", given.shards, given.mb * 1_000_000)
        url = given.url or stack.enter_context(loopback(Path(scratch) / "server"))
        found |= measured(Path(scratch) / "run", url, given)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
