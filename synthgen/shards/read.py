"""Samples back from disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthgen.errors import SynthgenError
from synthgen.shards.manifest import MANIFEST, PARTS, listed, read_part
from synthgen.shards.schema import TABLES
from synthgen.shards.storage import read_json
from synthgen.shards.tfread import tfrecord_batches

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
    for shard in shard_files(Path(path), partial=partial, table=table):
        yield from _batches(shard, table, columns)


def shard_files(path: Path, *, partial: bool = False, table: str = "words") -> list[Path]:
    """Return the shards of a folder in order, or `path` itself if it is a file; sizes are compared with the manifest.

    Raises:
        SynthgenError: there is no such file or folder, the run has not ended, or a shard is missing or cut off.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SynthgenError(f"{path}: need a shard or a folder of shards, found neither; run `synthgen render` first")
    sizes = _sizes(path, partial=partial, table=table)
    for name, size in sizes.items():
        got = (path / name).stat().st_size if (path / name).is_file() else None
        if got != size:
            raise SynthgenError(f"{path / name}: need {size} bytes, got {'no file' if got is None else got}; render again with --resume")
    return [path / name for name in sizes]


def _sizes(out: Path, *, partial: bool, table: str) -> dict[str, int]:
    """Return file and bytes of each shard, in order."""
    if (out / MANIFEST).is_file():
        whole = listed(read_json(out / MANIFEST), table)
        if whole is None:
            raise SynthgenError(f"{out}: need a run with {table}, found one without; render some, or read another table")
        return {part.file: part.bytes for part in whole}
    if not partial:
        cure = "go on with `synthgen render --resume`, or read with partial=True"
        raise SynthgenError(f"{out}: need {MANIFEST}, which a finished run has, found none; {cure}")
    parts = [read_part(path) for path in (out / PARTS).glob(f"{table}-*.json")]
    return {part.file: part.bytes for part in sorted(parts, key=lambda part: part.shard)}


def _batches(shard: Path, table: str, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    layout = TABLES[table]
    names = _known(shard, columns, layout.schema.names)
    if shard.suffix == TFRECORD:
        yield from tfrecord_batches(shard, table, names)
        return
    try:
        with pq.ParquetFile(shard) as file:
            lacking = [name for name in layout.schema.names if name not in file.schema_arrow.names]
            if lacking:
                cure = "give a shard of them that synthgen rendered, or another table="
                raise SynthgenError(f"{shard}: need samples of {table}, got a file without {lacking[0]!r}; {cure}")
            yield from file.iter_batches(batch_size=layout.row_group, columns=names, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise SynthgenError(f"{shard}: cannot be read as Parquet: {error}; render again with --resume") from error


def _known(shard: Path, columns: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    unknown = [column for column in columns or () if column not in names]
    if unknown:
        raise SynthgenError(f"{shard}: need columns of {', '.join(names)}, got {', '.join(unknown)}; name some of the former")
    return [name for name in names if columns is None or name in columns]
