"""An export from beginning to end: what it is, what is still to be written, and the mark that it is whole."""

import logging
import shutil
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.export.folder import LABELS, METADATA, join_tables
from synthgen.export.pairs import need_lmdb, write_pairs
from synthgen.export.pieces import UNFINISHED, PieceTask, Written
from synthgen.export.selection import Selection, check_order
from synthgen.shards.groups import open_groups
from synthgen.shards.manifest import Json, differences
from synthgen.shards.storage import SCRATCH, make_folder, mendable, read_json, sole_writer, sweep, sync, write_json

EXPORT = "export.json"  # written last: its presence says that all is there
ORDER = "order.json"  # in UNFINISHED: what the export is
DATA = "data.mdb"  # what LMDB looks for in a folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What `synthgen export` was asked for."""

    shards: str  # folder, shard or URL
    out: Path
    format: str  # lmdb, folder or webdataset
    table: str = "words"
    split: str | None = None
    limit: int | None = None
    workers: int = 1
    resume: bool = False


@dataclass(frozen=True)
class Report:
    """What there is now, and how long this run took to make its share."""

    rows: int
    made: int  # rows of this run
    bytes: int  # of all files but the tables of a folder
    seconds: float
    counts: dict[str, int]  # of words in scenes
    files: dict[str, int]  # bytes of what the format's readers are given: tars, tables, data.mdb


def export(order: Order) -> Report:
    """Write the samples of an order.

    Raises:
        SynthgenError: nothing to export, OUT is in use, another export is there, a package is missing, the disk is full, a worker died.
    """
    began = time.monotonic()
    if order.format == "lmdb":
        _need_words(order.table)
        need_lmdb()
    _check_place(order.out, resume=order.resume)
    selection = Selection(open_groups(order.shards, order.table), order.split, order.limit)
    about: Json = {"format": order.format, "table": order.table, "split": order.split, "limit": order.limit}
    about["source"] = selection.groups.digest
    make_folder(order.out)
    with sole_writer(order.out):
        sweep(order.out)
        if (order.out / EXPORT).is_file():
            return _found(order.out, about, began)
        progress = Progress(selection.rows)
        _open(order.out, about)
        report = (_write_lmdb if order.format == "lmdb" else _write_pieces)(order, selection, progress)
        write_json(order.out / EXPORT, about | {key: value for key, value in asdict(report).items() if key not in ("made", "seconds")})
        _forget(order.out)
    return replace(report, seconds=time.monotonic() - began)


def reader_of(order: Order, report: Report) -> str:
    """Return what reads the export, for the user to copy."""
    if order.format == "folder":
        return f"{'recognizer' if order.table == 'words' else 'detector'} evaluate --data {order.out}"
    if order.format == "lmdb":
        return f'lmdb.open("{order.out}", readonly=True, lock=False)'
    first, last = (name.removeprefix(f"{order.table}-").removesuffix(".tar") for name in (min(report.files), max(report.files)))
    return f'webdataset.WebDataset("{order.out}/{order.table}-{{{first}..{last}}}.tar")'


def _need_words(table: str) -> None:
    if table != "words":
        raise SynthgenError(f"--format lmdb: need words, as the layout has a text a picture, got {table}; give folder or webdataset")


def _check_place(out: Path, *, resume: bool) -> None:
    """Check that there is room for an export: an empty folder, or one to go on with."""
    begun = any((out / name).is_file() for name in (EXPORT, f"{UNFINISHED}/{ORDER}"))
    with mendable(out):
        empty = not out.exists() or all(SCRATCH.match(path.name) or (path.name == UNFINISHED and not begun) for path in out.iterdir())
    if not empty and not resume:
        raise SynthgenError(f"{out}: need an empty folder, got one with files; --resume goes on with the export in it, or give another OUT")
    if not empty and not begun:
        raise SynthgenError(f"{out}: need the folder of an export to resume, got one without {EXPORT}; give another OUT")


