"""One stored sample by its number: the run's record says in which shard it is, and one row group is read."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from synthgen.errors import SynthgenError
from synthgen.shards.groups import open_groups
from synthgen.shards.manifest import RUN, Json, shard_name
from synthgen.shards.place import below, shown
from synthgen.shards.row_checks import need_values
from synthgen.shards.schema import TABLES


@dataclass(frozen=True)
class StoredRow:
    """A sample as it is stored."""

    file: str  # path below OUT
    number: int  # in its shard
    values: pa.RecordBatch  # of one row, all columns


def stored_row(out: Path | str, run: Json, table: str, index: int) -> StoredRow:
    """Return sample `index` of a run; `run` is what its run.json holds.

    Raises:
        SynthgenError: the run has no such sample, its shard is missing or damaged, or the row lacks a value or is another one's.
    """
    told = shown(out)
    try:
        size, form = int(run["shard_sizes"][table]), str(run["format"])  # type: ignore[index]  # JSON that we wrote
        count = int(run["n" if table == "words" else "scenes"])  # type: ignore[call-overload]
        if size < 1:
            raise ValueError(f"shards of 1 row or more, but of {size}")
    except (KeyError, TypeError, ValueError) as error:
        raise SynthgenError(f"{told}/{RUN}: need the record of a run, got one without {error}; restore it") from error
    if count < 1:
        raise SynthgenError(f"{told}: need a run with {table}, got one without; explain one of the others")
    if not 0 <= index < count:
        raise SynthgenError(f"INDEX: need 0 to {count - 1}, as there are {count} {table} in {told}, got {index}; give one of those")
    shard, number = divmod(index, size)
    file = f"{table}/{shard_name(table, shard, f'.{form}')}"
    groups = open_groups(below(out, file), table)
    group, place = divmod(number, TABLES[table].row_group)
    if group >= len(groups.sizes) or place >= groups.sizes[group]:
        raise SynthgenError(
            f"{told}/{file}: need row {number}, got {sum(groups.sizes)} rows; `synthgen verify {told}` says what is missing"
        )
    batch = groups.load(group, TABLES[table].schema.names).slice(place, 1)
    need_values(batch, told)
    found = batch["index"][0].as_py()
    if found != index:
        raise SynthgenError(f"{told}/{file}: row {number}: need sample {index}, got {found}; `synthgen verify {told}` says what is wrong")
    return StoredRow(file, number, batch)
