"""Samples back from disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthgen.errors import SynthgenError
from synthgen.shards.manifest import MANIFEST, PARTS, read_part
from synthgen.shards.schema import WORD_COLUMNS
from synthgen.shards.storage import read_json
from synthgen.shards.tfread import tfrecord_batches
from synthgen.shards.words import ROW_GROUP

TFRECORD = ".tfrecord"


def read(path: Path | str, columns: Sequence[str] | None = None, *, partial: bool = False) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a shard of words, or of all of a folder in order, about 1,000 at a time; Parquet and TFRecord alike.

    `columns` are names of WORD_SCHEMA, given back in its order, None for all; `partial` takes the finished shards of a run that has
    not ended.

    Raises:
        SynthgenError: there is no such file, folder or column, the run has not ended, or a shard is cut off.
    """
    for shard in shard_files(Path(path), partial=partial):
        yield from _batches(shard, columns)


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
        summary = read_json(out / MANIFEST).get(table)
        shards = summary["shards"] if isinstance(summary, dict) else []
        return {shard["file"]: shard["bytes"] for shard in shards}
    if not partial:
        cure = "go on with `synthgen render --resume`, or read with partial=True"
        raise SynthgenError(f"{out}: need {MANIFEST}, which a finished run has, found none; {cure}")
    parts = [read_part(path) for path in (out / PARTS).glob(f"{table}-*.json")]
    return {part.file: part.bytes for part in sorted(parts, key=lambda part: part.shard)}


def _batches(shard: Path, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    if shard.suffix == TFRECORD:
        yield from tfrecord_batches(shard, _known(shard, columns, WORD_COLUMNS))
        return
    try:
        with pq.ParquetFile(shard) as file:
            yield from file.iter_batches(batch_size=ROW_GROUP, columns=_known(shard, columns, file.schema_arrow.names), use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise SynthgenError(f"{shard}: cannot be read as Parquet: {error}; render again with --resume") from error


def _known(shard: Path, columns: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    unknown = [column for column in columns or () if column not in names]
    if unknown:
        raise SynthgenError(f"{shard}: need columns of {', '.join(names)}, got {', '.join(unknown)}; name some of the former")
    return [name for name in names if columns is None or name in columns]
