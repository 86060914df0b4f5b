"""Samples back from disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from synthgen.errors import SynthgenError
from synthgen.shards.faults import shard_error
from synthgen.shards.manifest import MANIFEST, PARTS, listed, read_part, read_record
from synthgen.shards.place import buffered, locate
from synthgen.shards.schema import TABLES
from synthgen.shards.store import Store, open_store
from synthgen.shards.tfread import batch_of, tfrecord_batches

TFRECORD = ".tfrecord"


def read(
    path: Path | str, columns: Sequence[str] | None = None, table: str = "words", *, partial: bool = False
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a shard, or of all of a folder in order, about 1,000 words or 100 scenes at a time; Parquet and TFRecord alike.

    `table` is "words" or "scenes"; `columns` are names of its schema, given back in its order, None for all; `partial` takes the
    finished shards of a run that has not ended.

    Raises:
        SynthgenError: there is no such file, folder, table or column, the run has not ended, or a shard is cut off.
    """
    if table not in TABLES:
        raise ValueError(f"table: need one of {', '.join(TABLES)}, got {table}")
    system, root = locate(path)
    for name in shard_names(path, partial=partial, table=table):
        yield from _batches(system, f"{root}/{name}" if name else root, table, columns)


def shard_names(place: Path | str, *, partial: bool = False, table: str = "words") -> list[str]:
    """Return the shards of a folder in order, by their path below it, or "" if it is a file itself; sizes are compared with the manifest.

    Raises:
        SynthgenError: there is no such file or folder, the run has not ended, or a shard is missing or cut off.
    """
    store = open_store(place)
    store.reach()
    if store.size("") is not None:
        return [""]
    if not store.listing():
        raise SynthgenError(f"{store}: need a shard or a folder of shards, found neither; run `synthgen render` first")
    sizes = _sizes(store, partial=partial, table=table)
    found = store.listing(table)
    for name, size in sizes.items():
        got = found.get(PurePosixPath(name).name)
        if got != size:
            raise SynthgenError(f"{store}/{name}: need {size} bytes, got {'no file' if got is None else got}; render again with --resume")
    return list(sizes)


def _sizes(store: Store, *, partial: bool, table: str) -> dict[str, int]:
    """Return file and bytes of each shard, in order."""
    if store.size(MANIFEST) is not None:
        whole = listed(read_record(store, MANIFEST), table)
        if whole is None:
            raise SynthgenError(f"{store}: need a run with {table}, found one without; render some, or read another table")
        return {part.file: part.bytes for part in whole}
    if not partial:
        cure = "go on with `synthgen render --resume`, or read with partial=True"
        raise SynthgenError(f"{store}: need {MANIFEST}, which a finished run has, found none; {cure}")
    names = [name for name in store.listing(PARTS) if name.startswith(f"{table}-")]
    parts = [part for name in names if (part := read_part(store, f"{PARTS}/{name}"))]
    return {part.file: part.bytes for part in sorted(parts, key=lambda part: part.shard)}


def _batches(system: fs.FileSystem, path: str, table: str, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    layout = TABLES[table]
    names = _known(path, columns, layout.schema.names)
    here = isinstance(system, fs.LocalFileSystem)
    try:
        if path.endswith(TFRECORD):
            yield from tfrecord_batches(Path(path), table, names) if here else _far_records(system, path, table, names)
            return
        with system.open_input_file(path) as source, pq.ParquetFile(source, pre_buffer=not here) as file:
            lacking = [name for name in layout.schema.names if name not in file.schema_arrow.names]
            if lacking:
                cure = "give a shard of them that synthgen rendered, or another table="
                raise SynthgenError(f"{path}: need samples of {table}, got a file without {lacking[0]!r}; {cure}")
            yield from file.iter_batches(batch_size=layout.row_group, columns=names, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise shard_error(path, error, far=not here) from error


def _far_records(system: fs.FileSystem, path: str, table: str, names: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a TFRecord shard that cannot be mapped into memory."""
    with buffered(system, path) as file:
        while file.peek(1):
            yield batch_of(path, file, table, names, TABLES[table].row_group)


def _known(shard: str, columns: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    unknown = [column for column in columns or () if column not in names]
    if unknown:
        raise SynthgenError(f"{shard}: need columns of {', '.join(names)}, got {', '.join(unknown)}; name some of the former")
    return [name for name in names if columns is None or name in columns]
