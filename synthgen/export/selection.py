"""Which rows of a run are taken, and in what pieces."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthgen.errors import SynthgenError
from synthgen.shards.groups import ShardGroups
from synthgen.shards.row_checks import need_values

Piece = tuple["Span", ...]


@dataclass(frozen=True)
class Span:
    """Rows of one group that are taken."""

    group: int  # its number
    rows: int  # so many of those in the split, from the first on


@dataclass(frozen=True)
class Selection:
    """The first rows of a split, in the order of the shards."""

    groups: ShardGroups
    split: str | None = None  # None: all rows
    limit: int | None = None  # rows; None: all

    @cached_property
    def spans(self) -> Piece:
        """All that is taken; only a split makes this read, and that its one column.

        Raises:
            SynthgenError: there is nothing to take, or a shard cannot be read.
        """
        left = sum(self.groups.sizes) if self.limit is None else self.limit
        found, splits = list[Span](), Counter[str]()
        for group, size in enumerate(self.groups.sizes):
            rows = min(left, size if self.split is None else self._in_split(group, splits))
            left -= rows
            found += [Span(group, rows)] if rows else []
            if not left:
                break
        if not found:
            there = ", ".join(f"{name} ({count:,})" for name, count in sorted(splits.items())) or "none"
            wanted = f" of split {self.split!r}" if self.split is not None else ""
            raise SynthgenError(f"{self.groups.place}: need {self.groups.table}{wanted}, found {there}; name another --split, or none")
        return tuple(found)

    @property
    def rows(self) -> int:
        """How many are taken."""
        return sum(span.rows for span in self.spans)

    def pieces(self, most: int) -> list[Piece]:
        """Return the spans in pieces of up to `most` rows; a span with more is a piece of its own."""
        found, rows = list[list[Span]](), most
        for span in self.spans:
            rows += span.rows
            if rows > most:
                found.append([])
                rows = span.rows
            found[-1].append(span)
        return [tuple(piece) for piece in found]

    def batches(self, spans: Iterable[Span], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the taken rows of some spans, a batch a span; `columns` must have `index`.

        Raises:
            SynthgenError: a shard cannot be read, or an index comes twice or too early, so that names would be given twice.
        """
        last = -1
        for span in spans:
            batch = self._load(span, columns)
            index = batch["index"].to_numpy()
            check_order(self.groups.place, last, index)
            last = int(index[-1])
            yield batch

    def _load(self, span: Span, columns: Sequence[str]) -> pa.RecordBatch:
        batch = self.groups.load(span.group, [*columns, *({"split"} - set(columns) if self.split is not None else ())])
        need_values(batch, self.groups.place)
        if self.split is None:
            return batch.slice(0, span.rows)
        return batch.filter(pc.equal(batch["split"], self.split)).slice(0, span.rows)

    def _in_split(self, group: int, splits: Counter[str]) -> int:
        """Return how many rows of a group are in the split, and add those of every split to `splits`."""
        own = Counter(self.groups.load(group, ["split"])["split"].to_pylist())
        splits.update(own)
        return own[self.split]


def check_order(place: str, last: int, index: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> None:
    """Check that `index` goes on upwards from `last`.

    Raises:
        SynthgenError: it does not.
    """
    before = np.concatenate([[last], index[:-1]])
    wrong = index <= before
    if wrong.any():
        at = int(wrong.argmax())
        cure = f"`synthgen verify {place}` tells which shard is wrong"
        raise SynthgenError(f"{place}: need indices that go upwards, got {index[at]} after {before[at]}; {cure}")
