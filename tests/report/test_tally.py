"""Column statistics of fake runs: every figure equal to brute force, only what is needed is read and kept."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.alphabet import PRINTABLE_92
from synthgen.report import tally as tallies
from synthgen.report.about import about
from synthgen.report.plots import binned
from synthgen.report.spread import spread
from synthgen.report.tally import Tally, tally, word_heights
from synthgen.report.texts import texts_of
from synthgen.shards.groups import ShardGroups, open_groups
from synthgen.shards.read import read
from tests.fake_runs import job_of, render

FORMATS = ("parquet", "tfrecord")


@given(st.integers(0, 5000), st.integers(0, 300), st.integers(0, 2**64 - 1))
def test_rows_shown_are_different_rising_and_one_from_each_stretch(total: int, wanted: int, seed: int) -> None:
    rows = spread(total, wanted, seed)
    count = min(total, wanted)
    assert len(rows) == count
    assert all(k * total // count <= row < (k + 1) * total // count for k, row in enumerate(rows.tolist()))


@pytest.mark.parametrize("form", FORMATS)
def test_statistics_of_words_equal_those_of_each_row(tmp_path: Path, form: str) -> None:
    render(job_of("words", tmp_path / "shards", 25, format=form))
    rows = [row for batch in read(tmp_path / "shards") for row in batch.to_pylist()]
    found = tally(open_groups(tmp_path / "shards"), seed=0)
    texts = texts_of(found, PRINTABLE_92)
    assert found.rows == texts.count == 25
    assert found.characters == Counter(char for row in rows for char in row["text"])
    assert found.names["font"] == Counter(row["font"] for row in rows)
    assert found.names["background"] == Counter(row["background"] for row in rows)
    assert found.names["split"] == Counter(row["split"] for row in rows)
    for name, values in {"length": [len(row["text"]) for row in rows], "width": [row["width"] for row in rows]}.items():
        assert dict(enumerate(found.numbers[name].tolist())) == {k: values.count(k) for k in range(max(values) + 1)}
    assert found.numbers["contrast"].sum() == 25
    seen = Counter(row["text"] for row in rows)
    assert texts.repeats == sum(count - 1 for count in seen.values())
    assert texts.repeats_in_font == 25 - len({(row["text"], row["font"]) for row in rows})
    assert dict(texts.commonest) == dict(seen.most_common(12)) or len(seen) > 12
    assert len(texts.longest[0]) == max(map(len, seen))
    assert len(texts.shortest[0]) == min(map(len, seen))


@pytest.mark.parametrize("form", FORMATS)
def test_statistics_of_scenes_equal_those_of_each_word(tmp_path: Path, form: str) -> None:
    render(job_of("scenes", tmp_path / "shards", 12, format=form))
    rows = [row for batch in read(tmp_path / "shards", table="scenes") for row in batch.to_pylist()]
    words = [word for row in rows for word in row["words"]]
    found = tally(open_groups(tmp_path / "shards", "scenes"), seed=0)
    assert found.rows == 12
    assert found.characters == Counter(char for word in words for char in word["text"])
    assert found.numbers["words"].tolist() == [sum(len(row["words"]) == k for row in rows) for k in range(4)]
    assert found.names["readable"] == Counter("ignored" if word["ignore"] else "read" for word in words)
    assert found.names["font"] == Counter(word["font"] or "" for word in words)
    assert found.numbers["visible"].sum() == found.numbers["word height"].sum() == len(words)


def test_the_height_of_a_word_does_not_change_when_it_is_turned() -> None:
    upright = np.array([0, 0, 30, 0, 30, 8, 0, 8], dtype=np.float32)
    turned = np.array([0, 0, 0, 30, -8, 30, -8, 0], dtype=np.float32)
    assert word_heights(np.concatenate([upright, turned])).tolist() == [8.0, 8.0]


def test_values_that_cannot_be_are_left_out_of_the_charts_and_counted() -> None:
    found = Tally("words")
    found.count("contrast", np.array([np.nan, np.inf, -1, 3.2, 1e9], dtype=np.float32))
    assert found.numbers["contrast"].tolist() == [0, 0, 0, 1]
    assert found.outside == {"contrast": 4}


def test_only_columns_of_statistics_are_read_and_a_row_keeps_a_few_bytes(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    load = ShardGroups.load

    def watched(self: ShardGroups, number: int, columns: list[str]) -> pa.RecordBatch:
        asked.extend(columns)
        return load(self, number, columns)

    monkeypatch.setattr(ShardGroups, "load", watched)
    found = tally(open_groups(run), seed=0)
    assert not {"image", "char_quads", "region", "affinity"} & set(asked)
    texts = sum(batch.nbytes for batch in found.texts)
    assert texts + sum(batch.indices.nbytes for batch in found.fonts) <= 40 * 31 + 4 * (40 + len(found.texts)) + 4 * 40


def test_reading_more_rows_holds_no_more_than_their_texts() -> None:
    def held(groups: int) -> int:
        found = Tally("words")
        before = int(pa.total_allocated_bytes())
        for group in range(groups):
            texts = pa.array([f"word {group} {row}" for row in range(1000)])
            same = pa.array(["Plain"] * 1000)
            numbers = {name: pa.array(np.arange(1000), type=pa.int32()) for name in ("width", "height")}
            columns = {"text": texts, "font": same, **numbers, "contrast": pa.array(np.linspace(0, 1, 1000), type=pa.float32())}
            tallies.add_words(found, pa.record_batch({**columns, "split": same, "source": same, "background": same}))
        return int(pa.total_allocated_bytes()) - before

    assert held(20) < 20 * 1000 * 40


def test_speed_is_told_only_by_times_that_a_run_leaves(tmp_path: Path) -> None:
    out = tmp_path / "shards"
    render(job_of("words", out, 200, size=100))
    for second, name in enumerate(("run.json", "words/words-00000.parquet", "parts/words-00000.json", "words/words-00001.parquet")):
        os.utime(out / name, (1000 + second, 1000 + second))
    for name in ("parts/words-00001.json", "manifest.json"):
        os.utime(out / name, (1004, 1004))
    assert speed(out) == 50.0
    os.utime(out / "run.json", (1003, 1003))  # as a copy may leave it
    assert speed(out) is None


def speed(out: Path) -> float | None:
    table = about(out).tables["words"]
    assert table is not None
    return table.per_second


@given(st.lists(st.integers(0, 900), min_size=1, max_size=50), st.integers(2, 40))
def test_bins_hold_every_value_once(values: list[int], most: int) -> None:
    bins = binned(np.bincount(values), most)
    assert len(bins.counts) <= most + 1
    for row, count in enumerate(bins.counts.tolist()):
        assert count == sum(bins.edges[row] <= value < bins.edges[row + 1] for value in values)
    assert bins.counts.sum() == len(values)
