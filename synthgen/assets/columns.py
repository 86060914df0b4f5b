"""Lines of text out of the user's files: `.txt`, and one column of `.csv`, `.tsv`, `.jsonl` or `.parquet`."""

import csv
import difflib
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.recipe import CorpusRecipe

SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl", ".parquet")
LOOKED_AT = 200  # rows that show which columns hold text
BOM = b"\xef\xbb\xbf"


def read_lines(corpus: CorpusRecipe) -> Iterator[str]:
    """Yield the texts of a file, a line or cell each; an empty cell is an empty text, a list several.

    Raises:
        SynthgenError: no such file, a suffix not in SUFFIXES, not UTF-8, broken JSON or CSV, or the column is missing, not named or holds
            objects or bytes.
    """
    path, suffix = corpus.path, corpus.path.suffix.lower()
    if suffix not in SUFFIXES:
        found = suffix or "no suffix"
        raise SynthgenError(f"corpus {path}: need a file ending in {', '.join(SUFFIXES)}, got {found}; save it as one of these")
    if not path.is_file():
        raise SynthgenError(f"corpus {path}: no such file; check the path, it starts from the folder the command runs in")
    if suffix == ".txt":
        return _plain(corpus)
    if suffix == ".jsonl":
        return _jsonl(corpus)
    return _parquet(corpus) if suffix == ".parquet" else _csv(corpus, "," if suffix == ".csv" else "\t")


def _decoded(path: Path) -> Generator[str, None, None]:
    """Yield the lines of a UTF-8 file with their ends, without a byte order mark."""
    offset = 0
    try:
        with path.open("rb") as file:
            for raw in file:
                text = (raw.removeprefix(BOM) if offset == 0 else raw).decode("utf-8")
                yield text
                offset += len(raw)
    except UnicodeDecodeError as error:
        at = offset + error.start + (len(BOM) if offset == 0 and raw.startswith(BOM) else 0)
        byte = error.object[error.start]
        raise SynthgenError(f"corpus {path}: need UTF-8, got byte 0x{byte:02x} at offset {at}; save the file as UTF-8") from error
    except OSError as error:
        raise SynthgenError(f"corpus {path}: cannot be read: {error}; check its permissions") from error


def _plain(corpus: CorpusRecipe) -> Iterator[str]:
    if corpus.column is not None:
        raise SynthgenError(f"corpus {corpus.path}: a .txt file has no columns, got column {corpus.column!r}; leave the column out")
    return _decoded(corpus.path)


def _csv(corpus: CorpusRecipe, delimiter: str) -> Iterator[str]:
    with closing(_decoded(corpus.path)) as lines:  # else the file stays open for as long as an error's traceback lives
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            names = next(rows, [])
            head = list(islice(rows, LOOKED_AT))
            texts = [name for k, name in enumerate(names) if any(_is_text(row[k]) for row in head if k < len(row))]
            at = names.index(_column(corpus, names, texts))
            for row in chain(head, rows):
                yield row[at] if at < len(row) else ""
        except csv.Error as error:
            place = f"corpus {corpus.path}: line {rows.line_num}"
            raise SynthgenError(f"{place} is not CSV: {error}; quote the cell properly, or shorten it") from error


def _jsonl(corpus: CorpusRecipe) -> Iterator[str]:
    with closing(_objects(corpus.path)) as rows:
        head = list(islice(rows, LOOKED_AT))
        names = list(dict.fromkeys(name for row in head for name in row))
        texts = [name for name in names if any(isinstance(row.get(name), str) for row in head)]
        column = _column(corpus, names, texts)
        for row in chain(head, rows):
            yield from _texts(corpus, row.get(column))


def _objects(path: Path) -> Generator[dict[str, object], None, None]:
    for number, line in enumerate(_decoded(path), start=1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # ValueError: not JSON, or a number of more digits than Python reads
            raise SynthgenError(f"corpus {path}: line {number} is not JSON: {error}; need one object a line") from error
        if not isinstance(row, dict):
            raise SynthgenError(f'corpus {path}: line {number}: need an object such as {{"text": "..."}}, got {type(row).__name__}')
        yield row


def _parquet(corpus: CorpusRecipe) -> Iterator[str]:
    import pyarrow as pa  # here: it takes 0.1 s to import, and few corpora are Parquet
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(corpus.path) as file:
            schema = file.schema_arrow
            texts = [f.name for f in schema if _holds_strings(str(getattr(f.type, "value_type", f.type)))]
            column = _column(corpus, schema.names, texts)
            for batch in file.iter_batches(columns=[column]):
                for value in batch.column(0).to_pylist():
                    yield from _texts(corpus, value)
    except (pa.ArrowException, OSError) as error:
        raise SynthgenError(f"corpus {corpus.path}: cannot be read as Parquet: {error}; write it anew") from error


def _texts(corpus: CorpusRecipe, value: object) -> Iterator[str]:
    """Yield the texts of a cell of JSON or Parquet."""
    if isinstance(value, list):
        for part in value or (None,):
            yield from _texts(corpus, part)
    elif isinstance(value, dict | bytes):
        got = f"{type(value).__name__} {str(value)[:40]}"
        raise SynthgenError(f"corpus {corpus.path}: need texts or numbers in the column, got {got}; choose another, or write it as text")
    else:
        yield "" if value is None else str(value)


def _holds_strings(kind: str) -> bool:
    return kind in ("string", "large_string", "string_view")


def _is_text(cell: str) -> bool:
    return any(c.isalpha() for c in cell)


def _column(corpus: CorpusRecipe, names: Sequence[str], texts: Sequence[str]) -> str:
    """Return the column asked for, or the only one that holds text."""
    place = f"corpus {corpus.path}"
    if corpus.column is not None:
        if corpus.column in names:
            return corpus.column
        near = difflib.get_close_matches(corpus.column, names, n=1, cutoff=0.0)
        hint = f"; nearest is {near[0]!r}" if near else ""
        raise SynthgenError(f"{place}: no column {corpus.column!r}, it has {_listed(names)}{hint}")
    choice = texts or names
    if len(choice) == 1:
        return choice[0]
    if not choice:
        raise SynthgenError(f"{place}: no column at all, the file is empty; give one with a header and texts")
    raise SynthgenError(f"{place}: need one text column, got {_listed(choice)}; choose one: {corpus.path.name}:{choice[0]}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
