"""Column statistics of shards, row group by row group: counts of whole numbers and of names, and the texts for duplicates."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthgen.arrays import F32, I64
from synthgen.report.spread import spread
from synthgen.shards.groups import TFRECORD, ShardGroups
from synthgen.shards.row_checks import need_values

NEAR_ROWS = {"words": 4_000_000, "scenes": 40_000}  # 20 seconds of one core, and a few hundred MB for the texts
FAR_ROWS = {"words": 200_000, "scenes": 2_000}  # as long: TFRecord shards are read with their pictures, object stores answer slowly
MOST = 100_000  # pixels, characters or words a scene; more, or less than 0, is damage and only counted
TEXT_COLUMNS = {
    "words": ("text", "font", "width", "height", "contrast", "split", "source", "background"),
    "scenes": ("words", "width", "height", "background", "split"),
}


@dataclass
class Tally:
    """What the columns of a table hold; a row keeps its text and 4 bytes, all else is counts."""

    table: str
    rows: int = 0
    texts: list[pa.Array] = field(default_factory=list)
    fonts: list[pa.DictionaryArray] = field(default_factory=list)  # beside the texts
    characters: Counter[str] = field(default_factory=Counter)
    names: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # column, then value
    numbers: dict[str, I64] = field(default_factory=dict)  # what is counted, then how often 0, 1, 2, ... was seen
    outside: Counter[str] = field(default_factory=Counter)  # not between 0 and MOST, or not finite

    def count(self, name: str, values: I64 | F32) -> None:
        """Count rounded values."""
        good = values[(values >= 0) & (values <= MOST)]  # false for NaN, too
        self.outside[name] += len(values) - len(good)
        seen = np.bincount(np.rint(good).astype(np.int64))
        total = self.numbers.get(name, np.zeros(0, dtype=np.int64))
        if len(seen) > len(total):
            seen, total = total, seen
        total[: len(seen)] += seen
        self.numbers[name] = total

    def name(self, name: str, values: pa.Array) -> None:
        """Count names."""
        found = pc.value_counts(values)
        self.names[name].update(dict(zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)))

    def read(self, texts: pa.Array, fonts: pa.Array) -> None:
        """Count texts, their lengths and characters, and fonts."""
        self.texts.append(texts)
        self.fonts.append(fonts.dictionary_encode())
        self.name("font", fonts)
        self.count("length", pc.utf8_length(texts).to_numpy(zero_copy_only=False))
        joined = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "")[0].as_py()
        codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)  # from UTF-8 to code points without a loop
        seen = np.bincount(codes)
        self.characters.update({chr(code): int(seen[code]) for code in np.flatnonzero(seen)})


def tally(groups: ShardGroups, seed: int) -> Tally:
    """Return the statistics of a table; of row groups drawn over the whole run where it has more rows than are read in about a minute.

    Raises:
        SynthgenError: a shard was changed, removed or damaged since it was opened, or lacks a value.
    """
    found = Tally(groups.table)
    add = ADDERS[groups.table]
    for number in _read_groups(groups, seed):
        batch = groups.load(number, TEXT_COLUMNS[groups.table])
        need_values(batch, groups.place)
        found.rows += batch.num_rows
        add(found, batch)
    return found


def _read_groups(groups: ShardGroups, seed: int) -> Iterator[int]:
    far = "://" in groups.place or any(group.path.endswith(TFRECORD) for group in groups.groups[:1])
    most = (FAR_ROWS if far else NEAR_ROWS)[groups.table]
    rows = sum(groups.sizes)
    share = min(most / rows, 1.0) if rows else 1.0
    yield from spread(len(groups.groups), max(int(share * len(groups.groups)), 1), seed).tolist()


def add_words(found: Tally, batch: pa.RecordBatch) -> None:
    """Count a row group of words."""
    found.read(batch.column("text"), batch.column("font"))
    for name in ("width", "height"):
        found.count(name, batch.column(name).to_numpy())
    found.count("contrast", 100 * batch.column("contrast").to_numpy())
    for name in ("split", "source", "background"):
        found.name(name, batch.column(name))


def add_scenes(found: Tally, batch: pa.RecordBatch) -> None:
    """Count a row group of scenes, and the words in them."""
    words = batch.column("words").flatten()
    found.read(words.field("text"), words.field("font").fill_null(""))
    found.count("words", pc.list_value_length(batch.column("words")).to_numpy())
    found.count("word height", word_heights(words.field("quad").flatten().to_numpy()))
    found.count("visible", 100 * words.field("visible").to_numpy())
    found.name("readable", pc.if_else(words.field("ignore"), "ignored", "read"))
    for name in ("width", "height"):
        found.count(name, batch.column(name).to_numpy())
    for name in ("split", "background"):
        found.name(name, batch.column(name))


def word_heights(corners: F32) -> F32:
    """Return how high words stand, pixels `(n,)`, from the numbers of their quads `(8 n,)`: the mean of the left and the right side."""
    quads = corners.reshape(-1, 4, 2)
    with np.errstate(invalid="ignore"):  # infinities, which are damage and counted as such
        left, right = quads[:, 3] - quads[:, 0], quads[:, 2] - quads[:, 1]
    return np.asarray((np.hypot(*left.T) + np.hypot(*right.T)) / 2, dtype=np.float32)


ADDERS: dict[str, Callable[[Tally, pa.RecordBatch], None]] = {"words": add_words, "scenes": add_scenes}
