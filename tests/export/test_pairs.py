import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import lmdb
import pyarrow as pa
import pytest

from synthgen import SynthgenError
from synthgen.export import pairs
from synthgen.shards.groups import ShardGroups
from tests.export.odd_shards import exported, odd_words, rows_of
from tests.fake_runs import job_of, render

Load = Callable[[ShardGroups, int, Sequence[str]], pa.RecordBatch]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("source")
    render(job_of("words", out, samples=45))
    return out


def contents(out: Path) -> dict[bytes, bytes]:
    with lmdb.open(str(out), readonly=True, lock=False) as env, env.begin() as view, view.cursor() as cursor:
        return {bytes(key): bytes(value) for key, value in cursor}


def expected(rows: list[dict[str, object]]) -> dict[bytes, bytes]:
    """Return what create_lmdb_dataset.py would put."""
    found = {b"num-samples": str(len(rows)).encode()}
    for number, row in enumerate(rows, start=1):
        found[b"image-%09d" % number] = row["image"]["bytes"]  # type: ignore[index]  # a row of a shard
        found[b"label-%09d" % number] = str(row["text"]).encode()
    return found


@pytest.mark.parametrize("split", [None, "val"])
def test_the_keys_are_those_of_the_benchmark_and_count_from_one(source: Path, tmp_path: Path, split: str | None) -> None:
    report = exported(source, tmp_path / "out", "lmdb", split=split)
    assert contents(tmp_path / "out") == expected(rows_of(source, split=split))
    assert report.rows == report.made == len(rows_of(source, split=split))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["data.mdb", "export.json"]


def test_texts_with_anything_in_them_survive(tmp_path: Path) -> None:
    shard = odd_words(tmp_path)
    exported(shard, tmp_path / "out", "lmdb")
    assert contents(tmp_path / "out") == expected(rows_of(shard))


def test_the_file_has_the_format_that_every_lmdb_of_the_last_ten_years_reads(source: Path, tmp_path: Path) -> None:
    exported(source, tmp_path / "out", "lmdb")
    head = (tmp_path / "out" / "data.mdb").read_bytes()[:64]
    at = head.index((0xBEEFC0DE).to_bytes(4, "little"))
    assert int.from_bytes(head[at + 4 : at + 8], "little") == 1  # MDB_DATA_VERSION of 0.9


def failing(at: int, load: Load) -> Load:
    """Return a `load` that fails when it is called for the `at`-th time."""
    calls = []

    def fail(groups: ShardGroups, number: int, columns: Sequence[str]) -> pa.RecordBatch:
        calls.append(number)
        if len(calls) == at:
            raise RuntimeError("the power fails")
        return load(groups, number, columns)

    return fail


@pytest.mark.parametrize("at", (1, 3, 5, 6, 8, 10))
def test_wherever_it_stops_it_goes_on_to_the_same_pairs(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(pairs, "GROUPS", 2)
    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="the power fails"):
        broken.setattr(ShardGroups, "load", failing(at, ShardGroups.load))
        exported(source, tmp_path / "out", "lmdb")
    assert not (tmp_path / "out" / "data.mdb").exists()
    report = exported(source, tmp_path / "out", "lmdb", resume=True)
    assert contents(tmp_path / "out") == expected(rows_of(source))
    assert report.made == (45 - 20 * ((at - 1) // 2) if at <= 5 else 0)  # transactions hold two groups of ten; texts count for nothing


def test_a_file_that_was_whole_but_not_yet_recorded_is_kept(source: Path, tmp_path: Path) -> None:
    exported(source, tmp_path / "out", "lmdb")
    before = (tmp_path / "out" / "data.mdb").read_bytes()
    about = tmp_path / "out" / "export.json"
    (tmp_path / "out" / ".unfinished").mkdir()
    about.rename(tmp_path / "out" / ".unfinished" / "order.json")
    assert exported(source, tmp_path / "out", "lmdb", resume=True).made == 0
    assert (tmp_path / "out" / "data.mdb").read_bytes() == before
    assert about.is_file()


def test_scenes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="need words, as the layout has a text a picture, got scenes; give folder or webdataset"):
        exported(tmp_path, tmp_path / "out", "lmdb", "scenes")


def test_a_missing_package_is_named_before_anything_is_made(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(SynthgenError, match=r"need the package lmdb, found none; pip install 'synthgen\[export\]'"):
        exported(source, tmp_path / "out", "lmdb")
    assert not (tmp_path / "out").exists()


def test_a_file_that_may_not_grow_is_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MAP_BYTES", 2**16)
    with pytest.raises(SynthgenError, match=r"data.mdb: cannot be written: .*MAP_FULL.*; make room or give another OUT"):
        exported(source, tmp_path / "out", "lmdb")


def test_more_words_than_numbers_are_refused(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MOST", 44)
    with pytest.raises(SynthgenError, match=r"need at most 44 words, as numbers have nine digits, got 45; give a --limit"):
        exported(source, tmp_path / "out", "lmdb")
