"""Pages as lines on a terminal or in a file: plain text, JSON or CSV."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from extractor.fields import find_fields
from extractor.overlays import Overlays
from extractor.page_json import CSV_COLUMNS, page_to_json, page_to_rows
from extractor.photo_files import PhotoFiles, ReadFile, legible
from synthgen.errors import SynthgenError


@dataclass(frozen=True)
class Shown:
    """How pages are shown: as text, unless JSON or CSV is asked for."""

    as_json: bool = False
    as_csv: bool = False
    fields: bool = False  # product fields too
    overlay: Path | None = None  # where to draw what was read
    heat: bool = False  # on overlays

    def __post_init__(self) -> None:
        if self.as_csv and (self.as_json or self.fields):
            raise SynthgenError(f"--csv: need it alone, got {'--json' if self.as_json else '--fields'} too; leave one of them out")
        if self.heat and not self.overlay:
            raise SynthgenError("--heat: need --overlay, on which it is shown, got none; give one, or leave --heat out")

    @property
    def options(self) -> list[str]:
        """The options that were given."""
        given = {"--json": self.as_json, "--csv": self.as_csv, "--fields": self.fields, "--overlay": self.overlay, "--heat": self.heat}
        return [option for option, value in given.items() if value]


@dataclass(frozen=True)
class Printer:
    """Makes lines of pages, and draws overlays of them."""

    shown: Shown
    alone: bool  # whether there is one photo, whose name need not be said
    overlays: Overlays | None = None

    def printed(self, photos: PhotoFiles) -> Iterator[str]:
        """Yield the lines of photos, each photo's as it is read; what is wrong with one is told to who watches them.

        Raises:
            SynthgenError: an overlay cannot be written.
        """
        if self.shown.as_csv:
            yield _row(CSV_COLUMNS)
        for found in photos:
            if isinstance(found, ReadFile):
                yield from self.lines(found)
                if self.overlays:
                    self.overlays.add(found)

    def lines(self, found: ReadFile) -> Iterator[str]:
        """Yield the lines of a photo: one JSON object, a row a word, or its text, under the photo's name where there are several."""
        name, page = legible(str(found.path)), found.page
        fields = [one.to_json() for one in find_fields(page)] if self.shown.fields else []
        if self.shown.as_json:
            yield json.dumps({"file": name, **page_to_json(page), **({"fields": fields} if self.shown.fields else {})}, ensure_ascii=False)
        elif self.shown.as_csv:
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
    """Counts photos, tells what is wrong with any, and shows how far they are: a bar, if stderr is a terminal and they are several."""

    photos: int
    tell: Callable[[str], None]
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
            self.tell(f"error: {found}")
        else:
            self.words += len(found.page.words)
        if self.bar:
            self.bar.advance(self.bar.task_ids[0])

    def told(self) -> str:
        """Return what was done."""
        unread = f"; {self.faults} could not be read" if self.faults else ""
        return f"{self.done - self.faults} of {self.photos} photos read, {self.words:,} words{unread}"
