"""Rows of shards by group, at random and from many threads: what a trainer shuffles."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from synthgen.errors import SynthgenError
from synthgen.shards.faults import shard_error, store_error
from synthgen.shards.manifest import MANIFEST, NOT_FINISHED, listed
from synthgen.shards.place import buffered, is_url, locate, read_bytes, shown
from synthgen.shards.schema import TABLES
from synthgen.shards.tfread import batch_of, record_groups

TFRECORD = ".tfrecord"
AT_ONCE = 16  # shards in object storage whose footers are read together: each takes a few answers of tens of milliseconds


@dataclass(frozen=True)
class Group:
    """Neighbouring rows of one shard that are read together."""

    path: str
    rows: int
    part: int  # row group of a Parquet shard; the first byte in a TFRecord shard


@dataclass(frozen=True)
class ShardGroups:
    """The groups of one table's shards in order; any thread, or another process after pickling, may load any of them."""

    place: str
    table: str
    groups: tuple[Group, ...]
    digest: str  # SHA-256 of the manifest; of a single shard, its bytes and rows

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each group."""
        return tuple(group.rows for group in self.groups)

    def load(self, number: int, columns: Sequence[str]) -> pa.RecordBatch:
        """Return some columns of a group.

        Raises:
            SynthgenError: the shard was changed or removed, is damaged, or its store does not answer.
        """
        group = self.groups[number]
        system, _ = locate(self.place)
        try:
            if group.path.endswith(TFRECORD):
                with buffered(system, group.path) as records:
                    records.seek(group.part)
                    return batch_of(group.path, records, self.table, list(columns), group.rows)
            with system.open_input_file(group.path) as file:
                opened = pq.ParquetFile(file, pre_buffer=is_url(self.place))  # else each column is a request of its own
                whole = opened.read_row_group(group.part, columns=list(columns), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            if is_url(self.place) and not isinstance(error, pa.ArrowInvalid):
                raise store_error(f"{shown(self.place)}: {group.path}: row group {group.part}", "read", error) from error
            raise SynthgenError(f"{group.path}: row group {group.part}: cannot be read: {error}; render again with --resume") from error
        return whole.combine_chunks().to_batches()[0]


def open_groups(place: Path | str, table: str = "words") -> ShardGroups:
    """Return the groups of a run's shards: a folder or URL with a manifest, or a single shard.

    Raises:
        SynthgenError: there is no finished run, it has no such table, or a shard is missing, cut off or of other samples.
    """
    system, root = locate(place)
    if root.endswith((".parquet", TFRECORD)):
        alone = tuple(_groups(system, root, table))
        return ShardGroups(str(place), table, alone, f"{system.get_file_info(root).size} bytes, {sum(group.rows for group in alone)} rows")
    content = read_bytes(place, MANIFEST)
    names = _shards(content, shown(place), table)
    with ThreadPoolExecutor(AT_ONCE if is_url(place) else 1) as threads:
        found = list(threads.map(lambda shard: _groups(system, f"{root}/{shard[0]}", table, shard[1]), names))
    return ShardGroups(str(place), table, tuple(chain.from_iterable(found)), sha256(content or b"").hexdigest())


def _shards(content: bytes | None, place: str, table: str) -> list[tuple[str, int]]:
    """Return name and bytes of each shard in the manifest."""
    if content is None:
        raise SynthgenError(f"{place}: need {MANIFEST}, which a finished run has, found none; {NOT_FINISHED}")
    try:
        parts = listed(json.loads(content), table)
    except ValueError:
        parts = None
    if parts is None:
        raise SynthgenError(
            f"{place}/{MANIFEST}: need a run with {table}, got one without, or with damaged records; render some, or name another folder"
        )
    return [(part.file, part.bytes) for part in parts]


def _groups(system: fs.FileSystem, path: str, table: str, size_bytes: int | None = None) -> list[Group]:
    try:
        info = system.get_file_info(path)
        if info.type != fs.FileType.File or size_bytes not in (None, info.size):
            need = "a shard" if size_bytes is None else f"{size_bytes} bytes"
            got = "no file" if info.type != fs.FileType.File else f"{info.size} bytes"
            raise SynthgenError(f"{path}: need {need}, got {got}; render again with --resume")
        if path.endswith(TFRECORD):
            with buffered(system, path) as records:
                return [Group(path, rows, begin) for begin, rows in record_groups(path, records, TABLES[table].row_group)]
        with system.open_input_file(path) as file:
            footer = pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise shard_error(path, error, far=not isinstance(system, fs.LocalFileSystem)) from error
    lacking = [name for name in TABLES[table].schema.names if name not in footer.schema_arrow.names]
    if lacking:
        raise SynthgenError(f"{path}: need samples of {table}, got a file without {lacking[0]!r}; name shards that synthgen rendered")
    sizes = [footer.metadata.row_group(k).num_rows for k in range(footer.metadata.num_row_groups)]
    return [Group(path, rows, k) for k, rows in enumerate(sizes) if rows]