def _open(out: Path, about: Json) -> None:
    """Make the folder that of this export, or check that it is."""
    place = out / UNFINISHED / ORDER
    if place.is_file():
        _compare(place, about)
    else:
        make_folder(place.parent)
        write_json(place, about)


def _compare(place: Path, about: Json) -> None:
    there = read_json(place)
    found = differences({key: there.get(key) for key in about}, about)
    wrong = [f"{name} is {was!r} there, {now!r} here" for name, was, now in found]
    if wrong:
        raise SynthgenError(f"{place}: --resume needs the same export: {'; '.join(wrong)}; give the same, or another OUT")


def _found(out: Path, about: Json, began: float) -> Report:
    """Return the report of an export that was whole before; not one of its pictures is looked at."""
    _compare(out / EXPORT, about)
    told = {key: value for key, value in read_json(out / EXPORT).items() if key not in about}
    try:
        report = Report(made=0, seconds=0.0, **told)  # type: ignore[arg-type]  # JSON that we wrote
        files = [*report.files.items()]
    except (TypeError, AttributeError) as error:
        raise SynthgenError(f"{out / EXPORT}: need the record of an export, got another: {error}; export again into another OUT") from error
    for name, size in files:
        got = (out / name).stat().st_size if (out / name).is_file() else None
        if got != size:
            raise SynthgenError(f"{out / name}: need {size} bytes, got {'no file' if got is None else got}; export again into another OUT")
    _forget(out)
    return replace(report, seconds=time.monotonic() - began)


def _forget(out: Path) -> None:
    with mendable(out):
        if (out / UNFINISHED).is_dir():
            shutil.rmtree(out / UNFINISHED)


def _write_lmdb(order: Order, selection: Selection, progress: "Progress") -> Report:
    scratch, final = order.out / UNFINISHED / DATA, order.out / DATA
    if not final.is_file():
        write_pairs(scratch, selection, progress)
        with mendable(final):
            scratch.replace(final)
            sync(order.out)
    size = final.stat().st_size
    return Report(selection.rows, progress.made, size, 0.0, {}, {DATA: size})


def _write_pieces(order: Order, selection: Selection, progress: "Progress") -> Report:
    task = PieceTask(order.out, order.format, selection)
    found = {number: task.kept(number) for number in range(len(task.pieces))}
    progress.skip(sum(piece.rows for piece in found.values() if piece))
    missing = [number for number, piece in found.items() if piece is None]
    workers = min(order.workers, len(missing)) or 1
    with closing(LocalEngine(workers, inline=workers == 1).map(task, missing)) as written:
        for piece in written:
            found[piece.piece] = piece
            progress.add(piece.rows)
    return _gathered(task, [piece for piece in found.values() if piece], progress.made)


def _gathered(task: PieceTask, written: list[Written], made: int) -> Report:
    """Return the report of all pieces; of a folder, make the tables."""
    for before, after in pairwise(written):
        check_order(task.selection.groups.place, before.last, np.array([after.first]))
    names = [piece.file for piece in written]
    if task.format == "folder":
        names = [LABELS, METADATA]
        parts = ([task.path(piece.piece, ending) for piece in written] for ending in (".csv", ".jsonl"))
        join_tables(task.out, task.selection.groups.table, *parts)
    counts = Counter[str]()
    for piece in written:
        counts.update(piece.counts)
    files = {name: (task.out / name).stat().st_size for name in names}
    return Report(task.selection.rows, made, sum(piece.bytes for piece in written), 0.0, dict(sorted(counts.items())), files)


@dataclass
class Progress:
    """Tells how far an export is, on stderr."""

    rows: int  # in all
    done: int = 0
    made: int = 0  # in this run
    began: float = field(default_factory=time.monotonic)

    def skip(self, rows: int) -> None:
        """Take note of rows that were there before."""
        self.done += rows

    def add(self, rows: int) -> None:
        """Take note of rows that were just written."""
        self.done, self.made = self.done + rows, self.made + rows
        speed = self.made / max(time.monotonic() - self.began, 1e-9)
        log.info("%d of %d, %.0f images/s, %.0f s left", self.done, self.rows, speed, (self.rows - self.done) / speed)
