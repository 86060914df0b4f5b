"""Pages as lines on a terminal or in a file: plain text, JSON or CSV."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from extractor.fields import find_fields
from extractor.page_json import CSV_COLUMNS, page_to_json, page_to_rows
from extractor.photo_files import ReadFile
from synthgen.errors import SynthgenError

TEXT, JSON, CSV = "text", "json", "csv"


def form_of(*, as_json: bool, as_csv: bool, fields: bool) -> str:
    """Return how pages are printed.

    Raises:
        SynthgenError: in two ways at once, or with fields where there is no place for them.
    """
    if as_csv and (as_json or fields):
        raise SynthgenError(f"--csv: need it alone, got {'--json' if as_json else '--fields'} too; leave one of them out")
    return JSON if as_json else CSV if as_csv else TEXT


@dataclass(frozen=True)
class Printer:
    """Makes lines of pages."""

    form: str
    alone: bool  # whether there is one photo, whose name need not be said
    fields: bool  # whether product fields are shown

    def head(self) -> Iterator[str]:
        """Yield what comes before all pages."""
        if self.form == CSV:
            yield _row(CSV_COLUMNS)

    def lines(self, found: ReadFile) -> Iterator[str]:
        """Yield the lines of a photo: one JSON object, a row a word, or its text, under the photo's name where there are several."""
        name, page = str(found.path), found.page
        fields = [one.to_json() for one in find_fields(page)] if self.fields else []
        if self.form == JSON:
            yield json.dumps({"file": name, **page_to_json(page), **({"fields": fields} if self.fields else {})}, ensure_ascii=False)
        elif self.form == CSV:
            yield from map(_row, page_to_rows(name, page))
        else:
            if not self.alone:
                yield f"==> {name} <=="
            yield from (line.text for line in page.lines)
            yield from (_told(one) for one in fields)


def _told(one: dict[str, object]) -> str:
    value = f" = {one['value']} {one['unit'] or ''}".rstrip() if one["value"] is not None else ""
    note = f" ({one['note']})" if one["note"] else ""
    return f"{one['kind']}: {one['text']}{value}{note}"


def _row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


@dataclass
class Meter:
    """Counts photos, and shows how far they are: a bar on stderr if that is a terminal and there are several."""

    photos: int
    faults: int = 0
    words: int = 0
    done: int = 0
    bar: Progress | None = field(default=None, init=False)

    def __enter__(self) -> "Meter":
        if self.photos > 1 and sys.stderr.isatty():
            columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            # what is printed must stay on stdout where that is a file, and would tear the bar where it is the same terminal
            self.bar = Progress(*columns, console=Console(stderr=True), redirect_stdout=sys.stdout.isatty())
            self.bar.add_task("", total=self.photos)
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def add(self, found: ReadFile | str) -> None:
        """Take note of a photo."""
        self.done += 1
        if isinstance(found, str):
            self.faults += 1
        else:
            self.words += len(found.page.words)
        if self.bar:
            self.bar.advance(self.bar.task_ids[0])

    def told(self) -> str:
        """Return what was done."""
        unread = f"; {self.faults} could not be read" if self.faults else ""
        return f"{self.done - self.faults} of {self.photos} photos read, {self.words:,} words{unread}"
