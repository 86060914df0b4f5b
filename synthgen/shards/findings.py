"""Faults of shards: each with its place, what was expected and what was found; all counted, the first of each rule kept."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthgen.arrays import I64, Bools

KEPT = 20  # faults of one rule in one shard that are kept to be printed: a shard that is all wrong has 50,000
SHOWN = 60  # characters of a value in a fault

Told = Callable[[int], tuple[str, str]]


@dataclass(frozen=True)
class Fault:
    """Something that is not as it must be."""

    file: str  # path below OUT
    row: int | None  # in the file; None: of the whole file
    index: int | None  # as the row says it is
    rule: str  # what faults are counted by
    need: str
    got: str

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}: row {self.row} (index {self.index})"
        return f"{place}: {self.rule}: need {self.need}, got {self.got}"


class Findings:
    """What is found in one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.counts: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.place(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    def place(self, rows: I64, index: I64) -> None:
        """Say which rows of the file the following positions are, and what their `index` is, `(n,)` each."""
        self._rows, self._index = rows, index

    @property
    def placed(self) -> tuple[I64, I64]:
        """Rows and their `index`, as they were placed."""
        return self._rows, self._index

    def whole(self, rule: str, need: object, got: object, file: str | None = None) -> None:
        """Take note of a fault of the whole file, or of another one."""
        self._keep(Fault(file or self.file, None, None, rule, str(need), str(got)))
        self.counts[rule] += 1

    def differ(self, rule: str, need: object, got: object, file: str | None = None) -> None:
        """Take note of a fault if what was found is not what was expected."""
        if need != got:
            self.whole(rule, need, got, file)

    def rows(self, rule: str, wrong: Bools, told: Told, parents: I64 | None = None) -> None:
        """Take note of the rows where `wrong`; `told` returns what is needed and what was found at a position.

        With `parents` (items,), the row of each item, `wrong` and positions are of items; of several in a row the first is told.
        """
        at = np.flatnonzero(wrong)
        if not len(at):
            return
        rows, firsts = (at, at) if parents is None else _first_of_each(parents[at], at)
        self.counts[rule] += len(rows)
        for row, item in zip(rows[:KEPT].tolist(), firsts[:KEPT].tolist(), strict=True):
            need, got = told(item)
            self._keep(Fault(self.file, int(self._rows[row]), int(self._index[row]), rule, need, got))

    def _keep(self, fault: Fault) -> None:
        if sum(kept.rule == fault.rule for kept in self.faults) < KEPT:
            self.faults.append(fault)


def _first_of_each(parents: I64, items: I64) -> tuple[I64, I64]:
    rows, firsts = np.unique(parents, return_index=True)
    return rows, items[firsts]


def shown(value: object) -> str:
    """Return a value in at most SHOWN characters, and three dots."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
