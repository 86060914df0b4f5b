"""Runs of noise, and shards whose texts are hard to write down."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from synthgen import read
from synthgen.export import run
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.schema import TABLES
from tests.fake_runs import job_of, render

ODD = ('a,"b"', "two\nlines", "cr\ralone", "NA", "007", "", " spaced ", "###", "1e5", "null", "Öl 5€", "tab\there", "'", '"', ",")
MISSHAPEN = (
    (12, 2, 3, 2, 3, 8, 12, 8),
    (3, 2, 12, 8, 12, 2, 3, 8),
    (3, 2, 12, 2, 6, 4, 3, 8),
    (3, 2, 12, 2, 12, 2, 3, 2),
)  # mirrored, crossing, concave, flat


def odd_words(folder: Path, copies: int = 2) -> Path:
    """Return a shard of words with the texts of ODD."""
    return _with_texts(folder, "words", list(ODD) * copies)


def odd_scenes(folder: Path) -> Path:
    """Return a shard of eight scenes: two without words, the others with convex quads and texts of ODD, every fifth of them ignored;
    those of words 1 to 4 are MISSHAPEN.
    """
    words = _noise(folder, "scenes", 8)["words"]
    flat = words.flatten()
    corners = [[3 + k, 2.5, 12.1 + k, 3, 12, 9 + k / 3, 2, 8] for k in range(len(flat))]
    for misshapen, quad in enumerate(MISSHAPEN, start=1):
        corners[misshapen] = list(quad)
    fields = {
        "text": pa.array([ODD[k % len(ODD)] for k in range(len(flat))]),
        "quad": pa.array(corners, type=flat.field("quad").type),
        "ignore": pa.array([k % 5 == 4 for k in range(len(flat))]),
    }
    kind = words.type.value_type
    made = pa.StructArray.from_arrays([fields.get(field.name, flat.field(field.name)) for field in kind], fields=list(kind))
    return _stored(folder, "scenes", {"words": pa.ListArray.from_arrays(words.offsets, made, type=words.type)})


def with_column(folder: Path, table: str, rows: int, name: str, values: Sequence[object]) -> Path:
    """Return a shard of noise with one column replaced."""
    return _stored(folder, table, {name: pa.array(values, type=TABLES[table].schema.field(name).type)}, rows)


def exported(source: Path | str, out: Path, form: str, table: str = "words", **other: object) -> run.Report:
    """Export in this process."""
    return run.export(run.Order(str(source), out, form, table, **other))  # type: ignore[arg-type]  # a test that gives a wrong type fails at once


def _with_texts(folder: Path, table: str, texts: Sequence[str]) -> Path:
    return with_column(folder, table, len(texts), "text", texts)


def _noise(folder: Path, table: str, rows: int) -> pa.RecordBatch:
    if not (folder / "noise").exists():
        render(job_of(table, folder / "noise", samples=rows, size=rows))
    return next(read(folder / "noise", table=table))


def _stored(folder: Path, table: str, columns: dict[str, pa.Array], rows: int = 8) -> Path:
    batch = _noise(folder, table, rows)
    fields = [columns.get(field.name, batch[field.name]) for field in batch.schema]
    schema = TABLES[table].schema
    final = folder / f"{table}-00000.parquet"
    with parquet_shard(final, schema, TABLES[table]) as file:
        file.write_batch(pa.RecordBatch.from_arrays(fields, schema=schema))
    return final


def rows_of(source: Path, table: str = "words", split: str | None = None) -> list[dict[str, object]]:
    """Return all rows of a source."""
    batches = (batch if split is None else batch.filter(pc.equal(batch["split"], split)) for batch in read(source, table=table))
    return [row for batch in batches for row in batch.to_pylist()]
