from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen import SynthgenError, open_groups
from synthgen.export.selection import Selection
from synthgen.shards.groups import Group, ShardGroups
from tests.export.odd_shards import rows_of, with_column
from tests.fake_runs import job_of, render


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("source")
    render(job_of("words", out, samples=45))
    return out


def sized(*sizes: int) -> ShardGroups:
    return ShardGroups("here", "words", tuple(Group("a", size, k) for k, size in enumerate(sizes)), "")


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12), most=st.integers(1, 20), limit=st.none() | st.integers(1, 50))
def test_pieces_hold_all_that_is_taken_once_in_order_and_no_more_than_they_may(sizes: list[int], most: int, limit: int | None) -> None:
    selection = Selection(sized(*sizes), limit=limit)
    pieces = selection.pieces(most)
    assert [span for piece in pieces for span in piece] == list(selection.spans)
    assert selection.rows == min(sum(sizes), sum(sizes) if limit is None else limit)
    assert all(sum(span.rows for span in piece) <= most or len(piece) == 1 for piece in pieces)
    assert [span.group for span in selection.spans] == list(range(len(selection.spans)))


@pytest.mark.parametrize("split", [None, "train", "val"])
@pytest.mark.parametrize("limit", [None, 1, 13, 999])
def test_the_first_rows_of_a_split_are_taken(source: Path, split: str | None, limit: int | None) -> None:
    selection = Selection(open_groups(source), split, limit)
    expected = [row["index"] for row in rows_of(source, split=split)][:limit]
    assert [index for batch in selection.batches(selection.spans, ["index"]) for index in batch["index"].to_pylist()] == expected
    assert selection.rows == len(expected)


def test_a_split_that_is_not_there_is_told_with_those_that_are(source: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need words of split 'test', found train \(\d+\), val \(\d+\); name another --split, or none"):
        Selection(open_groups(source), "test").rows  # noqa: B018  # the property raises


def test_an_index_that_comes_twice_is_told(tmp_path: Path) -> None:
    shard = with_column(tmp_path, "words", 4, "index", [0, 1, 1, 2])
    selection = Selection(open_groups(shard))
    with pytest.raises(
        SynthgenError, match=r"need indices that go upwards, got 1 after 1; `synthgen verify .*` tells which shard is wrong"
    ):
        list(selection.batches(selection.spans, ["index"]))


def test_a_limit_reads_no_more_groups_than_it_takes(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load, asked = ShardGroups.load, list[int]()

    def noted(groups: ShardGroups, number: int, columns: Sequence[str]) -> pa.RecordBatch:
        asked.append(number)
        return load(groups, number, columns)

    monkeypatch.setattr(ShardGroups, "load", noted)
    assert Selection(open_groups(source), "train", 3).rows == 3
    assert asked == [0]
